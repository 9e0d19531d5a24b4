"""Third and fourth stage of reads: run a plan, render objects from its rows.

A read is prepared (planned, its values bound) and then finished, so that its statement can be sent ahead, together with
the one that authenticates the caller.

May reject: a row that does not exist or is not visible, a page past the end (NotFound), a row that was merged into
another (Gone).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.resources import NO_PARENTS, Resource
from charthouse.engine.errors import Gone, NotFound
from charthouse.engine.execution import planning
from charthouse.engine.execution.parsing import Query
from charthouse.engine.execution.planning import Plan
from charthouse.engine.execution.references import find_missing
from charthouse.engine.sql.statements import BoundStatement, bind, run


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its objects, and whether there are rows beyond. ``first`` and ``last`` are row ids; ``total``
    the number of rows of all pages, where the query asks for it."""

    objects: list[Any]
    first: int | None
    last: int | None
    more_after: bool
    more_before: bool
    total: int | None = None


@dataclass(slots=True)
class ObjectRead:
    """The read of the object with this id, below these parents."""

    resource: Resource
    actor: Actor
    row_id: int
    parent_ids: Mapping[str, int]
    plan: Plan
    statement: BoundStatement

    def finish(self) -> Any:
        """The object. Raises NotFound, Gone."""
        objects = render(self.plan, self.statement.fetch())
        if not objects:
            refuse_missing(self.resource, self.actor, self.row_id)
        return objects[0]


@dataclass(slots=True)
class PageRead:
    """The read of one page of the rows below these parents."""

    resource: Resource
    actor: Actor
    query: Query
    parent_ids: Mapping[str, int]
    plan: Plan
    values: Mapping[str, Any]
    statement: BoundStatement

    def finish(self) -> Page:
        """The page. Raises NotFound for a page number past the end, and where a parent does not exist; Gone where a
        parent or a filter names a row that was merged into another."""
        paging, plan = self.query.paging, self.plan
        rows = self.statement.fetch()
        beyond = len(rows) > paging.size
        rows = rows[: paging.size]
        if paging.backwards:
            rows.reverse()
        if not rows and paging.number > 1 and paging.seek in ("", "offset"):
            raise NotFound("Invalid page.")
        if not rows:
            require_parents(self.resource, self.actor, self.parent_ids)
            _refuse_merged_filters(self.resource, self.actor, self.query)
        total = None
        if paging.count:
            total = paging.offset + len(rows)
            if beyond or (paging.offset and not rows):
                ((total,),) = run(planning.plan_count(self.resource, self.actor, self.query), self.values)
        return Page(
            render(plan, rows),
            int(rows[0][plan.id_index]) if rows else None,
            int(rows[-1][plan.id_index]) if rows else None,
            more_after=bool(rows) if paging.backwards else beyond,
            more_before=beyond if paging.backwards else paging.offset > 0,
            total=total,
        )


def prepare_object(
    resource: Resource,
    actor: Actor,
    row_id: int,
    *,
    verbose: bool,
    parent_ids: Mapping[str, int] = NO_PARENTS,
    flags: frozenset[str] = frozenset(),
    deleted: bool = False,
    any_parent: bool = False,
) -> ObjectRead:
    """The read of the object with this id, below these parents, or ``any_parent``. ``flags``: names of flags that are
    on; ``deleted``: one that was deleted."""
    plan = planning.plan_object(resource, actor, verbose, flags, deleted=deleted, any_parent=any_parent)
    values = {**planning.bind_actor(actor, parent_ids), "id": row_id}
    statement = bind(plan.statement, values)
    statement.is_short = True
    return ObjectRead(resource, actor, row_id, parent_ids, plan, statement)


def prepare_page(
    resource: Resource, actor: Actor, query: Query, parent_ids: Mapping[str, int] = NO_PARENTS
) -> PageRead:
    """The read of one page of the rows below these parents."""
    paging = query.paging
    plan = planning.plan_page(resource, actor, query)
    values = {
        **query.parameters,
        **planning.bind_actor(actor, parent_ids),
        "after": paging.after,
        "before": paging.before,
        "offset": paging.offset,
        "limit": paging.size + 1,
    }
    return PageRead(resource, actor, query, parent_ids, plan, values, bind(plan.statement, values))


