"""Questions that a page asks in a dialog."""

from playwright.sync_api import Locator, Page


def ask(page: Page, name: str) -> Locator:
    """Click a link that opens a dialog, once the page's scripts are there: without them it leads to a page. What is
    given back is the dialog, which can be seen."""
    link = page.get_by_role("link", name=name)
    link.wait_for()
    page.wait_for_load_state()
    link.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    return dialog
