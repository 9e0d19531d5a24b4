"""The narrative (human-readable) block of a section: one table, whose rows the entries refer to by id."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo

from charthouse.interchange.cda.xml import Element, el

NO_INFORMATION = "No information."
Row = tuple[str, Sequence[str]]  # id, and a text for each column


def build_text(titles: Sequence[str], rows: Iterable[Row], name_column: int) -> Element:
    """Build the ``text`` of a section. ``name_column``: index of the column that names the row, whose cell entries
    refer to as original text (``name_cell_id``)."""
    return el("text", build_table(titles, rows, name_column))


def build_table(titles: Sequence[str], rows: Iterable[Row], name_column: int, caption: str = "") -> Element:
    """Build the table alone."""
    caption_element = el("caption", caption) if caption else None
    body = el("tbody", (_build_row(row_id, cells, name_column) for row_id, cells in rows))
    columns = el("thead", el("tr", (el("th", title) for title in titles)))
    return el("table", caption_element, columns, body, border="1", width="100%")


def _build_row(row_id: str, cells: Sequence[str], name_column: int) -> Element:
    made = (
        el("td", cell, ID=name_cell_id(row_id) if index == name_column else None)
        for index, cell in enumerate(cells)
    )
    return el("tr", made, ID=row_id)


def name_cell_id(row_id: str) -> str:
    """Return the id of the cell that names a row."""
    return f"{row_id}-name"


def build_empty_text() -> Element:
    return el("text", el("paragraph", NO_INFORMATION))


def format_day(moment: date | datetime | None, zone: tzinfo) -> str:
    """Format a date, or the date of a time in ``zone``, in ISO form; "" for None."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(zone).date()
    return moment.isoformat() if moment else ""


def format_time(moment: datetime | None, zone: tzinfo) -> str:
    """Format a time in ``zone`` to the minute, without offset; "" for None."""
    return moment.astimezone(zone).isoformat(" ", "minutes")[:16] if moment else ""


def join_words(*parts: object) -> str:
    """Join the parts that are not empty with spaces."""
    return " ".join(str(part) for part in parts if part not in (None, ""))
