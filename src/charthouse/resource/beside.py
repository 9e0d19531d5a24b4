"""Sums beside a row: one correlated subquery, joined once, however many of its columns a statement asks for.

A scalar subquery a column would be planned and run once each: ten of them cost a page of 25 rows more in planning than
in running.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.db.models import Field as Column
from django.db.models.expressions import Combinable, Expression, Subquery

from charthouse.resource import sql


class Beside:
    """``columns()`` by name, aggregates over the rows of ``rows()``, which refers to the row with ``OuterRef``.

    ``name`` is what the subquery is called in the statement; no column of the record may be called so.
    """

    def __init__(
        self,
        name: str,
        rows: "Callable[[], models.QuerySet[Any]]",
        columns: Callable[[], dict[str, Combinable]],
    ) -> None:
        self.name, self.rows, self.columns = name, rows, columns

    def column(self, name: str, output_field: "Column[Any, Any]") -> Combinable:
        """An expression of the row that this stands beside."""
        return _BesideColumn(self, name, output_field)

    def join(self, query: Any) -> str:
        """Add the subquery to a query that has it not yet; its alias there."""
        if self.name not in query.alias_map:
            query.get_initial_alias()
            sums = sql.ungrouped(self.rows().order_by().values(**self.columns()))
            query.alias_map[self.name] = _Lateral(self.name, Subquery(sums).resolve_expression(query))
            query.alias_refcount[self.name] = 1
        return self.name


def is_beside(rows: "models.QuerySet[Any]") -> bool:
    """Whether a queryset has such sums."""
    return any(isinstance(joined, _Lateral) for joined in rows.query.alias_map.values())


class _Lateral:
    """A part of FROM, as Django's compiler knows them."""

    join_type = None
    parent_alias = None
    filtered_relation = None

    def __init__(self, alias: str, subquery: Any) -> None:
        self.table_alias = self.table_name = alias
        self.subquery = subquery

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        text, parameters = compiler.compile(self.subquery)
        return f'cross join lateral {text} "{self.table_alias}"', parameters

    def relabeled_clone(self, change_map: Mapping[str, str]) -> "_Lateral":
        alias = change_map.get(self.table_alias, self.table_alias)
        return _Lateral(alias, self.subquery.relabeled_clone(change_map))


class _BesideColumn(Expression):
    def __init__(self, beside: Beside, name: str, output_field: "Column[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.beside, self.name, self.alias = beside, name, beside.name

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: "set[str] | None" = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Any:
        resolved = self.copy()
        resolved.alias = self.beside.join(query)
        return resolved

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Any:
        clone = self.copy()
        clone.alias = change_map.get(self.alias, self.alias)
        return clone

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f'"{self.alias}"."{self.name}"', []
