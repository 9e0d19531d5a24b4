"""Third and fourth stage of reads: run a plan, make objects of its rows.

May refuse: a row that isn't there or isn't visible, a page past the end (NotFound).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charthouse.resource import plan, run
from charthouse.resource.actor import Actor
from charthouse.resource.change import NOWHERE
from charthouse.resource.declare import Registry, Resource
from charthouse.resource.errors import NotFound
from charthouse.resource.filters import Filter
from charthouse.resource.parse import Query
from charthouse.resource.plan import Shape


@dataclass(slots=True)
class Page:
    """One page of a list: its objects, and whether there are rows beyond. ``first`` and ``last`` are row ids;
    ``total`` the number of rows of all pages, where the query wants them counted."""

    objects: list[Any]
    first: int | None
    last: int | None
    more_after: bool
    more_before: bool
    total: int | None = None


def one(
    resource: Resource,
    actor: Actor,
    row_id: int,
    *,
    verbose: bool,
    at: Mapping[str, int] = NOWHERE,
    flags: frozenset[str] = frozenset(),
    gone: bool = False,
    anywhere: bool = False,
) -> Any:
    """The object with this id, below the rows ``at``, or ``anywhere``. ``flags``: names of flags that are on; ``gone``:
    one that was deleted. Raises NotFound."""
    owned = plan.owned_only(resource, actor)
    shape = plan.one(resource, owned, verbose, actor.anonymous, flags, gone=gone, anywhere=anywhere)
    values = {**plan.bindings(actor, at), "id": row_id}
    found = objects(shape, run.rows(shape.statement, values))
    if not found:
        raise NotFound()
    return found[0]


def some(resource: Resource, actor: Actor, ids: Sequence[int], *, verbose: bool) -> list[Any]:
    """The objects with these ids, in their order; those that aren't there, or aren't visible, are left out."""
    there = by_id(resource, actor, ids, verbose=verbose)
    return [there[row_id] for row_id in ids if row_id in there]


def by_id(resource: Resource, actor: Actor, ids: Sequence[int], *, verbose: bool) -> dict[int, Any]:
    """The same, by their ids."""
    shape = plan.some(resource, plan.owned_only(resource, actor), verbose, actor.anonymous)
    rows = run.rows(shape.statement, {**plan.bindings(actor), "ids": list(ids)})
    found = [int(row[shape.id_at]) for row in rows]
    return dict(zip(found, objects(shape, rows), strict=True))


def fits(
    resource: Resource, actor: Actor, row_id: int, filters: Sequence[Filter], slots: Mapping[str, Any]
) -> bool:
    """Whether the row with this id is visible and what these filters, bound to these values, would list."""
    statement = plan.fitting(resource, plan.owned_only(resource, actor), tuple(filters))
    return bool(run.rows(statement, {**slots, **plan.bindings(actor), "id": row_id}))


def page(resource: Resource, actor: Actor, query: Query, at: Mapping[str, int] = NOWHERE) -> Page:
    """One page, of the rows below those ``at``. Raises NotFound for a page number past the end, and where one of the
    rows ``at`` isn't there."""
    owned = plan.owned_only(resource, actor)
    shape = plan.page(resource, owned, query, actor.anonymous)
    values = {
        **query.slots,
        **plan.bindings(actor, at),
        "after": query.after,
        "before": query.before,
        "offset": query.offset,
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
    if not rows and at:
        standing(resource, actor, at)
    total = None
    if query.counted:
        total = query.offset + len(rows)
        if beyond or (query.offset and not rows):
            ((total,),) = run.rows(plan.count(resource, owned, query), values)
    return Page(
        objects(shape, rows),
        int(rows[0][shape.id_at]) if rows else None,
        int(rows[-1][shape.id_at]) if rows else None,
        more_after=bool(rows) if backwards else beyond,
        more_before=beyond if backwards else query.offset > 0,
        total=total,
    )


def standing(resource: Resource, actor: Actor, at: Mapping[str, int]) -> None:
    """Raises NotFound when a row that the URL names above this resource's rows isn't there, or isn't below the others
    that the URL names."""
    for parent in resource.parents:
        target, row_id = resource.registry[parent.to], at[parent.name]
        if target.parents:
            one(
                target,
                actor,
                row_id,
                verbose=False,
                at={above.name: at[above.name] for above in target.parents},
            )
        elif missing(resource.registry, actor, {parent.to: [row_id]})[parent.to]:
            raise NotFound()


def missing(registry: Registry, actor: Actor, wanted: Mapping[str, list[int]]) -> dict[str, set[int]]:
    """Of ids by path of their resource, those of rows that aren't there or that the actor may not see."""
    targets = [(registry[to], plan.owned_only(registry[to], actor)) for to in wanted]
    key = ("existing", tuple((target.path, owned) for target, owned in targets))
    statement = registry.statements.get(key)
    if statement is None:
        statement = registry.statements[key] = plan.existing(targets)
    values = {**plan.bindings(actor), **{f"ids{index}": ids for index, ids in enumerate(wanted.values())}}
    there = {(index, row_id) for index, row_id in run.rows(statement, values)}
    return {
        to: {row_id for row_id in ids if (index, row_id) not in there}
        for index, (to, ids) in enumerate(wanted.items())
    }


def objects(shape: Shape, rows: list[tuple[Any, ...]]) -> list[Any]:
    """Rows → objects that encode to the wire's JSON."""
    make = shape.row
    made = [make(*row[:-1]) for row in rows] if shape.hidden_id else [make(*row) for row in rows]
    for name, finish in shape.finishers:
        for item in made:
            setattr(item, name, finish(getattr(item, name)))
    return made
