"""Registration of apps through the console's form."""

import re
from html import unescape
from typing import Any

import httpx

from charthouse.identity.models import Application
from tests.identity.oauth_flow import parse_hidden_fields
from tests.support import (
    CALLBACK,
    App,
    Clinic,
    make_app,
)

NEW_APP = {
    "name": "Intake",
    "redirect_uris": f"{CALLBACK}\r\nhttps://app.example/other",
    "scopes": ["patients", "user"],
}


def send(browser: httpx.Client, address: str, **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(address)) | values)


def make_own_app(clinic: Clinic, **values: Any) -> App:
    return make_app(user=clinic.user, **values)


def register(browser: httpx.Client, **values: Any) -> App:
    page = send(browser, "/developer/apps/new", **(NEW_APP | values))
    assert page.status_code == 200, re.findall(r"wrong\"><div>([^<]+)", page.text)
    (client_id,) = re.findall(r'id="client-id">(\w+)<', page.text)
    shown = re.findall(r'id="client-secret">([^<]+)<', page.text)
    return App(Application.objects.get(client_id=client_id), client_id, unescape(shown[0]) if shown else "")
