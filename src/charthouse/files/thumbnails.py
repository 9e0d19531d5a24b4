"""Small pictures of stored images for lists, made when they are looked at, in a process of their own
(``thumbnailer``)."""

import subprocess
import sys
from contextlib import suppress

from charthouse.files import thumbnailer
from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file

TIMEOUT = 10  # seconds
PIECE = 256 * 1024  # bytes passed on at a time: the file is never held as a whole here


def make_thumbnail(file: StoredFile) -> bytes | None:
    """Return a JPEG of at most 320 pixels; None for what is no image, and for one that can't be decoded within the
    limits. Raises FileNotFoundError when the content is missing in storage."""
    if not file.media_type.startswith("image/"):
        return None
    command = [sys.executable, "-I", thumbnailer.__file__]
    with (
        open_file(file) as content,
        subprocess.Popen(  # noqa: S603 - a script of this package
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
        ) as process,
    ):
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError):  # it ended before it had read everything
                while piece := content.read(PIECE):
                    process.stdin.write(piece)
            made, _ = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return None
        finally:
            process.kill()
    return made if process.returncode == 0 and made else None
