"""The Payers section: the patient's insurance coverage, primary first."""

from typing import Any

from charthouse.domains.patients.models import Coverage
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject, listed
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, status, text

HEAD = ("Rank", "Insurer", "Plan", "Group", "Member id", "Subscriber")
RANKS = {1: "Primary", 2: "Secondary", 3: "Tertiary"}
SELF = Concept("SELF", codes.ROLE_CODE, "Self")
# X12 SBR09 → Source of Payment Typology.
TYPES = {
    "MA": Concept("1", codes.PAYMENT, "Medicare"), "MB": Concept("1", codes.PAYMENT, "Medicare"),
    "16": Concept("1", codes.PAYMENT, "Medicare"), "MC": Concept("2", codes.PAYMENT, "Medicaid"),
    "CH": Concept("31", codes.PAYMENT, "Department of Defense"),
    "VA": Concept("32", codes.PAYMENT, "Department of Veterans Affairs"),
    "WC": Concept("95", codes.PAYMENT, "Worker's Compensation"),
    "AM": Concept("96", codes.PAYMENT, "Auto Insurance (no fault)"),
}  # fmt: skip
PRIVATE = Concept("5", codes.PAYMENT, "Private Health Insurance")
FAMILY = {"01": "SPS", "19": "CHILD", "32": "MTH", "33": "FTH", "05": "GRNDCHILD", "04": "GRPRN", "17": "STPCHLD",
          "53": "DOMPART"}  # fmt: skip


def rows(about: Subject) -> list[dict[str, Any]]:
    return listed(
        Coverage.objects.filter(about.own())
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


def section(about: Subject) -> Section:
    found = rows(about)
    shown = [
        (
            f"payer-{row['id']}",
            (
                RANKS[row["rank"]],
                row["insurance_company"],
                row["insurance_plan_name"],
                row["insurance_group_number"] or row["insurance_group_name"],
                row["insurance_id_number"],
                "Patient" if row["is_subscriber_the_patient"] else _subscriber(row),
            ),
        )
        for row in found
    ]
    return Section(sections.PAYERS, HEAD, shown, (_entry(about, row) for row in found))


def _subscriber(row: dict[str, Any]) -> str:
    parts = (row["subscriber_first_name"], row["subscriber_middle_name"], row["subscriber_last_name"])
    return " ".join(part for part in parts if part)


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Coverage Activity with its Policy Activity."""
    number = el("sequenceNumber", value=str(row["rank"]))
    return el(
        "act",
        entries.tid("60", "2015-08-01"),
        entries.ident(about, "coverages", row["id"]),
        coded("code", sections.PAYERS.code),
        text(f"payer-{row['id']}"),
        status("completed"),
        el("entryRelationship", number, _policy(about, row), typeCode="COMP"),
        classCode="ACT",
        moodCode="EVN",
    )


def kind(row: dict[str, Any]) -> Concept:
    return TYPES.get(row["insurance_plan_type"], PRIVATE)


def _policy(about: Subject, row: dict[str, Any]) -> Element:
    group = row["insurance_group_number"]
    return el(
        "act",
        entries.tid("61", "2015-08-01"),
        el("id", root=about.root("insurance_groups"), extension=group)
        if group
        else entries.ident(about, "policies", row["id"]),
        coded("code", kind(row)),
        status("completed"),
        el("performer", entries.tid("87"), _payer(about, row), typeCode="PRF"),
        el("participant", entries.tid("89"), _covered(about, row), typeCode="COV"),
        None
        if row["is_subscriber_the_patient"]
        else el("participant", entries.tid("90"), _holder(about, row), typeCode="HLD"),
        el("entryRelationship", _plan(about, row), typeCode="REFR"),
        classCode="ACT",
        moodCode="EVN",
    )


def _payer(about: Subject, row: dict[str, Any]) -> Element:
    payer = row["insurance_payer_id"]
    return el(
        "assignedEntity",
        el("id", root=about.root("payers"), extension=payer) if payer else null("id", "NI"),
        coded("code", Concept("PAYOR", codes.ROLE_CODE, "Payor")),
        el("representedOrganization", el("name", row["insurance_company"]))
        if row["insurance_company"]
        else None,
    )


def _covered(about: Subject, row: dict[str, Any]) -> Element:
    """Build the covered party: the patient, with the relationship to the subscriber."""
    patient, member = about.patient, row["insurance_id_number"]
    relation = FAMILY.get(row["patient_relationship_to_subscriber"], "FAMDEP")
    concept = SELF if row["is_subscriber_the_patient"] else Concept(relation, codes.ROLE_CODE)
    return el(
        "participantRole",
        el("id", root=about.root("members"), extension=member) if member else null("id"),
        coded("code", concept),
        parties.address(patient.address, patient.city, patient.state, patient.zip_code, use="HP"),
        el(
            "playingEntity",
            parties.name(patient.first_name, patient.middle_name, family=patient.last_name),
            el("sdtc:birthTime", value=f"{patient.date_of_birth:%Y%m%d}") if patient.date_of_birth else None,
        ),
        classCode="PAT",
    )


def _holder(about: Subject, row: dict[str, Any]) -> Element:
    member = row["insurance_id_number"]
    return el(
        "participantRole",
        el("id", root=about.root("members"), extension=member) if member else null("id"),
        parties.address(
            row["subscriber_address"],
            row["subscriber_city"],
            row["subscriber_state"],
            row["subscriber_zip_code"],
            use="HP",
        ),
        el(
            "playingEntity",
            parties.name(
                row["subscriber_first_name"],
                row["subscriber_middle_name"],
                family=row["subscriber_last_name"],
            ),
        ),
    )


def _plan(about: Subject, row: dict[str, Any]) -> Element:
    return el(
        "act",
        entries.ident(about, "plans", row["id"]),
        el("code", nullFlavor="NA"),
        el("text", row["insurance_plan_name"]) if row["insurance_plan_name"] else None,
        classCode="ACT",
        moodCode="DEF",
    )
