"""Builders of entry parts that several sections share. Template ids are those of HL7 C-CDA R2.1."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from charthouse.interchange.cda import codes, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    point,
    span,
    status,
    template,
    text_reference,
)

_ROOT = "2.16.840.1.113883.10.20.22.4."


def template_id(number: str, release: str = "") -> list[Element]:
    """Build the template ids of a C-CDA entry template, given the last arc of its OID."""
    return list(template(_ROOT + number, release))


def identifier_of(context: DocumentContext, what: str, row_id: object) -> Element:
    """Build the identifier of a row. ``what``: kind of rows that the id is unique in."""
    return el("id", root=context.id_root(what), extension=str(row_id))


def build_author(context: DocumentContext, row: Any, moment: date | datetime | None) -> Element:
    """Build an Author Participation of the doctor of a row with ``parties.DOCTOR_COLUMNS``."""
    return el(
        "author",
        template_id("119"),
        point("time", moment, context.zone),
        el("assignedAuthor", *parties.build_provider(context, row)),
    )


def build_performer(context: DocumentContext, row: Any) -> Element:
    return el("performer", parties.build_performer(context, row))


def build_problem_observation(
    identifier: Element,
    value: Element,
    reference: str,
    when: Element,
    *,
    problem: bool,
    state: str = "",
    refuted: bool = False,
    entered: Element | None = None,
) -> Element:
    """Build a Problem Observation. ``state``: the record's status of a row of the problem list."""
    sort, sort_loinc = (
        (codes.PROBLEM, codes.PROBLEM_LOINC) if problem else (codes.DIAGNOSIS, codes.DIAGNOSIS_LOINC)
    )
    return el(
        "observation",
        template_id("4", "2015-08-01"),
        identifier,
        coded("code", sort, translations=[sort_loinc]),
        text_reference(reference),
        status("completed"),
        when,
        value,
        entered,
        el("entryRelationship", _build_problem_status(state, reference), typeCode="REFR") if state else None,
        classCode="OBS",
        moodCode="EVN",
        negationInd="true" if refuted else None,
    )


def _build_problem_status(state: str, reference: str) -> Element:
    """Build a Problem Status."""
    concept = codes.PROBLEM_STATUSES.get(state, Concept("", None, state))
    return el(
        "observation",
        template_id("6"),
        coded("code", Concept("33999-4", codes.LOINC, "Status")),
        text_reference(reference),
        status("completed"),
        coded("value", concept, xsi_type="CD"),
        classCode="OBS",
        moodCode="EVN",
    )


def build_concern_act(
    identifier: Element, low: Any, high: Any, body: Element, *, active: bool, number: str, release: str
) -> Element:
    """Build a Concern Act about one problem or allergy. ``low``, ``high``: period in which it is monitored."""
    return el(
        "act",
        template_id(number, release),
        identifier,
        coded("code", codes.CONCERN),
        status("active" if active else "completed"),
        span(low, high, ended=not active),
        el("entryRelationship", body, typeCode="SUBJ"),
        classCode="ACT",
        moodCode="EVN",
    )


def build_location(row: Any) -> Element:
    """Build a Service Delivery Location from a row with ``OFFICE_COLUMNS``."""
    return el(
        "participant",
        el(
            "participantRole",
            template_id("32"),
            coded("code", Concept("1141-1", codes.SERVICE_LOCATION, "Physician's Office")),
            parties.build_address(
                row["office__address"], row["office__city"], row["office__state"], row["office__zip_code"]
            ),
            parties.build_telecoms((row["office__phone_number"], "WP")),
            el("playingEntity", el("name", row["office__name"]), classCode="PLC"),
            classCode="SDLOC",
        ),
        typeCode="LOC",
    )


OFFICE_COLUMNS = (
    "office__name", "office__address", "office__city", "office__state", "office__zip_code", "office__phone_number",
)  # fmt: skip


def build_instruction(identifier: Element, what: Concept, reference: str, when: Element | None) -> Element:
    """Build an Instruction."""
    return el(
        "act",
        template_id("20", "2014-06-09"),
        identifier,
        coded("code", what),
        text_reference(reference),
        status("completed"),
        when,
        classCode="ACT",
        moodCode="INT",
    )


def join_lines(parts: Iterable[str]) -> str:
    """Join the non-empty texts with line breaks."""
    return "\n".join(part.strip() for part in parts if part.strip())
