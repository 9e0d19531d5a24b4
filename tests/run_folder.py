"""The folder of a run: its PostgreSQL servers, data directories, and what tests write."""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, on Linux
NEEDED = 8 * 1024**3  # bytes; a whole run takes a third of that


def make_run_folder() -> str:
    """Make the folder, in memory where there is enough: hundreds of databases are copied and deleted in a run. TMPDIR
    says otherwise."""
    return tempfile.mkdtemp(prefix="charthouse-test-", dir=MEMORY if _has_memory() else None)


def _has_memory() -> bool:
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return False
    return min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > NEEDED
