"""What axe-core finds wrong with a page, for people who cannot see it well or have no mouse.

Most elements of a page are on other pages too. Each shape of an element (``html_shapes``, with its state) is examined
once a worker and theme; axe does not run on a page without new shapes.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.html_shapes import OF_LOOKS, TEXT, UNSEEN, VALUED

THEMES = ("light", "dark")
LIST_SHAPES = Path(__file__).with_name("shapes.js").read_text()
ATTRIBUTES = [sorted(names) for names in (TEXT, VALUED, OF_LOOKS, UNSEEN)]
# The rule of contrast is about an element in a theme, that of links about what is around it, too, all others about the
# document.
RUN = """
async ([shapes, wholeDocument]) => {
  const include = shapes.map((shape) => window.elementsByShape.get(shape));
  const options = { resultTypes: ["violations"], preload: false };
  const withoutContrast = { rules: { "color-contrast": { enabled: false } } };
  const others = wholeDocument ? withoutContrast : { runOnly: ["link-in-text-block"] };
  const runs = [await axe.run({ ...options, ...others })];
  if (include.length) runs.push(await axe.run({ include }, { ...options, runOnly: ["color-contrast"] }));
  return runs.flatMap((run) => run.violations);
}
"""

SWAPPING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
_axe = Axe()
_structure: set[str] = set()  # shapes examined by the rules of structure
_colored: defaultdict[str, set[str]] = defaultdict(set)  # and by the rules of color, by theme


def find_violations(page: Page) -> list[str]:
    """Return every violation of the loaded page in its theme, by rule and element, in shapes not yet examined.

    The page's context needs ``reduced_motion``: a color between two states has no contrast.
    """
    _wait_until_still(page)
    return _examine(page, *page.evaluate(LIST_SHAPES, ATTRIBUTES))


def find_violations_in_both_themes(page: Page) -> list[str]:
    """Return the violations of the page in light and in dark."""
    _wait_until_still(page)
    theme, shapes, readable = page.evaluate(LIST_SHAPES, ATTRIBUTES)
    found = _examine(page, theme, shapes, readable)
    (other,) = set(THEMES) - {theme}
    if not _colored[other].issuperset(readable):
        page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
        found += find_violations(page)
        page.emulate_media(color_scheme=theme)
    return found


def _wait_until_still(page: Page) -> None:
    """Wait until the page is loaded and no part of it is being replaced."""
    page.wait_for_load_state()
    expect(page.locator(SWAPPING)).to_have_count(0)


def _examine(page: Page, theme: str, shapes: list[str], readable: list[str]) -> list[str]:
    new, new_readable = set(shapes) - _structure, set(readable) - _colored[theme]
    if not new and not new_readable:
        return []
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(_axe.axe_script)
    found: list[dict[str, Any]] = page.evaluate(RUN, [sorted(new_readable), bool(new)])
    _structure.update(new)
    _colored[theme].update(new_readable)
    return [
        f"{theme}: {rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found
        for node in rule["nodes"]
    ]
