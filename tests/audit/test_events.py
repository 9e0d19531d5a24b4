"""Audit events: actor, action, time and IP address, stored in the transaction of the action."""

from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from charthouse import clock
from charthouse.audit import events
from charthouse.audit.models import Event
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import PERMISSIONS, AccessToken
from charthouse.identity.token_pairs import deauthorize
from tests.identity import oauth_flow
from tests.support import PASSWORD, Clinic, client, make_app, make_practice, make_user


@pytest.fixture
def clinic() -> Clinic:
    clinic = make_practice("Hill Clinic", sharing=["share_patients"])
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


def list_events(clinic: Clinic) -> list[Event]:
    return list(Event.objects.using("owner").filter(practice_id=clinic.id).order_by("id"))


def test_sign_in_and_sign_out(clinic: Clinic) -> None:
    before = clock.now()
    browser = oauth_flow.open_signed_in_browser(clinic.user.username)
    home = browser.get("/")
    browser.post("/sign-out", data=oauth_flow.parse_hidden_fields(home))
    came, went = list_events(clinic)
    assert [came.what, went.what] == ["signed in", "signed out"]
    assert {came.user_id, went.user_id} == {clinic.user.pk}
    assert (came.ip, came.app_id) == ("127.0.0.1", None)
    assert before <= came.at <= clock.now()


def test_failed_sign_ins_and_lockout(clinic: Clinic) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        oauth_flow.sign_in(client(), clinic.user.username, "not the password")
    whats = sorted(event.what for event in list_events(clinic))
    assert whats == ["locked out"] + ["sign-in failed"] * settings.AXES_FAILURE_LIMIT
    assert {event.user_id for event in list_events(clinic)} == {clinic.user.pk}
    assert "not the password" not in str([vars(event) for event in list_events(clinic)])


def test_an_unknown_username_is_not_stored() -> None:
    name = "perhaps-my-password-6182"
    before = Event.objects.using("owner").count()
    oauth_flow.sign_in(client(), name, "x")
    events.record_failed_sign_in(None, {"username": "a\0b"})
    events.record_failed_sign_in(None, {})
    rows = Event.objects.using("owner").order_by("id")[before:]
    assert [row.what for row in rows if row.practice_id is None].count("sign-in failed") >= 3
    assert name not in str([vars(row) for row in rows])


def test_consent_given_and_revoked(clinic: Clinic) -> None:
    app = make_app()
    browser = oauth_flow.open_signed_in_browser(clinic.user.username)
    code = oauth_flow.obtain_code(browser, app, scope="patients:read calendar:read")
    pair = oauth_flow.call_endpoint(
        app, grant_type="authorization_code", code=code, redirect_uri="https://app.example/callback"
    ).json()
    oauth_flow.call_endpoint(app, "revoke_token", token=pair["access_token"])
    _, given, revoked = list_events(clinic)
    assert (given.what, given.user_id, given.app_id) == ("consent given", clinic.user.pk, app.row.pk)
    assert sorted(given.details["scopes"]) == ["calendar:read", "patients:read"]
    assert (revoked.what, revoked.user_id, revoked.app_id) == (
        "consent revoked", clinic.user.pk, app.row.pk
    )  # fmt: skip
    everything = str([vars(event) for event in list_events(clinic)])
    for secret in (code, pair["access_token"], pair["refresh_token"], app.client_secret):
        assert secret not in everything
    deauthorize(app.row.pk, clinic.user.pk)
    assert list_events(clinic)[-1].what == "consent revoked"


def test_denied_consent_is_no_event(clinic: Clinic) -> None:
    oauth_flow.authorize(oauth_flow.open_signed_in_browser(clinic.user.username), make_app(), decision="deny")
    assert [event.what for event in list_events(clinic)] == ["signed in"]


def test_a_reused_code(clinic: Clinic) -> None:
    app = make_app()
    code = oauth_flow.obtain_code(oauth_flow.open_signed_in_browser(clinic.user.username), app)
    for _ in range(2):
        oauth_flow.call_endpoint(
            app, grant_type="authorization_code", code=code, redirect_uri="https://app.example/callback"
        )
    assert [event.what for event in list_events(clinic)][-2:] == ["code used twice", "token refused"]
    assert not AccessToken.objects.filter(user=clinic.user, revoked=None).exists()


def test_permissions_and_sharing(clinic: Clinic) -> None:
    nurse = make_user(clinic.practice, permissions=["Settings"], doctor=clinic.doctor)
    browser = oauth_flow.open_signed_in_browser(clinic.user.username)
    form: dict[str, Any] = oauth_flow.parse_hidden_fields(browser.get("/settings")) | {
        "sharing": ["share_patients", "share_inventory"],
        "person": [str(clinic.user.pk), str(nurse.pk)],
        f"may-{clinic.user.pk}": list(PERMISSIONS),
        f"may-{nurse.pk}": ["Access Billing"],
    }
    browser.post("/settings", data=form)
    _, sharing, permissions = list_events(clinic)
    assert (sharing.what, sharing.user_id) == ("sharing changed", clinic.user.pk)
    assert sharing.details == {"given": ["share_inventory"], "taken": []}
    assert permissions.what == "permissions changed"
    assert permissions.details == {"user": nurse.pk, "given": ["Access Billing"], "taken": ["Settings"]}
    browser.post("/settings", data=form)
    assert len(list_events(clinic)) == 3, "no event without a change"


def test_a_rolled_back_action_leaves_no_event(clinic: Clinic) -> None:
    with transaction.atomic():
        emit_audit_event("exported", practice_id=clinic.id)
        transaction.set_rollback(True)
    assert list_events(clinic) == []


def test_an_unknown_kind_of_event_is_an_error(clinic: Clinic) -> None:
    with pytest.raises(KeyError):
        emit_audit_event("danced", practice_id=clinic.id)


def test_an_event_is_visible_to_its_own_practice_only(clinic: Clinic) -> None:
    emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk, details={"rows": 5})
    (event,) = list_events(clinic)
    with tenancy.within(clinic.id):
        assert Event.objects.filter(pk=event.pk).exists()
    with tenancy.within(make_practice().id):
        assert not Event.objects.filter(pk=event.pk).exists()
