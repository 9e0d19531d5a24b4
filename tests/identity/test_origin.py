"""One place knows the address of the server: scheme and host of every absolute URL."""

import os
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

import charthouse
from charthouse.datadir import CommandError
from charthouse.identity import origin
from charthouse.identity.client_ip import get_client_ip
from tests.cases import each_case

SOURCE = Path(charthouse.__file__).parent
# What else would find out scheme, host or origin of a request, or take them from settings.
OTHER_WAYS = re.compile(
    r"build_absolute_uri|\.get_host\(|\.is_secure\(|request\.(scheme|_current_scheme_host|get_port)|settings\.BASE_URL"
    r"|HTTP_HOST|HTTP_X_FORWARDED_(?!FOR)|HTTP_FORWARDED|SERVER_NAME|SERVER_PORT|wsgi\.url_scheme"
    r"|PRACTICE_HOSTS|ALLOWED_HOSTS|get_current_site"
)
# The module itself; what sets the settings; the explorer, which hands a whole request on; the web server, which writes
# the WSGI environment.
ALLOWED = {
    "identity/origin.py",
    "settings.py",
    "console/developer/explorer_calls.py",
    "web_server/event_loop.py",
    "web_server/parsing.py",
}


def test_nothing_else_finds_out_the_address_of_the_server() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {match[0]}"
        for path in SOURCE.rglob("*.py")
        if str(path.relative_to(SOURCE)) not in ALLOWED
        for match in OTHER_WAYS.finditer(path.read_text())
    }
    assert found == set()
    assert OTHER_WAYS.search((SOURCE / "identity/origin.py").read_text())


def test_templates_build_no_absolute_url() -> None:
    pattern = re.compile(r"request\.(scheme|get_host|build_absolute_uri|META)|https?://\{\{")
    found = {str(path) for path in SOURCE.rglob("*.html")}
    assert found
    assert {path for path in found if pattern.search(Path(path).read_text())} == set()


def enter(host: str, **headers: str) -> dict[str, str]:
    environ = {"HTTP_HOST": host, "wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1"} | headers
    origin.enter_request(environ)
    return environ


@each_case(
    ("base", "host", "public"),
    [
        # over TLS, whatever port and loopback name the proxy uses
        ("https://ehr.example", "ehr.example", "https://ehr.example"),
        ("https://ehr.example", "EHR.example:8000", "https://ehr.example"),
        ("https://ehr.example", "127.0.0.1:8000", "https://ehr.example"),
        ("https://ehr.example", "[::1]:8000", "https://ehr.example"),
        ("https://ehr.example", "other.example:8000", "https://other.example"),
        ("https://ehr.example:8443", "ehr.example", "https://ehr.example:8443"),
        ("https://ehr.example:8443", "other.example", "https://other.example:8443"),
        # without, as it was called
        ("http://127.0.0.1:8000", "localhost:9000", "http://localhost:9000"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
    ids=" ".join,
)
def test_the_public_address(monkeypatch: pytest.MonkeyPatch, base: str, host: str, public: str) -> None:
    monkeypatch.setattr(settings, "BASE_URL", base)
    monkeypatch.setattr(
        settings, "ALLOWED_HOSTS", ["ehr.example", "other.example", "127.0.0.1", "[::1]", "localhost"]
    )
    named = dict.fromkeys(origin.UNTRUSTED_HEADERS, "evil.example")
    environ = enter(host, **named)
    assert origin.get_origin() == public
    assert f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}" == public
    assert not set(environ) & set(origin.UNTRUSTED_HEADERS)
    assert origin.build_lasting_url("/x") == f"{base}/x"


def load_settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Any:
    """Load the settings as a process with this environment would."""
    for name in [name for name in os.environ if name.startswith("CHARTHOUSE_")]:
        monkeypatch.delenv(name)
    for name, value in {"CHARTHOUSE_SECRET_KEY": "x", **environment}.items():
        monkeypatch.setenv(name, value)
    return SimpleNamespace(**runpy.run_path(str(SOURCE / "settings.py")))


def test_the_base_url_says_all_about_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_settings(
        monkeypatch, CHARTHOUSE_BASE_URL="https://EHR.example:8443/", CHARTHOUSE_PRACTICE_HOSTS="a.example=1"
    )
    assert (loaded.BASE_URL, loaded.PROXIES) == ("https://ehr.example:8443", 1)
    assert loaded.ALLOWED_HOSTS == ["ehr.example", "127.0.0.1", "localhost", "[::1]", "a.example"]
    assert loaded.SESSION_COOKIE_SECURE
    assert loaded.CSRF_COOKIE_SECURE
    assert loaded.SECURE_HSTS_SECONDS == 31536000
    loaded = load_settings(monkeypatch)
    assert (loaded.BASE_URL, loaded.PROXIES) == ("http://127.0.0.1:8000", 0)
    assert "testserver" not in loaded.ALLOWED_HOSTS
    assert (loaded.SESSION_COOKIE_SECURE, loaded.CSRF_COOKIE_SECURE) == (False, False)
    assert loaded.SECURE_HSTS_SECONDS == 0
    direct = load_settings(monkeypatch, CHARTHOUSE_BASE_URL="https://ehr.example", CHARTHOUSE_PROXIES="0")
    assert direct.PROXIES == 0


def test_settings_that_contradict_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (
        "ehr.example",
        "https://",
        "https://ehr.example/app",
        "ftp://x",
        "https://a@b",
        "https://x?y",
    ):
        with pytest.raises(CommandError, match="CHARTHOUSE_BASE_URL is scheme and host alone"):
            load_settings(monkeypatch, CHARTHOUSE_BASE_URL=wrong)
    with pytest.raises(CommandError, match="CHARTHOUSE_BASE_URL=https://"):
        load_settings(monkeypatch, CHARTHOUSE_TLS="1")
    assert load_settings(monkeypatch, CHARTHOUSE_TLS="1", CHARTHOUSE_BASE_URL="https://ehr.example").TLS


@each_case(
    ("proxies", "header", "found"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "10.0.0.1", ""),
    ],
)
def test_the_address_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, proxies: int, header: str, found: str
) -> None:
    monkeypatch.setattr(settings, "PROXIES", proxies)
    assert get_client_ip(enter("testserver", HTTP_X_FORWARDED_FOR=header)) == found
