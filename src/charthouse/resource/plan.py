"""Second stage: actor + declaration + query → one SQL statement with the ownership filter inside.

The ORM writes a statement once for each shape of request; values are bound at each run. May refuse: the caller lacks
a scope or a permission (Forbidden). Touches no database.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Q
from django.db.models.expressions import RawSQL, Window
from django.db.models.functions import RowNumber

from charthouse.resource import anonymous as anonymity
from charthouse.resource import sql
from charthouse.resource.actor import Actor
from charthouse.resource.beside import is_beside
from charthouse.resource.change import NOWHERE
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.errors import Forbidden
from charthouse.resource.fields import Field
from charthouse.resource.filters import Filter
from charthouse.resource.parse import Query
from charthouse.resource.sql import Hole, Slot

if TYPE_CHECKING:
    from charthouse.resource.filters import Filter
    from charthouse.resource.functions import Function

ID = models.BigIntegerField
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with ``$1``-placeholders; ``parameters`` are constants and Holes, in order.

    ``anew``: PostgreSQL plans it for the values of each run, instead of once for all.
    """

    text: bytes
    parameters: tuple[Any, ...]
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement whose rows become objects: ``row`` makes one from the columns, ``finishers`` complete what SQL
    can't. ``hidden_id``: a last column holds the id, which the object doesn't show."""

    statement: Statement
    row: Callable[..., Any]
    finishers: tuple[tuple[str, Callable[[Any], Any]], ...]
    id_at: int
    hidden_id: bool


def authorize(resource: "Resource | Function", actor: Actor, *, reading: bool) -> None:
    """Plan of the practice, scope, right of the app, permission: all of them. Raises Forbidden."""
    if actor.plan in resource.not_on:
        raise Forbidden(f"The {actor.plan} plan of this practice does not include {resource.path}.", "plan")
    for scope in resource.scopes:
        if scope not in (actor.reads if reading else actor.writes):
            raise Forbidden(
                f"The app was not granted the scope {scope}:{'read' if reading else 'write'}.", "scope"
            )
    if not reading and resource.write_right and resource.write_right not in actor.rights:
        raise Forbidden(
            f'Writing needs the right "{resource.write_right}", which this app was not given.', "right"
        )
    if reading and resource.permissions_on == "writes":
        return
    for permission in resource.permissions:
        if permission not in actor.permissions:
            raise Forbidden(f'The user does not have the permission "{permission}".')


def owned_only(resource: Resource, actor: Actor) -> bool:
    """Whether only rows of the actor's own doctor are visible."""
    return resource.sharing != ALWAYS and resource.sharing not in actor.shared


def bindings(actor: Actor, at: Mapping[str, int] = NOWHERE) -> dict[str, Any]:
    """The values of the slots that every statement may use (sql.RESERVED), and those of the rows above."""
    return {
        **{f"at_{name}": row_id for name, row_id in at.items()},
        "practice": actor.practice,
        "caller_doctor": actor.doctor,
        "caller": actor.user,
        "caller_app": actor.app,
    }


def visible(resource: Resource, owned: bool, *, gone: bool = False) -> "models.QuerySet[Any]":
    """The rows an actor may see, over the slots ``practice`` and ``caller_doctor``. ``gone``: those that the actor
    could see until they were archived."""
    rows = resource.model._default_manager.all()
    if resource.tenanted:
        rows = rows.filter(practice_id=Slot("practice", ID()))
    if resource.rows:
        rows = rows.filter(_archived(resource.rows) if gone else resource.rows)
    if owned and resource.owner:
        path = resource.owner if resource.owner.endswith("id") else f"{resource.owner}_id"
        rows = rows.filter(**{path: Slot("caller_doctor", ID())})
    return rows


def _archived(condition: Q) -> Q:
    """The same rows, once they are archived."""
    turned = [
        _archived(part)
        if isinstance(part, Q)
        else ("archived", True)
        if part == ("archived", False)
        else part
        for part in condition.children
    ]
    return Q(*turned, _connector=condition.connector, _negated=condition.negated)


def placed(
    resource: Resource,
    owned: bool,
    *,
    flags: "Collection[str] | None" = None,
    gone: bool = False,
    anywhere: bool = False,
) -> "models.QuerySet[Any]":
    """The visible rows below the rows that the URL names, which must be visible too: slots ``at_<path parameter>``.
    ``flags``: those that are on, without the rows that are hidden even from who knows their id unless a flag is.
    ``anywhere``: below whichever."""
    rows = visible(resource, owned, gone=gone)
    for parent in () if anywhere else resource.parents:
        here = Slot(f"at_{parent.name}", ID())
        path = parent.source if parent.source.endswith("id") else f"{parent.source}_id"
        above = visible(resource.registry[parent.to], False).filter(pk=here)
        below = {"pk__in": parent.ids(here)} if parent.ids else {path: here}
        rows = rows.filter(models.Exists(above), **below)
    for hidden in resource.hiding:
        if flags is not None and hidden.by_id and hidden.unless not in flags:
            rows = rows.exclude(hidden.rows)
    return rows


