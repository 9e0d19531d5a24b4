"""The Payers section: the patient's insurance coverage, primary first."""

from typing import Any

from charthouse.domains.patients.models import Coverage
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext, list_rows
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, point, status, text_reference

COLUMNS = ("Rank", "Insurer", "Plan", "Group", "Member id", "Subscriber")
RANKS = {1: "Primary", 2: "Secondary", 3: "Tertiary", 4: "Quaternary"}
SELF = Concept("SELF", codes.ROLE_CODE, "Self")
UNKNOWN = Concept("", None)
PAYERS = {
    code: Concept(code, codes.PAYMENT, name)
    for code, name in (
        ("1", "Medicare"), ("11", "Medicare (Managed Care)"), ("2", "Medicaid"), ("31", "Department of Defense"),
        ("32", "Department of Veterans Affairs"), ("34", "HRSA Program"), ("39", "Other Federal"),
        ("5", "Private Health Insurance"), ("52", "Private Health Insurance - Indemnity"),
        ("6", "Blue Cross/Blue Shield"), ("71", "HMO"), ("72", "PPO"), ("73", "POS"),
        ("79", "Other Managed Care, Unknown if public or private"), ("9", "Miscellaneous/Other"),
        ("92", "Other (Non-government)"), ("93", "Disability Insurance"), ("95", "Worker's Compensation"),
        ("96", "Auto Insurance (no fault)"), ("98", "Other specified"),
        ("99", "No Typology Code available for payment source"),
    )
}  # fmt: skip


def _insurance_type(code: str, name: str) -> Concept:
    return Concept(code, codes.INSURANCE_TYPE, name)


# The record's plan type (X12 SBR09) → X12 1336, which C-CDA's value set of insurance types is made of, where it has
# that type; and the Source of Payment Typology.
PLAN_TYPES = {
    "11": (UNKNOWN, PAYERS["92"]),
    "12": (_insurance_type("PR", "Preferred Provider Organization (PPO)"), PAYERS["72"]),
    "13": (_insurance_type("PS", "Point of Service (POS)"), PAYERS["73"]),
    "14": (_insurance_type("EP", "Exclusive Provider Organization"), PAYERS["79"]),
    "15": (_insurance_type("IN", "Indemnity"), PAYERS["52"]),
    "16": (_insurance_type("HN", "Health Maintenance Organization (HMO) - Medicare Risk"), PAYERS["11"]),
    "17": (UNKNOWN, PAYERS["5"]),
    "AM": (_insurance_type("AP", "Auto Insurance Policy"), PAYERS["96"]),
    "BL": (UNKNOWN, PAYERS["6"]),
    "CH": (UNKNOWN, PAYERS["31"]),
    "CI": (_insurance_type("C1", "Commercial"), PAYERS["5"]),
    "DS": (_insurance_type("D", "Disability"), PAYERS["93"]),
    "FI": (UNKNOWN, PAYERS["39"]),
    "HM": (_insurance_type("HM", "Health Maintenance Organization (HMO)"), PAYERS["71"]),
    "LM": (UNKNOWN, PAYERS["98"]),
    "MA": (_insurance_type("MA", "Medicare Part A"), PAYERS["1"]),
    "MB": (_insurance_type("MB", "Medicare Part B"), PAYERS["1"]),
    "MC": (_insurance_type("MC", "Medicaid"), PAYERS["2"]),
    "OF": (UNKNOWN, PAYERS["39"]),
    "TV": (UNKNOWN, PAYERS["34"]),
    "VA": (UNKNOWN, PAYERS["32"]),
    "WC": (_insurance_type("WC", "Workers Compensation"), PAYERS["95"]),
    "ZZ": (_insurance_type("OT", "Other"), PAYERS["9"]),
}
# X12 relationship codes → HL7 RoleCode.
RELATIONSHIPS = {
    "01": "SPS", "19": "CHILD", "32": "MTH", "33": "FTH", "05": "GRNDCHILD", "04": "GRPRN", "17": "STPCHLD",
    "53": "DOMPART",
}  # fmt: skip


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    return list_rows(
        context.select(Coverage)
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


def build_policy_code(row: dict[str, Any]) -> Element:
    """Build the code of the plan's type, with the source of payment as the translation that C-CDA requires."""
    insurance_type, payer = PLAN_TYPES.get(row["insurance_plan_type"], (UNKNOWN, PAYERS["99"]))
    made = coded("code", insurance_type)
    made.append(coded("translation", payer))
    return made


def _build_policy(context: DocumentContext, row: dict[str, Any]) -> Element:
    group = row["insurance_group_number"]
    return el(
        "act",
        entries.template_id("61", "2015-08-01"),
        el("id", root=context.id_root("insurance_groups"), extension=group)
        if group
        else entries.identifier_of(context, "policies", row["id"]),
        build_policy_code(row),
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
            point("sdtc:birthTime", patient.date_of_birth),
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
        )
        if row["subscriber_address"] or row["subscriber_city"]
        else None,  # C-CDA takes no null address here
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
