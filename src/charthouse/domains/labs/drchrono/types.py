"""Types of the laboratory resources in the DrChrono API."""

from collections.abc import Mapping
from typing import Any

from charthouse.engine.declaration.composites import Parse, convert
from charthouse.engine.declaration.types import Text, Type


def make_coded_word(words: Mapping[str, str]) -> Type:
    """Return the type of a word that a write may also give as its one-letter code. ``words``: code → word."""

    def parse_word(parse: Parse, value: Any) -> Any:
        return parse(words.get(value, value) if isinstance(value, str) else value)

    return convert(Text(choices=tuple(words.values())), parse=parse_word)
