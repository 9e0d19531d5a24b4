"""Settings of a practice."""

from html import unescape
from typing import Any

import httpx

from charthouse.identity.models import PERMISSIONS, SHARING, Practice, User
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.support import PASSWORD, Clinic, client, make_practice, make_user


def form(page: httpx.Response, **changes: Any) -> dict[str, Any]:
    return {"csrfmiddlewaretoken": parse_hidden_fields(page)["csrfmiddlewaretoken"]} | changes


def test_only_the_primary_user_may_open_the_settings(clinic: Clinic) -> None:
    staff, operator = (
        make_user(clinic.practice, password=PASSWORD),
        make_user(None, password=PASSWORD, is_primary=True),
    )
    for user, why in ((staff, "Only the primary user"), (operator, "This account has no practice")):
        page = open_signed_in_browser(user.username).get("/settings")
        assert page.status_code == 403
        assert why in unescape(page.text)
    assert client().get("/settings").status_code == 302


def test_users_and_switches_are_shown(clinic: Clinic) -> None:
    make_user(clinic.practice, first_name="Nora", last_name="Nurse", permissions=["Settings"])
    stranger = make_practice()
    page = open_signed_in_browser(clinic.user.username).get("/settings")
    assert page.status_code == 200
    assert page.text.count('name="person"') == 2
    assert "Nora Nurse" in page.text
    assert stranger.user.username not in page.text
    for name in PERMISSIONS:
        assert page.text.count(f'value="{name}"') == 2
    assert page.text.count("checked") == len(PERMISSIONS) + 1 + 1
    assert 'value="share_patients" checked' in page.text


def test_saving(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, permissions=["Settings"])
    unseen = make_user(clinic.practice, permissions=["Settings"])
    browser = open_signed_in_browser(clinic.user.username)
    changes = {
        "person": [str(staff.pk), str(clinic.user.pk)],
        f"may-{staff.pk}": ["Show Billing Tab", "Access Billing"],
        f"may-{clinic.user.pk}": list(PERMISSIONS),
        "sharing": ["share_inventory", "share_patients"],
        "refuse_duplicate_patients": "on",
    }
    answer = browser.post("/settings", data=form(browser.get("/settings"), **changes))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/settings")
    assert "Saved." in browser.get("/settings").text
    practice = Practice.objects.get(pk=clinic.id)
    assert practice.sharing == [name for name in SHARING if name in changes["sharing"]]
    assert practice.refuse_duplicate_patients
    assert User.objects.get(pk=staff.pk).permissions == ["Access Billing", "Show Billing Tab"]
    assert User.objects.get(pk=clinic.user.pk).permissions == list(PERMISSIONS)
    assert User.objects.get(pk=unseen.pk).permissions == ["Settings"]


def test_an_invalid_form_saves_nothing(clinic: Clinic) -> None:
    stranger = make_practice()
    staff = make_user(clinic.practice, permissions=["Settings"])
    browser = open_signed_in_browser(clinic.user.username)
    good: dict[str, Any] = {"person": [str(staff.pk)], f"may-{staff.pk}": [], "sharing": []}
    for wrong in (
        {"sharing": ["share_everything"]},
        {"person": [str(staff.pk), str(stranger.user.pk)]},
        {"person": ["x"]},
        {f"may-{staff.pk}": ["Rule The World"]},
    ):
        answer = browser.post("/settings", data=form(browser.get("/settings"), **good | wrong))
        assert answer.status_code == 400
    assert Practice.objects.get(pk=clinic.id).sharing == ["share_patients"]
    assert User.objects.get(pk=staff.pk).permissions == ["Settings"]
    assert User.objects.get(pk=stranger.user.pk).permissions == list(PERMISSIONS)


def test_saving_needs_the_csrf_token(clinic: Clinic) -> None:
    assert open_signed_in_browser(clinic.user.username).post("/settings", data={}).status_code == 403
    assert Practice.objects.get(pk=clinic.id).sharing == ["share_patients"]
