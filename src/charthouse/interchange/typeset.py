"""PDF generation with Typst, in a process of its own with limits on memory and time. User text is passed as JSON, never
as source, so it can't contain markup."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from charthouse.engine.errors import Unavailable
from charthouse.interchange import typesetter

MEMORY_LIMIT = 1024 * 1024 * 1024  # bytes of address space
CPU_SECONDS = 20
TIMEOUT = 30  # seconds
# Noto Sans for the scripts that Typst's own fonts lack. The system's fonts are used for any others.
FONT_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")


def typeset(template: Path, name: str, data: dict[str, Any]) -> bytes:
    """Compile a template to PDF. The template reads ``data``, as JSON, from ``sys.inputs`` under ``name``. Raises
    Unavailable where that takes more than the limits above."""
    order = {
        "template": str(template),
        "inputs": {name: json.dumps(data)},
        "fonts": [str(files(package)) for package in FONT_PACKAGES],
        "memory": MEMORY_LIMIT,
        "seconds": CPU_SECONDS,
    }
    try:
        done = subprocess.run(  # noqa: S603 - a script of this package
            [sys.executable, "-I", typesetter.__file__],
            input=json.dumps(order).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # messages of Typst quote the text
            timeout=TIMEOUT,
            env={name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "LANG")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable("The PDF could not be made in time.") from None
    if done.returncode or not done.stdout:
        raise Unavailable("The PDF could not be made: it needs too much memory or time.")
    return done.stdout
