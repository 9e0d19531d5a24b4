"""A seed makes the same rows each time."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from charthouse import clock
from charthouse.sandbox import seed
from charthouse.sandbox.data.practices import PRACTICES
from tests.sandbox.databases import SandboxDatabase, query

PEOPLE = "select id, first_name, last_name, gender, date_of_birth, address, chart_id from patients_patient order by id"
PATIENTS = 20  # 5 of them of an additional office


@pytest.fixture(autouse=True)
def small_practices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Practices with fewer patients of their own."""
    first, second = PRACTICES
    small = (replace(first, patient_count=PATIENTS - 5), replace(second, patient_count=10))
    monkeypatch.setattr(seed, "PRACTICES", small)


@pytest.fixture
def people(sandbox: SandboxDatabase) -> list[tuple[object, ...]]:
    with sandbox.open():
        return query(PEOPLE)


def test_the_same_seed_gives_the_same_rows(tmp_path: Path, people: list[tuple[object, ...]]) -> None:
    """On any reference day it gives the same patients; another seed gives others."""
    first = SandboxDatabase("first", tmp_path / "first", 3, PATIENTS)
    rows, again = first.read_rows(), SandboxDatabase("second", tmp_path / "second", 3, PATIENTS).read_rows()
    assert len(rows["patients_patient"]) == PATIENTS + 10
    for table, found in rows.items():
        assert found == again[table], table
    with first.open():
        patients = query(PEOPLE)
    with clock.shift(timedelta(days=45)):
        later = SandboxDatabase("later", tmp_path / "later", 3, PATIENTS)
        with later.open():
            assert query(PEOPLE) == patients
    assert not {person[1:] for person in patients} & {person[1:] for person in people}
