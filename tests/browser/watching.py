"""Pages whose errors are collected."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

from tests.browser import PATIENCE

# Addresses that a page may ask for. The browser resolves no other host (see QUIET); tests answer for the third one.
ALLOWED = ("http://127.0.0.1:", "data:", "https://app.example/")
PDF_VIEWER = (
    "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/",
    "chrome://",
)  # Chromium's own, in its own process
IMAGE = (
    "/static/charthouse/mark.svg"  # a document of the server without scripts, for which no favicon is fetched
)


@contextmanager
def watch(page: Page) -> Iterator[list[str]]:
    """Collect the errors that the page logs and the other hosts that it asks.

    Requests are observed, not intercepted: interception would turn the browser's cache off.
    """
    faults: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        # Chromium asks for a favicon when it shows IMAGE, whenever it has time. Our pages name theirs.
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            faults.append(message.text)

    def note_error(error: Error) -> None:
        faults.append(str(error))

    def note_request(request: Request) -> None:
        if not request.url.startswith(ALLOWED + PDF_VIEWER):
            faults.append(f"asked {request.url}")

    page.on("console", note_message)
    page.on("pageerror", note_error)
    page.context.on("request", note_request)
    try:
        yield faults
    finally:
        page.remove_listener("console", note_message)
        page.remove_listener("pageerror", note_error)
        page.context.remove_listener("request", note_request)


class SharedPages:
    """Pages that one test after another uses, one of each kind of screen.

    A new context costs more than loading four pages: a process, and every script and style sheet is parsed again.
    """

    def __init__(self, browser: Browser, server: str) -> None:
        self._browser, self._server = browser, server
        self._free: dict[str, Page] = {}

    @contextmanager
    def use(self, **screen: Any) -> Iterator[tuple[Page, list[str]]]:
        """Yield a page as if it were new, and the list of its faults. ``screen``: options of a context."""
        kind = repr(sorted(screen.items()))
        page = self._free.pop(kind, None) or self._open(screen)
        with watch(page) as faults:
            yield page, faults
        self._clear(page, screen)
        self._free[kind] = page

    def _open(self, screen: dict[str, Any]) -> Page:
        context = self._browser.new_context(reduced_motion="reduce", **screen)
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    def _clear(self, page: Page, screen: dict[str, Any]) -> None:
        """Remove what the next test must not find: answers to dialogs, routes, the page, its storage, cookies, theme
        and size."""
        page._impl_obj.remove_all_listeners("dialog")  # the public API removes only those that it is given
        page.unroute_all(behavior="ignoreErrors")
        page.goto(self._server + IMAGE)
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.context.clear_cookies()
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(screen["viewport"])
