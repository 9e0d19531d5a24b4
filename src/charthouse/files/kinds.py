"""What a file is, by its content: what the sender says of it (name, type) is never asked.

Only types that a browser shows without running anything are let in: no SVG, no HTML but as plain text.
"""

import codecs
import re
from collections.abc import Callable
from typing import IO, Any

from PIL import Image

MOST_PIXELS = 50_000_000  # of an image when unpacked; a header that announces more is refused unread
LARGEST_IMAGE = 50 * 1024 * 1024  # bytes; what reads images may take one into memory as it stands
# MPO is what some cameras and telephones make: a JPEG that others follow.
_IMAGES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")  # MPO comes with JPEG
_PIECE = 256 * 1024  # bytes of a text that are looked at at a time
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")


class Unreadable(Exception):
    """Of an acceptable kind, but nothing that we would unpack; the message is for the sender."""


def media_type(content: IO[Any], kinds: tuple[str, ...]) -> str | None:
    """The media type of seekable content, if it is of one of these kinds. Leaves the content at its start.
    Raises Unreadable."""
    for kind in kinds:
        content.seek(0)
        found = _KINDS[kind](content)
        content.seek(0)
        if found:
            return found
    return None


def _image(content: IO[Any]) -> str | None:
    if not content.read(8).startswith(_BEGINNINGS):
        return None
    if content.seek(0, 2) > LARGEST_IMAGE:
        raise Unreadable(f"An image may be of at most {LARGEST_IMAGE // (1024 * 1024)} MB.")
    content.seek(0)
    try:
        with Image.open(content, formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unreadable(f"An image may have at most {MOST_PIXELS // 1_000_000} million pixels.")
            media = _IMAGES[image.format or ""]
            image.verify()
            return media
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable(f"An image may have at most {MOST_PIXELS // 1_000_000} million pixels.") from None
    except Unreadable:
        raise
    except Exception:  # broken files make Pillow raise all sorts
        return None


def _pdf(content: IO[Any]) -> str | None:
    """It begins as one: what a browser would take for something else before it comes to that is none."""
    return (
        "application/pdf"
        if content.read(1024).lstrip(b"\xef\xbb\xbf\0\t\n\r ").startswith(b"%PDF-")
        else None
    )


def _document(content: IO[Any]) -> str | None:
    return _pdf(content) or media_type(content, ("image",))


def _text(content: IO[Any]) -> str | None:
    """Plain text in UTF-8: line ends and tabs, but no other control characters."""
    read = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := content.read(_PIECE):
            if _CONTROL.search(read.decode(piece)):
                return None
        read.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return "text/plain"


_KINDS: dict[str, Callable[[IO[Any]], str | None]] = {
    "image": _image,
    "document": _document,
    "pdf": _pdf,
    "text": _text,
}
KINDS = tuple(_KINDS)
