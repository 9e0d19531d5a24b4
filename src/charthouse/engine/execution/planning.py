"""Second stage: actor + declaration + query → one SQL statement with the ownership condition inside.

The ORM writes a statement once for each shape of request; values are bound at each run. Touches no database. Who may
call at all is checked before (``Policy.authorize``, which may reject with Forbidden).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL, Window
from django.db.models.functions import RowNumber

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.deidentification import deidentify
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.resources import NO_PARENTS, Registry, Resource
from charthouse.engine.execution.parsing import Query
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter, Parameter
from charthouse.engine.sql.lateral import has_lateral
from charthouse.engine.sql.statements import Statement, compile_rows, make_statement

ID = models.BigIntegerField
Bind = Callable[[str, "models.Field[Any, Any]"], Any]
Planned = TypeVar("Planned")
LIMIT = " limit %s::bigint"
# Of an API, some 30 kB each: callers have more combinations of parameters than memory has room for.
MAX_PLANS = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement whose rows become objects: ``make`` makes one from the columns, after ``renderers`` have completed
    those, by index, that SQL cannot. ``hidden_id``: a last column holds the id, which the object does not show."""

    statement: Statement
    make: Callable[..., Any]
    renderers: tuple[tuple[int, Callable[[Any], Any]], ...]
    id_index: int
    hidden_id: bool


def bind_actor(actor: Actor, parent_ids: Mapping[str, int] = NO_PARENTS) -> dict[str, int | None]:
    """The values of the parameters that every statement may use (sql.RESERVED), and those of the parents."""
    values: dict[str, int | None] = {
        "practice": actor.practice,
        "caller_doctor": actor.doctor,
        "caller": actor.user,
        "caller_app": actor.app,
    }
    for name, row_id in parent_ids.items():
        values[f"at_{name}"] = row_id
    return values


# -- which rows -------------------------------------------------------------------------------------------------


def select_visible(
    resource: Resource, owned: bool, *, deleted: bool = False, bind: Bind = BoundParameter
) -> "models.QuerySet[Any]":
    """The rows an actor may see; ``owned``: only their doctor's. ``deleted``: those that they could see until they
    were deleted. ``bind`` makes the value of a parameter of ``bind_actor`` from its name and type."""
    rows = resource.model._default_manager.all()
    if resource.has_practice:
        rows = rows.filter(practice_id=bind("practice", ID()))
    if resource.rows:
        rows = rows.filter(_once_deleted(resource.rows) if deleted else resource.rows)
    if not deleted and (orphaned := _find_orphaned(resource)) is not None:
        rows = rows.filter(Q(archived=False) | ~orphaned)
    if owned and resource.policy.owner:
        rows = rows.filter(**{_name_id(resource.policy.owner): bind("caller_doctor", ID())})
    return rows


def select_for_actor(resource: Resource, actor: Actor, *, hidden: bool = False) -> "models.QuerySet[Any]":
    """The rows that a list without parameters shows an actor, as a queryset of the ORM: the actor's values are in it.

    Not for resources whose ``rows`` have bound parameters themselves. ``hidden``: with those that lists leave out.
    """
    values = bind_actor(actor)
    owned = resource.policy.sees_only_own(actor)
    rows = select_visible(resource, owned, bind=lambda name, _: values[name])
    for visibility in () if hidden else resource.visibilities:
        rows = rows.exclude(visibility.hidden)
    return rows


def _find_orphaned(resource: Resource) -> "Q | None":
    """The condition of archived rows that nothing shows, because a row that they belong to is deleted (see
    ``identity.tenancy.Record``); None where ``rows`` says which archived rows there are.

    A resource that shows archived rows for a parameter shows those of rows that are archived themselves.
    """
    find = getattr(resource.model, "find_orphaned", None)
    if find is None or mentions_archived(resource.rows):
        return None
    flagged = any(mentions_archived(visibility.hidden) for visibility in resource.visibilities)
    orphaned: Q | None = find(withdrawn_only=flagged)
    return orphaned


def mentions_archived(condition: Q) -> bool:
    return any(
        mentions_archived(part) if isinstance(part, Q) else isinstance(part, tuple) and part[0] == "archived"
        for part in condition.children
    )


def _name_id(path: str) -> str:
    return path if path.endswith("id") else f"{path}_id"


def _once_deleted(condition: Q) -> Q:
    """The condition of the same rows once they are deleted."""
    turned = [
        _once_deleted(part)
        if isinstance(part, Q)
        else ("archived", True)
        if part == ("archived", False)
        else part
        for part in condition.children
    ]
    return Q(*turned, _connector=condition.connector, _negated=condition.negated)


def select_scoped(
    resource: Resource, owned: bool, *, deleted: bool = False, any_parent: bool = False
) -> "models.QuerySet[Any]":
    """The visible rows below the rows that the URL names, which must be visible too (parameters ``at_<name>``);
    ``any_parent``: below whichever rows."""
    rows = select_visible(resource, owned, deleted=deleted)
    for parent in () if any_parent else resource.parents:
        parent_id = BoundParameter(f"at_{parent.name}", ID())
        above = select_visible(resource.registry[parent.to], False).filter(pk=parent_id)
        below = {"pk__in": parent.ids(parent_id)} if parent.ids else {_name_id(parent.source): parent_id}
        rows = rows.filter(models.Exists(above), **below)
    return rows


