"""Values of imported rows: ids become those of the new rows, wherever they stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from charthouse.files.models import StoredFile
from charthouse.gateway.cerbo import registry as cerbo
from charthouse.gateway.drchrono import registry as drchrono
from charthouse.operation.transfer.id_maps import IdMaps
from charthouse.operation.transfer.references import Loose
from charthouse.operation.transfer.rows import Values
from charthouse.operation.transfer.tables import LAST_TABLES, Column, Table, list_tables

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_HISTORY = "changes_change"
_ADDRESS = (StoredFile._meta.db_table, "address")


class UnknownRow(Exception):
    """A key refers to a row that the export does not have; the message names column, id and table."""


@dataclass
class Mapper:
    """Maps the values of rows.

    ids         of all rows
    addresses   of files, by those in the export
    unresolved  how many values were dropped because their row is not in the export, by table.column
    kinds       types of row that ids of a row are of, by table and new id of the row: an entry of the history has
                only what changed, so mostly the id without its type
    """

    ids: IdMaps
    addresses: Mapping[str, str] = field(default_factory=dict)
    unresolved: dict[str, int] = field(default_factory=dict)
    kinds: dict[tuple[str, int], str] = field(default_factory=dict)

    def make_row_mapper(self, table: Table) -> Callable[[Values], None]:
        """Return a function that maps the values of a row of a table in place. It raises UnknownRow."""
        names = [column.name for column in table.columns]
        steps = [
            (index, column)
            for index, column in enumerate(table.columns)
            if column.name == "id" or column.table or column.loose or (table.name, column.name) == _ADDRESS
        ]
        kinds = {
            index: names.index(column.loose.type)
            for index, column in steps
            if column.loose is not None and column.loose.type
        }
        scope = names.index("dialect") if "dialect" in names else None
        row = names.index("row_id" if table.name == _HISTORY else "id") if kinds else 0
        has_history = bool(kinds) and table.name not in LAST_TABLES

        def map_values(values: Values) -> None:
            for index, column in steps:
                value = values[index]
                if value is None:
                    continue
                kind = values[kinds[index]] if index in kinds else ""
                if scope is not None and index in kinds:
                    kind = f"{values[scope]} {kind}"
                values[index] = (
                    self._map_json(table, column, value, kind, values[row])
                    if column.form == "JSON"
                    else self.map_value(table.name, column, value, kind)
                )
            if has_history:
                self.kinds.update(((table.name, values[row]), values[kind]) for kind in kinds.values())

        return map_values

    def map_value(self, table: str, column: Column, value: Any, kind: str = "") -> Any:
        """Return the new value of a column. ``kind``: the type of row that its id is of, where another column says
        it."""
        if column.name == "id":
            return self.ids.map_row(table, value)
        if (table, column.name) == _ADDRESS:
            return self.addresses.get(value, value)
        if column.table:
            new_id = self.ids.find(column.table, value)
            if new_id is None:
                raise UnknownRow(f"{column.name}: there is no row {value} of {column.table} in this export")
            return new_id
        loose = column.loose
        assert loose is not None
        if loose.type:
            target = find_named_table(loose, kind)
            if value < 1 or (target is None and not column.is_nullable):
                return value
            return self.ids.map_row(target, value) if target else None
        if isinstance(value, list):
            mapped = (self._map_loose(table, column, loose.table, each) for each in value)
            return [each for each in mapped if each is not None]
        return self._map_loose(table, column, loose.table, value)

    def _map_loose(self, table: str, column: Column, target: str, value: Any) -> Any:
        """Return the new id of a row that no key refers to, as number or text; None where the export does not have it.
        Texts that are no ids, and ids below 1, which stand for all or nobody, stay."""
        is_text = isinstance(value, str)
        if is_text and not (value.isascii() and value.isdigit() and len(value) < 19):
            return value
        if int(value) < 1:
            return value
        new_id = self.ids.find(target, int(value))
        if new_id is None:
            name = f"{table}.{column.name}"
            self.unresolved[name] = self.unresolved.get(name, 0) + 1
            return None
        return str(new_id) if is_text else new_id

    def _map_json(self, table: Table, column: Column, raw: msgspec.Raw, kind: str, row: int) -> msgspec.Raw:
        content = _decode(raw)
        if not isinstance(content, dict):
            return raw
        if table.name == _HISTORY:
            self._map_state(kind, row, content)
        else:
            self._map_members(table.name, column, content)
        return msgspec.Raw(_encode(content))

    def _map_members(self, table: str, column: Column, content: dict[str, Any]) -> None:
        assert column.loose is not None
        for name, target in column.loose.members.items():
            if type(content.get(name)) is int:
                content[name] = self._map_loose(table, column, target, content[name])

    def _map_state(self, table: str, row: int, state: dict[str, Any]) -> None:
        """Map the columns of a row of a table, by name, as the change feed has them. ``row``: its new id."""
        for name, column in _list_mapped_columns(table).items():
            value = state.get(name)
            if value is None:
                continue
            if column.form == "JSON":
                if isinstance(value, dict):
                    self._map_members(table, column, value)
            elif column.table:
                state[name] = self._map_loose(table, column, column.table, value)
            elif column.loose is None or not column.loose.type:
                state[name] = self.map_value(table, column, value)
            else:
                if column.loose.type in state:
                    self.kinds[table, row] = state[column.loose.type]
                if (kind := self.kinds.get((table, row))) is not None:
                    state[name] = self.map_value(table, column, value, kind)


def find_named_table(loose: Loose, kind: str) -> str | None:
    """Return the table of the rows of a type, None where it is of no exported table."""
    tables = loose.tables or (_map_resources() if loose.type == "resource" else _map_tables())
    return tables.get(kind)


@cache
def _map_tables() -> dict[str, str]:
    return {table.name: table.name for table in list_tables()}


@cache
def _map_resources() -> dict[str, str]:
    """Map "API path" of each resource, as the request log has them, to its table."""
    found = {}
    for dialect, registry in (("drchrono", drchrono.get_registry()), ("cerbo", cerbo.get_registry())):
        for resource in registry:
            table = resource.model._meta.db_table
            if table in _map_tables():
                found[f"{dialect} {resource.path}"] = table
    return found


@cache
def _list_mapped_columns(table: str) -> dict[str, Column]:
    """Return the columns with ids of a table, by name; none of a table that there is no longer."""
    return {
        column.name: column
        for each in list_tables()
        if each.name == table
        for column in each.columns
        if column.name == "id" or column.table or column.loose or (table, column.name) == _ADDRESS
    }
