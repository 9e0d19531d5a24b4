"""The Immunizations section: administered and refused vaccines."""

from typing import Any

from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.interchange.ccda import sections
from charthouse.interchange.ccda.medications import build_route
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_day, join_words, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    point,
    quantity,
    status,
    text_reference,
)

COLUMNS = ("Vaccine", "CVX", "Given", "Dose", "Lot", "Maker", "Status", "By")
STATUSES = {"CP": "Given", "RE": "Refused", "NA": "Not given", "PA": "Given in part"}
NOT_GIVEN = ("RE", "NA")


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    found = context.select(PatientVaccineRecord).filter(context.filter_time("administered_start"))
    rows = found.order_by("administered_start", "id").values(
        "id", "cvx_code", "name", "lot_number", "manufacturer", "administered_start", "amount", "units", "route",
        "site", "completion_status", "created_at", *parties.doctor_columns_at("ordering_doctor"),
    )  # fmt: skip
    return parties.rename_doctor_columns(rows, "ordering_doctor")


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            f"immunization-{row['id']}",
            (
                row["name"],
                row["cvx_code"],
                format_day(row["administered_start"], context.zone),
                join_words(row["amount"], row["units"]),
                row["lot_number"],
                row["manufacturer"],
                STATUSES.get(row["completion_status"], row["completion_status"]),
                parties.format_doctor(row),
            ),
        )
        for row in found
    ]
    return Section(sections.IMMUNIZATIONS, COLUMNS, shown, (_build_entry(context, row) for row in found))


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    reference, refused = f"immunization-{row['id']}", row["completion_status"] in NOT_GIVEN
    site = Concept(row["site"], codes.HL7_SITE)
    return el(
        "substanceAdministration",
        entries.template_id("52", "2015-08-01"),
        entries.identifier_of(context, "immunizations", row["id"]),
        text_reference(reference),
        status("completed"),
        point("effectiveTime", row["administered_start"], context.zone),
        build_route(row["route"]),
        coded("approachSiteCode", Concept("", None, row["site"]), translations=[site])
        if row["site"]
        else None,  # C-CDA asks for SNOMED CT, which the record does not have
        quantity("doseQuantity", row["amount"], codes.convert_unit(row["units"]))
        if row["amount"] is not None
        else None,
        _build_vaccine(row, reference),
        entries.build_performer(context, row),
        entries.build_author(context, row, row["created_at"]),
        el("entryRelationship", _build_refusal(context, row), typeCode="RSON")
        if row["completion_status"] == "RE"
        else None,
        classCode="SBADM",
        moodCode="EVN",
        negationInd="true" if refused else "false",
    )


def _build_vaccine(row: dict[str, Any], reference: str) -> Element:
    maker = row["manufacturer"]
    return el(
        "consumable",
        el(
            "manufacturedProduct",
            entries.template_id("54", "2014-06-09"),
            el(
                "manufacturedMaterial",
                coded(
                    "code",
                    codes.code_in(codes.CVX, row["cvx_code"], row["name"]),
                    reference=name_cell_id(reference),
                ),
                el("lotNumberText", row["lot_number"]) if row["lot_number"] else None,
            ),
            el("manufacturerOrganization", el("name", maker)) if maker else None,
            classCode="MANU",
        ),
    )


def _build_refusal(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build an Immunization Refusal Reason. The record states only that the patient refused."""
    return el(
        "observation",
        entries.template_id("53"),
        entries.identifier_of(context, "refusals", row["id"]),
        coded("code", Concept("PATOBJ", codes.ACT_REASON, "Patient objection")),
        status("completed"),
        classCode="OBS",
        moodCode="EVN",
    )
