"""The Payers section: the patient's insurance coverage, primary first."""

from typing import Any

from charthouse.domains.patients.models import Coverage
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext, list_rows
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, status, text_reference

COLUMNS = ("Rank", "Insurer", "Plan", "Group", "Member id", "Subscriber")
RANKS = {1: "Primary", 2: "Secondary", 3: "Tertiary"}
SELF = Concept("SELF", codes.ROLE_CODE, "Self")
# X12 SBR09 → Source of Payment Typology.
PAYER_TYPES = {
    "MA": Concept("1", codes.PAYMENT, "Medicare"), "MB": Concept("1", codes.PAYMENT, "Medicare"),
    "16": Concept("1", codes.PAYMENT, "Medicare"), "MC": Concept("2", codes.PAYMENT, "Medicaid"),
    "CH": Concept("31", codes.PAYMENT, "Department of Defense"),
    "VA": Concept("32", codes.PAYMENT, "Department of Veterans Affairs"),
    "WC": Concept("95", codes.PAYMENT, "Worker's Compensation"),
    "AM": Concept("96", codes.PAYMENT, "Auto Insurance (no fault)"),
}  # fmt: skip
PRIVATE_INSURANCE = Concept("5", codes.PAYMENT, "Private Health Insurance")
# X12 relationship codes → HL7 RoleCode.
RELATIONSHIPS = {
    "01": "SPS", "19": "CHILD", "32": "MTH", "33": "FTH", "05": "GRNDCHILD", "04": "GRPRN", "17": "STPCHLD",
    "53": "DOMPART",
}  # fmt: skip


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    return list_rows(
        Coverage.objects.filter(context.filter_patient())
        .exclude(insurance_company="", insurance_payer_id="", insurance_id_number="")
        .order_by("rank")
        .values(
            "id", "rank", "insurance_company", "insurance_payer_id", "insurance_id_number", "insurance_group_name",
            "insurance_group_number", "insurance_plan_name", "insurance_plan_type", "is_subscriber_the_patient",
            "patient_relationship_to_subscriber", "subscriber_first_name", "subscriber_middle_name",
            "subscriber_last_name", "subscriber_date_of_birth", "subscriber_address", "subscriber_city",
            "subscriber_state", "subscriber_zip_code",
        )
    )  # fmt: skip


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    shown = [
        (
            f"payer-{row['id']}",
            (
                RANKS[row["rank"]],
                row["insurance_company"],
                row["insurance_plan_name"],
                row["insurance_group_number"] or row["insurance_group_name"],
                row["insurance_id_number"],
                "Patient" if row["is_subscriber_the_patient"] else _format_subscriber(row),
            ),
        )
        for row in found
    ]
    return Section(sections.PAYERS, COLUMNS, shown, (_build_entry(context, row) for row in found))


def _format_subscriber(row: dict[str, Any]) -> str:
    parts = (row["subscriber_first_name"], row["subscriber_middle_name"], row["subscriber_last_name"])
    return " ".join(part for part in parts if part)


def _build_entry(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Coverage Activity with its Policy Activity."""
    number = el("sequenceNumber", value=str(row["rank"]))
    return el(
        "act",
        entries.template_id("60", "2015-08-01"),
        entries.identifier_of(context, "coverages", row["id"]),
        coded("code", sections.PAYERS.code),
        text_reference(f"payer-{row['id']}"),
        status("completed"),
        el("entryRelationship", number, _build_policy(context, row), typeCode="COMP"),
        classCode="ACT",
        moodCode="EVN",
    )


def code_payer_type(row: dict[str, Any]) -> Concept:
    return PAYER_TYPES.get(row["insurance_plan_type"], PRIVATE_INSURANCE)


def _build_policy(context: DocumentContext, row: dict[str, Any]) -> Element:
    group = row["insurance_group_number"]
    return el(
        "act",
        entries.template_id("61", "2015-08-01"),
        el("id", root=context.id_root("insurance_groups"), extension=group)
        if group
        else entries.identifier_of(context, "policies", row["id"]),
        coded("code", code_payer_type(row)),
        status("completed"),
        el("performer", entries.template_id("87"), _build_payer(context, row), typeCode="PRF"),
        el("participant", entries.template_id("89"), _build_covered_party(context, row), typeCode="COV"),
        None
        if row["is_subscriber_the_patient"]
        else el("participant", entries.template_id("90"), _build_policy_holder(context, row), typeCode="HLD"),
        el("entryRelationship", _build_plan(context, row), typeCode="REFR"),
        classCode="ACT",
        moodCode="EVN",
    )


def _build_payer(context: DocumentContext, row: dict[str, Any]) -> Element:
    payer = row["insurance_payer_id"]
    return el(
        "assignedEntity",
        el("id", root=context.id_root("payers"), extension=payer) if payer else null("id", "NI"),
        coded("code", Concept("PAYOR", codes.ROLE_CODE, "Payor")),
        el("representedOrganization", el("name", row["insurance_company"]))
        if row["insurance_company"]
        else None,
    )


def _build_covered_party(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build the covered party: the patient, with the relationship to the subscriber."""
    patient, member = context.patient, row["insurance_id_number"]
    relation = RELATIONSHIPS.get(row["patient_relationship_to_subscriber"], "FAMDEP")
    concept = SELF if row["is_subscriber_the_patient"] else Concept(relation, codes.ROLE_CODE)
    return el(
        "participantRole",
        el("id", root=context.id_root("members"), extension=member) if member else null("id"),
        coded("code", concept),
        parties.build_address(patient.address, patient.city, patient.state, patient.zip_code, use="HP"),
        el(
            "playingEntity",
            parties.build_name(patient.first_name, patient.middle_name, family=patient.last_name),
            el("sdtc:birthTime", value=f"{patient.date_of_birth:%Y%m%d}") if patient.date_of_birth else None,
        ),
        classCode="PAT",
    )


def _build_policy_holder(context: DocumentContext, row: dict[str, Any]) -> Element:
    member = row["insurance_id_number"]
    return el(
        "participantRole",
        el("id", root=context.id_root("members"), extension=member) if member else null("id"),
        parties.build_address(
            row["subscriber_address"],
            row["subscriber_city"],
            row["subscriber_state"],
            row["subscriber_zip_code"],
            use="HP",
        ),
        el(
            "playingEntity",
            parties.build_name(
                row["subscriber_first_name"],
                row["subscriber_middle_name"],
                family=row["subscriber_last_name"],
            ),
        ),
    )


def _build_plan(context: DocumentContext, row: dict[str, Any]) -> Element:
    return el(
        "act",
        entries.identifier_of(context, "plans", row["id"]),
        el("code", nullFlavor="NA"),
        el("text", row["insurance_plan_name"]) if row["insurance_plan_name"] else None,
        classCode="ACT",
        moodCode="DEF",
    )
