"""Types of the laboratory resources in the DrChrono API."""

from collections.abc import Mapping
from typing import Any

from charthouse.engine.declaration.composites import Converted
from charthouse.engine.declaration.types import Text, Type


def make_coded_word(words: Mapping[str, str]) -> Type:
    """Return the type of a word that a write may also give as its one-letter code. ``words``: code → word."""

    def parse(inner: Type, value: Any) -> Any:
        return inner.parse(words.get(value, value) if isinstance(value, str) else value)

    return Converted(Text(choices=tuple(words.values())), parse_with=parse)
