"""Sections of documents: template, LOINC code, title, narrative and entries, in the order of the schema."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charthouse.interchange.cda import narrative
from charthouse.interchange.cda.codes import LOINC
from charthouse.interchange.cda.narrative import Row
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept, Element, coded, el, template


@dataclass(frozen=True)
class Kind:
    """A type of section. ``templates``: (root, release) pairs; release "" for none."""

    title: str
    code: Concept
    templates: tuple[tuple[str, str], ...]


def kind(title: str, loinc: str, name: str, *templates: tuple[str, str]) -> Kind:
    return Kind(title, Concept(loinc, LOINC, name), templates)


@dataclass(frozen=True)
class Section:
    """A section. ``columns`` and ``rows`` of the narrative's table; without rows, the section has the null flavor NI
    (no information). ``name_column``: index of the column that names a row."""

    kind: Kind
    head: Sequence[str]
    rows: Sequence[Row]
    entries: Iterable[Element]
    named: int = 0


def write(out: Writer, section: Section) -> None:
    """Write a section. Entries are generated one at a time, which bounds memory."""
    known = bool(section.rows)
    begin(out, section.kind, known=known)
    if known:
        out.put(narrative.table(section.head, section.rows, section.named))
        for entry in section.entries:
            out.put(el("entry", entry, typeCode="DRIV"))
    else:
        out.put(narrative.nothing())
    end(out)


def begin(out: Writer, kind: Kind, *, known: bool = True) -> None:
    """Begin a section, up to its title. ``known``: whether it has content; null flavor NI if not."""
    out.begin("component")
    if known:
        out.begin("section")
    else:
        out.begin("section", nullFlavor="NI")
    for root, release in kind.templates:
        out.put(*template(root, release))
    out.put(coded("code", kind.code), el("title", kind.title))


def end(out: Writer) -> None:
    out.end()
    out.end()