def one(
    resource: Resource,
    owned: bool,
    verbose: bool,
    anonymous: bool = False,
    flags: frozenset[str] = frozenset(),
    *,
    gone: bool = False,
    anywhere: bool = False,
) -> Shape:
    """The row of slot ``id``; ``gone``: one that was archived; ``anywhere``: below whichever rows."""

    def make() -> Shape:
        rows = placed(resource, owned, flags=None if gone else flags, gone=gone, anywhere=anywhere)
        rows = rows.filter(pk=Slot("id", ID()))
        return _shape(resource, rows, verbose, given=tuple(flags), anonymous=anonymous)

    return _cached(resource, ("one", owned, verbose, anonymous, flags, gone, anywhere), make)


def whole(resource: Resource, owned: bool, lock: bool) -> Statement:
    """All columns of the row of slot ``id``, in the model's order; locked against other writers with ``lock``."""

    def make() -> Statement:
        rows = placed(resource, owned, flags=()).filter(pk=Slot("id", ID()))
        if lock:
            rows = rows.select_for_update(of=("self",), no_key=True)
        columns = [column.attname for column in resource.model._meta.concrete_fields]
        return statement(*compiled(rows.values_list(*columns)))

    return _cached(resource, ("whole", owned, lock), make)


def fitting(resource: Resource, owned: bool, filters: "tuple[Filter, ...]") -> Statement:
    """The id of the row of slot ``id``, if these filters find it."""

    def make() -> Statement:
        rows = visible(resource, owned).filter(pk=Slot("id", ID()))
        for declared in filters:
            rows = rows.filter(declared.where())
        return statement(*compiled(rows.values_list("pk")))

    return _cached(resource, ("fitting", owned, tuple(declared.name for declared in filters)), make)


def existing(targets: Sequence[tuple[Resource, bool]]) -> Statement:
    """Pairs (position of the target, id) of the rows that exist and are visible, of the ids in slots ``ids0``,
    ``ids1``… Rows that lists hide do not count unless declared usable: what is archived is
    not to be used anew."""
    parts: list[str] = []
    parameters: list[Any] = []
    for index, (target, owned) in enumerate(targets):
        rows = visible(target, owned)
        for hidden in target.hiding:
            if not hidden.usable:
                rows = rows.exclude(hidden.rows)
        rows = rows.filter(sql.IsAny(models.F("pk"), Slot(f"ids{index}", ArrayField(ID()))))
        text, part_parameters = compiled(rows.values_list(sql.constant(index), "pk"))
        parts.append(text)
        parameters += part_parameters
    return statement(" union all ".join(parts), tuple(parameters))


def page(resource: Resource, owned: bool, query: Query, anonymous: bool = False) -> Shape:
    """One page of a list; slots ``limit``, and ``after``, ``before`` or ``offset`` by the query's kind."""
    seek = "after" if query.after is not None else "before" if query.before is not None else ""
    seek = seek or ("offset" if query.offset else "")
    key = ("page", owned, query.verbose, query.filters, query.flags, seek, anonymous)
    return _cached(resource, key, lambda: _page(resource, owned, query, seek, anonymous))


def count(resource: Resource, owned: bool, query: Query) -> Statement:
    """How many rows all pages of a list have together."""

    def make() -> Statement:
        text, parameters = compiled(_listed(resource, owned, query).order_by().values_list("pk"))
        return statement(f"select count(*) from ({text}) as listed", parameters, _ranged(resource, query))  # noqa: S608

    return _cached(resource, ("count", owned, query.filters, query.flags), make)


def narrowed(
    resource: Resource, owned: bool, asked: Sequence[Filter], flags: Collection[str]
) -> "models.QuerySet[Any]":
    """The visible rows that the parameters asked for let through, unless lists hide them."""
    rows = placed(resource, owned)
    condition = Q()
    replaced = {name for declared in asked for name in declared.replaces}
    for declared in asked:
        if declared.name not in replaced:
            condition &= declared.where()
    shown = {*flags, *(declared.name for declared in asked)}
    for hidden in resource.hiding:
        if hidden.unless not in shown:
            condition &= ~hidden.rows
    return rows.filter(condition)


def numbered(
    resource: Resource, owned: bool, asked: Sequence[Filter], flags: Collection[str], order: str
) -> tuple[str, tuple[Any, ...]]:
    """SQL of all rows of a list: (id, number from 1) in an order, with ``%s`` and its parameters."""
    by = [models.F(order).asc(), models.F("pk").asc()] if order != "id" else [models.F("pk").asc()]
    rows = narrowed(resource, owned, asked, flags).order_by()
    return compiled(rows.values_list("pk", Window(RowNumber(), order_by=by)))


