"""Script that makes a small JPEG of an image, from standard input to standard output.

It runs as a process of its own with limits on memory and CPU time: a small file may decode to gigabytes. It exits with
1, or is killed, for what can't be decoded. It imports nothing of this package.
"""

import resource
import sys
from io import BytesIO

from PIL import Image, ImageOps

SIZE = 320  # pixels, of the longer side
MAX_PIXELS = 50_000_000  # of the image
MEMORY_LIMIT = 768 * 1024 * 1024  # bytes of address space
CPU_SECONDS = 5
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


def make_thumbnail(content: bytes) -> bytes | None:
    """Return the small JPEG; None for an image of too many pixels."""
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            return None
        image.draft("RGB", (2 * SIZE, 2 * SIZE))  # a JPEG is decoded at a fraction of its size
        image.thumbnail((SIZE, SIZE))
        small = ImageOps.exif_transpose(image).convert("RGBA")
    shown = Image.new("RGB", small.size, "white")
    shown.paste(small, mask=small.getchannel("A"))
    made = BytesIO()
    shown.save(made, "JPEG", quality=80)
    return made.getvalue()


def main() -> int:
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_LIMIT),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    try:
        made = make_thumbnail(sys.stdin.buffer.read())
    except Exception:  # Pillow raises arbitrary exceptions for broken files
        return 1
    if made is None:
        return 1
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
