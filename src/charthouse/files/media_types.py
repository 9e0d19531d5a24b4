"""Detection of a file's media type from its content; the sender's file name and type are ignored.

Documents may be any file. Browsers open only DISPLAYED types, which run no code, and download the rest (files.serving).
So an SVG is XML or text, and HTML is text.
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
PDF = "application/pdf"
DISPLAYED = frozenset((*_IMAGES.values(), PDF, "text/plain"))
UNKNOWN = "application/octet-stream"
# Types that content with their signature always has.
DETECTED = frozenset((*_IMAGES.values(), PDF, "image/tiff", "image/heic", "image/heif"))
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")  # Pillow's JPEG plugin detects MPO
_CHUNK_SIZE = 256 * 1024  # bytes of a text checked at a time
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"))
_HEIF_BRANDS = frozenset((b"mif1", b"msf1"))
_PDF_HEADER, _PDF_HEADER_END = b"%PDF-", 1024  # bytes


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


def is_displayed(media_type: str, content: IO[Any]) -> bool:
    """Whether browsers may open content of this type, which is rewound. A PDF with anything before its header is a file
    of two kinds: readers take it, but it is for downloading."""
    if media_type != PDF:
        return media_type in DISPLAYED
    content.seek(0)
    start = content.read(len(_PDF_HEADER))
    content.seek(0)
    return bool(start == _PDF_HEADER)


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
    """Detect a PDF by its header, which readers look for in the first 1,024 bytes (ISO 32000-1, annex H.3.4.1)."""
    return PDF if _PDF_HEADER in content.read(_PDF_HEADER_END) else None


def _detect_scan(content: IO[Any]) -> str | None:
    """Detect images that browsers don't display: TIFF, BigTIFF, and HEIF by its brands (ISO 23008-12, annex B)."""
    start = content.read(64)
    if start.startswith(_TIFF_SIGNATURES):
        return "image/tiff"
    if start[4:8] != b"ftyp":
        return None
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, min(len(start), _read_size(start)), 4))}
    return "image/heic" if brands & _HEIC_BRANDS else "image/heif" if brands & _HEIF_BRANDS else None


def _read_size(start: bytes) -> int:
    """The size in bytes of the box that a file of ISO's media format begins with."""
    return int.from_bytes(start[:4], "big")


def _detect_xml(content: IO[Any]) -> str | None:
    """Detect XML by its declaration, in UTF-8 or UTF-16."""
    start = content.read(64)
    encoding = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    text = start.decode(encoding, "replace").lstrip()
    return "application/xml" if re.match(r"<\?xml\s", text) else None


def _detect_document(content: IO[Any]) -> str | None:
    return detect_media_type(content, ("pdf", "image", "scan", "xml", "text")) or UNKNOWN


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
    "scan": _detect_scan,
    "xml": _detect_xml,
    "text": _detect_text,
}
CONTENT_KINDS = tuple(_DETECTORS)
