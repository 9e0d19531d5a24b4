"""Texts that are compared by what they mean: names of people, e-mail addresses, telephone numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models.expressions import Combinable

from charthouse.engine.declaration.texts import check_email, check_phone
from charthouse.engine.declaration.types import Text
from charthouse.engine.sql.folding import Digits, Folded


@dataclass(frozen=True, kw_only=True, eq=False)
class PersonName(Text):
    """A name, or a part of one."""

    def compare(self, value: Combinable) -> Combinable:
        return Folded(value)


@dataclass(frozen=True, kw_only=True, eq=False)
class EmailAddress(Text):
    check: Callable[[str], None] | None = check_email

    def compare(self, value: Combinable) -> Combinable:
        return Folded(value)


@dataclass(frozen=True, kw_only=True, eq=False)
class PhoneNumber(Text):
    """A telephone or fax number, kept as it was written."""

    check: Callable[[str], None] | None = check_phone

    def compare(self, value: Combinable) -> Combinable:
        return Digits(value)