def some(resource: Resource, owned: bool, verbose: bool, anonymous: bool = False) -> Shape:
    """The visible rows of the ids in slot ``ids``, in no order."""

    def make() -> Shape:
        asked = sql.IsAny(models.F("pk"), Slot("ids", ArrayField(ID())))
        return _shape(resource, visible(resource, owned).filter(asked), verbose, anonymous=anonymous)

    return _cached(resource, ("some", owned, verbose, anonymous), make)


def _ranged(resource: Resource, query: Query) -> bool:
    return any(resource.filters_by_name[name].ranged for name in query.filters)


def _listed(resource: Resource, owned: bool, query: Query) -> "models.QuerySet[Any]":
    """The rows of all pages of a list."""
    asked = [resource.filters_by_name[name] for name in query.filters]
    return narrowed(resource, owned, asked, query.flags)


def _page(resource: Resource, owned: bool, query: Query, seek: str, anonymous: bool) -> Shape:
    rows = _listed(resource, owned, query)
    order = "pk"
    if seek == "after":
        rows = rows.filter(pk__gt=Slot("after", ID()))
    elif seek == "before":
        rows, order = rows.filter(pk__lt=Slot("before", ID())), "-pk"
    elif seek == "offset":  # find the first id of the page over the index, then read the page's rows alone
        inner, parameters = compiled(rows.order_by("pk").values_list("pk"))
        first = RawSQL(f"{inner} offset %s::bigint limit 1", (*parameters, Hole("offset")))  # noqa: S611
        rows = rows.filter(pk__gte=first)
    return _shape(
        resource,
        rows.order_by(order),
        query.verbose,
        given=query.filters,
        tail=" limit %s::bigint",
        holes=(Hole("limit"),),
        anew=_ranged(resource, query),
        anonymous=anonymous,
    )


def _shape(
    resource: Resource,
    rows: "models.QuerySet[Any]",
    verbose: bool,
    *,
    given: Sequence[str] = (),
    tail: str = "",
    holes: Sequence[Hole] = (),
    anew: bool = False,
    anonymous: bool = False,
) -> Shape:
    fields = resource.shown(verbose)
    if anonymous:
        fields = anonymity.without_names(fields, resource.model)
    names = [declared.name for declared in fields]
    expressions: list[Any] = [
        declared.sql() if not declared.given_with or declared.given_with in given else sql.constant(None)
        for declared in fields
    ]
    hidden_id = "id" not in names
    if hidden_id:
        expressions.append(models.F("pk"))
    selected = rows.values_list(*expressions)
    if anew and is_beside(selected):  # or the sums of all rows would be made before they are sorted and cut
        ids, ids_parameters = compiled(rows.values_list("pk"))
        cut = RawSQL(f"array({ids}{tail})", (*ids_parameters, *holes))  # noqa: S611
        page_rows = resource.model._default_manager.filter(sql.IsAny(models.F("pk"), cut))
        if resource.tenanted:
            page_rows = page_rows.filter(practice_id=Slot("practice", ID()))
        selected = page_rows.order_by(*rows.query.order_by).values_list(*expressions)
    text, parameters = compiled(selected)
    return Shape(
        statement(text + tail, (*parameters, *holes), anew),
        row_type(resource.path, fields),
        tuple((f"f{index}", field.finish) for index, field in enumerate(fields) if field.finish),
        len(fields) if hidden_id else names.index("id"),
        hidden_id,
    )


def row_type(name: str, fields: Sequence[Field]) -> Callable[..., Any]:
    """A struct of these wire names, which encodes several times faster than a dict."""
    attributes = {f"f{index}": field.name for index, field in enumerate(fields)}
    made = msgspec.defstruct(
        re.sub(r"\W|_", "", name.title()), [(key, Any) for key in attributes], rename=attributes, gc=False
    )
    return made


def compiled(rows: "models.QuerySet[Any]") -> tuple[str, tuple[Any, ...]]:
    """The ORM's SQL for a queryset, with ``%s`` and its parameters, Holes among them."""
    text, parameters = rows.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    return text, tuple(parameters)


def statement(text: str, parameters: tuple[Any, ...], anew: bool = False) -> Statement:
    """``%s`` → ``$1``, ``%%`` → ``%``."""
    count = 0

    def number(found: "re.Match[str]") -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        count += 1
        return f"${count}"

    return Statement(re.sub(r"%%|%s", number, text).encode(), parameters, anew)


def _cached(resource: Resource, key: Any, make: Callable[[], Made]) -> Made:
    made = resource.shapes.get(key)
    if made is None:
        made = resource.shapes[key] = make()
    return cast(Made, made)