def _select_one(
    resource: Resource,
    owned: bool,
    flags: Collection[str] = (),
    *,
    deleted: bool = False,
    any_parent: bool = False,
) -> "models.QuerySet[Any]":
    """The row of parameter ``id``, unless it is hidden even by its id and the flag that shows it is not on."""
    rows = select_scoped(resource, owned, deleted=deleted, any_parent=any_parent)
    for visibility in () if deleted else resource.visibilities:
        if visibility.by_id and visibility.shown_by not in flags:
            rows = rows.exclude(visibility.hidden)
    return rows.filter(pk=BoundParameter("id", ID()))


def select_listed(
    resource: Resource, owned: bool, filters: Sequence[Filter], given: Collection[str]
) -> "models.QuerySet[Any]":
    """The visible rows that match these filters, without those that lists hide unless one of the given parameters shows
    them."""
    rows = select_scoped(resource, owned)
    condition = Q()
    replaced = {name for declared in filters for name in declared.replaces}
    for declared in filters:
        if declared.name not in replaced:
            condition &= declared.match()
    for visibility in resource.visibilities:
        if visibility.shown_by not in given:
            condition &= ~visibility.hidden
    return rows.filter(condition)


# -- plans ------------------------------------------------------------------------------------------------------


def plan_object(
    resource: Resource,
    actor: Actor,
    verbose: bool,
    flags: frozenset[str] = frozenset(),
    *,
    deleted: bool = False,
    any_parent: bool = False,
) -> Plan:
    """The row of parameter ``id``. ``flags``: those that are on; ``deleted``: one that was deleted; ``any_parent``:
    below whichever rows."""
    owned = resource.policy.sees_only_own(actor)

    def make() -> Plan:
        rows = _select_one(resource, owned, flags, deleted=deleted, any_parent=any_parent)
        return _plan(resource, rows, verbose, actor.anonymous, given=flags)

    return find_plan(
        resource.registry,
        ("one", resource, owned, verbose, actor.anonymous, flags, deleted, any_parent),
        make,
    )


def plan_objects(resource: Resource, actor: Actor, verbose: bool) -> Plan:
    """The visible rows of the ids in parameter ``ids``, in no order."""
    owned = resource.policy.sees_only_own(actor)

    def make() -> Plan:
        among = sql.is_any(models.F("pk"), BoundParameter("ids", ArrayField(ID())))
        return _plan(resource, select_visible(resource, owned).filter(among), verbose, actor.anonymous)

    return find_plan(resource.registry, ("some", resource, owned, verbose, actor.anonymous), make)


def plan_page(resource: Resource, actor: Actor, query: Query) -> Plan:
    """One page of a list; parameters ``limit``, and ``after``, ``before`` or ``offset`` as the query seeks."""
    owned, seek = resource.policy.sees_only_own(actor), query.paging.seek
    bound = _find_bound(resource, query)

    def make() -> Plan:
        rows, replan = _select_query(resource, owned, query)
        order = "pk"
        if seek == "after":
            rows = rows.filter(pk__gt=BoundParameter("after", ID()))
        elif seek == "before":
            rows, order = rows.filter(pk__lt=BoundParameter("before", ID())), "-pk"
        elif (
            seek == "offset"
        ):  # find the first id of the page over the index, then read the page's rows alone
            inner, parameters = compile_rows(rows.order_by("pk").values_list("pk"))
            first = RawSQL(f"{inner} offset %s::bigint limit 1", (*parameters, Parameter("offset")))  # noqa: S611
            rows = rows.filter(pk__gte=first)
        rows = rows.order_by(order)
        return _plan(resource, rows, query.verbose, actor.anonymous, query.filters, LIMIT, replan, bound)

    return find_plan(
        resource.registry,
        ("page", resource, owned, query.verbose, query.filters, seek, actor.anonymous, bound),
        make,
    )


def _find_bound(resource: Resource, query: Query) -> int | None:
    """Find a number of rows that no page of this size exceeds, for lists that are planned once: those without filters,
    or of the rows that refer to some row, for which one plan fits all values. None for the others."""
    filters = (resource.filters_by_name[name] for name in query.filters)
    if not all(declared.is_reference for declared in filters):
        return None
    return 1 << query.paging.size.bit_length()


def plan_count(resource: Resource, actor: Actor, query: Query) -> Statement:
    """How many rows all pages of a list have together."""
    owned = resource.policy.sees_only_own(actor)

    def make() -> Statement:
        rows, replan = _select_query(resource, owned, query)
        text, parameters = compile_rows(rows.order_by().values_list("pk"))
        return make_statement(f"select count(*) from ({text}) as listed", parameters, replan)  # noqa: S608

    return find_plan(resource.registry, ("count", resource, owned, query.filters), make)


