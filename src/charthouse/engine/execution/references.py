"""Which of the rows that a request names exist: a write may refer to them, a URL may be below them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import Registry, Resource
from charthouse.engine.execution import planning
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.statements import Statement, compile_rows, make_statement, run


def find_missing(registry: Registry, actor: Actor, wanted: Mapping[str, list[int]]) -> dict[str, set[int]]:
    """Of ids by path of their resource, those of rows that do not exist or that the actor may not see."""
    targets = [(registry[to], registry[to].policy.sees_only_own(actor)) for to in wanted]
    statement = _plan_existing(registry, targets)
    values = {
        **planning.bind_actor(actor),
        **{f"ids{index}": ids for index, ids in enumerate(wanted.values())},
    }
    found = {(index, row_id) for index, row_id in run(statement, values)}
    return {
        to: {row_id for row_id in ids if (index, row_id) not in found}
        for index, (to, ids) in enumerate(wanted.items())
    }


def _plan_existing(registry: Registry, targets: Sequence[tuple[Resource, bool]]) -> Statement:
    """Pairs (index of the target, id) of the rows that are visible, of the ids in parameters ``ids0``, ``ids1``…

    Nothing new may refer to what is archived, unless the resource declares otherwise, or to other rows that lists hide
    unless they are declared referable. ``targets``: with whether only the actor's own rows are visible.
    """

    def make() -> Statement:
        parts: list[str] = []
        parameters: list[Any] = []
        for index, (target, owned) in enumerate(targets):
            ids = sql.is_any(models.F("pk"), BoundParameter(f"ids{index}", ArrayField(planning.ID())))
            rows = _select_referable(target, owned).filter(ids)
            text, part_parameters = compile_rows(rows.values_list(sql.literal(index), "pk"))
            parts.append(text)
            parameters += part_parameters
        return make_statement(" union all ".join(parts), tuple(parameters))

    return planning.find_plan(registry, ("existing", *targets), make)


def _select_referable(target: Resource, owned: bool) -> "models.QuerySet[Any]":
    """The visible rows that something new may refer to."""
    rows = planning.select_visible(target, owned)
    for visibility in target.visibilities:
        if not visibility.referable:
            rows = rows.exclude(visibility.hidden)
    if target.referable is not None:
        return rows.filter(target.referable)
    if "archived" in target.column_names and not any(
        planning.mentions_archived(visibility.hidden) for visibility in target.visibilities
    ):
        return rows.filter(archived=False)
    return rows
