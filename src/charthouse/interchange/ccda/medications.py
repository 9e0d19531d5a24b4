"""The Medications section: current and former medications with their prescriptions."""

import re
from collections.abc import Iterable
from typing import Any

from charthouse.domains.medications.models import Medication
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import day, name_of, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    interval,
    null,
    number,
    quantity,
    span,
    status,
    text,
    typed,
)  # fmt: skip

HEAD = ("Medication", "Directions", "Status", "From", "Until", "For", "Prescribed", "Notes")

# Frequency as users write it → hours between doses.
_TIMES = {"once": 24, "twice": 12, "three times": 8, "four times": 6}
_DAILY = re.compile(r"(once|twice|three times|four times) (?:a day|daily)\b", re.IGNORECASE)
_EVERY = re.compile(r"every (\d{1,3}) hours?\b", re.IGNORECASE)


def rows(about: Subject) -> list[dict[str, Any]]:
    """Fetch medications taken at any time of the window."""
    found = Medication.objects.filter(about.own(), about.during("date_started_taking", "date_stopped_taking"))
    return list(
        found.order_by("id").values(
            "id", "name", "rxnorm", "ndc", "date_prescribed", "date_started_taking", "date_stopped_taking",
            "dispense_quantity", "dosage_quantity", "dosage_units", "route", "frequency", "indication",
            "number_refills", "prn", "order_status", "notes", "signature_note", "status", "created_at",
            *parties.DOCTOR,
        )
    )  # fmt: skip


def section(about: Subject) -> Section:
    found = rows(about)
    shown = [
        (
            _id(row),
            (
                row["name"],
                directions(row),
                row["status"],
                day(row["date_started_taking"], about.zone),
                day(row["date_stopped_taking"], about.zone),
                row["indication"],
                words(day(row["date_prescribed"], about.zone), row["order_status"]),
                row["notes"],
            ),
        )
        for row in found
    ]
    return Section(sections.MEDICATIONS, HEAD, shown, (_entry(about, row) for row in found))


def _id(row: dict[str, Any]) -> str:
    return f"medication-{row['id']}"


def directions(row: dict[str, Any]) -> str:
    """Format the directions of the label."""
    said = words(row["dosage_quantity"], row["dosage_units"], row["route"], row["frequency"])
    needed = "as needed" if row["prn"] and "as needed" not in said.lower() else ""
    return words(said, needed, row["signature_note"])


def drug(row: dict[str, Any], reference: str = "") -> Element:
    """Build the code of the drug: RxNorm with NDC as a translation, or NDC alone."""
    rxnorm = Concept(row["rxnorm"], codes.RXNORM, row["name"])
    ndc = Concept(row["ndc"], codes.NDC, row["name"])
    if rxnorm.usable:
        return coded("code", rxnorm, translations=[ndc], reference=reference)
    return coded("code", ndc, reference=reference)


def dose(row: dict[str, Any]) -> Element | None:
    if number(row["dosage_quantity"]) is None:
        return null("doseQuantity") if row["dosage_quantity"] else None
    return quantity("doseQuantity", row["dosage_quantity"], codes.ucum(row["dosage_units"]))


def route(said: str) -> Element | None:
    if not said:
        return None
    return coded("routeCode", codes.ROUTES.get(said.strip().lower(), Concept("", None, said)))


def often(said: str) -> Element | None:
    """Build the period between doses, None if the text states no definite one."""
    daily, every = _DAILY.search(said), _EVERY.search(said)
    hours = _TIMES[daily[1].lower()] if daily else int(every[1]) if every else 0
    if not hours:
        return None
    period = el("period", value=str(hours), unit="h")
    return typed(
        "effectiveTime", "PIVL_TS", period, operator="A", institutionSpecified="true" if daily else None
    )


def product(row: dict[str, Any], reference: str) -> Element:
    return el(
        "consumable",
        el(
            "manufacturedProduct",
            entries.tid("23", "2014-06-09"),
            el("manufacturedMaterial", drug(row, name_of(reference))),
            classCode="MANU",
        ),
    )


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    reference = _id(row)
    active = row["status"] == "active" and row["date_stopped_taking"] is None
    return el(
        "substanceAdministration",
        entries.tid("16", "2014-06-09"),
        entries.ident(about, "medications", row["id"]),
        text(reference),
        status("active" if active else "completed"),
        interval(row["date_started_taking"], row["date_stopped_taking"]),
        often(row["frequency"]),
        route(row["route"]),
        dose(row),
        product(row, reference),
        entries.author(about, row, row["date_prescribed"] or row["created_at"]),
        list(_related(about, row, reference)),
        _as_needed() if row["prn"] else None,
        classCode="SBADM",
        moodCode="EVN",
    )


def _related(about: Subject, row: dict[str, Any], reference: str) -> Iterable[Element]:
    if row["indication"]:
        yield el("entryRelationship", _indication(about, row), typeCode="RSON")
    if row["date_prescribed"]:
        yield el("entryRelationship", _supply(about, row, reference), typeCode="REFR")


def _indication(about: Subject, row: dict[str, Any]) -> Element:
    return el(
        "observation",
        entries.tid("19", "2014-06-09"),
        entries.ident(about, "indications", row["id"]),
        coded("code", codes.DIAGNOSIS, translations=[codes.DIAGNOSIS_LOINC]),
        status("completed"),
        span(None),
        coded("value", Concept("", None, row["indication"]), kind="CD"),
        classCode="OBS",
        moodCode="EVN",
    )


def _supply(about: Subject, row: dict[str, Any], reference: str) -> Element:
    """Build a Medication Supply Order: the first fill and the refills."""
    refills = row["number_refills"]
    amount = row["dispense_quantity"]
    return el(
        "supply",
        entries.tid("17", "2014-06-09"),
        entries.ident(about, "prescriptions", row["id"]),
        text(reference),
        status("active" if row["status"] == "active" else "completed"),
        interval(row["date_prescribed"], None),
        el("repeatNumber", value=str(refills + 1)) if refills is not None else None,
        quantity("quantity", amount) if amount is not None else None,
        el(
            "product",
            el(
                "manufacturedProduct",
                entries.tid("23", "2014-06-09"),
                el("manufacturedMaterial", drug(row, name_of(reference))),
                classCode="MANU",
            ),
        ),
        entries.author(about, row, row["date_prescribed"]),
        classCode="SPLY",
        moodCode="INT",
    )


def _as_needed() -> Element:
    """Build a precondition without a code, for medications taken as needed."""
    criterion = el(
        "criterion",
        entries.tid("25", "2014-06-09"),
        coded("code", codes.ASSERTION),
        typed("value", "CD", nullFlavor="NI"),
    )
    return el("precondition", criterion, typeCode="PRCN")
