"""A seed makes the same rows each time."""

from pathlib import Path

from tests.sandbox.databases import SandboxDatabase


def test_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    first = SandboxDatabase("first", tmp_path / "first", 3, 25).read_rows()
    second = SandboxDatabase("second", tmp_path / "second", 3, 25).read_rows()
    assert len(first["patients_patient"]) == 25 + 40
    for table, rows in first.items():
        assert rows == second[table], table
    other = SandboxDatabase("other", tmp_path / "other", 4, 25).read_rows()
    assert other["patients_patient"] != first["patients_patient"]
