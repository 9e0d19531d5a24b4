"""What a file is, by its content: what the sender says of it (name, type) is never asked.

Only types that a browser shows without running anything are let in: no SVG, no HTML.
"""

from collections.abc import Callable
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 50_000_000  # of an image when unpacked; a header that announces more is refused unread
_IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


def media_type(content: IO[Any], kinds: tuple[str, ...]) -> str | None:
    """The media type of seekable content, if it is of one of these kinds. Leaves the content at its start."""
    for kind in kinds:
        content.seek(0)
        found = _KINDS[kind](content)
        content.seek(0)
        if found:
            return found
    return None


def _image(content: IO[Any]) -> str | None:
    try:
        with Image.open(content, formats=tuple(_IMAGES)) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            media = _IMAGES[image.format or ""]
            image.verify()
            return media
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, UnidentifiedImageError):
        return None
    except (OSError, SyntaxError, ValueError, KeyError):  # what Pillow raises for broken files
        return None


def _pdf(content: IO[Any]) -> str | None:
    return "application/pdf" if b"%PDF-" in content.read(1024) else None


def _document(content: IO[Any]) -> str | None:
    return _pdf(content) or media_type(content, ("image",))


_KINDS: dict[str, Callable[[IO[Any]], str | None]] = {"image": _image, "document": _document, "pdf": _pdf}
KINDS = tuple(_KINDS)
