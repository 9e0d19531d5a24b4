"""Access to the portal through Cerbo's API: inviting, checking credentials, limits on e-mails."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.conf import settings

from charthouse import clock
from charthouse.domains.patients import email_templates
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.engine.errors import Invalid
from charthouse.identity import tasks, tenancy
from charthouse.identity.models import ApiSpacing
from charthouse.outbox.models import Outgoing
from tests.domains.caller import Caller, at_once
from tests.portal.portal_patients import make_portal_patient
from tests.support import PASSWORD, Clinic, client, make_api_user, make_practice

MAIL = {"subject": "Your visit", "body": "See you on Monday.", "reply-to": "front@practice.example"}


@pytest.fixture
def clinic() -> Clinic:
    return make_practice("Harbour Clinic")


@pytest.fixture
def cerbo(clinic: Clinic) -> Iterator[httpx.Client]:
    with make_api_user(clinic.practice).client() as opened:
        yield opened


def patient(clinic: Clinic, **values: object) -> int:
    with tenancy.within(clinic.id):
        row = Patient.objects.create(
            practice=clinic.practice,
            doctor=clinic.doctor,
            **{"first_name": "Ada", "gender": "Female", "email": "ada@patients.example"} | values,
        )
    return row.pk


def invite(cerbo: httpx.Client, to: int) -> httpx.Response:
    return cerbo.post(f"/api/v1/patients/{to}/portal/invite")


def list_sent(clinic: Clinic) -> list[Outgoing]:
    with tenancy.within(clinic.id):
        return list(Outgoing.objects.filter(practice=clinic.id).order_by("id"))


def test_an_invitation_is_the_same_as_onpatient_access(clinic: Clinic, cerbo: httpx.Client) -> None:
    to, caller = patient(clinic), Caller(clinic)
    assert invite(cerbo, to).json() == {"result": True, "message": "The invitation will be sent."}
    (mail,) = list_sent(clinic)
    assert (mail.recipient, mail.purpose) == ("ada@patients.example", "portal invitation")
    (pending,) = caller.http.get(f"/api/patients/{to}/onpatient_access").json()
    assert (pending["enabled_by"], pending["activated_on"]) == (None, None)
    with tenancy.within(clinic.id):
        row = PortalAccess.objects.get()
    assert row.api_user_id is not None
    assert caller.http.post(f"/api/patients/{to}/onpatient_access").status_code == 204, (
        "which stops the first"
    )
    (again,) = caller.http.get(f"/api/patients/{to}/onpatient_access").json()
    assert again["id"] != pending["id"]


def test_a_patient_with_access_is_sent_a_link_to_a_new_password(clinic: Clinic, cerbo: httpx.Client) -> None:
    known = make_portal_patient(clinic)
    assert invite(cerbo, known.patient.pk).status_code == 200
    (mail,) = list_sent(clinic)
    assert mail.purpose == "portal password"
    assert known.username in mail.text
    assert Caller(clinic).http.post(f"/api/patients/{known.patient.pk}/onpatient_access").status_code == 409


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"email": ""}, 400),
        ({"email": "nobody"}, 400),
        ({"patient_status": "I"}, 400),
        ({"patient_status": "D"}, 400),
        ({"archived": True}, 404),
    ],
)
def test_patients_who_can_not_be_invited(
    clinic: Clinic, cerbo: httpx.Client, values: dict[str, object], status: int
) -> None:
    assert invite(cerbo, patient(clinic, **values)).status_code == status
    assert list_sent(clinic) == []
    assert invite(cerbo, patient(make_practice())).status_code == 404


def check(cerbo: httpx.Client, username: str, password: str = PASSWORD) -> dict[str, object]:
    said = {"username": username, "password": password}
    answer = cerbo.post("/api/v1/patients/portal/validate_credentials", json=said)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_credentials_of_patients_are_checked(clinic: Clinic, cerbo: httpx.Client) -> None:
    known, other = make_portal_patient(clinic), make_portal_patient(make_practice())
    assert check(cerbo, known.username.upper()) == {
        "result": True,
        "message": "The log-in is right.",
        "patient_details": {
            "id": known.patient.pk,
            "first_name": "Amara",
            "last_name": "Okafor",
            "email_address": "amara@example.com",
            "status": "active",
        },
    }
    wrong = {"result": False, "message": "The log-in is wrong.", "patient_details": None}
    for username, password in (
        (known.username, "wrong"),
        (known.username, ""),
        (other.username, PASSWORD),
        (clinic.user.username, PASSWORD),
        ("nobody", PASSWORD),
    ):
        if password:
            assert check(cerbo, username, password) == wrong
    with make_api_user(clinic.practice, anonymize=True).client() as research:
        assert check(research, known.username)["patient_details"] == {
            "id": known.patient.pk,
            "first_name": "",
            "last_name": "",
            "email_address": "",
            "status": "active",
        }
    with tenancy.within(clinic.id):
        PortalAccess.objects.filter(pk=known.access.pk).update(disabled_on=clock.now())
    assert check(cerbo, known.username) == wrong


def test_patients_are_found_by_the_name_they_sign_in_with(clinic: Clinic, cerbo: httpx.Client) -> None:
    known = make_portal_patient(clinic)
    for username, found in ((known.username.upper(), [str(known.patient.pk)]), ("nobody", [])):
        answer = cerbo.get("/api/v1/patients/search", params={"username": username})
        assert [row["id"] for row in answer.json()["data"]] == found


def test_an_unknown_username_takes_as_long(
    clinic: Clinic, cerbo: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same number of passwords is hashed, whatever is wrong."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    known, without = make_portal_patient(clinic), make_portal_patient(clinic)
    with tenancy.within(clinic.id):
        PortalAccess.objects.filter(pk=without.access.pk).update(password="")
    hashed: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(
        Argon2PasswordHasher, "encode", lambda self, *a, **k: hashed.append("e") or encode(self, *a, **k)
    )
    monkeypatch.setattr(
        Argon2PasswordHasher, "verify", lambda self, *a, **k: hashed.append("v") or verify(self, *a, **k)
    )
    counts = set()
    for username, password in (
        (known.username, PASSWORD),
        (known.username, "wrong"),
        ("nobody", PASSWORD),
        (without.username, PASSWORD),
    ):
        hashed.clear()
        check(cerbo, username, password)
        counts.add(len(hashed))
    assert counts == {1}


# -- how often e-mail may go ------------------------------------------------------------------------------------


@pytest.fixture
def one_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.API_LIMITS, "email_per_patient", 1)


@pytest.mark.usefixtures("one_a_minute")
def test_one_email_a_minute_to_one_patient(clinic: Clinic, cerbo: httpx.Client) -> None:
    first, second = patient(clinic), patient(clinic)
    assert invite(cerbo, first).status_code == 200
    mail = f"/api/v1/patients/{first}/emails/send"
    refused = cerbo.post(mail, json=MAIL)
    assert refused.status_code == 429, "whatever sends it"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert cerbo.post(mail, json=MAIL | {"reply-to": "nobody"}).status_code == 400
    assert invite(cerbo, second).status_code == 200
    with make_api_user(clinic.practice).client() as another:
        assert invite(another, first).status_code == 429, "whoever sends it"
    assert len(list_sent(clinic)) == 2
    with clock.shift(timedelta(seconds=61)):
        assert cerbo.post(mail, json=MAIL).status_code == 200
    assert len(list_sent(clinic)) == 3


def test_a_limit_of_none_is_one_a_minute(
    clinic: Clinic, cerbo: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.API_LIMITS, "email_per_patient", 0)
    to = patient(clinic)
    assert [invite(cerbo, to).status_code for _ in range(2)] == [200, 429]


@pytest.mark.usefixtures("one_a_minute")
def test_what_was_refused_does_not_count(clinic: Clinic, cerbo: httpx.Client) -> None:
    to = patient(clinic, email="")
    assert invite(cerbo, to).status_code == 400
    with tenancy.within(clinic.id):
        Patient.objects.filter(pk=to).update(email="ada@patients.example")
    assert invite(cerbo, to).status_code == 200


@pytest.mark.usefixtures("one_a_minute")
def test_of_concurrent_invitations_one_is_sent(clinic: Clinic) -> None:
    to, program = patient(clinic), make_api_user(clinic.practice)

    def call(at: int) -> int:
        with program.client() as cerbo:
            return cerbo.post(f"/api/v1/patients/{to}/emails/send", json=MAIL).status_code

    assert sorted(at_once(8, call)) == [200] + [429] * 7
    assert len(list_sent(clinic)) == 1


def test_expired_rows_are_deleted() -> None:
    long_ago = clock.now() - timedelta(days=3)
    ApiSpacing.objects.create(counted="email_per_patient", about=-1, at=long_ago)
    tasks.sweep()
    assert not ApiSpacing.objects.filter(about=-1).exists()


# -- words ------------------------------------------------------------------------------------------------------


def test_a_practice_has_its_own_templates(clinic: Clinic, cerbo: httpx.Client) -> None:
    with tenancy.within(clinic.id):
        email_templates.save_templates(
            clinic.id,
            email_templates.DEFAULT_TEMPLATES
            | {
                "invitation_subject": "Hi {patient}, Bcc: eve@example.com",
                "invitation_text": "{practice} says: {link} until {until}. Not {{patient}}.",
            },
        )
    assert invite(cerbo, patient(clinic, first_name="{practice}")).status_code == 200
    (mail,) = list_sent(clinic)
    assert mail.subject == "Hi {practice}, Bcc: eve@example.com", "a value is never read as a placeholder"
    assert mail.text.startswith("Harbour Clinic says: http://127.0.0.1:8000/portal/invitations/")
    with tenancy.within(clinic.id):
        default = email_templates.DEFAULT_TEMPLATES
        assert email_templates.get_templates(clinic.id)["password_text"] == default["password_text"]
        email_templates.save_templates(clinic.id, dict(default))
        assert email_templates.get_templates(clinic.id) == default


@pytest.mark.parametrize(
    ("name", "words", "wrong"),
    [
        ("invitation_text", "Come in.", "has to contain {link}"),
        ("invitation_text", "{link} {__class__}", "{__class__} is not a placeholder"),
        ("invitation_subject", "{link}", "not in the subject"),
        ("invitation_subject", "x" * 201, "At most 200"),
        ("password_text", "{link}" + "x" * 10_000, "At most 10,000"),
        ("password_text", "{link}\0", "Null characters"),
        ("invitation_subject", "Hi,\r\nBcc: eve@example.com", "line breaks"),
    ],
)
def test_invalid_templates_are_refused(clinic: Clinic, name: str, words: str, wrong: str) -> None:
    with tenancy.within(clinic.id):
        with pytest.raises(Invalid) as refusal:
            email_templates.save_templates(clinic.id, email_templates.DEFAULT_TEMPLATES | {name: words})
        assert wrong in str(refusal.value.errors[name])
        assert email_templates.get_templates(clinic.id) == email_templates.DEFAULT_TEMPLATES


def test_only_api_users_of_the_group_may_invite(clinic: Clinic) -> None:
    to = patient(clinic)
    with make_api_user(clinic.practice, endpoints=["patients"]).client() as other:
        assert invite(other, to).status_code == 403
    with make_api_user(clinic.practice, read_only=True).client() as reader:
        assert invite(reader, to).status_code == 403
        assert check(reader, "nobody")["result"] is False
    assert client().post(f"/api/v1/patients/{to}/portal/invite").status_code == 401
