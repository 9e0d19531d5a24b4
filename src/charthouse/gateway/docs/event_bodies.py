"""The guide to the events of webhooks, docs/guides/events.md: every event of both APIs with an example of its body,
printed from the declarations. `make docs` prints it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec

from charthouse.changes import app_webhooks
from charthouse.changes.event_catalog import EventBinding, Occurrence, load_catalog
from charthouse.changes.models import Webhook
from charthouse.engine.openapi.examples import make_shown_example
from charthouse.gateway.cerbo import webhooks as practice_webhooks

INTRODUCTION = """# Webhook events

Generated from the declarations by `make docs`: every event of both APIs, with an example of its body.
[Webhooks](webhooks.md) describes what all events have in common. All events of an object have the same body; for a
deleted object, it is its last state. `charthouse trigger NAME` causes any of them.
"""
KINDS = {  # kind of webhook → title, introduction, and what an event is marked with that is an addition
    "app": (
        "DrChrono v4",
        """The name is in the header `X-drchrono-event`; `object` is what GET returns without `verbose`. Events marked
*own* exist only on this server; the hosted API doesn't have them.""",
        "own",
    ),
    "practice": (
        "Cerbo v1",
        """The name is in the body, as `event_type`; `data` is what the API returns, with ids as text. Names marked
*inferred* follow the pattern of the two that the hosted API is known to send; change them with
`CHARTHOUSE_CERBO_EVENTS`.""",
        "inferred",
    ),
}
HAPPENED = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)


def print_guide() -> str:
    """Return the guide in Markdown."""
    return INTRODUCTION + "".join(_print_kind(kind) for kind in KINDS)


def list_bindings(kind: str) -> dict[str, list[EventBinding]]:
    """List the events of a kind of webhook by the path of their resource, both in alphabetical order."""
    found: dict[str, list[EventBinding]] = {}
    for bindings in load_catalog().bindings.values():
        for binding in bindings:
            if binding.format.kind == kind:
                found.setdefault(binding.resource.path, []).append(binding)
    return {path: sorted(found[path], key=lambda binding: binding.event.name) for path in sorted(found)}


def make_example(binding: EventBinding) -> Any:
    """Make the body of an event, as JSON's values, from the example of its resource."""
    shown = make_shown_example(binding.resource, verbose=False)
    if binding.format.kind == "practice":
        row = int(shown.get("id") or 1)
        return practice_webhooks.make_example(Occurrence(binding, 1, row, 1, HAPPENED, (1,)), shown)
    webhook = Webhook(
        pk=1,
        callback_url="https://app.example/hooks",
        events=[binding.event.name],
        verified_at=HAPPENED,
    )
    return json.loads(app_webhooks.build_body(webhook, 1, msgspec.json.encode(shown)))


def _print_kind(kind: str) -> str:
    title, words, _ = KINDS[kind]
    return "".join([f"\n## {title}\n{words}\n", *_print_resources(kind)])


def _print_resources(kind: str) -> Iterator[str]:
    for path, bindings in list_bindings(kind).items():
        body = json.dumps(make_example(bindings[0]), indent=2, ensure_ascii=False)
        table = ["| event | when |", "|---|---|", *_print_rows(kind, bindings)]
        yield "\n".join(["", f"### {path}", "", *table, "", "```json", body, "```", ""])


def _print_rows(kind: str, bindings: list[EventBinding]) -> Iterator[str]:
    """A row for each event, which may have several causes."""
    for name, same in groupby(bindings, lambda binding: binding.event.name):
        causes: dict[str, list[str]] = {}
        is_own = False
        for binding in same:
            thing, happened = _describe(binding)
            causes.setdefault(thing, []).append(happened)
            is_own = binding.event.own
        words = "; ".join(thing + " or ".join(happened) for thing, happened in causes.items())
        yield f"| `{name}` | {words}{f' (*{KINDS[kind][2]}*)' if is_own else ''} |"


def _describe(binding: EventBinding) -> tuple[str, str]:
    """What changed, "" for the object itself, and what happened to it."""
    event = binding.event
    if event.column:
        return f"`{event.column}` ", "set" if event.filled else "removed"
    return f"{event.of._meta.verbose_name} " if event.of is not None else "", _VERBS[event.on]


_VERBS = {"insert": "created", "update": "changed", "delete": "deleted"}
