"""Shapes of the elements of an HTML document, much as ``shapes.js`` finds them, but without a browser.

A page whose shapes are all on other pages has nothing to show that those don't.
"""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "charthouse"


def _list_selected_attributes() -> set[str]:
    """Return the attributes that a style sheet selects by."""
    sheets = [path.read_text() for path in SOURCE.glob("*/static/**/*.css")]
    return {name for sheet in sheets for name in re.findall(r"\[\s*([\w-]+)", sheet)}


VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FIELDS = {"input", "select", "textarea"}
# Attributes of which only matters whether they are empty, and those whose value matters.
TEXT = {"alt", "aria-controls", "aria-describedby", "aria-label", "aria-labelledby", "aria-owns"}
VALUED = {"class", "fill", "lang", "open", "role", "src", "stroke", "style", "tabindex", "type"}
# Attributes by which an element, and what is in it, looks otherwise or is another thing to a reader. All others only
# matter for the element itself, wherever it is.
OF_LOOKS = (_list_selected_attributes() | VALUED | {"dir", "disabled", "hidden", "inert"}) - TEXT - {"src"}
# Attributes that say only what is sent, what may be typed, and which element it is.
UNSEEN = {
    "accept", "action", "autofocus", "datetime", "download", "enctype", "for", "form", "id", "inputmode", "max",
    "maxlength", "method", "min", "minlength", "name", "novalidate", "pattern", "rel", "required", "rows", "spellcheck",
    "step", "target",
}  # fmt: skip


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str]
    parent: "_Element | None"
    has_text: bool = False

    @property
    def ancestors(self) -> list["_Element"]:
        return [self.parent, *self.parent.ancestors] if self.parent else []


class _Reader(HTMLParser):
    """Collect the elements of a document whose end tags are all written, but for void elements."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[_Element] = []
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        element = _Element(tag, {name: value or "" for name, value in attrs}, parent)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self._open[-1].has_text = True


def list_shapes(html: str) -> set[str]:
    """Return the shapes of each element: its looks and those of its ancestors; and its own with its other attributes.

    Looks are tag, attributes that a style sheet or a reader's software goes by, text and label.
    """
    reader = _Reader()
    reader.feed(html)
    labelled = {e.attributes["for"] for e in reader.elements if e.tag == "label" and "for" in e.attributes}
    looks: dict[int, str] = {}
    alone = set()
    for element in reader.elements:
        if element.attributes.get("type") == "hidden":
            continue
        above = looks[id(element.parent)] if element.parent else ""
        own, others = _describe(element, labelled)
        looks[id(element)] = f"{above} > {own}"
        alone.add(" ".join([own, *others]))
    return {*looks.values(), *alone}


def choose_pages(shapes: dict[str, set[str]]) -> list[str]:
    """Choose few of the pages, by their shapes, so that each shape is on one of them."""
    chosen: list[str] = []
    missing = set().union(*shapes.values())
    while missing:
        chosen.append(max(shapes, key=lambda page: len(shapes[page] & missing)))
        missing -= shapes[chosen[-1]]
    return chosen


def _describe(element: _Element, labelled: set[str]) -> tuple[str, list[str]]:
    """Describe the looks of an element, and its other attributes."""
    looks, others = [], []
    for name, value in element.attributes.items():
        described = _describe_attribute(name, value)
        if is_of_looks(name):
            looks.append(described)
        elif name not in UNSEEN and not name.startswith(("data-", "hx-")):
            others.append(described)
    said = [element.tag, *sorted(looks), *["text"] * element.has_text]
    if element.tag in FIELDS:
        is_inside = any(one.tag == "label" for one in element.ancestors)
        said.append("labelled" if is_inside or element.attributes.get("id") in labelled else "without label")
    return " ".join(said), sorted(others)


SPACING = re.compile(r"[mp][tbsexy]?-\w+")  # classes of margin and padding


def is_of_looks(attribute: str) -> bool:
    return attribute in OF_LOOKS or (attribute.startswith("aria-") and attribute not in TEXT)


def _describe_attribute(name: str, value: str) -> str:
    if name in TEXT:
        return name if value.strip() else f"{name} empty"
    if name == "class":
        return f"class={' '.join(sorted(one for one in value.split() if not SPACING.fullmatch(one)))}"
    if name in VALUED or name.startswith("aria-"):
        return f"{name}={' '.join(sorted(value.split()))}"
    return name
