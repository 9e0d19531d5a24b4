"""The Immunizations section: administered and refused vaccines."""

from typing import Any

from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.interchange.ccda import sections
from charthouse.interchange.ccda.medications import route
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import day, name_of, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, quantity, status, text

HEAD = ("Vaccine", "CVX", "Given", "Dose", "Lot", "Maker", "Status", "By")
STATUSES = {"CP": "Given", "RE": "Refused", "NA": "Not given", "PA": "Given in part"}
NOT_GIVEN = ("RE", "NA")


def rows(about: Subject) -> list[dict[str, Any]]:
    found = PatientVaccineRecord.objects.filter(about.own(), about.at("administered_start"))
    rows = found.order_by("administered_start", "id").values(
        "id", "cvx_code", "name", "lot_number", "manufacturer", "administered_start", "amount", "units", "route",
        "site", "completion_status", "created_at", *parties.doctor_at("ordering_doctor"),
    )  # fmt: skip
    return parties.as_doctor(rows, "ordering_doctor")


def section(about: Subject) -> Section:
    found = rows(about)
    shown = [
        (
            f"immunization-{row['id']}",
            (
                row["name"],
                row["cvx_code"],
                day(row["administered_start"], about.zone),
                words(row["amount"], row["units"]),
                row["lot_number"],
                row["manufacturer"],
                STATUSES.get(row["completion_status"], row["completion_status"]),
                parties.doctor_of(row),
            ),
        )
        for row in found
    ]
    return Section(sections.IMMUNIZATIONS, HEAD, shown, (_entry(about, row) for row in found))


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    reference, refused = f"immunization-{row['id']}", row["completion_status"] in NOT_GIVEN
    site = Concept(row["site"], codes.HL7_SITE)
    return el(
        "substanceAdministration",
        entries.tid("52", "2015-08-01"),
        entries.ident(about, "immunizations", row["id"]),
        text(reference),
        status("completed"),
        point("effectiveTime", row["administered_start"], about.zone),
        route(row["route"]),
        coded("approachSiteCode", site) if site.usable else None,
        quantity("doseQuantity", row["amount"], codes.ucum(row["units"]))
        if row["amount"] is not None
        else None,
        _vaccine(row, reference),
        entries.performer(about, row),
        entries.author(about, row, row["created_at"]),
        el("entryRelationship", _refusal(about, row), typeCode="RSON")
        if row["completion_status"] == "RE"
        else None,
        classCode="SBADM",
        moodCode="EVN",
        negationInd="true" if refused else "false",
    )


def _vaccine(row: dict[str, Any], reference: str) -> Element:
    maker = row["manufacturer"]
    return el(
        "consumable",
        el(
            "manufacturedProduct",
            entries.tid("54", "2014-06-09"),
            el(
                "manufacturedMaterial",
                coded("code", Concept(row["cvx_code"], codes.CVX, row["name"]), reference=name_of(reference)),
                el("lotNumberText", row["lot_number"]) if row["lot_number"] else None,
            ),
            el("manufacturerOrganization", el("name", maker)) if maker else None,
            classCode="MANU",
        ),
    )


def _refusal(about: Subject, row: dict[str, Any]) -> Element:
    """Build an Immunization Refusal Reason. The record states only that the patient refused."""
    return el(
        "observation",
        entries.tid("53"),
        entries.ident(about, "refusals", row["id"]),
        coded("code", Concept("PATOBJ", codes.ACT_REASON, "Patient objection")),
        status("completed"),
        classCode="OBS",
        moodCode="EVN",
    )
