"""How texts are compared: as they are meant, whatever their case, accents, composition and blanks.

PostgreSQL folds both sides, so that they cannot disagree. Under row security an index on an expression cannot be used
(its functions are not leakproof): a column that is searched by equality has its folded text in a stored column.
"""

from typing import Any

from django.db import models
from django.db.models import Func
from django.db.models.expressions import Combinable, F, Value

# An accent that stands alone is decomposed to a blank and an accent: it is made an apostrophe before.
_ACCENTS = "\u00b4\u1fbd\u1fbf\u1ffd"
APOSTROPHES = _ACCENTS + "\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032`"
HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
# Letters that Unicode does not decompose, and the final sigma; apostrophes and hyphens become those of keyboards.
_LETTERS = {
    "\u00f8": "o",
    "\u0142": "l",
    "\u0111": "d",
    "\u0127": "h",
    "\u0167": "t",
    "\u0131": "i",
    "\u03c2": "\u03c3",
}
_MARKS = dict.fromkeys(APOSTROPHES.removeprefix(_ACCENTS), "''") | dict.fromkeys(HYPHENS, "-")
_PAIRS = {"\u00df": "ss", "\u00e6": "ae", "\u0153": "oe"}
_REMOVED = "[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]"  # accents, and characters without width


def _compose() -> str:
    single = _LETTERS | _MARKS
    quotes = "''" * len(_ACCENTS)
    text = f"translate(%(expressions)s, '{_ACCENTS}', '{quotes}')"
    text = f"regexp_replace(lower(normalize({text}, NFKD)), '{_REMOVED}', '', 'g')"
    text = f"translate({text}, '{''.join(single)}', '{''.join(single.values())}')"
    for letter, pair in _PAIRS.items():
        text = f"replace({text}, '{letter}', '{pair}')"
    return rf"btrim(regexp_replace({text}, '\s+', ' ', 'g'))"


class Folded(Func):
    """A text in lower case, without accents, with one space where it has any blanks, none around it.

    Stored columns are computed with it: who changes it writes a migration that makes them again.
    """

    template = _compose()
    output_field = models.TextField()
    arity = 1


class Digits(Func):
    """The digits of a telephone number, without the country code of North America."""

    template = r"regexp_replace(regexp_replace(%(expressions)s, '\D', '', 'g'), '^1(\d{10})$', '\1')"
    output_field = models.TextField()
    arity = 1


def make_folded_column(name: str) -> Any:
    """Make the stored column of a column's folded text."""
    return models.GeneratedField(expression=Folded(F(name)), output_field=models.TextField(), db_persist=True)


def fold(text: str | Combinable) -> Combinable:
    """Fold a text, or an expression, for a comparison with a folded column."""
    return Folded(Value(text, output_field=models.TextField()) if isinstance(text, str) else text)
