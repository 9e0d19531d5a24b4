"""Differences between a vendor's OpenAPI document and ours: each kind is found, and a baseline explains them."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from charthouse import cli
from charthouse.gateway.cerbo import wire_format as cerbo
from charthouse.gateway.drchrono import wire_format as drchrono
from charthouse.toolkit.drift.baseline import NOTHING, Entry, Known, explain, read_baseline
from charthouse.toolkit.drift.comparing import Difference, compare
from charthouse.toolkit.drift.facts import OperationFacts, read_operations
from tests.toolkit import hosted_facts

PATIENTS = "/api/patients"


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(drchrono.print_document_json())


def list_differences(ours: Any, theirs: Any) -> list[str]:
    return [str(found) for found in compare(read_operations(ours), read_operations(theirs))]


def find_parameter(document: Any, name: str) -> Any:
    (found,) = (each for each in document["paths"][PATIENTS]["get"]["parameters"] if each["name"] == name)
    return found


def get_properties(document: Any) -> Any:
    return document["components"]["schemas"]["Patients"]["properties"]


def remove_operation(document: Any) -> None:
    del document["paths"][PATIENTS]["post"]


def remove_parameter(document: Any) -> None:
    document["paths"][PATIENTS]["get"]["parameters"].remove(find_parameter(document, "since"))


def add_parameter(document: Any) -> None:
    added = {"name": "shoe_size", "in": "query", "schema": {"type": "integer"}}
    document["paths"][PATIENTS]["get"]["parameters"].append(added)


def require_parameter(document: Any) -> None:
    find_parameter(document, "since")["required"] = True


def change_type(document: Any) -> None:
    get_properties(document)["chart_id"] = {"type": "array", "items": {"type": "string"}}


def change_values(document: Any) -> None:
    get_properties(document)["ethnicity"] = {"type": "string", "enum": ["blank", "not_hispanic"]}


def remove_key(document: Any) -> None:
    del get_properties(document)["chart_id"]


def add_nested_key(document: Any) -> None:
    flags = document["components"]["schemas"]["Offices"]["properties"]["exam_rooms"]
    flags["items"]["properties"]["shoe_rack"] = {"type": "string"}


def make_read_only(document: Any) -> None:
    """Their documents have one schema for a body and its answer."""
    written = document["components"]["schemas"]["PatientsWrite"]["properties"]
    written["chart_id"] = {**written["chart_id"], "readOnly": True}


def take_one_object(document: Any) -> None:
    body = document["paths"][PATIENTS]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = body["schema"]["anyOf"][0]


def show_one_object(document: Any) -> None:
    answer = document["paths"][PATIENTS]["get"]["responses"]["200"]["content"]["application/json"]
    answer["schema"] = {"$ref": "#/components/schemas/PatientsVerbose"}


CASES: list[tuple[Callable[[Any], None], str]] = [
    (remove_operation, "POST /api/patients operation: there here, nothing there"),
    (remove_parameter, "GET /api/patients parameter query since: string here, nothing there"),
    (add_parameter, "GET /api/patients parameter query shoe_size: nothing here, integer there"),
    (require_parameter, "GET /api/patients required query since: optional here, required there"),
    (change_type, "GET /api/patients type answer chart_id: string here, array there"),
    (
        change_values,
        "GET /api/patients values answer ethnicity: blank | declined | hispanic | not_hispanic here, "
        "blank | not_hispanic there",
    ),
    (remove_key, "GET /api/patients key answer chart_id: string here, nothing there"),
    (make_read_only, "POST /api/patients key body chart_id: null | string here, nothing there"),
    (take_one_object, "POST /api/patients key body []: array here, nothing there"),
    (show_one_object, "GET /api/patients key answer []: array here, nothing there"),
    (add_nested_key, "GET /api/offices key answer exam_rooms[].shoe_rack: nothing here, string there"),
]


@pytest.mark.parametrize("print_json", [drchrono.print_document_json, cerbo.print_document_json])
def test_a_document_does_not_differ_from_itself(print_json: Callable[[], bytes]) -> None:
    document = json.loads(print_json())
    operations = read_operations(document)
    assert sum(len(each.answer) for each in operations.values()) > 1000
    assert list_differences(document, document) == []


@pytest.mark.parametrize(("plant", "line"), CASES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_planted_difference_is_found(document: Any, plant: Callable[[Any], None], line: str) -> None:
    theirs = copy.deepcopy(document)
    plant(theirs)
    found = list_differences(document, theirs)
    assert line in found
    assert all(line.split()[1] in each for each in found), "nothing else differs"


def test_other_names_in_a_path_and_the_order_are_no_difference(document: Any) -> None:
    paths = {path.replace("{id}", "{row}"): item for path, item in reversed(document["paths"].items())}
    assert list_differences(document, document | {"paths": paths}) == []


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#/components/schemas/A"}, {"$ref": "#/nowhere"}, {"$ref": "https://else.example/x"}, True],
)
def test_documents_with_circles_and_gaps_are_read(schema: Any) -> None:
    answer = {"200": {"content": {"application/json": {"schema": schema}}}}
    circle = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/A"}}}
    theirs = {"paths": {"/a": {"get": {"responses": answer}}}, "components": {"schemas": {"A": circle}}}
    assert "GET /a" in read_operations(theirs)


def run_command(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["drift", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_the_command_and_a_baseline(
    document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = copy.deepcopy(document)
    add_parameter(theirs)
    remove_key(theirs)
    path, baseline = tmp_path / "vendor.yaml", tmp_path / "baseline.yaml"
    path.write_text(yaml.dump(theirs, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))
    assert run_command(path) == 1
    printed = capsys.readouterr().out.splitlines()
    assert CASES[2][1] in printed
    assert "not explained" in printed[-1]

    read = ["GET /api/patients"]
    entries = [
        {"operations": read, "kind": "parameter", "where": ["query shoe_size"], "why": "Nobody asks."},
        {
            "operations": read,
            "kind": "key",
            "where": ["answer chart_id"],
            "there": "nothing",
            "why": "Hidden.",
        },
    ]
    baseline.write_text(yaml.dump(entries))
    assert run_command(path, "--baseline", baseline) == 0
    assert "Nobody asks." in capsys.readouterr().out
    entries[0]["where"].append("query size")
    baseline.write_text(yaml.dump(entries))
    assert run_command(path, "--baseline", baseline) == 1, (
        "what an entry names and nothing is found at is stale"
    )
    assert "explains nothing: GET /api/patients parameter query size" in capsys.readouterr().out


def test_an_entry_explains_what_it_names_and_nothing_else() -> None:
    difference = Difference("GET /a/{}", "key", "answer rows[].id", "", "integer")
    named: dict[str, Any] = {"operations": ("GET /a/{}",), "kind": "key", "why": "It is hidden."}
    named["where"] = ("answer rows[].id",)
    assert explain([difference], [Entry(Known(**named, here="nothing"))]) == []
    for other in (
        {"operations": ("GET /a", "PUT /a/{}")},
        {"kind": "type"},
        {"where": ("answer rows", "answer r.id", "answer rows[].*")},
        {"here": "string"},
        {"there": "number"},
    ):
        assert explain([difference], [Entry(Known(**(named | other)))]) == [difference], other


@pytest.mark.parametrize(
    "text",
    [
        "- operations: [GET /a]",
        "a: b",
        "- {operations: [GET /a], kind: key, why: ''}",
        "- [",
        "- {operations: [GET /a], kind: key, why: y, z: 1}",
        "- {operations: ['GET /*'], kind: key, why: y}",
        "- {operations: [], kind: key, why: y}",
    ],
)
def test_what_is_no_baseline_or_document_is_refused(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor, baseline = tmp_path / "vendor.yaml", tmp_path / "baseline.yaml"
    vendor.write_text("paths: {}")
    baseline.write_text(text)
    assert run_command(vendor, "--baseline", baseline) == 2
    vendor.write_text("openapi: 3.0.0")
    assert run_command(vendor) == 2
    assert run_command(tmp_path / "missing.yaml") == 2
    assert "charthouse drift: " in capsys.readouterr().err


@cache
def read_known() -> list[Entry]:
    return read_baseline(hosted_facts.BASELINE)


def find_unexplained(ours: dict[str, OperationFacts]) -> Iterator[str]:
    """What differs from the digests of DrChrono's document and is not in the baseline, or is there and does not."""
    known: dict[str, dict[str, list[Known]]] = {}
    for entry in read_known():
        for operation, where in itertools.product(entry.known.operations, entry.known.where):
            known.setdefault(operation, {}).setdefault(where, []).append(entry.known)
    theirs = hosted_facts.read_stored()
    for operation in sorted(ours.keys() | theirs.keys()):
        entries = known.get(operation, {})
        if operation not in ours or operation not in theirs:
            if "" not in entries:
                yield f"{operation}: in one document alone"
            continue
        digests = hosted_facts.digest_facts(operation, ours[operation])
        agreed = {where for where, equal in digests.items() if equal & theirs[operation]}
        only_here = {
            where for where, each in entries.items() if any(known.there == NOTHING for known in each)
        }
        for where in sorted((agreed & entries.keys()) | (only_here - digests.keys())):
            yield f"{operation} {where}: differs no more"
        for where in sorted(digests.keys() - agreed - entries.keys()):
            if not any(where.startswith((f"{above}.", f"{above}[]", f"{above} ")) for above in only_here):
                yield f"{operation} {where}: differs"
        if len(theirs[operation]) != len(agreed) + len(entries.keys() - only_here):
            yield f"{operation}: lacks what DrChrono's document has"


def test_every_difference_from_drchronos_document_is_explained(document: Any) -> None:
    """docs/drift-drchrono.yaml, against digests: the vendor's document is not ours to keep."""
    entries = read_known()
    assert len({str(entry.known) for entry in entries}) == len(entries) > 500
    assert list(find_unexplained(read_operations(document))) == []


@pytest.mark.parametrize(("plant", "line"), CASES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_new_difference_from_drchronos_document_is_noticed(
    document: Any, plant: Callable[[Any], None], line: str
) -> None:
    changed = copy.deepcopy(document)
    plant(changed)
    found = list(find_unexplained(read_operations(changed)))
    assert any(each.startswith(" ".join(line.split()[:2])) for each in found), found
