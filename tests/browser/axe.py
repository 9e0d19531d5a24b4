"""What axe-core finds wrong with a page, for people who cannot see it well or have no mouse.

Most elements of a page are on another page too, so each is examined once a worker and theme: by its shape, which is its
tag, classes, attributes and state, and those of all elements around it. A page of known shapes costs no walk of axe.
"""

from collections import defaultdict
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")
LIST_SHAPES = Path(__file__).with_name("shapes.js").read_text()
# Rules about color depend on the theme, and on the element alone; the others on the document.
RUN = """
async ([shapes, document]) => {
  const color = ["color-contrast", "link-in-text-block"];
  const options = {resultTypes: ["violations"], elementRef: false};
  const elements = shapes.map(shape => window.elementsByShape.get(shape));
  const runs = [];
  if (elements.length) runs.push(await axe.run({include: elements}, {...options, runOnly: color}));
  if (document) runs.push(await axe.run({...options, rules: Object.fromEntries(color.map(rule => [rule, {enabled: false}]))}));
  return runs.flatMap(run => run.violations);
}
"""

_axe = Axe()
_known: defaultdict[str, set[str]] = defaultdict(set)  # shapes, by theme, and those of documents as ""


def violations(page: Page) -> list[str]:
    """Return every serious violation on the loaded page, by rule and element, but for what was examined before.

    The page's context needs ``reduced_motion``: a color between two states has no contrast.
    """
    page.wait_for_load_state()
    theme, shapes, readable = page.evaluate(LIST_SHAPES)
    new, new_readable = set(shapes) - _known[""], set(readable) - _known[theme]
    if not new and not new_readable:
        return []
    page.evaluate(_axe.axe_script)
    found = page.evaluate(RUN, [sorted(new_readable), bool(new)])
    _known[""] |= new
    _known[theme] |= new_readable
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def violations_in_both_themes(page: Page) -> list[str]:
    """Return the violations of the page in light and in dark, and leave it in light."""
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {violation}" for violation in violations(page)]
    return found
