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
    statements,
    vitals,
)
from charthouse.interchange.cda import codes, entries, narrative, section
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.section import Section, define_section
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    point,
    span,
    status,
    template,
    text_reference,
)

PATIENT_DATA = define_section(
    "Patient Data", "55188-7", "Patient data",
    ("2.16.840.1.113883.10.20.17.2.4", ""), ("2.16.840.1.113883.10.20.24.2.1", "2021-08-01"),
)  # fmt: skip
RELEASE = "2021-08-01"  # of most of the model's templates
PAYMENT_SOURCE = Concept("48768-6", codes.LOINC, "Payment source")
DEAD = Concept("419099009", codes.SNOMED, "Dead")

Converted = Iterable[Element]


def add_qdm_template(
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


def _convert_encounter(context: DocumentContext, entry: Element) -> Converted:
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
    yield add_qdm_template(entry, "23")


def _convert_diagnosis(context: DocumentContext, entry: Element) -> Converted:
    """Convert to Diagnosis, which a statement that no problem is known is not."""
    observation = entry.find("entryRelationship/observation")
    if statements.is_statement(observation):
        return
    code = observation.find("code")
    observation.replace(code, coded("code", codes.DIAGNOSIS_LOINC, translations=[codes.DIAGNOSIS]))
    add_qdm_template(observation, "135")
    yield add_qdm_template(entry, "137")


def _convert_allergy(context: DocumentContext, entry: Element) -> Converted:
    """Convert to Allergy/Intolerance: the observation without C-CDA's concern act. "None known" is left out."""
    observation = entry.find("entryRelationship/observation")
    if statements.is_statement(observation):
        return
    yield add_qdm_template(observation, "147", instead=("2.16.840.1.113883.10.20.24.3.90", "2014-06-09"))


def _convert_medication(context: DocumentContext, entry: Element) -> Converted:
    """Convert to Medication, Active, which a statement that no medication is known is not."""
    if entry.get("negationInd") == "true":
        return
    yield add_qdm_template(entry, "41")


def _convert_immunization(context: DocumentContext, entry: Element) -> Converted:
    yield add_qdm_template(entry, "140")


def _convert_results(context: DocumentContext, entry: Element) -> Converted:
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
            el("entryRelationship", add_qdm_template(observation, "87", "2019-12-01"), typeCode="REFR"),
            classCode="OBS",
            moodCode="EVN",
        )


def _convert_vital_signs(context: DocumentContext, entry: Element) -> Converted:
    """Convert each vital sign to Physical Exam, Performed."""
    for observation in entry.findall("component/observation"):
        yield add_qdm_template(observation, "59", instead=("2.16.840.1.113883.10.20.22.4.13", "2014-06-09"))


def _convert_assessment(context: DocumentContext, entry: Element) -> Converted:
    """Convert to Assessment, Performed."""
    for own in entry.findall("templateId"):
        entry.remove(own)
    yield add_qdm_template(entry, "144")


def _convert_procedure(context: DocumentContext, entry: Element) -> Converted:
    """Convert to Procedure, Intervention or Physical Exam, Performed, or to Assessment, Performed for a risk.
    Communications are omitted: the record has no sender and recipient of them."""
    of = entry.find("id").get("root")
    if entry.tag == "procedure":
        yield add_qdm_template(entry, "64")
    elif of == context.id_root("patientintervention"):
        yield add_qdm_template(entry, "32")
    elif of == context.id_root("patientphysicalexam"):
        yield add_qdm_template(entry, "59")
    elif of == context.id_root("patientriskassessment"):
        yield from _convert_assessment(context, entry)


def _convert_payer(context: DocumentContext, entry: Element) -> Converted:
    """Convert to Patient Characteristic Payer."""
    yield el(
        "observation",
        template("2.16.840.1.113883.10.20.24.3.55"),
        copy(entry.find("id")),
        coded("code", PAYMENT_SOURCE),
        copy(entry.find("text")),
        status("completed"),
        span(None),
        _build_payer_value(entry.find("entryRelationship/act/code/translation")),
        classCode="OBS",
        moodCode="EVN",
    )


def _build_payer_value(code: Element) -> Element:
    concept = Concept(code.get("code", ""), codes.PAYMENT, code.get("displayName", ""))
    return coded("value", concept, xsi_type="CD")


@dataclass(frozen=True)
class SectionConversion:
    """A section of the C-CDA, and the conversion of its entries to data elements."""

    build_section: Callable[[DocumentContext], Section]
    convert: Callable[[DocumentContext, Element], Converted]


CONVERSIONS = (
    SectionConversion(encounters.build_section, _convert_encounter),
    SectionConversion(problems.build_section, _convert_diagnosis),
    SectionConversion(allergies.build_section, _convert_allergy),
    SectionConversion(medications.build_section, _convert_medication),
    SectionConversion(immunizations.build_section, _convert_immunization),
    SectionConversion(results.build_section, _convert_results),
    SectionConversion(vitals.build_section, _convert_vital_signs),
    SectionConversion(social.build_section, _convert_assessment),
    SectionConversion(procedures.build_section, _convert_procedure),
    SectionConversion(payers.build_section, _convert_payer),
)


def write_patient_data(out: Writer, context: DocumentContext) -> None:
    contents = [
        (conversion, found) for conversion in CONVERSIONS if (found := conversion.build_section(context)).rows
    ]
    died = context.patient.is_deceased
    section.begin_section(out, PATIENT_DATA, known=bool(contents or died))
    out.write(_build_narrative(context, [found for _, found in contents]))
    for conversion, found in contents:
        for entry in found.entries:
            for element in conversion.convert(context, entry):
                out.write(el("entry", element, typeCode="DRIV"))
    if died:
        out.write(el("entry", _build_death_observation(context), typeCode="DRIV"))
    section.end_section(out)


def _build_narrative(context: DocumentContext, found: list[Section]) -> Element:
    tables = [
        narrative.build_table(each.columns, each.rows, each.name_column, each.section_type.title)
        for each in found
    ]
    if context.patient.is_deceased:
        died = context.patient.date_of_death
        text = died.isoformat() if died else "date unknown"
        tables.append(narrative.build_table(("Died",), [("died", (text,))], 0))
    return el("text", tables) if tables else narrative.build_empty_text()


def _build_death_observation(context: DocumentContext) -> Element:
    """Build Patient Characteristic Expired, a Deceased Observation."""
    return el(
        "observation",
        entries.template_id("79", "2015-08-01"),
        template("2.16.840.1.113883.10.20.24.3.54", "2016-02-01"),
        entries.identifier_of(context, "deaths", context.patient.pk),
        coded("code", codes.ASSERTION),
        text_reference("died"),
        status("completed"),
        el("effectiveTime", point("low", context.patient.date_of_death)),
        coded("value", DEAD, xsi_type="CD"),
        classCode="OBS",
        moodCode="EVN",
    )
