"""Every URL pattern of the server with values that nobody sane sends, as staff, as a patient and as nobody."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.urls.converters import get_converters

from tests.cases import each_case
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.portal.portal_patients import make_portal_patient
from tests.support import PASSWORD, client, make_practice

SLOW = 5.0  # seconds for one request
LARGEST = "9223372036854775807"  # that a column holds
NO_IDS = ("99999999999999999999999999", "9223372036854775808", "-1", "1e999999", "1.5", "007",
          "\N{ARABIC-INDIC DIGIT SEVEN}", "\N{SUPERSCRIPT TWO}", "\0", "1\0", "9" * 5000)  # fmt: skip
TEXTS = ("%00", "%ff", "%ed%a0%80", "%F0%9F%92%A9", "..%2f..%2fetc%2fpasswd", "a" * 5000, "%25s%25n", "1")
PARAMETERS = ("after", "before", "sort", "q", "date", "start", "end", "since", "until", "doctor", "office", "patient",
              "user", "app", "room", "to", "next", "format", "state", "kind", "back", "client_id", "redirect_uri",
              "scope", "code_challenge", "page", "cursor", "row", "name")  # fmt: skip
QUERIES = (
    "99999999999999999999999999",
    "%00",
    "%ff%ed%a0%80",
    "2026-02-30",
    "9999-12-31",
    "1e999999",
    "%D9%A7",
    "(" * 300,
)
FORMS = ("\0", "99999999999999999999999999", "\ufffd\N{PILE OF POO}" * 50, "a" * 100_000, "1e999999", "9999-12-31",
         "0000-00-00", "-1", "\N{ARABIC-INDIC DIGIT SEVEN}")  # fmt: skip


def list_patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """List all URL patterns with their whole routes."""
    for each in (resolver or get_resolver()).url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from list_patterns(each, route)
        else:
            yield route, each


PATTERNS = dict(list_patterns())
VALUE = re.compile(r"<(?:(\w+):)?(\w+)>")
NUMBERS = {route: number for number, route in enumerate(PATTERNS)}
WITH_VALUES = [route for route in PATTERNS if VALUE.search(route)]


@dataclass
class Callers:
    """A signed-in user with every permission, a signed-in patient of the same practice, and nobody."""

    staff: httpx.Client
    patient: httpx.Client
    nobody: httpx.Client
    patient_id: int
    tokens: dict[httpx.Client, dict[str, str]]

    def choose(self, route: str) -> httpx.Client:
        """The one whom a page is for."""
        if route.endswith(("sign-in", "sign-out", "password")) or route.startswith("o/"):
            return self.nobody
        return self.patient if route.startswith("portal") else self.staff

    def check(self, browser: httpx.Client, method: str, address: str, **options: Any) -> httpx.Response:
        seconds = []
        while (
            len(seconds) < 3 and min(seconds, default=SLOW) >= SLOW
        ):  # a value that stalls does so every time
            began = time.monotonic()
            answer = browser.request(method, address, **options)
            seconds.append(time.monotonic() - began)
            assert answer.status_code < 500, f"{method} {address[:200]} {str(options)[:100]}"
        assert min(seconds) < SLOW, f"{method} {address[:200]}: {seconds} s"
        return answer

    def fill(self, route: str, hostile: str = "1", name: str = "") -> str:
        """The route as an address with ``hostile`` for the value ``name``."""

        def choose(found: "re.Match[str]") -> str:
            if found[2] == name:
                return hostile
            return str(self.patient_id) if found[2] == "patient" else "1"

        return "/" + VALUE.sub(choose, route)


@pytest.fixture(scope="module")
def callers(database: None) -> Callers:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    row = make_portal_patient(clinic)
    staff, patient, nobody = open_signed_in_browser(clinic.user.username), row.browser(), client()
    pages = {staff: "/account", patient: "/portal/account", nobody: "/sign-in"}
    tokens = {browser: parse_hidden_fields(browser.get(page)) for browser, page in pages.items()}
    return Callers(staff, patient, nobody, row.patient.pk, tokens)


@each_case("route", WITH_VALUES, ids=str)
def test_what_can_be_no_id_matches_no_url(route: str) -> None:
    """Held for all patterns at once, views are not even called."""
    kinds = {found[2]: found[1] or "str" for found in VALUE.finditer(route)}
    assert set(kinds.values()) <= {"id", "index", "slug", "str"}, "a converter without a bound"
    assert "id" in get_converters()
    for name, kind in kinds.items():
        for hostile in NO_IDS if kind == "id" else ():
            address = "/" + VALUE.sub(lambda each: hostile if each[2] == name else "1", route)  # noqa: B023
            try:
                found = resolve(address)
            except Resolver404:
                continue
            assert name not in found.kwargs or not isinstance(found.kwargs[name], int), address


def make_query(shift: int) -> str:
    """Every parameter with one of the values, another with each shift."""
    return "&".join(f"{name}={QUERIES[(at + shift) % len(QUERIES)]}" for at, name in enumerate(PARAMETERS))


@each_case("route", PATTERNS, ids=str)
def test_hostile_values(callers: Callers, route: str) -> None:
    """Takes seconds, for 330 patterns: each is called once by nobody, and by whom it is for with a hostile query, with
    hostile values in its path, and, where the page has forms, with such values in their fields. Neighboring patterns,
    which share their code, get other values."""
    browser, number = callers.choose(route), NUMBERS[route]
    callers.check(callers.nobody, "GET", f"{callers.fill(route)}?{make_query(number)}")
    page = callers.check(browser, "GET", f"{callers.fill(route)}?{make_query(number + 3)}")
    for found in VALUE.finditer(route):
        for hostile in (LARGEST,) if found[1] in ("id", "index") else TEXTS[number % 2 :: 2]:
            callers.check(browser, "GET", callers.fill(route, hostile, found[2]))
    own = callers.tokens[browser]
    names = sorted(set(re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', page.text)) - set(own))
    fields = [*names, "text", "id", "status"]
    for shift in (number, number + 4) if names and page.status_code == 200 else (number,):
        form = {name: FORMS[(at + shift) % len(FORMS)] for at, name in enumerate(fields)} | own
        answer = callers.check(browser, "POST", callers.fill(route), data=form)
        assert answer.status_code != 403 or "CSRF" not in answer.text


def test_paths_that_are_no_utf_8(callers: Callers) -> None:
    for text in ("%ff", "%00", "%ed%a0%80", unquote("%D9%A7")):
        assert callers.check(callers.staff, "GET", f"/{text}").status_code == 404
