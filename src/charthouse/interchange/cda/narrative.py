"""The narrative (human-readable) block of a section: one table, whose rows the entries refer to by id."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo

from charthouse.interchange.cda.xml import Element, el

NOTHING = "No information."
Row = tuple[str, Sequence[str]]  # id, and a text for each column


def table(head: Sequence[str], rows: Iterable[Row], named: int) -> Element:
    """Build the ``text`` of a section. ``named``: index of the column that names the row, whose cell entries refer to
    as original text (``name_cell_id``)."""
    return el("text", plain_table(head, rows, named))


def plain_table(head: Sequence[str], rows: Iterable[Row], named: int, caption: str = "") -> Element:
    """Build the table alone."""
    said = el("caption", caption) if caption else None
    body = el("tbody", (_row(row_id, cells, named) for row_id, cells in rows))
    columns = el("thead", el("tr", (el("th", title) for title in head)))
    return el("table", said, columns, body, border="1", width="100%")


def _row(row_id: str, cells: Sequence[str], named: int) -> Element:
    made = (
        el("td", cell, ID=name_of(row_id) if place == named else None) for place, cell in enumerate(cells)
    )
    return el("tr", made, ID=row_id)


def name_of(row_id: str) -> str:
    """Return the id of the cell that names a row."""
    return f"{row_id}-name"


def nothing() -> Element:
    return el("text", el("paragraph", NOTHING))


def day(moment: date | datetime | None, zone: tzinfo) -> str:
    """Format a date, or the date of a time in ``zone``, in ISO form; "" for None."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(zone).date()
    return moment.isoformat() if moment else ""


def time(moment: datetime | None, zone: tzinfo) -> str:
    """Format a time in ``zone`` to the minute, without offset; "" for None."""
    return moment.astimezone(zone).isoformat(" ", "minutes")[:16] if moment else ""


def words(*parts: object) -> str:
    """Join the parts that are not empty with spaces."""
    return " ".join(str(part) for part in parts if part not in (None, ""))
