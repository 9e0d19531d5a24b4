"""Values of table cells that are rendered as HTML."""

import re
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

_HEX = re.compile(r"[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Dot:
    """A colored dot. ``color``: six hexadecimal digits; any other text is rendered gray."""

    color: str
    text: str = ""

    def render(self) -> SafeString:
        color = self.color if _HEX.fullmatch(self.color) else "888888"
        return format_html(
            '<span class="dot-of"><svg viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="4.5" '
            'fill="#{}"></circle></svg>{}</span>',
            color,
            self.text or color,
        )


@dataclass(frozen=True)
class Thumbnail:
    """A small image. ``address``: its URL; ``text``: its alternative text."""

    address: str
    text: str

    def render(self) -> SafeString:
        return format_html(
            '<img class="thumbnail" src="{}" alt="{}" loading="lazy">', self.address, self.text
        )
