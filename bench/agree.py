"""Before anything is timed: the systems must give the same answer to the same request, key by key."""

import urllib.error
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from bench.servers import Server


def find_differences(servers: list[Server], facts: dict[str, Any]) -> Iterator[str]:
    """What the first server and each other one answer differently, as one line each."""
    ids = (facts["first"], (facts["first"] + facts["last"]) // 2, facts["last"])
    paths = [f"/api/patients/{number}" for number in ids]
    paths += ["/api/patients", f"/api/patients?{urlencode(facts['filter'])}"]
    for path in paths:
        answers = [(server, fetch(server, path, facts["bearer"])) for server in servers]
        yield from compare_answers(path, answers)
    for path in [f"/api/v1/patients/{number}" for number in ids] + ["/api/v1/patients?limit=100"]:
        both = [server for server in servers if server.label in "ac"]
        yield from compare_answers(path, [(server, fetch(server, path, facts["basic"])) for server in both])


def compare_answers(path: str, answers: list[tuple[Server, Any]]) -> Iterator[str]:
    (first, expected), *others = answers
    objects = get_rows(expected)
    if not objects:
        yield f"{path}: {first.name} finds nothing"
    for server, answer in others:
        found = get_rows(answer)
        if len(found) != len(objects):
            yield f"{path}: {server.name} has {len(found)} objects, {first.name} {len(objects)}"
        for one, other in zip(objects, found, strict=False):
            for key in {**one, **other}:
                if one.get(key, "absent") != other.get(key, "absent"):
                    yield (
                        f"{path}: key {key!r} is {other.get(key, 'absent')!r} in {server.name}, "
                        f"{one.get(key, 'absent')!r} in {first.name}"
                    )
                    return


def fetch(server: Server, path: str, authorization: str) -> Any:
    try:
        return server.get(path, authorization)
    except urllib.error.HTTPError as error:
        raise SystemExit(
            f"{server.name} {path}: {error.code} {error.read()[:500]!r}\n{server.log.read_text()[-3000:]}"
        ) from None


def get_rows(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.get("results", answer.get("data", [answer]))
    return found


def count_filled_keys(answer: dict[str, Any]) -> int:
    """How many keys of an object hold something."""
    return sum(value not in (None, "", []) for value in answer.values())
