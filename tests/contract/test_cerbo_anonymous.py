"""Nothing that says who a patient is reaches an anonymised API user: a canary in every identifying column, and no
answer of any operation that has one."""

from datetime import date
from itertools import count
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.values import AREA_CODE, REMOVED, YEAR
from charthouse.gateway.cerbo.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case

from . import cerbo_facts as facts
from .cerbo_world import ASKED, CerboWorld

MODELS = [model for model in apps.get_models() if getattr(model, "identifying", None)]
READS = [operation for operation in facts.list_built() if operation.method == "GET"]
_numbers = count(1)


def make_canary(column: Any, remains: str) -> Any:
    """A value that nothing else has, in a form that its column takes."""
    n = next(_numbers)
    if isinstance(column, models.DateField):
        return date(1911, 1 + n % 12, 1 + n % 28)
    if remains == AREA_CODE:
        return f"303-867-{5000 + n}"
    return f"Canary{n}"[: column.max_length or 100]


def plant(world: CerboWorld) -> set[str]:
    """Fill every identifying column of every row of the practice. What must not be seen."""
    planted: set[str] = set()
    with tenancy.within(world.practice):
        for model in MODELS:
            for row in model._default_manager.filter(practice=world.practice):
                for name, remains in model.identifying.items():
                    column = model._meta.get_field(name)
                    if column.is_relation:
                        continue
                    value = make_canary(column, remains)
                    setattr(row, name, value)
                    planted.add(_find_trace(value, remains))
                row.save()
    return planted


def _find_trace(value: Any, remains: str) -> str:
    """What of a canary would give it away."""
    if remains == YEAR:
        return str(value)  # a day of a year that no other row has
    return value[4:] if remains == AREA_CODE else str(value)


@pytest.fixture(scope="module")
def planted(cerbo: CerboWorld) -> set[str]:
    cerbo.made["patients"] = cerbo.new("patients", insurance={"id": "W1", "group": "G1"})
    for resource in get_registry():
        cerbo.row(resource.path)
    for model in MODELS:
        with tenancy.within(cerbo.practice):
            if not model._default_manager.filter(practice=cerbo.practice).exists():
                cerbo.other.instance(model, patient_id=cerbo.row("patients"))
    return plant(cerbo)


def _answer(cerbo: CerboWorld, operation: facts.Operation, client: Any, **parameters: str) -> Any:
    target = operation.target
    assert target
    found = target.declaration
    of = get_registry()[found.of] if isinstance(found, Operation) and found.of else found
    row_id = cerbo.row(of.path) if "{id}" in target.path else None
    asked = {**(ASKED.get(target.path, {})), **parameters}
    return client.get(cerbo.url(target.path, found, row_id, **cerbo.texts(found)), params=asked)


@each_case("operation", READS, ids=str)
def test_no_canary(cerbo: CerboWorld, planted: set[str], operation: facts.Operation) -> None:
    forced = cerbo.limited(anonymize=True)
    answers = {
        "forced": _answer(cerbo, operation, forced),
        "forced, though the caller says no": _answer(cerbo, operation, forced, anonymize="false"),
        "asked for": _answer(cerbo, operation, cerbo.client, anonymize="true"),
    }
    for how, answer in answers.items():
        seen = sorted(trace for trace in planted if trace in answer.text)
        assert not seen, f"{how}: {seen[:5]} in {answer.text[:500]}"


def test_the_canaries_are_there_to_be_seen(cerbo: CerboWorld, planted: set[str]) -> None:
    """Without the flag, the patient shows a canary in every column that Cerbo has a key for."""
    row = cerbo.row("patients")
    shown = cerbo.client.get(f"/api/v1/patients/{row}").text
    assert sum(trace in shown for trace in planted) > 25
    anonymous = cerbo.limited(anonymize=True).get(f"/api/v1/patients/{row}").json()
    assert anonymous["dob"] == "1911"
    assert anonymous["phone_home"] == "303"
    assert anonymous["last_name"] == ""
    assert anonymous["insurance"]["id"] == ""


def test_every_kind_of_remainder_is_known() -> None:
    for model in MODELS:
        for name, remains in model.identifying.items():
            assert remains in (REMOVED, AREA_CODE, YEAR), f"{model.__name__}.{name}"
            model._meta.get_field(name)


def test_anonymize_has_to_be_a_boolean(cerbo: CerboWorld) -> None:
    answer = cerbo.client.get("/api/v1/patients?anonymize=perhaps")
    assert answer.status_code == 400
    assert "anonymize" in answer.json()["error"]["fields"]
