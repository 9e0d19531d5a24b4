"""Invitations to the portal: sent through the API, taken on a page, revoked."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients import access
from charthouse.domains.patients.models import PortalAccess
from charthouse.identity import tenancy
from charthouse.post.models import Outgoing
from tests.domains.caller import Caller, at_once
from tests.support import client

BORN = "1987-04-12"


@pytest.fixture
def caller() -> Caller:
    return Caller()


def url(patient: dict[str, Any]) -> str:
    return f"/api/patients/{patient['id']}/onpatient_access"


def link(caller: Caller) -> str:
    """The path of the link in the last e-mail."""
    with tenancy.within(caller.clinic.id):
        mail = Outgoing.objects.order_by("-id").first()
    assert mail is not None
    assert (mail.recipient, mail.purpose) == ("amara@example.com", "portal invitation")
    (found,) = re.findall(r"http://127\.0\.0\.1:8000(/portal/invitations/\S+)", mail.text)
    return str(found)


def invite(caller: Caller) -> tuple[dict[str, Any], str]:
    patient = caller.new(email="amara@example.com")
    assert caller.http.post(url(patient)).status_code == 204
    return patient, link(caller)


def pending(caller: Caller) -> dict[str, Any]:
    with tenancy.within(caller.clinic.id):
        return PortalAccess.objects.values().get()


def opened(path: str) -> httpx.Client:
    """A browser with the page of an invitation."""
    browser = client()
    assert browser.get(path).status_code == 200
    return browser


def take(path: str, born: str = BORN, browser: httpx.Client | None = None) -> httpx.Response:
    page = browser or opened(path)
    return page.post(path, data={"born": born, "csrfmiddlewaretoken": page.cookies["charthouse_csrf"]})


def test_from_invitation_to_access_to_revocation(caller: Caller) -> None:
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
    assert "is active" in take(path).text
    (active,) = caller.http.get(url(patient)).json()
    assert active["activated_on"] is not None
    assert caller.http.post(url(patient)).status_code == 409
    assert client().get(path).status_code == 404, "the link works once"
    for _ in range(2):
        assert caller.http.delete(url(patient)).status_code == 204
        assert caller.http.get(url(patient)).json() == []
    with tenancy.within(caller.clinic.id):
        row = PortalAccess.objects.get(pk=pending["id"])
    assert (row.disabled_by_id, row.token) == (caller.user.pk, "")
    assert caller.http.post(url(patient)).status_code == 204, "and may be invited anew"


def test_only_the_last_invitation_works_and_none_that_was_taken_back(caller: Caller) -> None:
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
    with clock.moved(access.LIFE):
        assert client().get(path).status_code == 404
        with tenancy.within(caller.clinic.id):
            assert list(access.standing(caller.clinic.id, patient["id"])) == []
    with clock.moved(access.LIFE - timedelta(seconds=5)):
        assert take(path).status_code == 200


def test_a_wrong_date_of_birth_and_then_too_many(caller: Caller) -> None:
    _, path = invite(caller)
    for born in ("1987-04-13", "", "x", "9" * 500):
        answer = take(path, born)
        assert "not the date of birth" in answer.text
        assert pending(caller)["activated_on"] is None
    assert take(path, "1900-01-01").status_code == 404
    assert client().get(path).status_code == 404, "nor with the right one, after five wrong ones"


def test_one_link_is_taken_once_by_many(caller: Caller) -> None:
    _, path = invite(caller)
    browsers = [opened(path) for _ in range(6)]
    answers = at_once(6, lambda at: take(path, browser=browsers[at]))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 5


def test_a_patient_without_an_address_is_not_invited(caller: Caller) -> None:
    for email in ("", "nobody"):
        patient = caller.new(email=email)
        answer = caller.http.post(url(patient))
        assert (answer.status_code, list(answer.json())) == (400, ["email"])
        assert caller.http.get(url(patient)).json() == []


NEVER = ("x", "1", "-", "1-", "-x", "9" * 40 + "-x", "0-x", "1-%00", "%00-x", "1-%", "1-" + "x" * 900)


@pytest.mark.parametrize("secret", NEVER)
def test_links_that_never_were(caller: Caller, secret: str) -> None:
    assert client().get(f"/portal/invitations/{secret}").status_code == 404


def test_the_link_is_in_no_table_but_the_outbox(caller: Caller) -> None:
    _, path = invite(caller)
    secret = path.rsplit("/", 1)[1]
    with tenancy.within(caller.clinic.id):
        row = PortalAccess.objects.get()
    assert secret not in row.token
    assert len(row.token) == 64
