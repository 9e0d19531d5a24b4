"""``python -m tests.upgrade.make_fixture VERSION``: build a small sandbox and write it to ``tests/upgrade/VERSION``, as
the fixture of the release of this version."""

import base64
import io
import lzma
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from charthouse import datadir
from charthouse.database_server import embedded_postgres, postgres_server

ROOT = Path(__file__).parent
SEED, PATIENTS = 1, 5
MAX_SIZE = 2_000_000  # bytes of a folder
PACKED = ("CHARTHOUSE", "secret_key", "file_keys", "files")  # of the data directory

# Lines of pg_dump that older versions of psql or of the server don't know.
NEWER_LINES = re.compile(r"^(\\(un)?restrict .*|SET transaction_timeout = 0;)\n", re.MULTILINE)


def main() -> None:
    version = sys.argv[1] if len(sys.argv) == 2 else ""
    project = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text())["project"]
    if version != project["version"]:
        sys.exit(
            f"usage: python -m tests.upgrade.make_fixture {project['version']}: the version that is checked out"
        )
    with tempfile.TemporaryDirectory(prefix="charthouse-fixture-") as made:
        data = datadir.prepare(Path(made) / "data")
        _write_keys(data, version)
        _set_environment(data)
        with embedded_postgres.run_server(data):
            size = _write_fixture(ROOT / version, data, version)
    print(f"{ROOT / version}: {size / 1e6:.2f} MB")


def _write_keys(data: Path, version: str) -> None:
    """Write keys that say what they are."""
    text = f"upgrade fixture of {version}, not secret"
    (data / "secret_key").write_text(text)
    (data / "file_keys").write_text(f"1:{base64.b64encode(text.encode().ljust(32)[:32]).decode()}\n")


def _set_environment(data: Path) -> None:
    """Set the environment that the settings read."""
    for name in [name for name in os.environ if name.startswith("CHARTHOUSE_")]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        "CHARTHOUSE_DATA": str(data),
        "CHARTHOUSE_SANDBOX": "1",
        "DATABASE_URL": embedded_postgres.database_url(data),
    }


def _write_fixture(folder: Path, data: Path, version: str) -> int:
    """Fill the database and write the files of the fixture; return their size in bytes."""
    from django.db import connections

    from charthouse import clock
    from charthouse.audit import request_log
    from charthouse.commands import installation  # sets up Django for the next imports
    from charthouse.sandbox import description, seed
    from tests.upgrade import content, releases

    installation.migrate()
    try:
        seed.build(SEED, PATIENTS, lambda *_: None)
        callers = content.add_content(description.write(data / "sandbox.json", "http://testserver"))
        request_log.stop()
        with connections["owner"].cursor() as cursor:
            tables = releases.digest_tables(cursor)
        made_at = clock.now().isoformat(timespec="seconds")
        manifest = releases.Manifest(version, made_at, tables, dict(releases.digest_files()), callers)
    finally:
        request_log.stop()
        connections.close_all()

    folder.mkdir(exist_ok=True)
    dump = _compress(_dump_database(data))
    (folder / releases.DUMP).write_bytes(dump)
    (folder / releases.DATA).write_bytes(_compress(_pack(data)))
    manifest.write(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size <= MAX_SIZE, f"{size} bytes are too many for a fixture"
    return size


def _dump_database(data: Path) -> bytes:
    """Dump the database as SQL that PostgreSQL 15 and later restore, whatever the owner is called."""
    command = [postgres_server.find_binary("pg_dump"), "--no-owner", "--no-comments", "--rows-per-insert=100"]
    where = ["--restrict-key=fixture", "--dbname", embedded_postgres.database_url(data)]
    done = subprocess.run([*command, *where], capture_output=True, text=True, check=True)
    return NEWER_LINES.sub("", done.stdout).encode()


def _pack(data: Path) -> bytes:
    """Pack the data directory, without the database and what belongs to running processes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in PACKED:
            archive.add(data / name, name, filter=_anonymize)
    return packed.getvalue()


def _anonymize(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _compress(content: bytes) -> bytes:
    return lzma.compress(content, preset=9)


if __name__ == "__main__":
    main()
