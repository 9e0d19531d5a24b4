"""What ends sessions, links, codes and tokens: the table of docs/decisions/0323-what-ends-access.md."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.test import override_settings

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.domains.practice import user_accounts
from charthouse.identity import applications, password_links, token_pairs
from charthouse.identity.models import Grant, User
from charthouse.outbox.models import Outgoing
from tests import support
from tests.cases import each_case
from tests.identity.oauth_flow import (
    authorize,
    call_endpoint,
    exchange_code,
    is_accepted,
    obtain_code,
    obtain_tokens,
    open_signed_in_browser,
    parse_hidden_fields,
    refresh_tokens,
    sign_in,
)
from tests.identity.test_sign_in import enable_second_factor, enter_code, make_code, parse_link, set_password

NEW = "another long pass phrase"


@pytest.fixture(scope="module")
def clinic(database: None) -> support.Clinic:
    return support.make_practice()


def hold_everything(clinic: support.Clinic) -> SimpleNamespace:
    """A user with a session, tokens of an app, a code of another, a link to set a password, and a sign-in that waits
    for the code of a second factor."""
    user = support.make_user(
        clinic.practice,
        doctor=clinic.doctor,
        password=support.PASSWORD,
        email=f"{clock.now().timestamp()}@a.example",
    )
    browser, app, other = open_signed_in_browser(user.username), support.make_app(), support.make_app()
    pair = obtain_tokens(browser, app)
    code = obtain_code(browser, other)
    enable_second_factor(browser, user)
    pending = support.client()
    sign_in(pending, user.username)
    user.refresh_from_db()
    password_links.send_link(user)
    from charthouse.identity import tenancy

    with tenancy.within(clinic.id):
        link = parse_link(Outgoing.objects.order_by("-pk")[0])
    tenancy.clear_tenant()
    return SimpleNamespace(
        user=user, browser=browser, app=app, other=other, pair=pair, code=code, link=link, pending=pending
    )


def list_what_works(held: SimpleNamespace) -> set[str]:
    works = set()
    if held.browser.get("/account").status_code == 200:
        works.add("session")
    if "new_password1" in support.client(follow_redirects=True).get(held.link).text:
        works.add("link")
    if is_accepted(held.pair["access_token"]):
        works.add("access token")
    if exchange_code(held.other, held.code).status_code == 200:
        works.add("code")
    if refresh_tokens(held.app, held.pair["refresh_token"]).status_code == 200:
        works.add("refresh token")
    if held.pending.get("/sign-in/code").status_code == 200:
        assert enter_code(held.pending, make_code(held.user)).status_code == 302
        works.add(WAITING)
    return works


def switch_off_and_on(held: SimpleNamespace, clinic: support.Clinic) -> None:
    user_accounts.set_active(held.user, False, clinic.user.pk)
    user_accounts.set_active(held.user, True, clinic.user.pk)


def change_password(held: SimpleNamespace, clinic: support.Clinic) -> None:
    other = support.client()
    sign_in(other, held.user.username)
    enter_code(other, make_code(held.user))
    form = parse_hidden_fields(other.get("/account/password"))
    answer = other.post("/account/password", data=form | {"old": support.PASSWORD, "new": NEW, "again": NEW})
    assert answer.status_code == 302
    assert "can be disconnected" in other.get("/account").text


def set_password_by_link(held: SimpleNamespace, clinic: support.Clinic) -> None:
    assert "has been set" in set_password(held.link, NEW).text


def change_email(held: SimpleNamespace, clinic: support.Clinic) -> None:
    user_accounts.change_user(held.user, {"email": "new@clinic.example"}, clinic.user.pk)


def revoke_apps(held: SimpleNamespace, clinic: support.Clinic) -> None:
    for app in (held.app, held.other):
        applications.revoke_tokens(app.row, [held.user.pk])


def disable_apps_and_enable_them(held: SimpleNamespace, clinic: support.Clinic) -> None:
    for app in (held.app, held.other):
        applications.disable(app.row, clinic.user)
        applications.enable(app.row, clinic.user)


TOKENS = {"access token", "refresh token", "code"}
WAITING = "sign-in that waits for a code"
EVERYTHING = {"session", "link", WAITING} | TOKENS
ENDS: dict[str, tuple[Callable[..., None], set[str]]] = {
    "nothing": (lambda *_: None, set()),
    "switched off and on": (switch_off_and_on, EVERYTHING),
    "password changed": (change_password, {"session", "link", WAITING}),
    "password set by link": (set_password_by_link, {"session", "link", WAITING}),
    "e-mail changed": (change_email, {"link"}),
    "apps disconnected": (revoke_apps, TOKENS),
    "apps disabled and enabled": (disable_apps_and_enable_them, TOKENS),
}


@each_case("cause", ENDS)
def test_what_ends_access(cause: str, clinic: support.Clinic) -> None:
    held = hold_everything(clinic)
    act, ended = ENDS[cause]
    act(held, clinic)
    assert list_what_works(held) == EVERYTHING - ended


def test_a_user_who_is_switched_on_again_signs_in_and_connects_apps_again(clinic: support.Clinic) -> None:
    user = support.make_user(clinic.practice, doctor=clinic.doctor, password=support.PASSWORD)
    app = support.make_app()
    obtain_tokens(open_signed_in_browser(user.username), app)
    user_accounts.set_active(user, False, clinic.user.pk)
    user_accounts.set_active(user, True, clinic.user.pk)
    assert is_accepted(obtain_tokens(open_signed_in_browser(user.username), app)["access_token"])
    generation = User.objects.get(pk=user.pk).sign_in_generation
    user_accounts.set_active(user, True, clinic.user.pk)
    assert User.objects.get(pk=user.pk).sign_in_generation == generation, "nothing happened"


def test_a_withdrawn_code_is_not_said_to_be_used_twice(clinic: support.Clinic) -> None:
    held = hold_everything(clinic)
    token_pairs.deauthorize(held.other.row.pk, held.user.pk)
    assert exchange_code(held.other, held.code).json()["error"] == "invalid_grant"
    what = Event.objects.using("owner").filter(app_id=held.other.row.pk).values_list("what", flat=True)
    assert sorted(what) == ["consent given", "consent revoked", "token refused"]


def test_a_code_that_is_withdrawn_while_it_is_exchanged(clinic: support.Clinic) -> None:
    held = hold_everything(clinic)
    grant = Grant.objects.get(application=held.other.row, user=held.user)
    token_pairs.deauthorize(held.other.row.pk, held.user.pk)
    assert not token_pairs.exchange_code(grant, ["user"], "a", "b"), "it was checked before"
    assert not is_accepted("a")


# -- authorization requests -------------------------------------------------------------------------------------


def test_a_verifier_without_a_challenge_is_refused(clinic: support.Clinic) -> None:
    browser, app = open_signed_in_browser(make_signer(clinic).username), support.make_app()
    verifier = "v" * 43
    answer = exchange_code(app, obtain_code(browser, app), code_verifier=verifier)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_grant")
    code = obtain_code(browser, app, code_challenge=verifier, code_challenge_method="plain")
    assert exchange_code(app, code, code_verifier=verifier).status_code == 200


@each_case("given", [True, False])
@each_case("sent", [True, False])
def test_the_redirect_uri_of_a_token_request(given: bool, sent: bool, clinic: support.Clinic) -> None:
    """RFC 6749, 4.1.3: it is required if the authorization request had it."""
    browser, app = open_signed_in_browser(make_signer(clinic).username), support.make_app()
    code = obtain_code(browser, app, **({} if given else {"redirect_uri": None}))
    answer = exchange_code(app, code, **({} if sent else {"redirect_uri": None}))
    assert answer.status_code == (401 if given and not sent else 200), answer.text
    if answer.status_code == 401:
        assert answer.json()["error"] == "invalid_grant"
        assert exchange_code(app, code).status_code == 200, "the code is not used up by it"


def make_signer(clinic: support.Clinic) -> User:
    return support.make_user(clinic.practice, doctor=clinic.doctor, password=support.PASSWORD)


@each_case(
    ("uri", "allowed"),
    [
        ("https://app.example/cb", True),
        ("http://127.0.0.1:9000/cb", True),
        ("http://[::1]:9000/cb", True),
        ("http://localhost/cb", True),
        ("http://app.example/cb", False),
        ("http://127.0.0.1.evil.example/cb", False),
        ("http://localhost@evil.example/cb", False),
        ("HTTP://app.example/cb", False),
    ],
    ids=str,
)
def test_redirect_uris_are_secure(uri: str, allowed: bool, clinic: support.Clinic) -> None:
    browser = open_signed_in_browser(make_signer(clinic).username)
    old = support.make_app(redirect_uris=[uri])  # from before
    assert (authorize(browser, old, redirect_uri=uri).status_code == 302) == allowed
    errors = find_errors(clinic, redirect_uris=uri)
    assert ("redirect_uris" in errors) != allowed
    with override_settings(SANDBOX=True):
        assert authorize(browser, old, redirect_uri=uri).status_code == (400 if "@" in uri else 302)


def find_errors(clinic: support.Clinic, **values: str) -> dict[str, Any]:
    from django.core.exceptions import ValidationError

    try:
        named: dict[str, Any] = {
            "name": "App",
            "redirect_uris": support.CALLBACK,
            "scopes": ["user"],
        } | values
        applications.create_app(clinic.user, public=False, **named)
    except ValidationError as error:
        return error.message_dict
    return {}


@each_case("name", ["patient_iframe_url", "note_iframe_url"])
def test_iframe_urls_are_secure(name: str, clinic: support.Clinic) -> None:
    for url in ("http://app.example/", "http://127.0.0.1/"):
        assert name in find_errors(clinic, **{name: url})
    assert find_errors(clinic, **{name: "https://app.example/"}) == {}
    with override_settings(SANDBOX=True):
        assert find_errors(clinic, **{name: "http://127.0.0.1/"}) == {}


# -- signing in on the way --------------------------------------------------------------------------------------


def open_request(app: support.App, **parameters: str) -> tuple[httpx.Client, str, httpx.Response]:
    """A browser that is not signed in opens an authorization request: browser, request, sign-in page."""
    browser = support.client()
    query = {
        "client_id": app.client_id,
        "redirect_uri": support.CALLBACK,
        "response_type": "code",
    } | parameters
    wanted = f"/o/authorize/?{httpx.QueryParams(query)}"
    answer = browser.get(wanted)
    assert answer.status_code == 302
    assert len(answer.headers["Location"]) < 6000, "proxies accept 8 kB"
    return browser, wanted, browser.get(answer.headers["Location"])


def follow(browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Follow redirects on this server."""
    while answer.status_code == 302 and answer.headers["Location"].startswith("/"):
        answer = browser.get(answer.headers["Location"])
    return answer


