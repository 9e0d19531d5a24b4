"""An app in iframes on the chart and on a visit's page; it verifies the signed claims."""

import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from charthouse import clock
from charthouse.domains.practice.models import IframeApp
from charthouse.identity import tenancy
from charthouse.identity.sealed_secrets import seal
from charthouse.identity.token_pairs import deauthorize
from tests.domains.scheduling.calendar import Calendar
from tests.support import App, client, issue_token, make_app

ORIGIN = "https://app.example"


def verify_address(address: str, secret: str) -> dict[str, Any]:
    """Verify and return the claims as the vendor's sample does: signature, a minute of drift, parameters."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    signed, _, signature = query.pop("jwt").rpartition(".")
    digest = hmac.new(secret.encode(), signed.encode(), sha256).digest()
    assert hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"=").decode(), signature)
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert {name: str(value) for name, value in claims.items()} == query
    assert abs(claims["iat"] - clock.now().timestamp()) < 60
    return claims


@pytest.fixture
def app(page: Page) -> App:
    """An app that shows, in its iframe, the claims it got."""
    made = make_app(name="Growth charts")

    def answer(route: Route) -> None:
        claims = verify_address(route.request.url, made.client_secret)
        body = f"<!doctype html><title>App</title><p>{json.dumps(claims)}</p>"
        route.fulfill(content_type="text/html", body=body)

    page.route(f"{ORIGIN}/**", answer)
    made.row.patient_iframe_url = f"{ORIGIN}/patient"
    made.row.note_iframe_url = f"{ORIGIN}/note"
    made.row.sealed_secret = seal(made.client_secret)
    made.row.save()
    return made


def test_an_app_is_shown_where_its_doctor_lets_it(
    page: Page,
    enter: Callable[[str], Page],
    calendar: Calendar,
    app: App,
) -> None:
    visit = calendar.book("2026-03-10T09:00:00")
    chart = f"/patients/{calendar.patient_id}/portal"  # of the tab that apps are in
    expect(enter(chart).get_by_role("link", name="Growth charts")).to_have_count(0)
    with client(issue_token(calendar.clinic.user, app)) as api:
        assert api.post("/api/iframe_integration").status_code == 201
    enter(chart).get_by_role("link", name="Growth charts").click()
    frame = page.frame_locator("iframe[title='Growth charts']")
    whose = {
        "doctor_id": calendar.doctor.pk,
        "patient_id": calendar.patient_id,
        "practice_id": calendar.clinic.id,
    }
    expect(frame.locator("p")).to_contain_text(f'"user_id": {calendar.clinic.user.pk}')
    for name, value in whose.items():
        expect(frame.locator("p")).to_contain_text(f'"{name}": {value}')
    enter(f"/visits/{visit['id']}")
    page.locator("iframe").scroll_into_view_if_needed()
    expect(page.frame_locator("iframe").locator("p")).to_contain_text(f'"appointment_id": {visit["id"]}')
    tenancy.clear_tenant()
    deauthorize(app.row.pk, calendar.clinic.user.pk)
    expect(enter(chart).get_by_role("link", name="Growth charts")).to_have_count(0)
    expect(enter(f"/visits/{visit['id']}").locator("iframe")).to_have_count(0)


def test_only_the_apps_own_origin_is_let_in(
    enter: Callable[[str], Page],
    calendar: Calendar,
    app: App,
) -> None:
    issue_token(calendar.clinic.user, app)
    with tenancy.within(calendar.clinic.id):
        IframeApp.objects.create(practice=calendar.clinic.practice, doctor=calendar.doctor, app=app.row.pk)
    page = enter(f"/patients/{calendar.patient_id}/portal")
    with page.expect_response(re.compile("/apps/")) as shown:
        page.get_by_role("link", name="Growth charts").click()
    policy = shown.value.headers["content-security-policy"]
    assert f"frame-src {ORIGIN}" in policy
    assert policy.count("frame-src") == 1
    assert page.locator("iframe").get_attribute("sandbox")
