"""The Medications section: current and former medications with their prescriptions."""

import re
from collections.abc import Iterable
from typing import Any

from charthouse.domains.clinical.absences import Absence, find_absent_medications
from charthouse.domains.medications.models import Medication
from charthouse.interchange.ccda import sections, statements
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_day, join_words, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    format_number,
    interval,
    null,
    quantity,
    span,
    status,
    text_reference,
    typed,
)  # fmt: skip

COLUMNS = ("Medication", "Directions", "Status", "From", "Until", "For", "Prescribed", "Notes")

# Frequency as users write it → hours between doses.
_HOURS_BETWEEN_DOSES = {"once": 24, "twice": 12, "three times": 8, "four times": 6}
_DAILY = re.compile(r"(once|twice|three times|four times) (?:a day|daily)\b", re.IGNORECASE)
_EVERY = re.compile(r"every (\d{1,3}) hours?\b", re.IGNORECASE)


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch medications taken at any time of the window."""
    found = context.select(Medication).filter(
        context.filter_period("date_started_taking", "date_stopped_taking")
    )
    rows = list(
        found.order_by("id").values(
            "id", "name", "rxnorm", "ndc", "date_prescribed", "date_started_taking", "date_stopped_taking",
            "dispense_quantity", "dosage_quantity", "dosage_units", "route", "frequency", "indication",
            "number_refills", "prn", "order_status", "notes", "signature_note", "status", "created_at",
            *parties.DOCTOR_COLUMNS,
        )
    )  # fmt: skip
    for row in rows:
        row["absence"] = find_absent_medications(row["name"], row["rxnorm"], row["ndc"])
        row["verification_status"] = ""
    if not any(row["absence"] for row in rows):
        return rows
    return statements.drop_outdated(rows, contradicted=_has_active_medication(context))


def _has_active_medication(context: DocumentContext) -> bool:
    """Whether the patient has an active medication, also outside the document's window."""
    active = context.select(Medication).filter(status="active").values_list("name", "rxnorm", "ndc")
    return any(find_absent_medications(*one) is None for one in active)


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            _row_id(row),
            (
                row["name"],
                format_directions(row),
                row["status"],
                format_day(row["date_started_taking"], context.zone),
                format_day(row["date_stopped_taking"], context.zone),
                row["indication"],
                join_words(format_day(row["date_prescribed"], context.zone), row["order_status"]),
                row["notes"],
            ),
        )
        for row in found
    ]
    return Section(sections.MEDICATIONS, COLUMNS, shown, (_build_entry(context, row) for row in found))


def _row_id(row: dict[str, Any]) -> str:
    return f"medication-{row['id']}"


def format_directions(row: dict[str, Any]) -> str:
    """Format the directions of the label."""
    wording = join_words(row["dosage_quantity"], row["dosage_units"], row["route"], row["frequency"])
    needed = "as needed" if row["prn"] and "as needed" not in wording.lower() else ""
    return join_words(wording, needed, row["signature_note"])


def code_drug(row: dict[str, Any], reference: str = "") -> Element:
    """Build the code of the drug: RxNorm, which C-CDA asks for, with NDC as a translation. Without RxNorm the code is
    null, and NDC still its translation."""
    rxnorm = codes.code_in(codes.RXNORM, row["rxnorm"], row["name"])
    ndc = codes.code_in(codes.NDC, row["ndc"], row["name"])
    return coded("code", rxnorm, translations=[ndc], reference=reference)


def build_dose(row: dict[str, Any]) -> Element:
    """Build the quantity of a dose, which C-CDA requires: with null flavor UNK if the record has no number."""
    if format_number(row["dosage_quantity"]) is None:
        return null("doseQuantity")
    return quantity("doseQuantity", row["dosage_quantity"], codes.convert_unit(row["dosage_units"]))


def build_route(wording: str) -> Element | None:
    if not wording:
        return None
    return coded("routeCode", codes.ROUTES.get(wording.strip().lower(), Concept("", None, wording)))


def build_frequency(wording: str) -> Element | None:
    """Build the period between doses, None if the text states no definite one."""
    daily, every = _DAILY.search(wording), _EVERY.search(wording)
    hours = _HOURS_BETWEEN_DOSES[daily[1].lower()] if daily else int(every[1]) if every else 0
    if not hours:
        return None
    period = el("period", value=str(hours), unit="h")
    return typed(
        "effectiveTime", "PIVL_TS", period, operator="A", institutionSpecified="true" if daily else None
    )


