"""Shapes of the elements of an HTML document, much as ``shapes.js`` finds them, but without a browser.

A page whose shapes are all on other pages has nothing to show that those don't.
"""

from dataclasses import dataclass
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FIELDS = {"input", "select", "textarea"}
# Attributes of which only matters whether they are empty, and those whose value matters.
TEXT = {"alt", "aria-controls", "aria-describedby", "aria-label", "aria-labelledby", "aria-owns"}
VALUED = {"class", "fill", "lang", "open", "role", "src", "stroke", "style", "tabindex", "type"}


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
    """Return the shape of each element: tag, attributes, text, label, and the same of its ancestors."""
    reader = _Reader()
    reader.feed(html)
    labelled = {e.attributes["for"] for e in reader.elements if e.tag == "label" and "for" in e.attributes}
    shapes: dict[int, str] = {}
    for element in reader.elements:
        above = shapes[id(element.parent)] if element.parent else ""
        shapes[id(element)] = f"{above} > {_describe(element, labelled)}"
    return set(shapes.values())


def choose_pages(shapes: dict[str, set[str]]) -> list[str]:
    """Choose few of the pages, by their shapes, so that each shape is on one of them."""
    chosen: list[str] = []
    missing = set().union(*shapes.values())
    while missing:
        chosen.append(max(shapes, key=lambda page: len(shapes[page] & missing)))
        missing -= shapes[chosen[-1]]
    return chosen


def _describe(element: _Element, labelled: set[str]) -> str:
    attributes = sorted(_describe_attribute(name, value) for name, value in element.attributes.items())
    said = [element.tag, *attributes, *["text"] * element.has_text]
    if element.tag in FIELDS:
        is_inside = any(one.tag == "label" for one in element.ancestors)
        said.append("labelled" if is_inside or element.attributes.get("id") in labelled else "without label")
    return " ".join(said)


def _describe_attribute(name: str, value: str) -> str:
    if name in TEXT:
        return name if value.strip() else f"{name} empty"
    if name in VALUED or name.startswith("aria-"):
        return f"{name}={' '.join(sorted(value.split()))}"
    return name
