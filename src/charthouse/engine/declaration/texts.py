"""Text as it is kept: without blanks around it, in Unicode's form NFC, without control characters.

How two texts are compared is in ``sql.folding``.
"""

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from charthouse.engine.declaration.values import InvalidValue, parse_text

# Blanks that cannot be seen, and directions of a text as a whole, which come along when a number is copied: zero-width
# space, word joiner, byte order mark, soft hyphen, Mongolian separator; embeddings, overrides and isolates.
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u180e\u202a-\u202e\u2066-\u2069"
# What shows nothing by itself: joiners, marks of direction, fillers of Hangul and Braille, variations, tags.
_ALONE = r"\u034f\u115f\u1160\u200c-\u200f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"
_NOTHING = re.compile(rf"[\s{INVISIBLE}{_ALONE}]*")
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)
)
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{_NO_CHARACTERS}]")
_CONTROL_IN_LINES = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f{_NO_CHARACTERS}]")
_EDGES = re.compile(rf"\A[\s{INVISIBLE}]+|[\s{INVISIBLE}]+\Z")
_EXTENSION = re.compile(r"(?:#|x|ext|extension)[.:]? ?\d{1,8}", re.IGNORECASE | re.ASCII)
_PHONE = re.compile(r"\+?[\d\s().\-/\u2010-\u2015]+", re.ASCII)
MIN_PHONE_DIGITS, MAX_PHONE_DIGITS = 3, 15  # emergency and short numbers; ITU-T E.164 ends at 15
_validate_email = EmailValidator()


def normalize_text(text: str) -> str:
    """The text as it is kept: NFC, without white space around it."""
    return _EDGES.sub("", unicodedata.normalize("NFC", text))


def parse_kept_text(value: Any, *, multiline: bool = False) -> str:
    """Wire value → text as it is kept. Tabs and line breaks are allowed only in ``multiline``, blanks alone never.
    Raises InvalidValue."""
    text = parse_text(value)
    if (_CONTROL_IN_LINES if multiline else _CONTROL).search(text):
        raise InvalidValue(
            "Control characters are not allowed."
            if multiline
            else "Control characters and line breaks are not allowed."
        )
    kept = normalize_text(text)
    if text and _NOTHING.fullmatch(kept):
        raise InvalidValue("This field may not be blank.")
    return kept


def check_email(text: str) -> None:
    """The form of an e-mail address. Raises InvalidValue."""
    try:
        _validate_email(text)
    except ValidationError as error:
        raise InvalidValue(error.messages) from None


def check_phone(text: str) -> None:
    """A telephone number as people write it: digits, spaces and ``+-./()``, with an extension (``x12``, ``ext. 12``).
    Raises InvalidValue."""
    at = next((at for at, character in enumerate(text) if character.isalpha() or character in "#,;"), None)
    number, extension = text[:at], "" if at is None else text[at:].lstrip(",; ")
    digits = sum(character.isdigit() for character in number)
    if at is not None and not _EXTENSION.fullmatch(extension):
        raise InvalidValue("Enter a valid phone number.")
    if not _PHONE.fullmatch(number) or not MIN_PHONE_DIGITS <= digits <= MAX_PHONE_DIGITS:
        raise InvalidValue("Enter a valid phone number.")
