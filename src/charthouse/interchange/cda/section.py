"""One section: its template, LOINC code, title, narrative and entries, in the order that the schema wants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charthouse.interchange.cda import narrative
from charthouse.interchange.cda.codes import LOINC
from charthouse.interchange.cda.narrative import Row
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept, Element, coded, el, template


@dataclass(frozen=True)
class Kind:
    """What all sections of a kind share. ``templates``: (root, release) pairs, "" being no release."""

    title: str
    code: Concept
    templates: tuple[tuple[str, str], ...]


def kind(title: str, loinc: str, name: str, *templates: tuple[str, str]) -> Kind:
    return Kind(title, Concept(loinc, LOINC, name), templates)


@dataclass(frozen=True)
class Section:
    """``rows`` of the narrative's table, under ``head``; none of them and no entries: the section says that nothing
    is known, with the null flavour NI. ``named``: the column that says what a row is about."""

    kind: Kind
    head: Sequence[str]
    rows: Sequence[Row]
    entries: Iterable[Element]
    named: int = 0


def write(out: Writer, section: Section) -> None:
    """Entries are made one at a time, while they are written."""
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
    """Open a section, up to its title. ``known``: whether the record knows anything of it."""
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
