"""Aggregates of a row's related rows: one correlated subquery, joined once, however many of its columns a statement
selects.

A scalar subquery for each column would be planned and run once each: ten of them cost a page of 25 rows more in
planning than in running.
"""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Field as ModelField
from django.db.models.expressions import Combinable, Expression, Subquery

from charthouse.engine.sql.expressions import ungroup


class LateralAggregate:
    """``columns()`` by name, aggregates over the rows of ``rows()``, which refers to the outer row with ``OuterRef``.

    ``name`` is the subquery's alias in the statement; no column of the record may have it.
    """

    def __init__(
        self,
        name: str,
        rows: "Callable[[], models.QuerySet[Any]]",
        columns: Callable[[], dict[str, Combinable]],
    ) -> None:
        self.name, self.rows, self.columns = name, rows, columns

    def column(self, name: str, output_field: "ModelField[Any, Any]") -> Combinable:
        """One of the aggregates, as an expression of the outer row."""
        return _LateralColumn(self, name, output_field)

    def join(self, query: Any) -> str:
        """Add the subquery to a query that does not have it yet. Returns its alias: the name, with a number where
        another subquery has it."""
        query.get_initial_alias()
        aggregates = ungroup(self.rows().order_by().values(**self.columns()))
        joined = _LateralJoin(self.name, Subquery(aggregates).resolve_expression(query))
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        for number in count(2):
            there = query.alias_map.get(joined.table_alias)
            if there is None:
                query.alias_map[joined.table_alias] = joined
                query.alias_refcount[joined.table_alias] = 1
            if there is None or there.as_sql(compiler, None) == joined.as_sql(compiler, None):
                return joined.table_alias
            joined = _LateralJoin(f"{self.name}{number}", joined.subquery)
        raise AssertionError


def has_lateral(rows: "models.QuerySet[Any]") -> bool:
    """Whether a queryset joins such aggregates."""
    return any(isinstance(joined, _LateralJoin) for joined in rows.query.alias_map.values())


class _LateralJoin:
    """A part of FROM, with the interface that Django's compiler expects."""

    join_type = None
    parent_alias = None
    filtered_relation = None

    def __init__(self, alias: str, subquery: Any) -> None:
        self.table_alias = self.table_name = alias
        self.subquery = subquery

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        text, parameters = compiler.compile(self.subquery)
        return f'cross join lateral {text} "{self.table_alias}"', parameters

    def relabeled_clone(self, change_map: Mapping[str, str]) -> "_LateralJoin":
        alias = change_map.get(self.table_alias, self.table_alias)
        return _LateralJoin(alias, self.subquery.relabeled_clone(change_map))


class _LateralColumn(Expression):
    def __init__(self, aggregate: LateralAggregate, name: str, output_field: "ModelField[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.aggregate, self.name, self.alias = aggregate, name, aggregate.name

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: "set[str] | None" = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Any:
        resolved = self.copy()
        resolved.alias = self.aggregate.join(query)
        return resolved

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Any:
        clone = self.copy()
        clone.alias = change_map.get(self.alias, self.alias)
        return clone

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f'"{self.alias}"."{self.name}"', []
