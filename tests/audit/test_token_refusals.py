"""Refused calls of /o/token/ and /o/revoke_token/ are in the audit, with the app and never with what it sent."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import override_settings

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.identity import applications, attempt_limits, oauth_refusals
from charthouse.identity.models import TokenCalls
from tests import support
from tests.cases import each_case
from tests.identity import oauth_flow
from tests.identity.oauth_flow import call_endpoint, exchange_code, obtain_code, refresh_tokens

SECRET = "a-secret-that-nobody-may-read"


class Scene:
    """An app, its developer, and a person of another practice who uses it."""

    def __init__(self) -> None:
        self.developer = support.make_practice().user
        self.app = support.make_app(user=self.developer)
        self.person = support.make_practice().user
        self.person.set_password(support.PASSWORD)
        self.person.save()

    def make_code(self) -> str:
        return obtain_code(oauth_flow.open_signed_in_browser(self.person.username), self.app)

    def make_refresh_token(self) -> str:
        return str(exchange_code(self.app, self.make_code()).json()["refresh_token"])


def list_refusals() -> list[Event]:
    return list(Event.objects.using("owner").filter(what="token refused").order_by("id"))


def send_basic(scene: Scene, name: str, endpoint: str = "token") -> httpx.Response:
    credentials = b64encode(f"{name}:{SECRET}".encode()).decode()
    form = {"grant_type": "refresh_token", "refresh_token": SECRET, "token": SECRET}
    with support.client() as caller:
        return caller.post(f"/o/{endpoint}/", data=form, headers={"Authorization": f"Basic {credentials}"})


def use_a_code_twice(scene: Scene) -> httpx.Response:
    code = scene.make_code()
    exchange_code(scene.app, code)
    return exchange_code(scene.app, code)


def use_a_refresh_token_twice(scene: Scene) -> httpx.Response:
    token = scene.make_refresh_token()
    refresh_tokens(scene.app, token)
    return refresh_tokens(scene.app, token)


def use_a_disabled_app(scene: Scene) -> httpx.Response:
    applications.disable(scene.app.row, scene.developer)
    return refresh_tokens(scene.app, SECRET)


def call_too_often(scene: Scene) -> httpx.Response:
    with override_settings(TOKEN_LIMIT=1):
        TokenCalls.objects.all().delete()
        exchange_code(scene.app, scene.make_code())
        return refresh_tokens(scene.app, SECRET)


# What is done → (error, endpoint, whose entry it is, whether the app is known).
REFUSALS: dict[Callable[[Scene], httpx.Response], tuple[str, str, str, bool]] = {
    lambda s: call_endpoint(s.app, client_secret=SECRET, grant_type="refresh_token", refresh_token=SECRET):
        ("invalid_client", "token", "developer", True),
    lambda s: send_basic(s, s.app.client_id): ("invalid_client", "token", "developer", True),
    lambda s: send_basic(s, "nobody"): ("invalid_client", "token", "", False),
    lambda s: send_basic(s, "no\0body"): ("invalid_client", "token", "", False),
    lambda s: send_basic(s, s.app.client_id, "revoke_token"):
        ("invalid_client", "revoke_token", "developer", True),
    lambda s: call_endpoint(s.app, "revoke_token", client_secret=SECRET, token=SECRET):
        ("invalid_client", "revoke_token", "developer", True),
    lambda s: call_endpoint(s.app, grant_type="password", username="x", password=SECRET):
        ("unsupported_grant_type", "token", "developer", True),
    lambda s: refresh_tokens(s.app, SECRET): ("invalid_grant", "token", "developer", True),
    lambda s: exchange_code(s.app, SECRET): ("invalid_grant", "token", "developer", True),
    lambda s: exchange_code(s.app, s.make_code(), redirect_uri="https://elsewhere.example/"):
        ("invalid_grant", "token", "person", True),
    use_a_code_twice: ("invalid_grant", "token", "person", True),
    use_a_refresh_token_twice: ("invalid_grant", "token", "person", True),
    use_a_disabled_app: ("invalid_client", "token", "developer", True),
    call_too_often: (oauth_refusals.TOO_MANY_CALLS, "token", "developer", True),
}  # fmt: skip


@each_case("number", range(len(REFUSALS)))
def test_each_refusal_is_recorded(number: int) -> None:
    TokenCalls.objects.all().delete()
    act, (error, endpoint, whose, is_known) = list(REFUSALS.items())[number]
    scene = Scene()
    before = len(list_refusals())
    answer = act(scene)
    assert answer.status_code in (401, 429), answer.text
    (event,) = list_refusals()[before:]
    assert (event.details["error"], event.details["endpoint"]) == (error, endpoint)
    assert event.app_id == (scene.app.row.pk if is_known else None)
    user = getattr(scene, whose) if whose else None
    assert (event.user_id, event.practice_id) == (user and user.pk, user and user.practice_id)
    assert event.ip
    written = json.dumps([event.details, event.what, event.ip])
    assert SECRET not in written
    assert scene.app.client_secret not in written


def test_a_call_that_succeeds_is_no_refusal() -> None:
    scene = Scene()
    before = len(list_refusals())
    token = scene.make_refresh_token()
    assert refresh_tokens(scene.app, token).status_code == 200
    assert call_endpoint(scene.app, "revoke_token", token=SECRET).status_code == 200
    assert len(list_refusals()) == before


@pytest.mark.parametrize("known", [True, False], ids=["an app", "no app"])
def test_a_flood_does_not_fill_the_audit(known: bool) -> None:
    """Other apps and other reasons are recorded all the same, and so is the app once the window has passed."""
    scene, other = Scene(), Scene()

    def refuse(times: int, **form: Any) -> int:
        before = len(list_refusals())
        for number in range(times):
            more = {} if known else {"client_id": f"nobody-{number}"}
            call_endpoint(scene.app, **{"grant_type": "refresh_token", "refresh_token": SECRET} | form | more)
        return len(list_refusals()) - before

    TokenCalls.objects.all().delete()
    ahead = attempt_limits.find_window(clock.now()) + timedelta(days=3) - clock.now()
    with clock.shift(ahead):
        assert refuse(oauth_refusals.MOST + 15) == oauth_refusals.MOST
        before = len(list_refusals())
        assert refresh_tokens(other.app, SECRET).status_code == 401
        assert len(list_refusals()) == before + 1
        if known:
            assert refuse(1, client_secret=SECRET) == 1
    with clock.shift(ahead + attempt_limits.WINDOW):
        assert refuse(2) == 2
