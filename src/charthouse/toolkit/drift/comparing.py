"""The differences of two documents: a line each, so that a baseline can name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from charthouse.toolkit.drift.facts import ROWS, Fact, OperationFacts


@dataclass(frozen=True, order=True)
class Difference:
    """One difference. ``operation``: method and path; ``kind``: operation, parameter, key, type, values, required;
    ``where``: "" or what of the operation (``query since``, ``body notes``, ``answer id``); ``ours`` and ``theirs`` in
    words, "" where there is nothing."""

    operation: str
    kind: str
    where: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        parts = [self.operation, self.kind, *([self.where] if self.where else [])]
        return f"{' '.join(parts)}: {self.ours or 'nothing'} here, {self.theirs or 'nothing'} there"


def compare(ours: Mapping[str, OperationFacts], theirs: Mapping[str, OperationFacts]) -> Iterator[Difference]:
    """Yield the differences of the operations of two documents, in order."""
    for name in sorted(ours.keys() | theirs.keys()):
        own, other = ours.get(name), theirs.get(name)
        if own is None or other is None:
            yield Difference(name, "operation", "", "there" if own else "", "there" if other else "")
            continue
        yield from _compare_facts(name, "parameter", "", own.parameters, other.parameters)
        yield from _compare_facts(name, "key", "body ", own.body, other.body)
        yield from _compare_facts(name, "key", "answer ", own.answer, other.answer)


def _compare_facts(
    operation: str, kind: str, prefix: str, ours: Mapping[str, Fact], theirs: Mapping[str, Fact]
) -> Iterator[Difference]:
    for name in sorted(ours.keys() | theirs.keys()):
        own, other, where = ours.get(name), theirs.get(name), f"{prefix}{name}"
        if own is None or other is None:
            if not (above := _find_above(name)) or (above in ours and above in theirs):
                yield Difference(operation, kind, where, _name(own), _name(other))
            continue
        if own.types and other.types and get_comparable(own) != get_comparable(other):
            yield Difference(operation, "type", where, _join(own.types), _join(other.types))
        if own.values != other.values:
            yield Difference(
                operation, "values", where, _join(own.values) or "any", _join(other.values) or "any"
            )
        if own.required != other.required and prefix != "answer ":
            words = ("required", "optional")
            yield Difference(operation, "required", where, words[not own.required], words[not other.required])


def _find_above(name: str) -> str:
    """The key of the object that a key is in: where one document lacks it, it is itself the difference."""
    above = name.rpartition(".")[0]
    return above if above == ROWS else above.removesuffix("[]")


def get_comparable(fact: Fact) -> set[str]:
    """The types without null, which documents of OpenAPI 3.0 seldom name; an integer is a number."""
    return {"number" if name == "integer" else name for name in fact.types - {"null"}}


def _name(fact: Fact | None) -> str:
    return "" if fact is None else _join(fact.types) or "any"


def _join(names: frozenset[str]) -> str:
    return " | ".join(sorted(names))
