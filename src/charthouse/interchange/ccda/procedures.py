"""The Procedures section: procedures, and coded interventions, examinations, assessments and communications."""

from collections.abc import Iterable
from typing import Any

from charthouse.domains.clinical.models import (
    Observation,
    PatientCommunication,
    PatientIntervention,
    PatientPhysicalExam,
    PatientRiskAssessment,
    Procedure,
)
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import Row, day, name_of
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, status, text, typed

HEAD = ("Procedure", "Code", "Date", "Status", "Result", "By")
STATUSES = {"completed": "completed", "active": "active", "in-progress": "active", "aborted": "aborted",
            "cancelled": "cancelled", "canceled": "cancelled"}  # fmt: skip
# Acts without a result, and observations with one.
ACTS: tuple[type[Observation], ...] = (PatientIntervention, PatientCommunication)
OBSERVATIONS: tuple[type[Observation], ...] = (PatientPhysicalExam, PatientRiskAssessment)


def rows(about: Subject) -> list[dict[str, Any]]:
    return list(
        Procedure.objects.filter(about.own(), about.on("date"))
        .order_by("date", "id")
        .values("id", "procedure_type", "code", "description", "date", "status", *parties.DOCTOR)
    )


def observed(about: Subject, model: type[Observation]) -> list[dict[str, Any]]:
    """Fetch the rows of one model of coded observations."""
    return list(
        model._default_manager.filter(about.own(), about.at("effective_time"))
        .order_by("effective_time", "id")
        .values(
            "id", "code", "code_system", "name", "value_code", "value_code_system", "value_code_name",
            "effective_time", *parties.DOCTOR,
        )
    )  # fmt: skip


def section(about: Subject) -> Section:
    found = rows(about)
    coded_lists = [(model, observed(about, model)) for model in (*ACTS, *OBSERVATIONS)]
    shown = [_shown(row) for row in found]
    shown += [_shown_observed(about, model, row) for model, listed in coded_lists for row in listed]
    return Section(sections.PROCEDURES, HEAD, shown, _entries(about, found, coded_lists))


def _shown(row: dict[str, Any]) -> Row:
    said = (
        row["description"] or row["code"],
        row["code"],
        row["date"].isoformat(),
        row["status"],
        "",
        parties.doctor_of(row),
    )
    return f"procedure-{row['id']}", said


def _name(model: type[Observation]) -> str:
    return str(model._meta.model_name)


def _shown_observed(about: Subject, model: type[Observation], row: dict[str, Any]) -> Row:
    said = (
        row["name"] or row["code"],
        row["code"],
        day(row["effective_time"], about.zone),
        "completed",
        row["value_code_name"] or row["value_code"],
        parties.doctor_of(row),
    )
    return f"{_name(model)}-{row['id']}", said


def _entries(
    about: Subject,
    found: list[dict[str, Any]],
    coded_lists: list[tuple[type[Observation], list[dict[str, Any]]]],
) -> Iterable[Element]:
    for row in found:
        yield _procedure(about, row)
    for model, listed in coded_lists:
        for row in listed:
            yield _act(about, model, row) if model in ACTS else _observation(about, model, row)


def concept(row: dict[str, Any]) -> Concept:
    """Return the code of a procedure; a custom code of the practice has no system."""
    return Concept(
        row["code"], codes.PROCEDURE_SYSTEMS.get(row["procedure_type"]), row["description"] or row["code"]
    )


def _procedure(about: Subject, row: dict[str, Any]) -> Element:
    """Build a Procedure Activity Procedure."""
    reference = f"procedure-{row['id']}"
    return el(
        "procedure",
        entries.tid("14", "2014-06-09"),
        entries.ident(about, "procedures", row["id"]),
        coded("code", concept(row), reference=name_of(reference)),
        text(reference),
        status(STATUSES.get(row["status"].lower(), "completed")),
        point("effectiveTime", row["date"]),
        entries.performer(about, row),
        classCode="PROC",
        moodCode="EVN",
    )


def _act(about: Subject, model: type[Observation], row: dict[str, Any]) -> Element:
    """Build a Procedure Activity Act."""
    return el(
        "act",
        entries.tid("12", "2014-06-09"),
        *_common(about, model, row),
        entries.performer(about, row),
        classCode="ACT",
        moodCode="EVN",
    )


def _observation(about: Subject, model: type[Observation], row: dict[str, Any]) -> Element:
    """Build a Procedure Activity Observation."""
    found = codes.observed(row["value_code_system"], row["value_code"], row["value_code_name"])
    said = row["value_code"] or row["value_code_name"]
    return el(
        "observation",
        entries.tid("13", "2014-06-09"),
        *_common(about, model, row),
        coded("value", found, kind="CD") if said else typed("value", "CD", nullFlavor="NI"),
        entries.performer(about, row),
        classCode="OBS",
        moodCode="EVN",
    )


def _common(about: Subject, model: type[Observation], row: dict[str, Any]) -> Iterable[Element]:
    reference = f"{_name(model)}-{row['id']}"
    yield entries.ident(about, _name(model), row["id"])
    yield coded(
        "code", codes.observed(row["code_system"], row["code"], row["name"]), reference=name_of(reference)
    )
    yield text(reference)
    yield status("completed")
    yield point("effectiveTime", row["effective_time"], about.zone)
