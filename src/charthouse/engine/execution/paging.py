"""Pages of a list: by offset, by number, by cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace

from charthouse.engine.errors import NotFound


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list: ``size`` rows after ``offset``, or after or before the row with an id.

    number  of the page, from 1, for pages that are numbered
    count   whether the number of rows of all pages is asked for too
    """

    size: int = 0
    number: int = 1
    offset: int = 0
    after: int | None = None
    before: int | None = None
    count: bool = False

    @property
    def backwards(self) -> bool:
        return self.after is None and self.before is not None

    @property
    def seek(self) -> str:
        """The parameter that says where the page begins; "" for the first one."""
        if self.after is not None:
            return "after"
        return "before" if self.before is not None else "offset" if self.offset else ""

    def at_number(self, number: int) -> "Paging":
        """The page with this number, from 1."""
        return replace(self, number=number, offset=(number - 1) * self.size)

    def at_cursor(self, cursor: str) -> "Paging":
        """The page that begins where a cursor says. Raises NotFound for what is no cursor."""
        direction, row_id = _decode_cursor(cursor)
        return replace(self, after=row_id) if direction == AFTER else replace(self, before=row_id)


AFTER, BEFORE = "a", "b"


def encode_cursor(direction: str, row_id: int) -> str:
    """Where a page ends: AFTER or BEFORE a row. Opaque to callers; harmless when forged."""
    return urlsafe_b64encode(f"{direction}{row_id}".encode()).decode().rstrip("=")


def _decode_cursor(text: str) -> tuple[str, int]:
    try:
        plain = urlsafe_b64decode(text.encode("ascii") + b"==").decode("ascii")
        direction, row_id = plain[:1], plain[1:]
        if direction in (AFTER, BEFORE) and row_id.isdigit() and len(row_id) < 19:
            return direction, int(row_id)
    except ValueError:
        pass
    raise NotFound("Invalid page.")


def parse_count(text: object, max_digits: int = 9) -> int:
    """A number out of a query: 0 for what is none."""
    is_count = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= max_digits
    return int(text) if is_count else 0  # type: ignore[call-overload]
