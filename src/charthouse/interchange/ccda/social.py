"""The Social History section: smoking status as recorded at visits."""

from typing import Any

from charthouse.domains.scheduling.models import Vitals
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries
from charthouse.interchange.cda.narrative import day
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject, listed
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, status, text

HEAD = ("Asked", "Answer", "On")
QUESTION = Concept("72166-2", codes.LOINC, "Tobacco smoking status")


def rows(about: Subject) -> list[dict[str, Any]]:
    """Fetch each answer that differs from the one before, newest first: readers take the first one as current."""
    asked = listed(
        Vitals.objects.filter(
            about.own("appointment__patient"),
            about.at("appointment__scheduled_time"),
            appointment__archived=False,
        )
        .exclude(smoking_status="blank")
        .order_by("appointment__scheduled_time", "id")
        .values("id", "smoking_status", "appointment__scheduled_time")
    )
    changed: list[dict[str, Any]] = []
    for row in asked:
        if not changed or changed[-1]["smoking_status"] != row["smoking_status"]:
            changed.append(row)
    return changed[::-1]


def answer(row: dict[str, Any]) -> Concept:
    code = row["smoking_status"]
    return Concept(code, codes.SNOMED, codes.SMOKING.get(code, code))


def section(about: Subject) -> Section:
    found = rows(about)
    shown = [
        (
            f"social-{row['id']}",
            ("Smoking status", answer(row).name, day(row["appointment__scheduled_time"], about.zone)),
        )
        for row in found
    ]
    return Section(sections.SOCIAL, HEAD, shown, (_entry(about, row) for row in found))


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Smoking Status (Meaningful Use)."""
    return el(
        "observation",
        entries.tid("78", "2014-06-09"),
        entries.ident(about, "smoking", row["id"]),
        coded("code", QUESTION),
        text(f"social-{row['id']}"),
        status("completed"),
        point("effectiveTime", row["appointment__scheduled_time"], about.zone),
        coded("value", answer(row), kind="CD"),
        classCode="OBS",
        moodCode="EVN",
    )
