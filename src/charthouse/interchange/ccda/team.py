"""The Care Team section: the primary provider and the other members."""

from collections.abc import Iterable
from typing import Any

from charthouse.domains.clinical.models import CareTeamMember
from charthouse.domains.practice.models import Doctor
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_day, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, span, status, text_reference

COLUMNS = ("Member", "Role", "Since")
TEAM = Concept("86744-0", codes.LOINC, "Care team")
PRIMARY = Concept("PCP", codes.PARTICIPATION, "Primary care physician")


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch the members, one row per user with the earliest start, without the primary provider."""
    found = context.select(CareTeamMember).order_by("created_at", "id")
    by_user: dict[int, dict[str, Any]] = {}
    columns = (
        "id",
        "created_at",
        "user_id",
        "user__first_name",
        "user__last_name",
        "user__role",
        "user__doctor_id",
    )
    for row in found.values(*columns):
        if not (row["user__role"] == "doctor" and row["user__doctor_id"] == context.doctor.pk):
            by_user.setdefault(row["user_id"], row)
    return list(by_user.values())


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    npis = _fetch_npi_numbers(context, found)
    shown = [("team-primary", (str(context.doctor), "Primary provider", ""))]
    shown += [
        (
            f"team-{row['id']}",
            (_format_name(row), row["user__role"], format_day(row["created_at"], context.zone)),
        )
        for row in found
    ]
    return Section(sections.CARE_TEAM, COLUMNS, shown, [_build_organizer(context, found, npis)])


def _format_name(row: dict[str, Any]) -> str:
    return f"{row['user__first_name']} {row['user__last_name']}".strip()


def _fetch_npi_numbers(context: DocumentContext, found: list[dict[str, Any]]) -> dict[int, str]:
    """Fetch the national provider identifiers of members who are doctors."""
    doctors = {row["user__doctor_id"] for row in found if row["user__role"] == "doctor"}
    if not doctors:
        return {}
    return dict(
        Doctor.objects.filter(practice=context.practice.pk, pk__in=doctors).values_list("id", "npi_number")
    )


def _build_organizer(context: DocumentContext, found: list[dict[str, Any]], npis: dict[int, str]) -> Element:
    """Build a Care Team Organizer, which begins with its first member."""
    since = min((row["created_at"] for row in found), default=context.patient.created_at)
    return el(
        "organizer",
        entries.template_id("500", "2022-06-01"),
        entries.identifier_of(context, "care_teams", context.patient.pk),
        coded("code", TEAM, reference=name_cell_id("team-primary")),
        status("active"),
        span(since, zone=context.zone),
        (el("component", member) for member in _build_members(context, found, npis, since)),
        classCode="CLUSTER",
        moodCode="EVN",
    )


def _build_members(
    context: DocumentContext, found: list[dict[str, Any]], npis: dict[int, str], since: Any
) -> Iterable[Element]:
    yield _build_member(context, "team-primary", since, PRIMARY, parties.build_assigned_entity(context))
    for row in found:
        who = el(
            "assignedEntity",
            _member_id(context, row, npis),
            null("addr"),
            null("telecom"),
            el("assignedPerson", parties.build_name(row["user__first_name"], family=row["user__last_name"])),
        )
        yield _build_member(
            context, f"team-{row['id']}", row["created_at"], Concept("", None, row["user__role"]), who
        )


def _member_id(context: DocumentContext, row: dict[str, Any], npis: dict[int, str]) -> Element:
    if row["user__role"] == "doctor" and row["user__doctor_id"]:
        return parties.build_provider_id(
            context, row["user__doctor_id"], npis.get(row["user__doctor_id"], "")
        )
    return entries.identifier_of(context, "users", row["user_id"])


def _build_member(
    context: DocumentContext, reference: str, since: Any, role: Concept, who: Element
) -> Element:
    """Build a Care Team Member Act."""
    return el(
        "act",
        entries.template_id("500.1", "2022-06-01"),
        entries.identifier_of(context, "care_team_members", reference),
        coded("code", Concept("85847-2", codes.LOINC, "Patient Care team information")),
        text_reference(reference),
        status("active"),
        span(since, zone=context.zone),
        el("performer", el("sdtc:functionCode", **_code_function(role)), who, typeCode="PRF"),
        classCode="PCPR",
        moodCode="EVN",
    )


def _code_function(role: Concept) -> dict[str, str | None]:
    if role.is_usable and role.system:
        return {"code": role.code, "codeSystem": role.system.oid, "displayName": role.name}
    return {"nullFlavor": "OTH"}
