"""The Care Team section: the primary provider and the other members."""

from collections.abc import Iterable
from typing import Any

from charthouse.domains.clinical.models import CareTeamMember
from charthouse.domains.practice.models import Doctor
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import day, name_of
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, span, status, text

HEAD = ("Member", "Role", "Since")
TEAM = Concept("86744-0", codes.LOINC, "Care team")
PRIMARY = Concept("PCP", codes.PARTICIPATION, "Primary care physician")


def rows(about: Subject) -> list[dict[str, Any]]:
    """Fetch the members, one row per user with the earliest start, without the primary provider."""
    found = CareTeamMember.objects.filter(about.own()).order_by("created_at", "id")
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
        if not (row["user__role"] == "doctor" and row["user__doctor_id"] == about.doctor.pk):
            by_user.setdefault(row["user_id"], row)
    return list(by_user.values())


def section(about: Subject) -> Section:
    found = rows(about)
    npis = _identifiers(about, found)
    shown = [("team-primary", (str(about.doctor), "Primary provider", ""))]
    shown += [
        (
            f"team-{row['id']}",
            (_name(row), row["user__role"], day(row["created_at"], about.zone)),
        )
        for row in found
    ]
    return Section(sections.CARE_TEAM, HEAD, shown, [_organizer(about, found, npis)])


def _name(row: dict[str, Any]) -> str:
    return f"{row['user__first_name']} {row['user__last_name']}".strip()


def _identifiers(about: Subject, found: list[dict[str, Any]]) -> dict[int, str]:
    """Fetch the national provider identifiers of members who are doctors."""
    doctors = {row["user__doctor_id"] for row in found if row["user__role"] == "doctor"}
    if not doctors:
        return {}
    return dict(
        Doctor.objects.filter(practice=about.practice.pk, pk__in=doctors).values_list("id", "npi_number")
    )


def _organizer(about: Subject, found: list[dict[str, Any]], npis: dict[int, str]) -> Element:
    """Build a Care Team Organizer, which begins with its first member."""
    since = min((row["created_at"] for row in found), default=about.patient.created_at)
    return el(
        "organizer",
        entries.tid("500", "2022-06-01"),
        entries.ident(about, "care_teams", about.patient.pk),
        coded("code", TEAM, reference=name_of("team-primary")),
        status("active"),
        span(since, zone=about.zone),
        (el("component", member) for member in _members(about, found, npis, since)),
        classCode="CLUSTER",
        moodCode="EVN",
    )


def _members(
    about: Subject, found: list[dict[str, Any]], npis: dict[int, str], since: Any
) -> Iterable[Element]:
    yield _member(about, "team-primary", since, PRIMARY, parties.assigned(about))
    for row in found:
        who = el(
            "assignedEntity",
            _member_id(about, row, npis),
            null("addr"),
            null("telecom"),
            el("assignedPerson", parties.name(row["user__first_name"], family=row["user__last_name"])),
        )
        yield _member(
            about, f"team-{row['id']}", row["created_at"], Concept("", None, row["user__role"]), who
        )


def _member_id(about: Subject, row: dict[str, Any], npis: dict[int, str]) -> Element:
    if row["user__role"] == "doctor" and row["user__doctor_id"]:
        return parties.provider_id(about, row["user__doctor_id"], npis.get(row["user__doctor_id"], ""))
    return entries.ident(about, "users", row["user_id"])


def _member(about: Subject, reference: str, since: Any, role: Concept, who: Element) -> Element:
    """Build a Care Team Member Act."""
    return el(
        "act",
        entries.tid("500.1", "2022-06-01"),
        entries.ident(about, "care_team_members", reference),
        coded("code", Concept("85847-2", codes.LOINC, "Patient Care team information")),
        text(reference),
        status("active"),
        span(since, zone=about.zone),
        el("performer", el("sdtc:functionCode", **_function(role)), who, typeCode="PRF"),
        classCode="PCPR",
        moodCode="EVN",
    )


def _function(role: Concept) -> dict[str, str | None]:
    if role.usable and role.system:
        return {"code": role.code, "codeSystem": role.system.oid, "displayName": role.name}
    return {"nullFlavor": "OTH"}
