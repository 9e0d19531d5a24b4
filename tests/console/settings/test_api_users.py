"""API users in the console."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from charthouse.audit.models import Event
from charthouse.identity import tenancy
from charthouse.identity.models import ApiUser
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, client, make_practice, make_user

GOOD = {"nickname": "Lab bridge", "contact": "it@clinic.example", "enabled": "on"}


def send(browser: httpx.Client, address: str, **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(address)) | values)


def make(browser: httpx.Client, **values: Any) -> tuple[str, str]:
    """Add an API user and return its username and secret."""
    page = send(browser, "/settings/api-users/new", **(GOOD | values))
    assert page.status_code == 200, re.findall(r"wrong\"><div>([^<]+)", page.text)
    (username,) = re.findall(r'id="username">([^<]+)<', page.text)
    return username, unescape(re.findall(r'id="secret">([^<]+)<', page.text)[0])


def row(clinic: Clinic, username: str) -> ApiUser:
    with tenancy.within(clinic.id):
        return ApiUser.objects.get(username=username)


def status(username: str, secret: str, path: str = "patients") -> int:
    with client() as caller:
        answer = caller.get(f"/api/v1/{path}", auth=(username, secret)).status_code
    tenancy.clear_tenant()
    return answer


def test_the_form_says_what_deidentified_api_users_see(browser: httpx.Client) -> None:
    page = browser.get("/settings/api-users/new").text
    help_text = re.findall(r'id="id_anonymize-help">([^<]+)<', page)
    assert help_text, "beside the switch"
    assert "Answers to questionnaires" in help_text[0]


def test_an_api_user_is_created_changed_renewed_and_disabled(clinic: Clinic, browser: httpx.Client) -> None:
    username, secret = make(browser)
    assert username.startswith("pk_lab_bridge_")
    assert status(username, secret) == 200
    made = row(clinic, username)
    assert secret not in made.secret_digest
    address = f"/settings/api-users/{made.pk}"
    assert username in browser.get("/settings/api-users").text
    send(browser, address, **(GOOD | {"endpoints": ["tags"]}))
    assert status(username, secret) == 403
    page = send(browser, f"{address}/secret")
    new = unescape(re.findall(r'id="secret">([^<]+)<', page.text)[0])
    send(browser, address, **GOOD)
    assert (status(username, secret), status(username, new)) == (401, 200)
    send(browser, address, **{name: value for name, value in GOOD.items() if name != "enabled"})
    assert status(username, new) == 401
    with tenancy.within(clinic.id):
        told = Event.objects.filter(what="api user changed", api_user_id=made.pk).order_by("pk")
        assert [one.details["changed"] for one in told] == [
            ["made"], ["endpoints"], ["secret"], ["endpoints"], ["enabled"]
        ]  # fmt: skip


def test_allowed_addresses(clinic: Clinic, browser: httpx.Client) -> None:
    username, secret = make(browser, ips="192.0.2.10\r\n198.51.100.0/24")
    assert row(clinic, username).ips == ["192.0.2.10", "198.51.100.0/24"]
    assert status(username, secret) == 403


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"nickname": ""}, "nickname"),
        ({"contact": "nobody"}, "contact"),
        ({"endpoints": ["everything"]}, "endpoints"),
        ({"ips": "somewhere"}, "ips"),
        ({"ips": "\n".join(f"192.0.2.{n}" for n in range(51))}, "ips"),
    ],
)
def test_invalid_api_users_are_refused(
    clinic: Clinic, browser: httpx.Client, wrong: dict[str, Any], field: str
) -> None:
    page = send(browser, "/settings/api-users/new", **(GOOD | wrong))
    assert page.status_code == 400
    assert f'id="id_{field}-wrong"' in page.text
    with tenancy.within(clinic.id):
        assert not ApiUser.objects.exists()


def test_api_users_are_for_the_practices_primary_user(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    with tenancy.within(stranger.id):
        theirs = ApiUser.objects.create(
            practice=stranger.practice,
            nickname="T",
            username=f"pk_t_{stranger.id}",
            secret_digest="x",
            contact="t@t.co",
        )
    token = parse_hidden_fields(browser.get("/"))
    for end in ("", "/secret"):
        assert browser.get(f"/settings/api-users/{theirs.pk}{end}").status_code == 404
        assert browser.post(f"/settings/api-users/{theirs.pk}{end}", data=token | GOOD).status_code == 404
    staff = make_user(clinic.practice, password=PASSWORD)
    for page in ("", "/new"):
        browser.get(f"/settings/api-users{page}")
        with bounded_queries():
            assert browser.get(f"/settings/api-users{page}").status_code == 200
        assert open_signed_in_browser(staff.username).get(f"/settings/api-users{page}").status_code == 403


# The sandbox's pages


def test_other_servers_have_no_pages_of_a_sandbox(clinic: Clinic, browser: httpx.Client) -> None:
    for path in ("/sandbox/clock", "/sandbox/faults"):
        assert browser.get(path).status_code == 404
        given = parse_hidden_fields(browser.get("/")) | {"control": "clock.advance", "clock.advance.by": "1h"}
        assert browser.post(path, data=given).status_code == 404
    assert 'href="/sandbox' not in browser.get("/").text
