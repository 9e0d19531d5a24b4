"""The Measure and Reporting Parameters sections, and the measures that a report refers to.

The record holds the data of two quality measures of adults: blood pressure and smoking. Identifiers are those of the
versions for reporting year 2015 (CMS165v3, CMS138v3); reports contain all patient data, whatever the measure.
"""

from dataclasses import dataclass

from charthouse.interchange.cda import entries, narrative, section
from charthouse.interchange.cda.codes import LOINC, SNOMED
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.section import define_section
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept, Element, coded, el, span, status, template

MEASURE_SECTION = define_section(
    "Measure Section", "55186-1", "Measure document",
    ("2.16.840.1.113883.10.20.24.2.2", ""), ("2.16.840.1.113883.10.20.24.2.3", ""),
)  # fmt: skip
PARAMETERS = define_section(
    "Reporting Parameters", "55187-9", "Reporting parameters", ("2.16.840.1.113883.10.20.17.2.1", "")
)
MEASURE_DOCUMENT = Concept("57024-2", LOINC, "Health Quality Measure document")
OBSERVATION_PARAMETERS = Concept("252116004", SNOMED, "Observation Parameters")
ECQM = "2.16.840.1.113883.4.738"  # root of version-specific identifiers of measures
COLUMNS = ("Measure", "CMS id", "NQF number", "Identifier of the version", "Identifier of all versions")


@dataclass(frozen=True)
class Measure:
    """A quality measure. ``version_id``: identifier of this version; ``set_id``: of all versions."""

    title: str
    cms: str
    nqf: str
    version: int
    version_id: str
    set_id: str


MEASURES = (
    Measure(
        "Controlling High Blood Pressure", "CMS165v3", "0018", 3,
        "40280381-4600-425f-0146-1f6f722b0f17", "abdc37cc-bac6-4156-9b91-d1be2c8b7268",
    ),
    Measure(
        "Preventive Care and Screening: Tobacco Use: Screening and Cessation Intervention", "CMS138v3", "0028", 3,
        "40280381-4600-425f-0146-1f5867d40e82", "e35791df-5b25-41bb-b260-673337bc44a8",
    ),
)  # fmt: skip


def write_measures(out: Writer, context: DocumentContext) -> None:
    rows = [
        (f"measure-{at}", (each.title, each.cms, each.nqf, each.version_id, each.set_id))
        for at, each in enumerate(MEASURES)
    ]
    section.begin_section(out, MEASURE_SECTION)
    out.write(narrative.build_text(COLUMNS, rows, 0))
    for each in MEASURES:
        out.write(el("entry", _build_measure(context, each)))
    section.end_section(out)


def _build_measure(context: DocumentContext, measure: Measure) -> Element:
    """Build an eCQM Reference QDM."""
    document = el(
        "externalDocument",
        el("id", root=ECQM, extension=measure.version_id),
        coded("code", MEASURE_DOCUMENT),
        el("text", measure.title),
        el("setId", root=measure.set_id),
        el("versionNumber", value=str(measure.version)),
        classCode="DOC",
        moodCode="EVN",
    )
    return el(
        "organizer",
        template("2.16.840.1.113883.10.20.24.3.98"),
        template("2.16.840.1.113883.10.20.24.3.97"),
        entries.identifier_of(context, "measures", measure.cms),
        status("completed"),
        el("reference", document, typeCode="REFR"),
        classCode="CLUSTER",
        moodCode="EVN",
    )


def write_parameters(out: Writer, context: DocumentContext) -> None:
    window = context.window
    section.begin_section(out, PARAMETERS)
    period_text = f"Reporting period: {window.first.isoformat()} to {window.last.isoformat()}"
    out.write(el("text", el("list", el("item", period_text))))
    act = el(
        "act",
        template("2.16.840.1.113883.10.20.17.3.8"),
        entries.identifier_of(context, "reporting_periods", f"{window.first:%Y%m%d}-{window.last:%Y%m%d}"),
        coded("code", OBSERVATION_PARAMETERS),
        span(window.first, window.last),
        classCode="ACT",
        moodCode="EVN",
    )
    out.write(el("entry", act, typeCode="DRIV"))
    section.end_section(out)
