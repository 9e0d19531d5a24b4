"""What axe-core finds wrong with a page, for people who can't see it well or have no mouse."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")


def violations(page: Page) -> list[str]:
    """Every serious violation on the page, by rule and element, once it is there. Its own policy lets no script in,
    so this needs a context with ``bypass_csp``; and one with ``reduced_motion``, for a colour between two states has
    no contrast."""
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
