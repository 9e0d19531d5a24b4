"""What DrChrono's own OpenAPI document says, as digests: that document is not ours to keep, and a test needs to know
which facts of ours are in it.

``python -m tests.toolkit.hosted_facts FILE`` writes them anew, once docs/drift-drchrono.yaml explains all differences.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from charthouse.commands import installation
from charthouse.toolkit.drift.baseline import explain, read_baseline
from charthouse.toolkit.drift.command import read_document
from charthouse.toolkit.drift.comparing import compare, get_comparable
from charthouse.toolkit.drift.facts import Fact, OperationFacts, read_operations

STORED = Path(__file__).parent / "data" / "hosted_facts.json"
BASELINE = Path(__file__).parents[2] / "docs" / "drift-drchrono.yaml"
DIGITS = 8  # of a digest
TYPES = ("array", "boolean", "file", "integer", "object", "string")


def read_stored() -> dict[str, frozenset[str]]:
    """Read the digests of each operation of the vendor's document."""
    content: dict[str, str] = json.loads(STORED.read_text())
    return {name: frozenset(text.split()) for name, text in content.items()}


def digest_facts(operation: str, facts: OperationFacts) -> dict[str, frozenset[str]]:
    """The digests that a fact of an operation has where nothing differs, by what differences call it: documents that
    say nothing of a type agree with all."""
    return {
        where: frozenset(_digest(operation, where, each) for each in _list_equal(fact))
        for where, fact in _list_facts(facts)
    }


def _list_facts(facts: OperationFacts) -> Iterator[tuple[str, Fact]]:
    parts: tuple[tuple[str, Mapping[str, Fact]], ...] = (
        ("", facts.parameters),
        ("body ", facts.body),
        ("answer ", facts.answer),
    )
    for prefix, named in parts:
        for name, fact in named.items():
            yield f"{prefix}{name}", fact


def _list_equal(fact: Fact) -> Iterator[Fact]:
    others = [frozenset({name}) for name in TYPES] if not fact.types else [frozenset[str]()]
    for types in (fact.types, *others):
        yield replace(fact, types=types)


def _digest(operation: str, where: str, fact: Fact) -> str:
    required = fact.required and not where.startswith("answer ")
    said: list[Any] = [operation, where, sorted(get_comparable(fact)), sorted(fact.values), required]
    return sha256(json.dumps(said).encode()).hexdigest()[:DIGITS]


def main() -> None:
    ours = read_operations(json.loads(installation.render_openapi("drchrono")))
    theirs = read_operations(read_document(Path(sys.argv[1])))
    differences = list(compare(ours, theirs))
    if unexplained := explain(differences, read_baseline(BASELINE)):
        raise SystemExit("\n".join(map(str, unexplained)))
    reported = {(each.operation, each.where) for each in differences}
    stored = {}
    for operation, facts in sorted(theirs.items()):
        named = dict(_list_facts(ours.get(operation, OperationFacts())))
        digests = [
            _digest(operation, where, fact)
            for where, fact in _list_facts(facts)
            if where in named or (operation, where) in reported  # else in an object that is reported
        ]
        stored[operation] = " ".join(sorted(digests))
    STORED.parent.mkdir(exist_ok=True)
    STORED.write_text(json.dumps(stored, indent=0) + "\n")


if __name__ == "__main__":
    main()
