"""The types of texts about people, by the names of their columns."""

import re

from charthouse.engine.declaration.contact_types import EmailAddress, PersonName, PhoneNumber
from charthouse.engine.declaration.types import Text

_TYPES = (
    (r"(^|_)email2?$", EmailAddress()),
    (r"phone|(^|_)fax(_|$)", PhoneNumber()),
    (r"(^|_)(first|middle|last|nick)_name$", PersonName()),
    (r"(^|_)address2?$|notes$", Text(multiline=True)),
)


def choose_text_type(column: str) -> Text:
    """The type of the text in a column of this name: an address has lines, an e-mail address its form."""
    return next((type for pattern, type in _TYPES if re.search(pattern, column)), Text())
