"""What axe-core finds wrong with a page, for people who can't see it well or have no mouse."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")
# Colours between two states have no contrast of their own. What turns for ever is left to turn.
_STILL = """() => Promise.allSettled(document.getAnimations()
    .filter(one => one.effect.getComputedTiming().endTime !== Infinity).map(one => one.finished))"""


def violations(page: Page) -> list[str]:
    """Every serious violation on the page, by rule and element, once it is there and nothing of it fades any more. The
    page's own policy lets no script in, so this needs a context with ``bypass_csp``."""
    page.wait_for_load_state()
    page.evaluate(_STILL)
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
