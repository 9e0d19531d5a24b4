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
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import Row, format_day, name_cell_id
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, status, text_reference, typed

COLUMNS = ("Procedure", "Code", "Date", "Status", "Result", "By")
STATUSES = {"completed": "completed", "active": "active", "in-progress": "active", "aborted": "aborted",
            "cancelled": "cancelled", "canceled": "cancelled"}  # fmt: skip
# Acts without a result, and observations with one.
ACTS: tuple[type[Observation], ...] = (PatientIntervention, PatientCommunication)
OBSERVATIONS: tuple[type[Observation], ...] = (PatientPhysicalExam, PatientRiskAssessment)


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    return list(
        context.select(Procedure)
        .filter(context.filter_day("date"))
        .order_by("date", "id")
        .values("id", "procedure_type", "code", "description", "date", "status", *parties.DOCTOR_COLUMNS)
    )


def fetch_observations(context: DocumentContext, model: type[Observation]) -> list[dict[str, Any]]:
    """Fetch the rows of one model of coded observations."""
    return list(
        context.select(model).filter(context.filter_time("effective_time"))
        .order_by("effective_time", "id")
        .values(
            "id", "code", "code_system", "name", "value_code", "value_code_system", "value_code_name",
            "effective_time", *parties.DOCTOR_COLUMNS,
        )
    )  # fmt: skip


def build_section(context: DocumentContext) -> Section:
    found = fetch_rows(context)
    coded_lists = [(model, fetch_observations(context, model)) for model in (*ACTS, *OBSERVATIONS)]
    shown = [_build_procedure_row(row) for row in found]
    shown += [_build_observation_row(context, model, row) for model, listed in coded_lists for row in listed]
    return Section(sections.PROCEDURES, COLUMNS, shown, _build_entries(context, found, coded_lists))


def _build_procedure_row(row: dict[str, Any]) -> Row:
    cells = (
        row["description"] or row["code"],
        row["code"],
        row["date"].isoformat(),
        row["status"],
        "",
        parties.format_doctor(row),
    )
    return f"procedure-{row['id']}", cells


def _model_name(model: type[Observation]) -> str:
    return str(model._meta.model_name)


def _build_observation_row(context: DocumentContext, model: type[Observation], row: dict[str, Any]) -> Row:
    cells = (
        row["name"] or row["code"],
        row["code"],
        format_day(row["effective_time"], context.zone),
        "completed",
        row["value_code_name"] or row["value_code"],
        parties.format_doctor(row),
    )
    return f"{_model_name(model)}-{row['id']}", cells


def _build_entries(
    context: DocumentContext,
    found: list[dict[str, Any]],
    coded_lists: list[tuple[type[Observation], list[dict[str, Any]]]],
) -> Iterable[Element]:
    for row in found:
        yield _build_procedure(context, row)
    for model, listed in coded_lists:
        for row in listed:
            yield (
                _build_act(context, model, row) if model in ACTS else _build_observation(context, model, row)
            )


def code_procedure(row: dict[str, Any]) -> Concept:
    """Return the code of a procedure; a custom code of the practice has no system."""
    system = codes.PROCEDURE_SYSTEMS.get(row["procedure_type"])
    return codes.code_in(system, row["code"], row["description"] or row["code"])


def _build_procedure(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build a Procedure Activity Procedure."""
    reference = f"procedure-{row['id']}"
    return el(
        "procedure",
        entries.template_id("14", "2014-06-09"),
        entries.identifier_of(context, "procedures", row["id"]),
        coded("code", code_procedure(row), reference=name_cell_id(reference)),
        text_reference(reference),
        status(STATUSES.get(row["status"].lower(), "completed")),
        point("effectiveTime", row["date"]),
        entries.build_performer(context, row),
        classCode="PROC",
        moodCode="EVN",
    )


def _build_act(context: DocumentContext, model: type[Observation], row: dict[str, Any]) -> Element:
    """Build a Procedure Activity Act."""
    return el(
        "act",
        entries.template_id("12", "2014-06-09"),
        *_build_common_parts(context, model, row),
        entries.build_performer(context, row),
        classCode="ACT",
        moodCode="EVN",
    )


def _build_observation(context: DocumentContext, model: type[Observation], row: dict[str, Any]) -> Element:
    """Build a Procedure Activity Observation."""
    found = codes.code_observation(row["value_code_system"], row["value_code"], row["value_code_name"])
    cells = row["value_code"] or row["value_code_name"]
    return el(
        "observation",
        entries.template_id("13", "2014-06-09"),
        *_build_common_parts(context, model, row),
        coded("value", found, xsi_type="CD") if cells else typed("value", "CD", nullFlavor="NI"),
        entries.build_performer(context, row),
        classCode="OBS",
        moodCode="EVN",
    )


def _build_common_parts(
    context: DocumentContext, model: type[Observation], row: dict[str, Any]
) -> Iterable[Element]:
    reference = f"{_model_name(model)}-{row['id']}"
    yield entries.identifier_of(context, _model_name(model), row["id"])
    yield coded(
        "code",
        codes.code_observation(row["code_system"], row["code"], row["name"]),
        reference=name_cell_id(reference),
    )
    yield text_reference(reference)
    yield status("completed")
    yield point("effectiveTime", row["effective_time"], context.zone)
