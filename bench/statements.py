"""Charthouse's own statements for the benchmark's requests, for the systems that run the same SQL by hand."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from charthouse.engine.actor import Actor
from charthouse.engine.execution import planning
from charthouse.engine.sql.expressions import Parameter
from charthouse.engine.sql.statements import encode
from charthouse.gateway.cerbo import paging as cerbo_paging
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono import paging
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity.api_users import make_read_only_actor
from charthouse.identity.models import SHARING

TOKEN = """select u.practice_id, u.id from identity_accesstoken t
    join identity_application a on a.id = t.application_id join identity_user u on u.id = t.user_id
    where t.token_checksum = $1 and t.revoked is null and t.expires > now() and u.is_active"""

API_USER = "select practice_id from identity_apiuser where username = $1 and secret_digest = $2 and enabled"

# Somebody who sees all rows of the practice.
_API_USER = make_read_only_actor(1)
_CALLER = Actor(1, 1, None, 1, frozenset(), frozenset(), frozenset(), shared=frozenset(SHARING))


@dataclass(frozen=True)
class Plan:
    """A statement, its parameters' names in order (or constants), what makes an object of a row, and what reads the
    query's values."""

    text: str
    parameters: tuple[Any, ...]
    row: Callable[..., Any]
    read: Callable[[Mapping[str, str]], Mapping[str, Any]]


def _make_plan(planned: planning.Plan, read: Callable[[Mapping[str, str]], Mapping[str, Any]]) -> Plan:
    statement = planned.statement
    return Plan(statement.text.decode(), statement.parameters, _make_renderer(planned), read)


def _inline_constants(plan: Plan) -> Plan:
    """The plan with its constants written into the SQL: asyncpg takes a value only in the type that PostgreSQL has
    inferred."""
    parameters = tuple(part for part in plan.parameters if type(part) is Parameter)

    def write(found: "re.Match[str]") -> str:
        part = plan.parameters[int(found[1]) - 1]
        if type(part) is Parameter:
            return f"${parameters.index(part) + 1}"
        text = encode(part)
        return "null" if text is None else "'" + text.decode().replace("'", "''") + "'"

    return replace(plan, text=re.sub(r"\$(\d+)", write, plan.text), parameters=parameters)


def _make_renderer(planned: planning.Plan) -> Callable[..., Any]:
    """What makes an object of a row, with what SQL can't make of its values."""

    def render(*columns: Any) -> Any:
        values = [*columns]
        for index, render_value in planned.renderers:
            values[index] = render_value(values[index])
        return planned.make(*values)

    return render if planned.renderers else planned.make


def order_values(of: Plan, **given: Any) -> list[Any]:
    """Python values in the order of the statement's parameters."""
    return [given[part.name] if type(part) is Parameter else part for part in of.parameters]


def _plan_cerbo_list() -> tuple[Plan, Plan]:
    """A page of 100 patients, and the number of all."""
    patients = get_cerbo_registry()["patients"]
    query = cerbo_paging.parse_list(patients, {"limit": "100"})
    counted = planning.plan_count(patients, _API_USER, query)
    return (
        _inline_constants(_make_plan(planning.plan_page(patients, _API_USER, query), lambda given: {})),
        _inline_constants(
            Plan(counted.text.decode(), counted.parameters, lambda count: count, lambda given: {})
        ),
    )


def _plan_list(query: dict[str, str]) -> Plan:
    patients = get_registry()["patients"]
    planned = planning.plan_page(patients, _CALLER, paging.parse_list(patients, query))
    return _make_plan(planned, lambda given: paging.parse_list(patients, dict(given)).parameters)


ONE = _make_plan(planning.plan_object(get_registry()["patients"], _CALLER, False), lambda given: {})
ONE_APPOINTMENT = _make_plan(
    planning.plan_object(get_registry()["appointments"], _CALLER, True), lambda given: {}
)
CERBO_ONE = _inline_constants(
    _make_plan(planning.plan_object(get_cerbo_registry()["patients"], _API_USER, True), lambda given: {})
)
CERBO_LISTED, CERBO_COUNT = _plan_cerbo_list()
LISTED = _plan_list({})
FILTERED = _plan_list({"doctor": "1", "since": "2026-01-01"})


def read_filter_values(query: Mapping[str, str]) -> Mapping[str, Any]:
    """A query's values by the names in FILTERED."""
    return FILTERED.read(query)


# A booking by hand: doctor and office locked, as in Charthouse, then what overlaps, then the row.
BOOK_PLACE = """
    select z.timezone from practice_doctor d
    join practice_office o on o.practice_id = d.practice_id
    join practice_doctor z on z.practice_id = o.practice_id and z.id = o.doctor_id
    where d.practice_id = $1 and d.id = $2 and o.id = $3
        and exists (select from patients_patient where practice_id = $1 and id = $4 and not archived)
    for no key update of d, o"""
BOOK_OVERLAP = """
    select id from scheduling_appointment
    where practice_id = $1 and office_id = $2 and exam_room = $3
        and scheduled_time < $4::timestamp at time zone $5 + $6 * interval '1 minute'
        and scheduled_time > $4::timestamp at time zone $5 - interval '1 day'
        and scheduled_time + duration * interval '1 minute' > $4::timestamp at time zone $5
        and not archived and not is_virtual_base and status not in ('Cancelled', 'Rescheduled', 'No Show')
    limit 1"""
BOOK_INSERT = """
    insert into scheduling_appointment (practice_id, doctor_id, office_id, exam_room, patient_id, scheduled_time,
        duration, reason, notes, created_by_id, archived, created_at, updated_at, status, color, allow_overlapping,
        is_walk_in, is_virtual_base, recurring_days, billing_status, icd10_codes, icd9_codes, ins1_status, ins2_status,
        payment_profile, custom_status)
    values ($1, $2, $3, $4, $5, $6::timestamp at time zone $7, $8, $9, $10, $11, false, now(), now(), '', '', false,
        false, false, '{}', '', '{}', '{}', '', '', '', '') returning id"""


async def book(connection: Any, practice: int, user: int, given: Mapping[str, Any]) -> int | None:
    """The id of the new appointment, None when it would overlap. Inside a transaction of asyncpg."""
    doctor, office, room = given["doctor"], given["office"], given["exam_room"]
    patient, length = given["patient"], given["duration"]
    at = datetime.fromisoformat(given["scheduled_time"])
    zone = await connection.fetchval(BOOK_PLACE, practice, doctor, office, patient)
    if await connection.fetchval(BOOK_OVERLAP, practice, office, room, at, zone, length):
        return None
    values = (
        practice,
        doctor,
        office,
        room,
        patient,
        at,
        zone,
        length,
        given["reason"],
        given["notes"],
        user,
    )
    made: int = await connection.fetchval(BOOK_INSERT, *values)
    return made
