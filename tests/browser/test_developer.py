"""Developers in a browser: registering an app, authorizing it, trying a call, the request log; second factor."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect
from requests_oauthlib import OAuth2Session

from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.dialogs import ask
from tests.support import CALLBACK, PASSWORD, Clinic, make_app


def test_from_registering_an_app_to_its_calls_in_the_log(
    page: Page, enter: Callable[[str], Page], live_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the app's library; the server has no TLS here
    enter("/developer/apps")
    page.get_by_role("link", name="Register an app").click()
    page.get_by_label("Name").fill("Intake")
    page.get_by_label("Redirect URIs").fill(CALLBACK)
    for scope in page.locator("input[name=scopes]").all():  # none is ticked by itself
        scope.check()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Intake is registered")).to_be_visible()
    assert find_violations(page) == []
    client_id = page.locator("#client-id").inner_text()
    secret = page.locator("#client-secret").inner_text()
    page.get_by_role("link", name="To the app").click()
    expect(page.get_by_text("No one in your practice has authorized this app.")).to_be_visible()
    address = page.url

    session = OAuth2Session(client_id, redirect_uri=CALLBACK)
    page.route(f"{CALLBACK}**", lambda route: route.fulfill(body="back at the app"))
    page.goto(session.authorization_url(f"{live_server}/o/authorize/")[0])
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{CALLBACK}**")
    session.fetch_token(
        f"{live_server}/o/token/",
        authorization_response=page.url,
        client_secret=secret,
        include_client_id=True,
    )
    assert session.get(f"{live_server}/api/doctors").status_code == 200

    page.goto(address)
    expect(page.get_by_role("link", name="Revoke access", exact=True)).to_be_visible()
    page.get_by_role("link", name="Try a call").click()
    page.get_by_label("Search operations").fill("users")
    page.locator("a", has=page.get_by_text("/api/users", exact=True)).first.click()
    expect(page.get_by_label("Scopes of")).to_have_value(re.compile(r"\d+"))
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name=re.compile("200 OK"))).to_be_focused()
    expect(page.get_by_label("Body of the answer")).to_contain_text('"results"')
    assert find_violations(page) == []

    page.goto(address)
    page.get_by_role("link", name="Requests").first.click()
    expect(page.locator("tbody tr").filter(has_text="/api/doctors")).to_have_count(1)
    page.goto(address)
    ask(page, "Revoke all access").get_by_role("button", name="Revoke access").click()
    expect(page.get_by_text("Its access is revoked.")).to_be_visible()
    assert session.get(f"{live_server}/api/doctors").status_code == 401


def test_a_second_factor(page: Page, enter: Callable[[str], Page], live_server: str, clinic: Clinic) -> None:
    enter("/account")
    page.get_by_role("link", name="Set up").click()
    device = TOTPDevice.objects.get(user=clinic.user)
    page.get_by_label("Code", exact=True).fill(f"{totp(device.bin_key):06}")
    page.get_by_role("button", name="Confirm").click()
    codes = page.locator("#codes code")
    expect(codes).to_have_count(10)
    assert find_violations(page) == []
    recovery = codes.first.inner_text()
    page.get_by_role("link", name="I saved these codes").click()
    page.locator("summary").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Username").fill(clinic.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    field = page.get_by_label("The six digits")
    expect(field).to_be_focused()
    assert find_violations(page) == []
    field.fill(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server}/")


@pytest.mark.parametrize("state", ["s", "s" * 3000])
def test_an_error_reaches_the_app_after_signing_in(
    page: Page, live_server: str, clinic: Clinic, state: str
) -> None:
    """The browser applies the policy of the sign-in page to the redirect that ends there."""
    app = make_app()
    page.route(f"{CALLBACK}**", lambda route: route.fulfill(body="back at the app"))
    query = {"client_id": app.client_id, "redirect_uri": CALLBACK, "response_type": "code"}
    asked = urlencode(query | {"scope": "nonsense", "state": state})
    page.goto(f"{live_server}/o/authorize/?{asked}")
    page.get_by_label("Username").fill(clinic.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{CALLBACK}?error=invalid_scope**state={state}**")
    expect(page.get_by_text("back at the app")).to_be_visible()


def test_pages_before_signing_in(page: Page, live_server: str) -> None:
    for address in ("/sign-in", "/password", "/password/x/y"):
        page.goto(live_server + address)
        assert find_violations_in_both_themes(page) == [], address


def test_a_webhook_of_the_practice(page: Page, enter: Callable[[str], Page]) -> None:
    enter("/settings/webhooks")
    page.get_by_role("link", name="Add webhook").click()
    page.get_by_label("Address").fill("https://hooks.example.com/charthouse")
    page.get_by_label("Headers").fill("Authorization: Bearer 4f1c-canary")
    page.get_by_role("group", name="Schedule").get_by_label("schedule.created", exact=True).check()
    page.get_by_role("group", name="Task").get_by_label("task.created *").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="https://hooks.example.com/charthouse")).to_be_visible()
    expect(page.get_by_text("No deliveries yet.")).to_be_visible()
    assert "canary" not in page.content()
    assert find_violations(page) == []
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("task.created *")).to_be_checked()
    assert "canary" not in page.content()
    assert find_violations(page) == []
    page.get_by_label("On", exact=True).uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="off")).to_be_visible()
    question = ask(page, "Delete")
    assert find_violations(page) == []
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No more events are sent to it.")).to_be_visible()
    expect(page.get_by_text("No webhooks yet.")).to_be_visible()
