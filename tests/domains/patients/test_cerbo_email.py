"""Operations of Cerbo's API: sending an e-mail to a patient, and checking the credentials of a user."""

from collections.abc import Iterator

import httpx
import pytest

from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.support import PASSWORD, Clinic, make_api_user, make_practice, make_user

MAIL = {"subject": "Your visit", "body": "See you on Monday.", "reply-to": "front@practice.example"}


@pytest.fixture
def clinic() -> Clinic:
    return make_practice()


@pytest.fixture
def cerbo(clinic: Clinic) -> Iterator[httpx.Client]:
    with make_api_user(clinic.practice).client() as opened:
        yield opened


def patient(clinic: Clinic, email: str) -> int:
    with tenancy.within(clinic.id):
        row = Patient.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, first_name="Ada", gender="Female", email=email
        )
    return row.pk


def test_an_email_is_queued_for_the_patient(clinic: Clinic, cerbo: httpx.Client) -> None:
    to = patient(clinic, "ada@patients.example")
    answer = cerbo.post(f"/api/v1/patients/{to}/emails/send", json=MAIL)
    assert answer.json() == {"result": True, "message": "The e-mail will be sent."}
    with tenancy.within(clinic.id):
        (sent,) = Outgoing.objects.filter(practice=clinic.id)
    assert (sent.recipient, sent.subject, sent.text, sent.reply_to) == (
        "ada@patients.example",
        "Your visit",
        "See you on Monday.",
        "front@practice.example",
    )


def test_invalid_addresses_are_refused(clinic: Clinic, cerbo: httpx.Client) -> None:
    to = patient(clinic, "")
    url = f"/api/v1/patients/{to}/emails/send"
    for wrong, named in (({"reply-to": "a@b\r\nBcc: c@d.example"}, "reply-to"), ({}, "patient_id")):
        answer = cerbo.post(url, json=MAIL | wrong)
        assert answer.status_code == 400
        assert set(answer.json()["error"]["fields"]) == {named}
    other = patient(make_practice(), "eve@patients.example")
    assert cerbo.post(f"/api/v1/patients/{other}/emails/send", json=MAIL).status_code == 404
    with tenancy.within(clinic.id):
        assert not Outgoing.objects.filter(practice=clinic.id).exists()


def test_credentials_of_users_are_checked(clinic: Clinic, cerbo: httpx.Client) -> None:
    person = make_user(clinic.practice, password=PASSWORD, first_name="Ada")
    stranger = make_user(make_practice().practice, password=PASSWORD)
    off = make_user(clinic.practice, password=PASSWORD, is_active=False)

    def check_credentials(user: str, password: str) -> object:
        answer = cerbo.post("/api/v1/users/validate_credentials", json={"user": user, "password": password})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return found["result"] and found["user_details"]["id"]

    assert check_credentials(person.username, PASSWORD) == person.pk
    for user, password in (
        (person.username, "wrong"),
        (stranger.username, PASSWORD),
        (off.username, PASSWORD),
        ("nobody", PASSWORD),
    ):
        assert check_credentials(user, password) is False
