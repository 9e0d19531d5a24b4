"""New ids of the rows of an export: by rank, so that eight bytes a row are held in memory."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from heapq import merge
from typing import NamedTuple

from charthouse.operation.transfer.tables import list_tables


class Run(NamedTuple):
    """Consecutive new ids: the first, and how many."""

    first: int
    length: int


class IdRange(NamedTuple):
    """Rows whose ids were consecutive and are: the first and last id in the export, and the first new one."""

    first: int
    last: int
    new_first: int


class _Series:
    """Ids that one sequence gives, in ascending order, and the runs of new ids."""

    def __init__(self) -> None:
        self.ids = array("q")
        self._starts, self._firsts = array("q"), array("q")

    def assign(self, runs: Sequence[Run]) -> None:
        start = 0
        for first, length in runs:
            self._starts.append(start)
            self._firsts.append(first)
            start += length
        assert start == len(self.ids)

    def map(self, old: int) -> int:
        rank = bisect_left(self.ids, old)
        run = bisect_right(self._starts, rank) - 1
        return self._firsts[run] + rank - self._starts[run]


class IdMaps:
    """The ids of an export's rows by table, and their new ids once these are assigned.

    A row that only the history names, because it is gone or left out, gets a new id as well, which no row has.
    """

    def __init__(self) -> None:
        self._serials = {table.name: table.serial for table in list_tables()}
        self._rows = {name: array("q") for name in self._serials}
        self._named: dict[str, set[int]] = {name: set() for name in self._serials}
        self._series = {name: _Series() for name in set(self._serials.values())}

    def add(self, table: str, row_id: int) -> bool:
        """Add the next row of a table. Return whether its id is greater than the one before."""
        ids = self._rows[table]
        if ids and row_id <= ids[-1]:
            return False
        ids.append(row_id)
        return True

    def add_named(self, table: str, row_id: int) -> None:
        """Add a row that another one names; called once the rows of all tables that can be named were added."""
        if table in self._rows and not self.has(table, row_id):
            self._named[table].add(row_id)

    def has(self, table: str, row_id: int) -> bool:
        """Return whether the export has the row."""
        ids = self._rows[table]
        rank = bisect_left(ids, row_id)
        return rank < len(ids) and ids[rank] == row_id

    def finish(self) -> dict[str, int]:
        """End adding. Return how many new ids each sequence has to give, by the table that it is of."""
        for name, series in self._series.items():
            parts: list[Iterable[int]] = []
            for table, serial in self._serials.items():
                if serial == name:
                    parts += [self._rows[table], sorted(self._named[table])]
            last = 0
            for row_id in merge(*parts):
                if row_id != last:
                    series.ids.append(row_id)
                last = row_id
        self._named.clear()
        return {name: len(series.ids) for name, series in self._series.items() if series.ids}

    def assign(self, table: str, runs: Sequence[Run]) -> None:
        """Assign the ids that the sequence of a table has given."""
        self._series[table].assign(runs)

    def map_row(self, table: str, row_id: int) -> int:
        """Return the new id of a row that was added in either way."""
        return self._series[self._serials[table]].map(row_id)

    def find(self, table: str, row_id: int) -> int | None:
        """Return the new id of a row, None if the export does not have it."""
        return self.map_row(table, row_id) if self.has(table, row_id) else None

    def list_ranges(self, table: str) -> list[IdRange]:
        """List the ids of a table's rows with their new ones."""
        found: list[IdRange] = []
        for row_id in self._rows[table]:
            new_id = self.map_row(table, row_id)
            last = found[-1] if found else None
            if last and row_id == last.last + 1 and new_id == last.new_first + row_id - last.first:
                found[-1] = last._replace(last=row_id)
            else:
                found.append(IdRange(row_id, row_id, new_id))
        return found
