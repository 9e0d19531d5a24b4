"""Pages of errors in the portal, in the language of whoever reads them."""

from typing import Any

import pytest

from charthouse.portal import home
from tests.portal.portal_patients import PortalPatient, make_portal_patient
from tests.support import client, make_practice

SPANISH = {"Accept-Language": "es-MX,es;q=0.9"}


@pytest.fixture
def known() -> PortalPatient:
    return make_portal_patient(make_practice("Harbour Clinic"), preferred_language="spa")


def test_an_address_that_does_not_exist(known: PortalPatient) -> None:
    for address in ("/portal/nothing", "/portal/messages/x"):
        page = client().get(address)
        assert (page.status_code, "This page doesn't exist." in page.text) == (404, True), page.text
        page = client().get(address, headers=SPANISH)
        assert 'lang="es"' in page.text
        assert "Esta página no existe." in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        page = known.browser().get(address)
        assert "Esta página no existe." in page.text, "the language of who is signed in"
    assert 'class="large-text"' in client(cookies={"charthouse_portal_text": "large"}).get("/portal/x").text
    page = client().get("/nothing", headers=SPANISH)
    assert "There is no page at this address." in page.text, "the console is in English"


def test_a_form_without_its_token(known: PortalPatient) -> None:
    for browser, words in (
        (client(), "The page was open for too long"),
        (known.browser(), "La página estuvo abierta"),
    ):
        page = browser.post("/portal/messages/new", data={"text": "Hello"})
        assert (page.status_code, words in page.text) == (403, True), page.text
    page = client().post("/sign-in", data={"username": "x"})
    assert (page.status_code, "Not saved" in page.text, "Django" in page.text) == (403, True, False)


def test_an_unexpected_fault(known: PortalPatient, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = known.browser()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(home, "render_page", fail)
    page = browser.get("/portal")
    assert (page.status_code, page.headers["Cache-Control"]) == (500, "no-store")
    assert "Es un problema nuestro y quedó registrado." in page.text
    assert "Something went wrong" not in page.text