@each_case("second_factor", [False, True])
@each_case("state", ["x", "x" * 1400, "%/ü&=" * 1500], ids=lambda state: str(len(state)))
def test_an_authorization_request_survives_signing_in(
    second_factor: bool, state: str, clinic: support.Clinic
) -> None:
    user, app = make_signer(clinic), support.make_app()
    if second_factor:
        enable_second_factor(open_signed_in_browser(user.username), user)
    browser, wanted, page = open_request(app, state=state)
    named = {"username": user.username, "password": "wrong"}
    page = browser.post("/sign-in", data=parse_hidden_fields(page) | named)
    answer = browser.post(
        "/sign-in", data=parse_hidden_fields(page) | {"username": user.username, "password": support.PASSWORD}
    )
    if second_factor:
        answer = enter_code(browser, make_code(user))
    consent = follow(browser, answer)
    assert consent.status_code == 200, consent.text
    assert httpx.URL(str(consent.request.url)).params["state"] == state
    assert httpx.URL(wanted).params == consent.request.url.params


@each_case("scope", ["nonsense", "nonsense " * 400])
def test_an_error_reaches_the_app_through_the_pages_of_signing_in(scope: str, clinic: support.Clinic) -> None:
    """Each page whose form leads there allows it: browsers apply ``form-action`` to redirects."""
    user, app = make_signer(clinic), support.make_app()
    enable_second_factor(open_signed_in_browser(user.username), user)
    browser, _, page = open_request(app, scope=scope, state="s")
    policies = [page.headers["Content-Security-Policy"]]
    named = {"username": user.username, "password": support.PASSWORD}
    wrong = browser.post("/sign-in", data=parse_hidden_fields(page) | named | {"password": "wrong"})
    policies.append(wrong.headers["Content-Security-Policy"])
    browser.post("/sign-in", data=parse_hidden_fields(wrong) | named)
    policies.append(browser.get("/sign-in/code").headers["Content-Security-Policy"])
    answer = follow(browser, enter_code(browser, make_code(user)))
    assert answer.headers["Location"].startswith(f"{support.CALLBACK}?error=invalid_scope")
    for policy in policies:
        assert policy.endswith("form-action 'self' https://app.example")


