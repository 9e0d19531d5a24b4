"""Pages whose errors are collected."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

# Addresses that a page may ask for. The browser resolves no other host (see QUIET); tests answer for the third one.
ALLOWED = ("http://127.0.0.1:", "data:", "https://app.example/")


@contextmanager
def open_page(browser: Browser, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page in a context of its own, and the list of errors that it has logged and of other hosts it has asked.

    Requests are observed, not intercepted: interception would turn the browser's cache off.
    """
    context = browser.new_context(reduced_motion="reduce", **options)
    faults: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    context.on(
        "request",
        lambda request: None if request.url.startswith(ALLOWED) else faults.append(f"asked {request.url}"),
    )
    try:
        yield page, faults
    finally:
        context.close()