def build_product(row: dict[str, Any], reference: str) -> Element:
    return el(
        "consumable",
        el(
            "manufacturedProduct",
            entries.template_id("23", "2014-06-09"),
            el("manufacturedMaterial", code_drug(row, name_cell_id(reference))),
            classCode="MANU",
        ),
    )


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    reference = _row_id(row)
    if row["absence"]:
        return _build_statement(context, row, reference)
    active = row["status"] == "active" and row["date_stopped_taking"] is None
    return el(
        "substanceAdministration",
        entries.template_id("16", "2014-06-09"),
        entries.identifier_of(context, "medications", row["id"]),
        text_reference(reference),
        status("active" if active else "completed"),
        interval(row["date_started_taking"], row["date_stopped_taking"]),
        build_frequency(row["frequency"]),
        build_route(row["route"]),
        build_dose(row),
        build_product(row, reference),
        entries.build_author(context, row, row["date_prescribed"] or row["created_at"]),
        list(_build_relationships(context, row, reference)),
        _build_precondition() if row["prn"] else None,
        classCode="SBADM",
        moodCode="EVN",
    )


def _build_statement(context: DocumentContext, row: dict[str, Any], reference: str) -> Element:
    """Build the statement that no medications are known: a negated administration (HL7's C-CDA example "No Medications
    Known").
    """
    absence: Absence = row["absence"]
    denied = statements.code_denied(absence)
    code = coded(
        "code", Concept("", None, absence.text), translations=[denied], reference=name_cell_id(reference)
    )
    material = el("manufacturedMaterial", code)
    product = el("manufacturedProduct", entries.template_id("23", "2014-06-09"), material, classCode="MANU")
    return el(
        "substanceAdministration",
        entries.template_id("16", "2014-06-09"),
        entries.identifier_of(context, "medications", row["id"]),
        text_reference(reference),
        status("active"),
        interval(None, None),
        null("doseQuantity"),
        el("consumable", product),
        entries.build_author(context, row, row["created_at"]),
        classCode="SBADM",
        moodCode="EVN",
        negationInd="true",
    )


def _build_relationships(context: DocumentContext, row: dict[str, Any], reference: str) -> Iterable[Element]:
    if row["indication"]:
        yield el("entryRelationship", _build_indication(context, row), typeCode="RSON")
    if row["date_prescribed"]:
        yield el("entryRelationship", _build_supply_order(context, row, reference), typeCode="REFR")


def _build_indication(context: DocumentContext, row: dict[str, Any]) -> Element:
    return el(
        "observation",
        entries.template_id("19", "2014-06-09"),
        entries.identifier_of(context, "indications", row["id"]),
        coded("code", codes.DIAGNOSIS, translations=[codes.DIAGNOSIS_LOINC]),
        status("completed"),
        span(None),
        coded("value", Concept("", None, row["indication"]), xsi_type="CD"),
        classCode="OBS",
        moodCode="EVN",
    )


def _build_supply_order(context: DocumentContext, row: dict[str, Any], reference: str) -> Element:
    """Build a Medication Supply Order: the first fill and the refills."""
    refills = row["number_refills"]
    amount = row["dispense_quantity"]
    return el(
        "supply",
        entries.template_id("17", "2014-06-09"),
        entries.identifier_of(context, "prescriptions", row["id"]),
        text_reference(reference),
        status("active" if row["status"] == "active" else "completed"),
        interval(row["date_prescribed"], None),
        el("repeatNumber", value=str(refills + 1)) if refills is not None else None,
        quantity("quantity", amount) if amount is not None else None,
        el(
            "product",
            el(
                "manufacturedProduct",
                entries.template_id("23", "2014-06-09"),
                el("manufacturedMaterial", code_drug(row, name_cell_id(reference))),
                classCode="MANU",
            ),
        ),
        entries.build_author(context, row, row["date_prescribed"]),
        classCode="SPLY",
        moodCode="INT",
    )


def _build_precondition() -> Element:
    """Build a precondition without a code, for medications taken as needed."""
    criterion = el(
        "criterion",
        entries.template_id("25", "2014-06-09"),
        coded("code", codes.ASSERTION),
        typed("value", "CD", nullFlavor="NI"),
    )
    return el("precondition", criterion, typeCode="PRCN")
