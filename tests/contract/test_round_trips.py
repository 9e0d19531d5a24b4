"""What is written through one API reads back through the other: a table of it, both ways, for every table of the
record that both show.

A new table that both declare fails the last tests until it has a trip each way in ``trips``, or a reason why not.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Registry
from charthouse.gateway.cerbo.registry import get_registry as cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry as drchrono_registry
from tests.cases import each_case

from .cerbo_world import CerboWorld
from .trips import CERBO, DRCHRONO, ONE_WAY, TRIPS, Trip

BASES = {CERBO: "/api/v1/", DRCHRONO: "/api/"}


# -- the journey ------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Both:
    """A practice as both APIs' callers have it."""

    cerbo: CerboWorld

    @cached_property
    def visit(self) -> int:
        """An appointment of years to come."""
        world = self.cerbo.other
        return world.post(drchrono_registry()["appointments"], scheduled_time="2031-03-05T10:00:00")

    def client(self, api: str) -> Any:
        return self.cerbo.client if api == CERBO else self.cerbo.other.client

    def value(self, name: str) -> Any:
        """What a name in braces stands for."""
        if name.startswith("text of "):
            return str(self.value(name.removeprefix("text of ")))
        if name.startswith("name of "):
            api, _, path = name.removeprefix("name of ").partition(":")
            registry = cerbo_registry() if api == CERBO else drchrono_registry()
            row = self.cerbo.other.rows_of(registry[path].model, self.value(f"{api}:{path}"))
            return row["name"]
        clinic = self.cerbo.other.clinic
        if name in ("doctor", "user"):
            return getattr(clinic, name).pk
        if name == "visit":
            return self.visit
        api, _, path = (f"{DRCHRONO}:patients" if name == "patient" else name).partition(":")
        return self.cerbo.row(path) if api == CERBO else self.cerbo.other.row(path)

    def filled(self, value: Any, **own: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.filled(part, **own) for key, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part, **own) for part in value]
        if isinstance(value, str) and value[:1] == "{" and value[-1:] == "}" and value.count("{") == 1:
            return own[value[1:-1]] if value[1:-1] in own else self.value(value[1:-1])
        return value

    def address(self, url: str, **own: Any) -> str:
        parts = [str(self.filled("{" + part.partition("}")[0] + "}", **own)) + part.partition("}")[2]
                 for part in url.split("{")[1:]]  # fmt: skip
        return url.split("{")[0] + "".join(parts)


@pytest.fixture(scope="module")
def both(cerbo: CerboWorld) -> Both:
    return Both(cerbo)


def at(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = row[int(step)] if isinstance(row, list) else row[step]
    return row


@each_case("trip", TRIPS, ids=str)
def test_round_trip(both: Both, trip: Trip) -> None:
    other = DRCHRONO if trip.by == CERBO else CERBO
    body = both.filled(trip.body)
    there = both.filled(trip.shows)
    answer = both.client(trip.by).request(trip.method, BASES[trip.by] + both.address(trip.url), json=body)
    assert answer.status_code in (200, 201, 204), answer.text
    made = answer.json().get(trip.written) if answer.content and trip.written else None
    shown = both.client(other).get(BASES[other] + both.address(trip.there, id=made))
    assert shown.status_code == 200, shown.text
    row = found(shown.json(), there, trip, made)
    assert {path: _make_plain(at(row, path), value) for path, value in there.items()} == there
    if trip.check:
        trip.check(row)


def found(answer: Any, there: dict[str, Any], trip: Trip, made: Any) -> Any:
    """The row itself; of a list the one that was written, or where the write doesn't tell its id the newest."""
    rows = answer.get("data", answer.get("results")) if isinstance(answer, dict) else answer
    if not isinstance(rows, list) or "id" in answer:
        return answer
    if trip.known_by:
        rows = [row for row in rows if str(row[trip.known_by]) == str(made)]
    assert rows, f"{made} isn't there"
    return max(rows, key=lambda row: int(row["id"]))


def _make_plain(shown: Any, wanted: Any) -> Any:
    """Ids are text in some objects, numbers of readings text in others."""
    return type(wanted)(shown) if isinstance(wanted, int) and isinstance(shown, str) else shown


def test_people_are_the_same(both: Both) -> None:
    clinic = both.cerbo.other.clinic
    theirs = both.client(CERBO).get(f"/api/v1/users/{clinic.user.pk}").json()
    ours = both.client(DRCHRONO).get("/api/users/current", follow_redirects=True).json()
    assert (int(theirs["id"]), ours["id"], ours["doctor"]) == (
        clinic.user.pk,
        clinic.user.pk,
        clinic.doctor.pk,
    )
    assert theirs["has_calendar"] == ours["is_doctor"]


def test_definitions_of_vitals_are_the_same(both: Both) -> None:
    row = both.value("drchrono:custom_vitals")
    ours = both.client(DRCHRONO).get(f"/api/custom_vitals/{row}").json()
    (theirs,) = [
        one
        for one in both.client(CERBO).get("/api/v1/vitals?show_all=true").json()["data"]
        if one["id"] == row
    ]
    assert (theirs["name"], theirs["units"]) == (ours["name"], ours["unit"])


# -- nothing is left out ----------------------------------------------------------------------------------------


def _tables(registry: Registry) -> set[str]:
    """Every table of which a registry's resources show rows, inside others too."""

    def inside(keys: tuple[Key, ...]) -> set[Any]:
        models = set()
        for key in keys:
            models |= {key.source.member_model(None)} if key.source.writes_rows else set()
            models |= inside(key.type.keys)
        return models

    models = {resource.model for resource in registry}
    models |= {model for resource in registry for model in inside(resource.keys)}
    return {model._meta.label for model in models}


SHARED = sorted(_tables(cerbo_registry()) & _tables(drchrono_registry()))


@each_case("label", SHARED)
@each_case("by", [CERBO, DRCHRONO])
def test_every_shared_table_has_a_trip_or_a_reason(label: str, by: str) -> None:
    trips = [trip for trip in TRIPS if (trip.model, trip.by) == (label, by)]
    assert bool(trips) != ((label, by) in ONE_WAY), f"{label}: needs a trip by {by}, or a reason in ONE_WAY"


def test_the_table_names_shared_tables_alone() -> None:
    assert {trip.model for trip in TRIPS} | {label for label, _ in ONE_WAY} <= set(SHARED)
