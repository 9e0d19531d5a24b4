"""What a section says to a person: one table, whose rows the entries refer to by their ids."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo

from charthouse.interchange.cda.xml import Element, el

NOTHING = "No information."
Row = tuple[str, Sequence[str]]  # its id, and a text for each column


def table(head: Sequence[str], rows: Iterable[Row], named: int) -> Element:
    """The ``text`` of a section. The cell at place ``named`` of a row says what the row is about: entries refer to it
    (``name_of``) where they repeat its words."""
    return el("text", plain_table(head, rows, named))


def plain_table(head: Sequence[str], rows: Iterable[Row], named: int, caption: str = "") -> Element:
    """The table alone."""
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
    """The id of the cell that names a row."""
    return f"{row_id}-name"


def nothing() -> Element:
    return el("text", el("paragraph", NOTHING))


def day(moment: date | datetime | None, zone: tzinfo) -> str:
    """The day by the practice's calendar; "" for none."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(zone).date()
    return moment.isoformat() if moment else ""


def time(moment: datetime | None, zone: tzinfo) -> str:
    """Day and wall clock of the practice, to the minute; "" for none."""
    return moment.astimezone(zone).isoformat(" ", "minutes")[:16] if moment else ""


def words(*parts: object) -> str:
    """What there is of these, with blanks between."""
    return " ".join(str(part) for part in parts if part not in (None, ""))
