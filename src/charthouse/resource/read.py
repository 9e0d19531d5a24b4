"""Third and fourth stage of reads: run a plan, make objects of its rows.

May refuse: a row that isn't there or isn't visible, a page past the end (NotFound).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charthouse.resource import plan, run
from charthouse.resource.actor import Actor
from charthouse.resource.declare import Resource
from charthouse.resource.errors import NotFound
from charthouse.resource.filters import Filter
from charthouse.resource.parse import Query
from charthouse.resource.plan import Shape


@dataclass(slots=True)
class Page:
    """One page of a list: its objects, and whether there are rows beyond. ``first`` and ``last`` are row ids."""

    objects: list[Any]
    first: int | None
    last: int | None
    more_after: bool
    more_before: bool


def one(resource: Resource, actor: Actor, row_id: int, *, verbose: bool, gone: bool = False) -> Any:
    """The object with this id; ``gone``: one that was deleted. Raises NotFound."""
    shape = plan.one(resource, plan.owned_only(resource, actor), verbose, gone=gone)
    values = {**plan.bindings(actor), "id": row_id}
    found = objects(shape, run.rows(shape.statement, values))
    if not found:
        raise NotFound()
    return found[0]


def some(resource: Resource, actor: Actor, ids: Sequence[int], *, verbose: bool) -> list[Any]:
    """The objects with these ids, in their order; those that aren't there, or aren't visible, are left out."""
    shape = plan.some(resource, plan.owned_only(resource, actor), verbose)
    rows = run.rows(shape.statement, {**plan.bindings(actor), "ids": list(ids)})
    there = {int(row[shape.id_at]): row for row in rows}
    return objects(shape, [there[row_id] for row_id in ids if row_id in there])


def fits(
    resource: Resource, actor: Actor, row_id: int, filters: Sequence[Filter], slots: Mapping[str, Any]
) -> bool:
    """Whether the row with this id is visible and what these filters, bound to these values, would list."""
    statement = plan.fitting(resource, plan.owned_only(resource, actor), tuple(filters))
    return bool(run.rows(statement, {**slots, **plan.bindings(actor), "id": row_id}))


def page(resource: Resource, actor: Actor, query: Query) -> Page:
    """One page. Raises NotFound for a page number past the end."""
    shape = plan.page(resource, plan.owned_only(resource, actor), query)
    values = {
        **query.slots,
        **plan.bindings(actor),
        "after": query.after,
        "before": query.before,
        "offset": (query.page - 1) * query.page_size,
        "limit": query.page_size + 1,
    }
    rows = run.rows(shape.statement, values)
    beyond = len(rows) > query.page_size
    rows = rows[: query.page_size]
    backwards = query.after is None and query.before is not None
    if backwards:
        rows.reverse()
    if not rows and query.page > 1 and query.after is None and not backwards:
        raise NotFound("Invalid page.")
    return Page(
        objects(shape, rows),
        int(rows[0][shape.id_at]) if rows else None,
        int(rows[-1][shape.id_at]) if rows else None,
        more_after=bool(rows) if backwards else beyond,
        more_before=beyond if backwards else query.page > 1,
    )


def objects(shape: Shape, rows: list[tuple[Any, ...]]) -> list[Any]:
    """Rows → objects that encode to the wire's JSON."""
    make = shape.row
    made = [make(*row[:-1]) for row in rows] if shape.hidden_id else [make(*row) for row in rows]
    for name, finish in shape.finishers:
        for item in made:
            setattr(item, name, finish(getattr(item, name)))
    return made
