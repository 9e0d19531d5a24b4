"""The Medical Equipment section: implanted devices with their unique device identifiers."""

from typing import Any

from charthouse.domains.clinical.models import ImplantableDevice
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries
from charthouse.interchange.cda.context import DocumentContext, list_rows
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, status, text_reference

COLUMNS = ("Device", "Brand", "Maker", "Model", "UDI", "Serial number", "Lot", "Expires", "Status")


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch all devices: the record has no dates of them, so a window excludes none."""
    return list_rows(
        context.select(ImplantableDevice)
        .order_by("id")
        .values(
            "id", "udi", "brand_name", "company_name", "version_or_model", "gmdn_pt_name", "serial_number",
            "lot_number", "expiration_date", "status", "procedure__date",
        )
    )  # fmt: skip


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            f"device-{row['id']}",
            (
                row["gmdn_pt_name"] or row["brand_name"],
                row["brand_name"],
                row["company_name"],
                row["version_or_model"],
                row["udi"],
                row["serial_number"],
                row["lot_number"],
                row["expiration_date"].isoformat() if row["expiration_date"] else "",
                row["status"],
            ),
        )
        for row in found
    ]
    return Section(sections.DEVICES, COLUMNS, shown, (_build_entry(context, row) for row in found))


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Non-Medicinal Supply Activity with its Product Instance."""
    return el(
        "supply",
        entries.template_id("50", "2014-06-09"),
        entries.identifier_of(context, "implants", row["id"]),
        text_reference(f"device-{row['id']}"),
        status("active" if row["status"] == "active" else "completed"),
        point("effectiveTime", row["procedure__date"]),
        el("quantity", value="1"),
        el("participant", _build_product(context, row), typeCode="PRD"),
        classCode="SPLY",
        moodCode="EVN",
    )


def _build_product(context: DocumentContext, row: dict[str, Any]) -> Element:
    udi = row["udi"]
    name = row["gmdn_pt_name"] or row["brand_name"]
    model = row["version_or_model"]
    return el(
        "participantRole",
        entries.template_id("37"),
        el("id", root=codes.FDA, extension=udi, assigningAuthorityName="FDA")
        if udi
        else entries.identifier_of(context, "devices", row["id"]),
        el(
            "playingDevice",
            coded("code", Concept("", None, name)),
            el("manufacturerModelName", model) if model else None,
        ),
        el(
            "scopingEntity",
            el("id", root=codes.FDA),
            el("desc", row["company_name"]) if row["company_name"] else None,
        ),
        classCode="MANU",
    )