def read_object(
    resource: Resource,
    actor: Actor,
    row_id: int,
    *,
    verbose: bool,
    parent_ids: Mapping[str, int] = NO_PARENTS,
    deleted: bool = False,
    any_parent: bool = False,
) -> Any:
    """The object with this id, below these parents, or ``any_parent``; ``deleted``: one that was deleted. Raises
    NotFound."""
    return prepare_object(
        resource,
        actor,
        row_id,
        verbose=verbose,
        parent_ids=parent_ids,
        deleted=deleted,
        any_parent=any_parent,
    ).finish()


def read_objects(resource: Resource, actor: Actor, ids: Sequence[int], *, verbose: bool) -> list[Any]:
    """The objects with these ids, in their order, without those that do not exist or are not visible."""
    found = read_by_id(resource, actor, ids, verbose=verbose)
    return [found[row_id] for row_id in ids if row_id in found]


def read_by_id(resource: Resource, actor: Actor, ids: Sequence[int], *, verbose: bool) -> dict[int, Any]:
    """The same, by their ids."""
    plan = planning.plan_objects(resource, actor, verbose)
    rows = run(plan.statement, {**planning.bind_actor(actor), "ids": list(ids)})
    found = [int(row[plan.id_index]) for row in rows]
    return dict(zip(found, render(plan, rows), strict=True))


def read_page(
    resource: Resource, actor: Actor, query: Query, parent_ids: Mapping[str, int] = NO_PARENTS
) -> Page:
    """One page of the rows below these parents. Raises NotFound for a page number past the end, and where a parent
    does not exist."""
    return prepare_page(resource, actor, query, parent_ids).finish()


def matches(
    resource: Resource, actor: Actor, row_id: int, filters: Sequence[Filter], parameters: Mapping[str, Any]
) -> bool:
    """Whether the row with this id is visible and these filters, with these values, would list it."""
    statement = planning.plan_match(resource, actor, filters)
    return bool(run(statement, {**parameters, **planning.bind_actor(actor), "id": row_id}))


def require_parents(resource: Resource, actor: Actor, parent_ids: Mapping[str, int]) -> None:
    """Raises NotFound when a row that the URL names above this resource's rows does not exist, or is not below the
    others that the URL names; Gone for one that was merged."""
    for parent in resource.parents if parent_ids else ():
        target, row_id = resource.registry[parent.to], parent_ids[parent.name]
        if target.parents:
            above = {above.name: parent_ids[above.name] for above in target.parents}
            read_object(target, actor, row_id, verbose=False, parent_ids=above)
        elif find_missing(resource.registry, actor, {parent.to: [row_id]})[parent.to]:
            refuse_missing(target, actor, row_id)


def refuse_missing(resource: Resource, actor: Actor, row_id: int) -> NoReturn:
    """Raises Gone for a row that was merged into one that the actor may see, else NotFound."""
    merged_into = find_merged(resource, actor, row_id)
    if merged_into is not None:
        raise Gone(resource.path, row_id, merged_into)
    raise NotFound


def find_merged(resource: Resource, actor: Actor, row_id: int) -> int | None:
    """The id of the row that a row was merged into, where the actor may see that one."""
    found = resource.find_merged(actor.practice, row_id) if resource.find_merged else None
    if found is None or find_missing(resource.registry, actor, {resource.path: [found]})[resource.path]:
        return None
    return found


def _refuse_merged_filters(resource: Resource, actor: Actor, query: Query) -> None:
    """Raises Gone where a list is empty because it was asked for the rows of one that was merged: that nothing is
    known of it would be wrong."""
    for name in query.filters:
        to = resource.filters_by_name[name].refers_to
        target, row_id = resource.registry.resources.get(to), query.parameters.get(name)
        if target is not None and target.find_merged and isinstance(row_id, int):
            merged_into = find_merged(target, actor, row_id)
            if merged_into is not None:
                raise Gone(to, row_id, merged_into)


def render(plan: Plan, rows: list[tuple[Any, ...]]) -> list[Any]:
    """Rows → objects that encode to the wire's JSON."""
    make, renderers = plan.make, plan.renderers
    if plan.hidden_id:
        rows = [row[:-1] for row in rows]
    if not renderers:
        return [make(*row) for row in rows]
    objects = []
    for row in rows:
        values = [*row]
        for index, render_value in renderers:
            values[index] = render_value(values[index])
        objects.append(make(*values))
    return objects
