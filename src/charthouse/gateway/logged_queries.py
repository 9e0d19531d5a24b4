"""What the request log keeps of a query: the names of its parameters, and values that say nothing about a patient.

A value is kept where the parameter is declared as an id, a number, a choice, a switch or a day, selects by no column
that identifies patients, and the value has that form. Of any other parameter the name alone is kept, of a name that is
not declared only where it looks like one.
"""

import re
from collections.abc import Mapping
from functools import cache

from django.core.exceptions import FieldDoesNotExist

from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.resources import Declaration
from charthouse.engine.declaration.sources import find_deidentified
from charthouse.engine.declaration.values import SHOWN
from charthouse.engine.errors import Malformed
from charthouse.gateway.http import Request

MAX_LENGTH = 300  # characters; the length of the log's column
MAX_PARAMETERS = 40
HIDDEN = "…"
_PAGING = ("page", "page_size", "limit", "offset", "verbose", "anonymize")
_DAYS = ("date", "date-time", "date-range", "timestamp")
_PLAIN = re.compile(r"\d{1,19}|true|false|\d{4}-\d\d-\d\d[\dT:.Z+/ -]{0,40}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}(\[\])?", re.ASCII)
_NONE: frozenset[str] = frozenset()


def format_query(request: Request) -> str:
    """Format the query of a call for the request log, at most MAX_LENGTH characters."""
    try:
        pairs = request.pairs
    except Malformed:
        return HIDDEN
    kept, names = _list_kept(request.declared), _list_names(request.declared)
    parts = [_format(name, value, kept, names) for name, value in pairs[:MAX_PARAMETERS]]
    if len(pairs) > MAX_PARAMETERS:
        parts.append(HIDDEN)
    text = "&".join(parts)
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - len(HIDDEN)] + HIDDEN


def _format(name: str, value: str, kept: Mapping[str, frozenset[str]], names: frozenset[str]) -> str:
    if name not in names and (not value or not _NAME.fullmatch(name)):
        return HIDDEN
    choices = kept.get(name)
    if not value or (choices is not None and (value in choices or _PLAIN.fullmatch(value))):
        return f"{name}={value}"
    return f"{name}={HIDDEN}"


@cache
def _list_names(declared: Declaration | None) -> frozenset[str]:
    return frozenset((*_PAGING, *(declared.filters_by_name if declared else ())))


@cache
def _list_kept(declared: Declaration | None) -> dict[str, frozenset[str]]:
    """The parameters whose values are kept, each with the words that it may have."""
    found = dict.fromkeys(_PAGING, _NONE)
    for each in declared.filters if declared else ():
        if declared is not None and _says_nothing(declared, each):
            found[each.name] = _list_words(declared, each)
    return found


def _list_words(declared: Declaration, parameter: Filter) -> frozenset[str]:
    """The choices of a parameter, and of the key of its name."""
    schema = parameter.schema()
    words = map(str, schema.get("items", schema).get("enum", ()))
    key = declared.keys_by_name.get(parameter.name)
    return frozenset((*words, *map(str, key.type.list_choices() if key else ())))


def _says_nothing(declared: Declaration, parameter: Filter) -> bool:
    """Tell whether the values of a parameter say nothing about a patient."""
    schema = parameter.schema()
    schema = schema.get("items", schema)
    if parameter.refers_to or parameter.is_flag or schema.get("type") == "boolean":
        return True
    is_plain = schema.get("type") == "integer" or schema.get("format") in _DAYS
    if not is_plain and not _list_words(declared, parameter):
        return False
    try:
        return find_deidentified(getattr(declared, "model", None), parameter.path) == SHOWN
    except (FieldDoesNotExist, AttributeError):  # a condition of the domain's own
        return False
