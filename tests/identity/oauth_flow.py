"""The OAuth authorization code flow, performed as by a browser and an app."""

import re
from functools import cache
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support import CALLBACK, PASSWORD, App, client


def sign_in(browser: httpx.Client, username: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Submit the sign-in form. ``more`` are query parameters of the page."""
    form = parse_hidden_fields(browser.get("/sign-in", params=more))
    return browser.post("/sign-in", data=form | {"username": username, "password": password})


def open_signed_in_browser(username: str) -> httpx.Client:
    """Return a client that is signed in as a user with the default password, by the form as it was loaded before."""
    cookies, form = load_form("/sign-in")
    browser = client(cookies=cookies)
    answer = browser.post("/sign-in", data=form | {"username": username, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


@cache
def load_form(address: str) -> tuple[httpx.Cookies, dict[str, str]]:
    """Load a page with a form once a process; return its cookies and hidden fields."""
    with client() as browser:
        return browser.cookies, parse_hidden_fields(browser.get(address))


def parse_hidden_fields(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of the forms of a page."""
    assert page.status_code == 200, page.text
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def authorize(browser: httpx.Client, app: App, decision: str = "allow", **parameters: Any) -> httpx.Response:
    """Open the consent page and submit a decision; return the last response. A parameter of None is left out."""
    query = {"client_id": app.client_id, "redirect_uri": CALLBACK, "response_type": "code"} | parameters
    address = httpx.URL(
        "/o/authorize/", params={name: value for name, value in query.items() if value is not None}
    )
    page = browser.get(address)
    if page.status_code != 200:
        return page
    return browser.post(address, data=parse_hidden_fields(page) | {"decision": decision})


def parse_redirect(response: httpx.Response) -> dict[str, str]:
    """Return the query parameters of the redirect to the app."""
    assert response.status_code == 302, response.text
    return {
        name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()
    }


def obtain_code(browser: httpx.Client, app: App, **parameters: Any) -> str:
    """Return an authorization code."""
    return parse_redirect(authorize(browser, app, **parameters))["code"]


def call_endpoint(app: App, endpoint: str = "token", **parameters: Any) -> httpx.Response:
    """Call an OAuth endpoint with the client secret in the body. A parameter of None is left out."""
    data = {"client_id": app.client_id, "client_secret": app.client_secret} | parameters
    with client() as caller:
        return caller.post(f"/o/{endpoint}/", data={name: v for name, v in data.items() if v is not None})


def exchange_code(app: App, code: str, **parameters: Any) -> httpx.Response:
    return call_endpoint(
        app, **{"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | parameters
    )


def refresh_tokens(app: App, token: str, **parameters: Any) -> httpx.Response:
    return call_endpoint(app, grant_type="refresh_token", refresh_token=token, **parameters)


def obtain_tokens(browser: httpx.Client, app: App, **parameters: Any) -> dict[str, Any]:
    """Perform the whole flow; return the token response."""
    answer = exchange_code(app, obtain_code(browser, app, **parameters))
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def is_accepted(token: str) -> bool:
    """Return whether an API call with this access token is authenticated."""
    with client(token) as caller:
        return caller.get("/api/users/current").status_code != 401
