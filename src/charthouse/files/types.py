"""Field types of files and links. A file is uploaded as a part of a multipart body or as base64 text, and read as a
link."""

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, cast

from django.core.files.base import File as Content
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models import Case, When
from django.db.models.expressions import Combinable, F, Func

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import READ_ONLY, InvalidValue
from charthouse.engine.sql.expressions import Literal
from charthouse.files import links, media_types
from charthouse.files.spool import Spool
from charthouse.files.storage import store_file
from charthouse.identity import origin, tenancy

_DATA_URL = re.compile(r"data:[^,]{0,200};base64,")
_PIECE = 256 * 1024  # characters of base64 text that are decoded at a time


@dataclass(frozen=True, slots=True)
class Upload:
    """A validated upload. ``media_type``: as detected from the content."""

    content: "Content[Any]"
    media_type: str


def _refuse_too_large(megabytes: int) -> Exception:
    return InvalidValue(f"The file is larger than {megabytes} MB.")


@dataclass(frozen=True, kw_only=True, eq=False)
class File(Type):
    """A file in a column that is a ``RecordKey("files.StoredFile", null=True)``. Null removes the file.

    kinds      accepted kinds of content (see ``media_types``)
    max_size   in bytes
    too_large  builds the error for a larger file from the limit in megabytes
    """

    kinds: tuple[str, ...] = ("image",)
    max_size: int = 20 * 1024 * 1024
    too_large: Callable[[int], Exception] = _refuse_too_large
    json_type = {"type": "string"}
    control = "file"
    upload = True

    def name_attribute(self, path: str) -> str:
        return f"{path}_id"

    @property
    def word(self) -> str:
        return "file"

    def parse(self, value: Any) -> Upload:
        content = value if isinstance(value, UploadedFile) else self._decode(value)
        if not content.size:
            raise InvalidValue("The submitted file is empty.")
        if content.size > self.max_size:
            raise self._too_large()
        try:
            found = media_types.detect_media_type(cast("IO[Any]", content.file), self.kinds)
        except media_types.UnreadableContent as error:
            raise InvalidValue(str(error)) from None
        if found is None:
            raise InvalidValue(f"The file is not a valid {' or '.join(self.kinds)}.")
        return Upload(content, found)

    def _decode(self, value: Any) -> "UploadedFile[Any]":
        """Decode base64 text, plain or as a ``data:`` URL, into a spool. Raises InvalidValue."""
        if not isinstance(value, str):
            raise InvalidValue("The submitted data was not a file. Check the encoding type on the form.")
        head = _DATA_URL.match(value)
        start = head.end() if head else 0
        if (
            len(value) - start
        ) // 4 * 3 > 2 * self.max_size:  # line breaks may add to the length, but not double it
            raise self._too_large()
        spool, left = Spool(), ""
        try:
            for at in range(start, len(value), _PIECE):
                text = left + "".join(value[at : at + _PIECE].split())
                last = at + _PIECE >= len(value)
                whole = len(text) // 4 * 4
                spool.write(binascii.a2b_base64(text[:whole], strict_mode=True))
                left = text[whole:]
                if (last and left) or ("=" in text[:whole] and (left or value[at + _PIECE :].strip())):
                    raise ValueError("data after the padding")
        except (binascii.Error, ValueError):
            raise InvalidValue("The file is not valid base64 text.") from None
        return spool.finish(None)

    def _too_large(self) -> Exception:
        return self.too_large(self.max_size // (1024 * 1024))

    def store(self, value: Any, practice: int) -> int | None:
        return None if value is None else store_file(value.content, value.media_type, practice).pk

    @property
    def render(self) -> Callable[[Any], Any] | None:
        return _make_link


def _make_link(file_id: int | None) -> str | None:
    """Return the signed link to a stored file of the current tenant."""
    practice = None if file_id is None else tenancy.get_connection().tenant
    return None if file_id is None or practice is None else links.make_link(practice, file_id)


@dataclass(frozen=True, kw_only=True, eq=False)
class FileLink(Type):
    """A link to a file that is generated from a row when the link is opened. The value is the row's id; ``prefix``: the
    path of such links (see ``links``)."""

    prefix: str = field(kw_only=False)
    json_type = {"type": "string"}

    @property
    def render(self) -> Callable[[Any], Any] | None:
        return self._make_link

    def _make_link(self, row_id: int | None) -> str | None:
        practice = None if row_id is None else tenancy.get_connection().tenant
        return None if row_id is None or practice is None else links.make_link(practice, row_id, self.prefix)


class Url(Type):
    """The absolute URL of a path, with the origin of the current request."""

    json_type = {"type": "string"}

    @property
    def render(self) -> Callable[[Any], Any] | None:
        return _make_absolute


def _make_absolute(path: str | None) -> str | None:
    return None if path is None else origin.build_url(path)


def url_key(
    name: str, path_format: str, *, columns: tuple[str, ...] = ("pk",), nullable: bool = False, doc: str = ""
) -> Key:
    """Build a read-only key with a URL: ``path_format`` with the values of ``columns`` for its ``%s``. ``nullable``:
    null where the first column is."""

    def make() -> Combinable:
        expressions = [F(column) for column in columns]
        url = Func(Literal(path_format), *expressions, function="format", output_field=models.TextField())
        if not nullable:
            return url
        return Case(When(**{f"{columns[0]}__isnull": False}, then=url), output_field=models.TextField())

    return Key(name, Url(), READ_ONLY, source=Expression(make), nullable=nullable, doc=doc)
