"""A file as a key of a resource: uploaded as a part of a multipart body or as base64 text, read as a link."""

import binascii
import re
from dataclasses import dataclass
from typing import IO, Any, ClassVar, cast

from django.core.files.base import File as Content
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models import Case, When
from django.db.models.expressions import Combinable, F, Func

from charthouse.files import kinds, links
from charthouse.files.spool import Spool
from charthouse.files.storage import store
from charthouse.identity import tenancy
from charthouse.resource.fields import READ_ONLY, Access, Field, Wrong
from charthouse.resource.sql import Text

_DATA_URL = re.compile(r"data:[^,]{0,200};base64,")
_PIECE = 256 * 1024  # characters of base64 text that are decoded at a time


@dataclass(frozen=True, slots=True)
class Checked:
    """An upload whose size and content are acceptable; ``media_type`` is what the content says."""

    content: "Content[Any]"
    media_type: str


@dataclass(frozen=True, kw_only=True, eq=False)
class File(Field):
    """``kinds``: what its content may be (see files.kinds); ``max_size`` in bytes. The column is a
    ``RecordKey("files.StoredFile", null=True)``. Leaving it out of a PUT keeps the file; null takes it away."""

    kinds: tuple[str, ...] = ("image",)
    max_size: int = 20 * 1024 * 1024
    json_type = {"type": "string"}
    kept: bool = True
    upload: ClassVar[bool] = True

    @property
    def attribute(self) -> str:
        return f"{self.path}_id"

    def shown(self, column: Combinable) -> Combinable:
        return F(self.attribute)

    def parse(self, value: Any) -> "Checked":
        content = value if isinstance(value, UploadedFile) else self._decoded(value)
        if not content.size:
            raise Wrong("The submitted file is empty.")
        if content.size > self.max_size:
            raise self._too_large()
        try:
            found = kinds.media_type(cast("IO[Any]", content.file), self.kinds)
        except kinds.Unreadable as error:
            raise Wrong(str(error)) from None
        if found is None:
            raise Wrong(f"The file is not a valid {' or '.join(self.kinds)}.")
        return Checked(content, found)

    def _decoded(self, value: Any) -> "UploadedFile[Any]":
        """Base64 text, plain or as a ``data:`` URL, put piece by piece where uploads wait."""
        if not isinstance(value, str):
            raise Wrong("The submitted data was not a file. Check the encoding type on the form.")
        head = _DATA_URL.match(value)
        start = head.end() if head else 0
        if (len(value) - start) // 4 * 3 > 2 * self.max_size:  # there may be line ends, but not so many
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
                    raise ValueError("goes on after its end")
        except (binascii.Error, ValueError):
            raise Wrong("The file is not valid base64 text.") from None
        return spool.opened(None)

    def _too_large(self) -> Exception:
        return Wrong(f"The file is larger than {self.max_size // (1024 * 1024)} MB.")

    def keep(self, value: Any, practice: int) -> int | None:
        return None if value is None else store(value.content, value.media_type, practice).pk

    def finish(self, value: int | None) -> str | None:
        if value is None:
            return None
        practice = tenancy.database().tenant
        return None if practice is None else links.link(practice, value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Made(Field):
    """A link to a file that is made of a row when the link is opened: the value is the row's id, ``under`` the path
    of the links to such files (see files.links)."""

    under: str
    json_type = {"type": "string"}

    def finish(self, value: int | None) -> str | None:
        practice = None if value is None else tenancy.database().tenant
        return None if value is None or practice is None else links.link(practice, value, self.under)


@dataclass(frozen=True, kw_only=True, eq=False)
class Address(Field):
    """The absolute URL of something about the row, at the host that this request reached: ``where`` with the values of
    the columns ``about`` in the place of each ``%s``. ``nullable``: null where the first of them is."""

    where: str
    about: tuple[str, ...] = ("pk",)
    access: Access = READ_ONLY
    stored: bool = False
    nullable: bool | None = False
    json_type = {"type": "string"}

    def sql(self) -> Combinable:
        columns = [F(name) for name in self.about]
        url = Func(Text(self.where), *columns, function="format", output_field=models.TextField())
        if not self.nullable:
            return url
        return Case(When(**{f"{self.about[0]}__isnull": False}, then=url), output_field=models.TextField())

    def finish(self, value: str | None) -> str | None:
        return None if value is None else links.origin() + value
