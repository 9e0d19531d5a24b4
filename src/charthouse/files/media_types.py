"""Detection of a file's media type from its content; the sender's file name and type are ignored.

Only types that browsers display without running code are accepted: no SVG, and HTML only as plain text.
"""

import codecs
import re
from collections.abc import Callable
from typing import IO, Any

from PIL import Image

MAX_PIXELS = 50_000_000  # of a decoded image; one whose header states more is refused without decoding
MAX_IMAGE_SIZE = 50 * 1024 * 1024  # bytes; decoders may read the whole file into memory
# MPO, written by some cameras and phones, is a JPEG followed by others.
_IMAGES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")  # Pillow's JPEG plugin detects MPO
_CHUNK_SIZE = 256 * 1024  # bytes of a text checked at a time
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")


class UnreadableContent(Exception):
    """The content has an accepted type but is too large to decode. The message is for the sender."""


def detect_media_type(content: IO[Any], accepted: tuple[str, ...]) -> str | None:
    """Return the media type of seekable content if it is of an accepted kind (see CONTENT_KINDS), else None. Rewinds
    the content. Raises UnreadableContent."""
    for kind in accepted:
        content.seek(0)
        found = _DETECTORS[kind](content)
        content.seek(0)
        if found:
            return found
    return None


def _detect_image(content: IO[Any]) -> str | None:
    if not content.read(8).startswith(_IMAGE_SIGNATURES):
        return None
    if content.seek(0, 2) > MAX_IMAGE_SIZE:
        raise UnreadableContent(f"An image may be of at most {MAX_IMAGE_SIZE // (1024 * 1024)} MB.")
    content.seek(0)
    try:
        with Image.open(content, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableContent(
                    f"An image may have at most {MAX_PIXELS // 1_000_000} million pixels."
                )
            media = _IMAGES[image.format or ""]
            image.verify()
            return media
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableContent(
            f"An image may have at most {MAX_PIXELS // 1_000_000} million pixels."
        ) from None
    except UnreadableContent:
        raise
    except Exception:  # Pillow raises arbitrary exceptions for broken files
        return None


def _detect_pdf(content: IO[Any]) -> str | None:
    """Detect a PDF by its first bytes; browsers take a file with other leading bytes for another type."""
    return (
        "application/pdf"
        if content.read(1024).lstrip(b"\xef\xbb\xbf\0\t\n\r ").startswith(b"%PDF-")
        else None
    )


def _detect_document(content: IO[Any]) -> str | None:
    return _detect_pdf(content) or detect_media_type(content, ("image",))


def _detect_text(content: IO[Any]) -> str | None:
    """Detect plain text in UTF-8 without control characters other than line ends and tabs."""
    read = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := content.read(_CHUNK_SIZE):
            if _CONTROL.search(read.decode(piece)):
                return None
        read.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return "text/plain"


_DETECTORS: dict[str, Callable[[IO[Any]], str | None]] = {
    "image": _detect_image,
    "document": _detect_document,
    "pdf": _detect_pdf,
    "text": _detect_text,
}
CONTENT_KINDS = tuple(_DETECTORS)