def plan_whole(resource: Resource, actor: Actor, lock: bool) -> Statement:
    """All columns of the row of parameter ``id``, in the model's order; locked against other writers with ``lock``."""
    owned = resource.policy.sees_only_own(actor)

    def make() -> Statement:
        rows = _select_one(resource, owned)
        if lock:
            rows = rows.select_for_update(of=("self",), no_key=True)
        columns = [column.attname for column in resource.model._meta.concrete_fields]
        return make_statement(*compile_rows(rows.values_list(*columns)))

    return find_plan(resource.registry, ("whole", resource, owned, lock), make)


def plan_match(resource: Resource, actor: Actor, filters: Sequence[Filter]) -> Statement:
    """The id of the row of parameter ``id``, if it matches these filters."""
    owned = resource.policy.sees_only_own(actor)

    def make() -> Statement:
        rows = select_visible(resource, owned).filter(pk=BoundParameter("id", ID()))
        for declared in filters:
            rows = rows.filter(declared.match())
        return make_statement(*compile_rows(rows.values_list("pk")))

    return find_plan(
        resource.registry, ("match", resource, owned, *(declared.name for declared in filters)), make
    )


def compile_numbered(
    resource: Resource, owned: bool, filters: Sequence[Filter], given: Collection[str], order: str
) -> tuple[str, tuple[Any, ...]]:
    """SQL of all rows of a list: (id, number from 1) in an order, with ``%s``, and its parameters."""
    by = [models.F(order).asc(), models.F("pk").asc()] if order != "id" else [models.F("pk").asc()]
    rows = select_listed(resource, owned, filters, given).order_by()
    return compile_rows(rows.values_list("pk", Window(RowNumber(), order_by=by)))


def _select_query(resource: Resource, owned: bool, query: Query) -> "tuple[models.QuerySet[Any], bool]":
    """The rows of all pages of a list, and whether they are planned for the values of each request."""
    filters = [resource.filters_by_name[name] for name in query.filters]
    rows = select_listed(resource, owned, filters, query.filters)
    return rows, any(declared.replan for declared in filters)


def _plan(
    resource: Resource,
    rows: "models.QuerySet[Any]",
    verbose: bool,
    anonymous: bool,
    given: Collection[str] = (),
    limit: str = "",
    custom_plan: bool = False,
    bound: int | None = None,
) -> Plan:
    """The objects of these rows. ``given``: the parameters that are given; ``limit``: LIMIT, or nothing; ``bound``: at
    least as much, as a number."""
    keys = resource.list_shown(verbose)
    if anonymous:
        keys = deidentify(keys, resource.model)
    names = [key.name for key in keys]
    expressions: list[Any] = [
        key.select() if not key.source.only_with or key.source.only_with in given else sql.literal(None)
        for key in keys
    ]
    hidden_id = "id" not in names
    if hidden_id:
        expressions.append(models.F("pk"))
    selected = rows.values_list(*expressions)
    limits = (Parameter("limit"),) if limit else ()
    if custom_plan and has_lateral(selected):  # or the sums of all rows would be made before they are cut
        ids, ids_parameters = compile_rows(rows.values_list("pk"))
        cut = RawSQL(f"array({ids}{limit})", (*ids_parameters, *limits))  # noqa: S611
        page_rows = resource.model._default_manager.filter(sql.is_any(models.F("pk"), cut))
        if resource.has_practice:
            page_rows = page_rows.filter(practice_id=BoundParameter("practice", ID()))
        selected = page_rows.order_by(*rows.query.order_by).values_list(*expressions)
    text, parameters = compile_rows(selected)
    return Plan(
        make_statement(_bound_rows(text, bound) + limit, (*parameters, *limits), custom_plan),
        make_row_type(resource.path, tuple(names)),
        tuple((index, key.type.render) for index, key in enumerate(keys) if key.type.render),
        len(keys) if hidden_id else names.index("id"),
        hidden_id,
    )


def _bound_rows(text: str, bound: int | None) -> str:
    """Bound a page's rows by a number. For a limit that it does not know PostgreSQL reckons with a tenth of all rows,
    and then prefers to plan each page again, which costs as much as to read dozens of rows."""
    return text if bound is None else f"select * from ({text} limit {bound}) as page"  # noqa: S608


@cache
def make_row_type(name: str, wire_names: tuple[str, ...]) -> Callable[..., Any]:
    """A struct of these wire names, which encodes several times faster than a dict."""
    attributes = {f"f{index}": wire_name for index, wire_name in enumerate(wire_names)}
    return msgspec.defstruct(
        re.sub(r"\W|_", "", name.title()), [(key, Any) for key in attributes], rename=attributes, gc=False
    )


def find_plan(registry: Registry, key: tuple[Any, ...], make: Callable[[], Planned]) -> Planned:
    """What was made for this key, which is made if it is not known."""
    plans = registry.plans
    planned: Planned | None = plans.get(key)
    if planned is None:
        planned = make()
        if len(plans) >= MAX_PLANS:
            plans.clear()
        plans[key] = planned
    return planned
