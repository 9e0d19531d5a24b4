"""The Plan of Treatment section (future visits, pending tests, referrals, instructions) and the Goals section."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain
from typing import Any

from charthouse.domains.clinical.models import CarePlan
from charthouse.domains.labs.models import LabTest
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import Row, day, name_of, time, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, span, status, text, typed

HEAD = ("Planned", "What", "Details", "When", "Provider")
GOAL, EDUCATION, DECISION_AID, INSTRUCTION, REFERRAL = 1, 2, 3, 4, 5
NAMES = {
    EDUCATION: "Education", DECISION_AID: "Decision aid", INSTRUCTION: "Instruction", REFERRAL: "Referral",
}  # fmt: skip
ACTS = {
    EDUCATION: Concept("311401005", codes.SNOMED, "Patient education"),
    DECISION_AID: Concept("311401005", codes.SNOMED, "Patient education"),
    INSTRUCTION: Concept("409073007", codes.SNOMED, "Education"),
    REFERRAL: Concept("3457005", codes.SNOMED, "Patient referral"),
}
PLAN_SYSTEMS = {"SNOMED": codes.SNOMED, "SNOMEDCT": codes.SNOMED, "LOINC": codes.LOINC, "CPT": codes.CPT,
                "HCPCS": codes.HCPCS, "ICD10": codes.ICD10, "ICD10CM": codes.ICD10}  # fmt: skip
PENDING = ("N", "Q", "A", "S")


def visits_ahead(about: Subject) -> list[dict[str, Any]]:
    found = Appointment.objects.filter(
        about.own(), about.at("scheduled_time"), scheduled_time__gt=about.now, is_virtual_base=False
    )
    return list(
        found.exclude(status__in=FREEING_STATUSES)
        .order_by("scheduled_time", "id")
        .values(
            "id", "scheduled_time", "duration", "profile__name", "reason", *parties.DOCTOR, *entries.OFFICE
        )
    )


def tests_ordered(about: Subject) -> list[dict[str, Any]]:
    """Fetch the tests of orders without results."""
    found = LabTest.objects.filter(
        about.own("lab_order__patient"),
        about.at("lab_order__timestamp"),
        lab_order__archived=False,
        lab_order__status__in=PENDING,
    )
    rows = found.exclude(status__in=("canceled", "final", "correction")).order_by("id").values(
        "id", "code", "name", "lab_order__timestamp",
        *parties.doctor_at("lab_order__doctor"),
    )  # fmt: skip
    return parties.as_doctor(rows, "lab_order__doctor")


def care_plans(about: Subject, *kinds_of: int) -> list[dict[str, Any]]:
    """Fetch care plans of these types that were entered in the window; their scheduled date may lie outside of it."""
    found = CarePlan.objects.filter(about.own(), about.at("created_at"), plan_type__in=kinds_of)
    return list(
        found.order_by("id").values(
            "id", "plan_type", "title", "description", "instructions", "code", "code_system", "scheduled_date",
            "created_at", *parties.DOCTOR,
        )
    )  # fmt: skip


def section(about: Subject) -> Section:
    visits, tests = visits_ahead(about), tests_ordered(about)
    planned = care_plans(about, *NAMES)
    shown: list[Row] = [
        (
            f"planned-visit-{row['id']}",
            (
                "Visit",
                row["profile__name"] or "Visit",
                words(row["reason"]),
                time(row["scheduled_time"], about.zone),
                parties.doctor_of(row),
            ),
        )
        for row in visits
    ]
    shown += [
        (
            f"planned-test-{row['id']}",
            (
                "Test",
                row["name"] or row["code"],
                "",
                day(row["lab_order__timestamp"], about.zone),
                parties.doctor_of(row),
            ),
        )
        for row in tests
    ]
    shown += [_plan_row(about, row) for row in planned]
    made = chain(
        (_visit(about, row) for row in visits),
        (_test(about, row) for row in tests),
        (_planned(about, row) for row in planned),
    )
    return Section(sections.PLAN, HEAD, shown, made, named=1)


def _plan_row(about: Subject, row: dict[str, Any]) -> Row:
    details = entries.described((row["description"], row["instructions"]))
    when = day(row["scheduled_date"] or row["created_at"], about.zone)
    return f"plan-{row['id']}", (
        NAMES.get(row["plan_type"], "Goal"),
        row["title"],
        details,
        when,
        parties.doctor_of(row),
    )


def _visit(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Planned Encounter."""
    begun = row["scheduled_time"]
    return el(
        "encounter",
        entries.tid("40", "2014-06-09"),
        entries.ident(about, "appointments", row["id"]),
        coded(
            "code",
            Concept("AMB", codes.ACT_CODE, "Ambulatory"),
            original=row["profile__name"] or row["reason"],
        ),
        text(f"planned-visit-{row['id']}"),
        status("active"),
        span(begun, begun + timedelta(minutes=row["duration"]), about.zone),
        entries.performer(about, row),
        entries.place(row),
        classCode="ENC",
        moodCode="APT",
    )


def _test(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Planned Observation."""
    reference = f"planned-test-{row['id']}"
    return el(
        "observation",
        entries.tid("44", "2014-06-09"),
        entries.ident(about, "lab_tests", row["id"]),
        coded("code", codes.loinc(row["code"], row["name"]), reference=name_of(reference)),
        text(reference),
        status("active"),
        point("effectiveTime", row["lab_order__timestamp"], about.zone),
        entries.author(about, row, row["lab_order__timestamp"]),
        classCode="OBS",
        moodCode="RQO",
    )


def _planned(about: Subject, row: dict[str, Any]) -> Element:
    reference, when = f"plan-{row['id']}", row["scheduled_date"] or row["created_at"]
    identifier = entries.ident(about, "care_plans", row["id"])
    what = plan_code(row, ACTS[row["plan_type"]])
    if row["plan_type"] != REFERRAL:
        return entries.instruction(identifier, what, reference, None)
    return el(
        "act",
        entries.tid("39", "2014-06-09"),
        identifier,
        coded("code", what, reference=name_of(reference)),
        text(reference),
        status("active"),
        point("effectiveTime", when, about.zone),
        entries.author(about, row, row["created_at"]),
        classCode="ACT",
        moodCode="RQO",
    )


def plan_code(row: dict[str, Any], otherwise: Concept) -> Concept:
    """Return the plan's own code if its system is known, else ``otherwise``."""
    system = PLAN_SYSTEMS.get(row["code_system"].upper().replace("-", "").replace(" ", ""))
    own = Concept(row["code"], system, row["title"])
    return own if own.usable else otherwise


# -- goals ------------------------------------------------------------------------------------------------------


def goals(about: Subject) -> Section:
    found = care_plans(about, GOAL)
    shown = [_plan_row(about, row) for row in found]
    return Section(sections.GOALS, HEAD, shown, _goals(about, found), named=1)


def _goals(about: Subject, found: list[dict[str, Any]]) -> Iterable[Element]:
    """Build Goal Observations."""
    for row in found:
        reference = f"plan-{row['id']}"
        yield el(
            "observation",
            entries.tid("121"),
            entries.ident(about, "care_plans", row["id"]),
            coded("code", plan_code(row, Concept("", None, row["title"])), reference=name_of(reference)),
            text(reference),
            status("active"),
            point("effectiveTime", row["scheduled_date"] or row["created_at"], about.zone),
            typed("value", "ST", row["title"]),
            entries.author(about, row, row["created_at"]),
            classCode="OBS",
            moodCode="GOL",
        )
