"""The language in which patients are written to, and dates and times in it. English, and Spanish for patients whose
preferred language it is. docs/decisions/0414-portal-in-spanish.md"""

from datetime import date, datetime

from django.utils import dateformat, translation

from charthouse.domains.patients.models import Patient

ENGLISH, SPANISH = "en", "es"
_CODES = {"spa": SPANISH}  # by ISO 639 alpha-3
# Format of each style, as of Django's ``date`` filter, by language.
_STYLES = {
    "time": {ENGLISH: "D, M j, Y, g:i A", SPANISH: "D j M Y, g:i A"},
    "zoned": {ENGLISH: "D, M j, Y, g:i A T", SPANISH: "D j M Y, g:i A T"},
    "stamp": {ENGLISH: "M j, Y, g:i A T", SPANISH: "j M Y, g:i A T"},
    "day": {ENGLISH: "D, M j, Y", SPANISH: "D j M Y"},
    "date": {ENGLISH: "m/d/Y", SPANISH: "j M Y"},
    "long": {ENGLISH: "l, F j, Y, g:i A", SPANISH: r"l j \d\e F \d\e Y, g:i A"},
    "weekday": {ENGLISH: "l, F j", SPANISH: r"l j \d\e F"},
    "clock": {ENGLISH: "g:i A", SPANISH: "g:i A"},
}


def get_language(patient: Patient) -> str:
    """Return the language in which a patient is written to."""
    return _CODES.get(patient.preferred_language, ENGLISH)


def format_time(value: date | datetime | None, style: str) -> str:
    """Format a date or a local time in the current language. ``style``: a key of _STYLES; "" for None."""
    if value is None:
        return ""
    language = translation.get_language() or ENGLISH
    return dateformat.format(value, _STYLES[style].get(language, _STYLES[style][ENGLISH]))
