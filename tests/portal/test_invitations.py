"""Invitations to the portal: sent through the API, accepted on a page, revoked."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction

from charthouse import clock
from charthouse.changes.models import Change
from charthouse.domains.patients import portal_access, portal_credentials
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.domains.caller import Caller, at_once
from tests.support import PASSWORD, client

BORN = "1987-04-12"


@pytest.fixture
def caller() -> Caller:
    return Caller()


def url(patient: dict[str, Any]) -> str:
    return f"/api/patients/{patient['id']}/onpatient_access"


def link(caller: Caller, purpose: str = "portal invitation") -> str:
    """Return the path of the link in the latest e-mail."""
    with tenancy.within(caller.clinic.id):
        mail = Outgoing.objects.order_by("-id").first()
    assert mail is not None
    assert (mail.recipient, mail.purpose) == ("amara@example.com", purpose)
    (found,) = re.findall(r"http://127\.0\.0\.1:8000(/portal/invitations/\S+)", mail.text)
    return str(found)


def invite(caller: Caller) -> tuple[dict[str, Any], str]:
    patient = caller.new(email="amara@example.com")
    assert caller.http.post(url(patient)).status_code == 204
    return patient, link(caller)


def pending(caller: Caller) -> dict[str, Any]:
    with tenancy.within(caller.clinic.id):
        return PortalAccess.objects.values().get()


def open_invitation(path: str) -> httpx.Client:
    """Open the page of an invitation in a new browser."""
    browser = client()
    assert browser.get(path).status_code == 200
    return browser


def take(path: str, born: str = BORN, browser: httpx.Client | None = None, **other: str) -> httpx.Response:
    page = browser or open_invitation(path)
    said = {"username": "Amara@Example.com ", "password": PASSWORD, "again": PASSWORD} | other
    return page.post(path, data=said | {"born": born, "csrfmiddlewaretoken": page.cookies["charthouse_csrf"]})


def is_taken(answer: httpx.Response) -> bool:
    return answer.status_code == 302 and answer.headers["Location"] == "/portal/sign-in"


def test_access_from_invitation_to_revocation(caller: Caller) -> None:
    patient, path = invite(caller)
    (pending,) = caller.http.get(url(patient)).json()
    assert pending == {
        "activated_on": None,
        "doctor": caller.doctor.pk,
        "disabled_by": None,
        "disabled_on": None,
        "enabled_by": caller.user.pk,
        "enabled_on": pending["enabled_on"],
        "id": pending["id"],
    }
    assert "Test Practice" in client().get(path).text
    assert caller.http.get(url(patient)).json() == [pending], "opening the page takes nothing"
    assert is_taken(take(path))
    (active,) = caller.http.get(url(patient)).json()
    assert active["activated_on"] is not None
    assert caller.http.post(url(patient)).status_code == 409
    assert client().get(path).status_code == 404, "the link works once"
    for _ in range(2):
        assert caller.http.delete(url(patient)).status_code == 204
        assert caller.http.get(url(patient)).json() == []
    with tenancy.within(caller.clinic.id):
        row = PortalAccess.objects.get(pk=pending["id"])
    assert (row.disabled_by_id, row.token, row.password) == (caller.user.pk, "", "")
    assert caller.http.post(url(patient)).status_code == 204, "and may be invited again"


def test_only_the_latest_invitation_works_unless_revoked(caller: Caller) -> None:
    patient, first = invite(caller)
    assert caller.http.post(url(patient)).status_code == 204
    second = link(caller)
    assert len(caller.http.get(url(patient)).json()) == 1
    assert client().get(first).status_code == 404
    assert client().get(second).status_code == 200
    assert caller.http.delete(url(patient)).status_code == 204
    assert client().get(second).status_code == 404


def test_an_invitation_expires(caller: Caller) -> None:
    patient, path = invite(caller)
    with clock.shift(portal_access.INVITATION_LIFETIME):
        assert client().get(path).status_code == 404
        with tenancy.within(caller.clinic.id):
            assert list(portal_access.list_current_access(caller.clinic.id, patient["id"])) == []
    with clock.shift(portal_access.INVITATION_LIFETIME - timedelta(seconds=5)):
        assert is_taken(take(path))


def test_wrong_dates_of_birth_are_limited(caller: Caller) -> None:
    _, path = invite(caller)
    for born in ("1987-04-13", "", "x", "9" * 500):
        answer = take(path, born)
        assert "not match the date of birth" in answer.text
        assert pending(caller)["activated_on"] is None
    assert take(path, "1900-01-01").status_code == 404
    assert client().get(path).status_code == 404, "nor with the right one, after five wrong ones"


def test_concurrent_acceptances_of_a_link_succeed_once(caller: Caller) -> None:
    _, path = invite(caller)
    browsers = [open_invitation(path) for _ in range(6)]
    answers = at_once(6, lambda at: take(path, browser=browsers[at]))
    assert sorted(answer.status_code for answer in answers) == [302] + [404] * 5


def test_a_patient_without_an_email_address_is_not_invited(caller: Caller) -> None:
    for email in ("", "nobody"):
        patient = caller.new(email="")
        with tenancy.within(caller.clinic.id):
            Patient.objects.filter(pk=patient["id"]).update(email=email)
        answer = caller.http.post(url(patient))
        assert (answer.status_code, list(answer.json())) == (400, ["email"])
        assert caller.http.get(url(patient)).json() == []


NEVER = ("x", "1", "-", "1-", "-x", "9" * 40 + "-x", "0-x", "1-%00", "%00-x", "1-%", "1-" + "x" * 900)


@pytest.mark.parametrize("secret", NEVER)
def test_unknown_links_are_not_found(caller: Caller, secret: str) -> None:
    assert client().get(f"/portal/invitations/{secret}").status_code == 404


def test_the_link_is_stored_in_the_outbox_only(caller: Caller) -> None:
    _, path = invite(caller)
    secret = path.rsplit("/", 1)[1]
    with tenancy.within(caller.clinic.id):
        row = PortalAccess.objects.get()
    assert secret not in row.token
    assert len(row.token) == 64


def test_the_chosen_password_signs_in_and_is_stored_as_a_hash(caller: Caller) -> None:
    _, path = invite(caller)
    assert is_taken(take(path))
    with tenancy.within(caller.clinic.id):
        row = PortalAccess.objects.get()
        assert portal_credentials.authenticate(caller.clinic.id, "AMARA@example.com", PASSWORD) == row
        assert (
            portal_credentials.authenticate(caller.clinic.id, "amara@example.com", "another password") is None
        )
    assert row.username == "amara@example.com"
    assert row.password.startswith("argon2")
    with tenancy.within(caller.clinic.id):
        feed = str(list(Change.objects.filter(table_name="patients_portalaccess").values("before", "after")))
    assert "amara@example.com" in feed
    assert "password" not in feed, "not even its hash"
    assert "argon2" not in feed


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "123456789012", "again": "123456789012"}, "entirely numeric"),
        ({"password": "amara@example.com", "again": "amara@example.com"}, "too similar"),
        ({"again": "something else"}, "don&#x27;t match"),
        ({"password": "", "again": ""}, "required"),
        ({"password": "x" * 201, "again": "x" * 201}, "at most 200"),
        ({"username": " "}, "Enter a username"),
        ({"username": "a\0b"}, "Null characters"),
    ],
)
def test_invalid_credentials_are_refused(caller: Caller, said: dict[str, str], wrong: str) -> None:
    _, path = invite(caller)
    answer = take(path, **said)
    assert answer.status_code == 200
    assert wrong in answer.text
    assert PASSWORD not in answer.text
    row = pending(caller)
    assert (row["activated_on"], row["attempts"], row["password"]) == (None, 0, "")
    take(path, "1900-01-01", **said)
    assert pending(caller)["attempts"] == 1, "a wrong date of birth counts, whatever else is wrong"


def test_usernames_are_unique(caller: Caller) -> None:
    _, first = invite(caller)
    assert is_taken(take(first))
    _, second = invite(caller)
    answer = take(second)
    assert "This username is taken" in answer.text
    assert is_taken(take(second, username="amara.too"))


def test_concurrent_choices_of_a_username_succeed_once(caller: Caller) -> None:
    _, first = invite(caller)
    with tenancy.within(caller.clinic.id):
        others = [Patient.objects.get(pk=caller.new(email="amara@example.com")["id"]) for _ in range(3)]
    paths = [first]
    for other in others:
        assert caller.http.post(f"/api/patients/{other.pk}/onpatient_access").status_code == 204
        paths.append(link(caller))
    browsers = [open_invitation(path) for path in paths]
    answers = at_once(4, lambda at: take(paths[at], browser=browsers[at]))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 302]
    assert sum("This username is taken" in answer.text for answer in answers) == 3


def test_a_new_password_by_link_keeps_the_username(caller: Caller) -> None:
    patient, path = invite(caller)
    assert is_taken(take(path))
    with tenancy.within(caller.clinic.id), transaction.atomic():
        row = Patient.objects.get(pk=patient["id"])
        portal_access.invite_or_send_password_link(row, caller.user.pk)
    renewed = link(caller, "portal password")
    assert len(caller.http.get(url(patient)).json()) == 1
    page = client().get(renewed).text
    assert "amara@example.com" in page
    assert is_taken(
        take(
            renewed, username="somebody.else", password="another good password", again="another good password"
        )
    )
    with tenancy.within(caller.clinic.id):
        assert (
            portal_credentials.authenticate(caller.clinic.id, "somebody.else", "another good password")
            is None
        )
        assert portal_credentials.authenticate(caller.clinic.id, "amara@example.com", PASSWORD) is None
        assert (
            portal_credentials.authenticate(caller.clinic.id, "amara@example.com", "another good password")
            is not None
        )
    assert client().get(renewed).status_code == 404
