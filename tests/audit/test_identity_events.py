"""Everything that changes who may sign in, or how, is in the audit: each act, done through its page or command."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import override_settings
from django_otp.oath import totp

from charthouse.audit.events import EVENT_KINDS
from charthouse.audit.models import Event
from charthouse.domains.practice import user_accounts
from charthouse.identity import password_links, second_factor
from charthouse.identity.models import PERMISSIONS, Practice, TokenCalls, User
from tests import support
from tests.cases import each_case
from tests.identity import oauth_flow
from tests.identity.test_sign_in import enable_second_factor, enter_code, request_link, set_password
from tests.portal import portal_patients

NEW = "another long pass phrase"


class Scene:
    """A practice, its primary user with an address, signed in, and a member of the staff."""

    def __init__(self) -> None:
        self.clinic = support.make_practice(sharing=["share_patients"])
        self.user = self.clinic.user
        self.user.set_password(support.PASSWORD)
        self.user.email = f"{self.user.username}@clinic.example"
        self.user.save()
        self.staff = support.make_user(
            self.clinic.practice, password=support.PASSWORD, email="staff@clinic.example"
        )
        self.browser = oauth_flow.open_signed_in_browser(self.user.username)

    def send(self, path: str, **sent: Any) -> httpx.Response:
        answer = self.browser.post(path, data=oauth_flow.parse_hidden_fields(self.browser.get(path)) | sent)
        assert answer.status_code in (200, 302), answer.text
        return answer

    def list_events(self) -> list[Event]:
        return list(Event.objects.using("owner").filter(practice_id=self.clinic.id).order_by("id"))


def change_password(scene: Scene) -> None:
    scene.send("/account/password", old=support.PASSWORD, new=NEW, again=NEW)


def forget_password(scene: Scene) -> None:
    request_link(scene.user.username)


def set_password_by_link(scene: Scene) -> None:
    from charthouse.identity import tenancy
    from charthouse.outbox.models import Outgoing
    from tests.identity.test_sign_in import parse_link

    request_link(scene.user.username)
    with tenancy.within(scene.clinic.id):
        link = parse_link(Outgoing.objects.get())
    assert "has been set" in set_password(link, NEW).text


def set_up_second_factor(scene: Scene) -> None:
    enable_second_factor(scene.browser, scene.user)


def renew_recovery_codes(scene: Scene) -> None:
    enable_second_factor(scene.browser, scene.user)
    scene.send("/account/second-factor/codes", password=support.PASSWORD)


def turn_off_second_factor(scene: Scene) -> None:
    enable_second_factor(scene.browser, scene.user)
    scene.send("/account/second-factor/off", password=support.PASSWORD)


def give_a_wrong_code(scene: Scene) -> None:
    enable_second_factor(scene.browser, scene.user)
    other = support.client()
    oauth_flow.sign_in(other, scene.user.username)
    assert enter_code(other, "000000").status_code == 400


def remove_second_factor_of_staff(scene: Scene) -> None:
    device = second_factor.get_pending_device(scene.staff)
    assert second_factor.confirm(scene.staff, f"{totp(device.bin_key):06}")
    scene.send(f"/settings/people/{scene.staff.pk}/second-factor")


def switch_off(scene: Scene) -> None:
    scene.send(f"/settings/people/{scene.staff.pk}/off")


def switch_on(scene: Scene) -> None:
    User.objects.filter(pk=scene.staff.pk).update(is_active=False)
    scene.send(f"/settings/people/{scene.staff.pk}/on")


def send_link_to_staff(scene: Scene) -> None:
    scene.send(f"/settings/people/{scene.staff.pk}/link")


def make_link_by_command(scene: Scene) -> None:
    password_links.make_link(scene.staff)


def hand_over(scene: Scene) -> None:
    scene.send(f"/settings/people/{scene.staff.pk}/primary", password=support.PASSWORD)


def change_sign_in_rules(scene: Scene) -> None:
    form: dict[str, Any] = {
        "person": [str(scene.user.pk), str(scene.staff.pk)],
        "idle_minutes": "15",
        "require_second_factor": "on",
        "sharing": ["share_patients"],
    }
    scene.send(
        "/settings", **form | {f"may-{user.pk}": list(PERMISSIONS) for user in (scene.user, scene.staff)}
    )


def create_user_by_command(scene: Scene) -> None:
    user = User(
        practice=Practice.objects.using("owner").get(pk=scene.clinic.id),
        username=f"new-{scene.user.username}",
        last_name="New",
        role="staff",
    )
    user.set_unusable_password()
    user_accounts.create_user(user, "US/Eastern", using="owner")
    user_accounts.record_creation(user, None)


def fail_in_the_portal(scene: Scene) -> None:
    patient = portal_patients.make_portal_patient(scene.clinic)
    portal_patients.sign_in(support.client(), patient.username, "wrong")


def change_portal_password(scene: Scene) -> None:
    browser = portal_patients.make_portal_patient(scene.clinic).browser()
    browser.get("/portal/account")
    answer = portal_patients.post(
        browser, "/portal/account", current=support.PASSWORD, password=NEW, again=NEW
    )
    assert answer.status_code == 302, answer.text


ACTS: dict[Callable[[Scene], None], list[str]] = {
    change_password: ["password changed"],
    forget_password: ["password link sent"],
    set_password_by_link: ["password link sent", "password changed"],
    set_up_second_factor: ["account changed"],
    renew_recovery_codes: ["account changed", "recovery codes renewed"],
    turn_off_second_factor: ["account changed", "account changed"],
    give_a_wrong_code: ["account changed", "sign-in failed"],
    remove_second_factor_of_staff: ["account changed", "account changed"],
    switch_off: ["account changed"],
    switch_on: ["account changed"],
    send_link_to_staff: ["password link sent"],
    make_link_by_command: ["password link made"],
    hand_over: ["account changed"],
    change_sign_in_rules: ["sign-in rules changed"],
    create_user_by_command: ["account created"],
    fail_in_the_portal: ["portal sign-in failed"],
    change_portal_password: ["portal signed in", "portal password changed", "portal signed in"],
}


@each_case("act", ACTS, ids=lambda act: act.__name__)
def test_each_act_is_an_event(act: Callable[[Scene], None]) -> None:
    scene = Scene()
    before = len(scene.list_events())
    act(scene)
    events = scene.list_events()[before:]
    assert [event.what for event in events] == ACTS[act]
    told = str([vars(event) for event in events])
    for secret in (support.PASSWORD, NEW, "/password/"):
        assert secret not in told
    for event in events:
        assert event.what in EVENT_KINDS
        assert (
            event.user_id
            or event.patient_id
            or event.details.get("by") == "operator"
            or event.details.get("user")
        )


@pytest.mark.parametrize("kind", ["sign-in"])
def test_refused_attempts_are_recorded_once(kind: str) -> None:
    def count() -> int:
        return Event.objects.using("owner").filter(what="attempts refused", details={"of": kind}).count()

    before = count()
    with override_settings(SIGN_IN_LIMIT=2):
        TokenCalls.objects.all().delete()
        answers = [oauth_flow.sign_in(support.client(), f"x{n}", "x").status_code for n in range(6)]
    assert answers == [200, 200, 429, 429, 429, 429]
    assert count() == before + 1
