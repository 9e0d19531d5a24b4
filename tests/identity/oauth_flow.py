"""The OAuth dance as a browser and an app would do it."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support import CALLBACK, PASSWORD, App, client


def sign_in(browser: httpx.Client, username: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Fill in the sign-in page and send it."""
    form = hidden(browser.get("/sign-in", params=more))
    return browser.post("/sign-in", data=form | {"username": username, "password": password})


def signed_in(username: str) -> httpx.Client:
    browser = client()
    assert sign_in(browser, username).status_code == 302
    return browser


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    assert page.status_code == 200, page.text
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def authorize(browser: httpx.Client, app: App, decision: str = "allow", **parameters: Any) -> httpx.Response:
    """Open the consent page and decide; the answer is whatever came last."""
    query = {"client_id": app.client_id, "redirect_uri": CALLBACK, "response_type": "code"} | parameters
    address = httpx.URL(
        "/o/authorize/", params={name: value for name, value in query.items() if value is not None}
    )
    page = browser.get(address)
    if page.status_code != 200:
        return page
    return browser.post(address, data=hidden(page) | {"decision": decision})


def returned(response: httpx.Response) -> dict[str, str]:
    """What the app gets back in its redirect."""
    assert response.status_code == 302, response.text
    return {
        name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()
    }


def code(browser: httpx.Client, app: App, **parameters: Any) -> str:
    return returned(authorize(browser, app, **parameters))["code"]


def call(app: App, endpoint: str = "token", **parameters: Any) -> httpx.Response:
    """A call of the app to an OAuth endpoint, its secret in the body. A parameter that is None is left out."""
    data = {"client_id": app.client_id, "client_secret": app.client_secret} | parameters
    with client() as caller:
        return caller.post(f"/o/{endpoint}/", data={name: v for name, v in data.items() if v is not None})


def exchange(app: App, code: str, **parameters: Any) -> httpx.Response:
    return call(
        app, **{"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | parameters
    )


def refresh(app: App, token: str, **parameters: Any) -> httpx.Response:
    return call(app, grant_type="refresh_token", refresh_token=token, **parameters)


def tokens(browser: httpx.Client, app: App, **parameters: Any) -> dict[str, Any]:
    """The whole dance."""
    answer = exchange(app, code(browser, app, **parameters))
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def works(token: str) -> bool:
    """Whether an API call with this access token is let in."""
    with client(token) as caller:
        return caller.get("/api/users/current").status_code != 401
