"""Confirmation dialogs."""

from playwright.sync_api import Locator, Page


def ask(page: Page, name: str) -> Locator:
    """Click a link that opens a dialog and return the visible dialog.

    The page's scripts must be loaded first: without them the link opens a page.
    """
    link = page.get_by_role("link", name=name)
    link.wait_for()
    page.wait_for_load_state()
    link.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    return dialog
