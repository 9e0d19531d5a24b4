"""Values of tables that are drawn, not written: the color of a tag, a picture."""

import re
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

_HEX = re.compile(r"[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Dot:
    """``color``: six hexadecimal digits; anything else is drawn gray."""

    color: str
    text: str = ""

    def drawn(self) -> SafeString:
        color = self.color if _HEX.fullmatch(self.color) else "888888"
        return format_html(
            '<span class="dot-of"><svg viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="4.5" '
            'fill="#{}"></circle></svg>{}</span>',
            color,
            self.text or color,
        )


@dataclass(frozen=True)
class Thumbnail:
    """A small picture. ``address`` of the whole one; ``text`` says what it shows."""

    address: str
    text: str

    def drawn(self) -> SafeString:
        return format_html(
            '<img class="thumbnail" src="{}" alt="{}" loading="lazy">', self.address, self.text
        )
