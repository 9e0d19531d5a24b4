"""Sections of documents: template, LOINC code, title, narrative and entries, in the order of the schema."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charthouse.interchange.cda import narrative
from charthouse.interchange.cda.codes import LOINC
from charthouse.interchange.cda.narrative import Row
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept, Element, coded, el, template


@dataclass(frozen=True)
class SectionType:
    """A type of section. ``templates``: (root, release) pairs; release "" for none."""

    title: str
    code: Concept
    templates: tuple[tuple[str, str], ...]


def define_section(title: str, loinc: str, name: str, *templates: tuple[str, str]) -> SectionType:
    return SectionType(title, Concept(loinc, LOINC, name), templates)


@dataclass(frozen=True)
class Section:
    """A section. ``columns`` and ``rows`` of the narrative's table; without rows, the section has the null flavor NI
    (no information). ``name_column``: index of the column that names a row."""

    section_type: SectionType
    columns: Sequence[str]
    rows: Sequence[Row]
    entries: Iterable[Element]
    name_column: int = 0


def write_section(out: Writer, section: Section) -> None:
    """Write a section. Entries are generated one at a time, which bounds memory."""
    known = bool(section.rows)
    begin_section(out, section.section_type, known=known)
    if known:
        out.write(narrative.build_text(section.columns, section.rows, section.name_column))
        for entry in section.entries:
            out.write(el("entry", entry, typeCode="DRIV"))
    else:
        out.write(narrative.build_empty_text())
    end_section(out)


def begin_section(out: Writer, section_type: SectionType, *, known: bool = True) -> None:
    """Begin a section, up to its title. ``known``: whether it has content; null flavor NI if not."""
    out.begin("component")
    if known:
        out.begin("section")
    else:
        out.begin("section", nullFlavor="NI")
    for root, release in section_type.templates:
        out.write(*template(root, release))
    out.write(coded("code", section_type.code), el("title", section_type.title))


def end_section(out: Writer) -> None:
    out.end()
    out.end()