def test_no_other_origin_is_allowed(clinic: support.Clinic) -> None:
    app = support.make_app()
    evil = httpx.QueryParams({"client_id": app.client_id, "redirect_uri": "https://evil.example/"})
    for wanted in (
        f"/o/authorize/?{evil}",
        "/o/authorize/?client_id=nobody",
        "/o/authorize/?client_id=%00",
        "/x",
        "",
    ):
        page = support.client().get("/sign-in", params={"next": wanted})
        assert page.headers["Content-Security-Policy"].endswith("form-action 'self'"), wanted


def test_an_authorization_request_survives_setting_up_a_second_factor() -> None:
    clinic = support.make_practice(require_second_factor=True)
    user, app = make_signer(clinic), support.make_app()
    browser, wanted, page = open_request(app, state="s")
    named = {"username": user.username, "password": support.PASSWORD}
    setup = follow(browser, browser.post("/sign-in", data=parse_hidden_fields(page) | named))
    assert str(setup.request.url).endswith("/account/second-factor")
    from django_otp.oath import totp

    from charthouse.identity import second_factor

    code = f"{totp(second_factor.get_pending_device(user).bin_key):06}"
    codes = browser.post("/account/second-factor", data=parse_hidden_fields(setup) | {"code": code})
    assert codes.text.count(f'href="{wanted.replace("&", "&amp;")}"') == 1
    assert browser.get(wanted).status_code == 200


def test_a_consent_after_the_session_has_ended_is_asked_for_again(clinic: support.Clinic) -> None:
    user, app = make_signer(clinic), support.make_app()
    browser = open_signed_in_browser(user.username)
    wanted = f"/o/authorize/?{httpx.QueryParams({'client_id': app.client_id, 'response_type': 'code'})}"
    form = parse_hidden_fields(browser.get(wanted))
    with clock.shift(timedelta(0)):
        browser.cookies.delete("charthouse_session")
        answer = browser.post(wanted, data=form | {"decision": "allow"})
    assert "client_id" in answer.headers["Location"]
    assert call_endpoint(app, grant_type="authorization_code", code="x").status_code == 401
