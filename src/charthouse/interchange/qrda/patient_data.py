"""The Patient Data section: the C-CDA entries of the reporting period, converted to data elements of the Quality Data
Model (QDM), whose templates extend those of C-CDA.

Source of template ids and releases: HL7 QRDA Category I, release 1, STU 5.3.
"""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass

from charthouse.interchange.ccda import (
    allergies,
    encounters,
    immunizations,
    medications,
    payers,
    problems,
    procedures,
    results,
    social,
    vitals,
)
from charthouse.interchange.cda import codes, entries, narrative, section
from charthouse.interchange.cda.section import Section, kind
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, span, status, template, text

PATIENT_DATA = kind(
    "Patient Data", "55188-7", "Patient data",
    ("2.16.840.1.113883.10.20.17.2.4", ""), ("2.16.840.1.113883.10.20.24.2.1", "2021-08-01"),
)  # fmt: skip
RELEASE = "2021-08-01"  # of most of the model's templates
PAYMENT_SOURCE = Concept("48768-6", codes.LOINC, "Payment source")
DEAD = Concept("419099009", codes.SNOMED, "Dead")

Converted = Iterable[Element]


def qdm(
    entry: Element, number: str, release: str = RELEASE, *, instead: tuple[str, str] | None = None
) -> Element:
    """Add a QDM template to an entry, after its own templates or after ``instead``, which replaces them."""
    place = len(entry.findall("templateId"))
    if instead is not None:
        for own in entry.findall("templateId"):
            entry.remove(own)
        place = 0
        for made in template(*instead):
            entry.insert(place, made)
            place += 1
    for made in template(f"2.16.840.1.113883.10.20.24.3.{number}", release):
        entry.insert(place, made)
        place += 1
    return entry


def _encounter(about: Subject, entry: Element) -> Converted:
    """Convert to Encounter, Performed, with diagnoses as observations of the encounter itself."""
    for value in entry.findall("entryRelationship/act/entryRelationship/observation/value"):
        diagnosis = el(
            "observation",
            template("2.16.840.1.113883.10.20.24.3.168", RELEASE),
            coded("code", codes.DIAGNOSIS_LOINC),
            copy(value),
            classCode="OBS",
            moodCode="EVN",
        )
        entry.append(el("entryRelationship", diagnosis, typeCode="REFR"))
    yield qdm(entry, "23")


def _diagnosis(about: Subject, entry: Element) -> Converted:
    observation = entry.find("entryRelationship/observation")
    code = observation.find("code")
    observation.replace(code, coded("code", codes.DIAGNOSIS_LOINC, translations=[codes.DIAGNOSIS]))
    qdm(observation, "135")
    yield qdm(entry, "137")


def _allergy(about: Subject, entry: Element) -> Converted:
    """Convert to Allergy/Intolerance: the observation without C-CDA's concern act."""
    observation = entry.find("entryRelationship/observation")
    yield qdm(observation, "147", instead=("2.16.840.1.113883.10.20.24.3.90", "2014-06-09"))


def _medication(about: Subject, entry: Element) -> Converted:
    yield qdm(entry, "41")


def _immunization(about: Subject, entry: Element) -> Converted:
    yield qdm(entry, "140")


def _results(about: Subject, entry: Element) -> Converted:
    """Convert each result of a panel to Laboratory Test, Performed."""
    for observation in entry.findall("component/observation"):
        when = observation.find("effectiveTime")
        yield el(
            "observation",
            template("2.16.840.1.113883.10.20.24.3.38", RELEASE),
            copy(observation.find("id")),
            copy(observation.find("code")),
            copy(observation.find("text")),
            status("completed"),
            copy(when),
            el("entryRelationship", qdm(observation, "87", "2019-12-01"), typeCode="REFR"),
            classCode="OBS",
            moodCode="EVN",
        )


def _measured(about: Subject, entry: Element) -> Converted:
    """Convert each vital sign to Physical Exam, Performed."""
    for observation in entry.findall("component/observation"):
        yield qdm(observation, "59", instead=("2.16.840.1.113883.10.20.22.4.13", "2014-06-09"))


def _assessment(about: Subject, entry: Element) -> Converted:
    """Convert to Assessment, Performed."""
    for own in entry.findall("templateId"):
        entry.remove(own)
    yield qdm(entry, "144")


def _done(about: Subject, entry: Element) -> Converted:
    """Convert to Procedure, Intervention or Physical Exam, Performed, or to Assessment, Performed for a risk.
    Communications are omitted: the record has no sender and recipient of them."""
    of = entry.find("id").get("root")
    if entry.tag == "procedure":
        yield qdm(entry, "64")
    elif of == about.root("patientintervention"):
        yield qdm(entry, "32")
    elif of == about.root("patientphysicalexam"):
        yield qdm(entry, "59")
    elif of == about.root("patientriskassessment"):
        yield from _assessment(about, entry)


def _payer(about: Subject, entry: Element) -> Converted:
    """Convert to Patient Characteristic Payer."""
    yield el(
        "observation",
        template("2.16.840.1.113883.10.20.24.3.55"),
        copy(entry.find("id")),
        coded("code", PAYMENT_SOURCE),
        copy(entry.find("text")),
        status("completed"),
        span(None),
        _typed_value(entry.find("entryRelationship/act/code")),
        classCode="OBS",
        moodCode="EVN",
    )


def _typed_value(code: Element) -> Element:
    concept = Concept(code.get("code"), codes.PAYMENT, code.get("displayName"))
    return coded("value", concept, kind="CD")


@dataclass(frozen=True)
class Part:
    """A section of the C-CDA, and the conversion of its entries to data elements."""

    read: Callable[[Subject], Section]
    convert: Callable[[Subject, Element], Converted]


PARTS = (
    Part(encounters.section, _encounter),
    Part(problems.section, _diagnosis),
    Part(allergies.section, _allergy),
    Part(medications.section, _medication),
    Part(immunizations.section, _immunization),
    Part(results.section, _results),
    Part(vitals.section, _measured),
    Part(social.section, _assessment),
    Part(procedures.section, _done),
    Part(payers.section, _payer),
)


def write(out: Writer, about: Subject) -> None:
    read = [(part, found) for part in PARTS if (found := part.read(about)).rows]
    died = about.patient.date_of_death
    section.begin(out, PATIENT_DATA, known=bool(read or died))
    out.put(_narrative(about, [found for _, found in read]))
    for part, found in read:
        for entry in found.entries:
            for element in part.convert(about, entry):
                out.put(el("entry", element, typeCode="DRIV"))
    if died:
        out.put(el("entry", _expired(about), typeCode="DRIV"))
    section.end(out)


def _narrative(about: Subject, found: list[Section]) -> Element:
    tables = [narrative.plain_table(each.head, each.rows, each.named, each.kind.title) for each in found]
    died = about.patient.date_of_death
    if died:
        tables.append(narrative.plain_table(("Died",), [("died", (died.isoformat(),))], 0))
    return el("text", tables) if tables else narrative.nothing()


def _expired(about: Subject) -> Element:
    """Build Patient Characteristic Expired, a Deceased Observation."""
    return el(
        "observation",
        entries.tid("79", "2015-08-01"),
        template("2.16.840.1.113883.10.20.24.3.54", "2016-02-01"),
        entries.ident(about, "deaths", about.patient.pk),
        coded("code", codes.ASSERTION),
        text("died"),
        status("completed"),
        el("effectiveTime", point("low", about.patient.date_of_death)),
        coded("value", DEAD, kind="CD"),
        classCode="OBS",
        moodCode="EVN",
    )
