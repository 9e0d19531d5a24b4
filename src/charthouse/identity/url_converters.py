"""Path converters of pages: a number in a URL that can't be a row's matches no URL, so that it is 404 everywhere."""

from django.urls import register_converter

MAX_ID = 2**63 - 1  # of PostgreSQL's bigint


class IdConverter:
    """The id of a row; 0 stands for none."""

    regex = "(?:0|[1-9][0-9]{0,18})"

    def to_python(self, value: str) -> int:
        """Raises ValueError for what no bigint holds, so that the URL does not match."""
        number = int(value)
        if number > MAX_ID:
            raise ValueError
        return number

    def to_url(self, value: int | str) -> str:
        return str(value)


class IndexConverter:
    """A small number within a row, such as an exam room's."""

    regex = "[0-9]{1,4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int | str) -> str:
        return str(value)


def register() -> None:
    """Register ``<id:…>`` and ``<index:…>``. Called before any URL is declared."""
    register_converter(IdConverter, "id")
    register_converter(IndexConverter, "index")
