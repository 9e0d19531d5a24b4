"""The image of the Containerfile is built, has no more than a bounded size, and serves without rights on a read-only
root with two volumes, which the next container goes on with.

The deep tier: ``IMAGE=1``, as root, with Debian's podman, buildah and debootstrap. No registry of images is asked: a
base image of Debian's packages, with the same Python, stands for ``python:3.11-slim``, which is as large.
``IMAGE_BASE`` names an archive of such a system, which is not made then.
"""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import figures
from tests.conftest import find_free_port
from tests.waiting import until

ROOT = Path(__file__).parents[2]
BASE, IMAGE, CONTAINER = "docker.io/library/python:3.11-slim", "charthouse", "charthouse-test"
DRIVER = "overlay" if "\toverlay\n" in Path("/proc/filesystems").read_text() else "vfs"
LARGEST = 550_000_000  # bytes, on the disk
LARGEST_PACKED = 300_000_000  # bytes, compressed, as a registry sends it
VOLUMES = {"data": "/var/lib/charthouse", "backups": "/var/backups/charthouse"}
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man")
MISSING = [name for name in ("podman", "buildah", "runc", "debootstrap") if not shutil.which(name)]

pytestmark = [
    pytest.mark.skipif("IMAGE" not in os.environ, reason="takes minutes: IMAGE=1"),
    pytest.mark.skipif(bool(MISSING) or os.geteuid() != 0, reason=f"needs root, and {', '.join(MISSING)}"),
]


@dataclass(frozen=True)
class Store:
    """Where images and containers are: as overlays, where the machine has them, or as copies."""

    folder: Path

    def run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(self.make_command(program, *arguments), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.strip()

    def make_command(self, program: str, *arguments: str) -> list[str]:
        options = ("--root", str(self.folder / "store"), "--runroot", str(self.folder / "state"))
        runs = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"] if program == "podman" else []
        return [program, *options, "--storage-driver", DRIVER, *runs, *arguments]

    def measure(self, image: str) -> int:
        return int(self.run("podman", "image", "inspect", "--format", "{{.Size}}", image))

    def measure_packed(self, image: str) -> int:
        """The bytes of an image's files, compressed."""
        mounted = self.run("podman", "image", "mount", image)
        try:
            command = ["sh", "-c", f"tar -C {shlex.quote(mounted)} -c . | gzip -4 | wc -c"]
            return int(subprocess.run(command, check=True, capture_output=True).stdout)
        finally:
            self.run("podman", "image", "unmount", image)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    folder = Path(tempfile.mkdtemp(prefix="charthouse-image-"))
    made = Store(folder)
    try:
        import_base(made)
        certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"  # pip asks the same index as here
        made.run(
            "buildah", "build", "--pull-never", "--format", "docker", "--isolation", "chroot", "--network", "host",
            "--volume", certificates, "--file", str(ROOT / "deploy" / "Containerfile"), "--tag", IMAGE, str(ROOT),
        )  # fmt: skip
        yield made
    finally:
        with suppress(AssertionError):
            made.run("podman", "rm", "--force", "--all")
        unmount = ["umount", "--lazy", str(folder / "store" / DRIVER)]  # which is one of its own
        subprocess.run(unmount, capture_output=True)
        shutil.rmtree(folder)


def import_base(store: Store) -> None:
    """Import the base image that is there, or make one of Debian's packages."""
    if archive := os.environ.get("IMAGE_BASE"):
        store.run("podman", "import", archive, BASE)
        return
    made = make_base(store.folder)
    store.run("podman", "import", str(made), BASE)
    made.unlink()


def make_base(folder: Path) -> Path:
    """Make the archive of a system of Debian's packages."""
    system, archive = folder / "system", folder / "system.tar"
    packages = "--include=python3,python3-venv,ca-certificates"
    make = ["debootstrap", "--variant=minbase", packages, "bookworm", str(system)]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    for name in LEFT_OUT:
        shutil.rmtree(system / name, ignore_errors=True)
    (system / "usr/bin/python").symlink_to("python3")
    pack = ["tar", "-C", str(system), "-cf", str(archive), "."]
    subprocess.run(pack, check=True)
    shutil.rmtree(system)
    return archive


def make_run(store: Store, *arguments: str) -> list[str]:
    """The command that runs the image as the compose file does; its PostgreSQL is the embedded one, in the volume."""
    volumes = [part for name, path in VOLUMES.items() for part in ("--volume", f"{name}:{path}")]
    confined = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108
    # The limits of a machine in a machine can't be raised.
    limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"]
    here = ["--rm", "--name", CONTAINER, "--network", "host", *limits]
    return store.make_command("podman", "run", *here, *confined, *volumes, IMAGE, *arguments)


@contextmanager
def run_container(store: Store, *arguments: str) -> Iterator[None]:
    """Run a command in a container, for a block; then it has to stop when it is asked to."""
    log = store.folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(make_run(store, *arguments), stdout=output, stderr=output)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def run_command(store: Store, *arguments: str) -> str:
    """Run a command of Charthouse in a container of its own; return what it printed."""
    done = subprocess.run(make_run(store, *arguments), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def serve(store: Store) -> Iterator[str]:
    """Run the web server in a container, for a block. Yields its URL."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"

    def is_live() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{url}/health/live").status_code == 200
        return False

    with run_container(store, "serve", "--host", "127.0.0.1", "--port", str(port)):
        until(is_live, seconds=300)
        yield url


def test_the_size_of_the_image_is_bounded(store: Store) -> None:
    size, base, packed = store.measure(IMAGE), store.measure(BASE), store.measure_packed(IMAGE)
    figures.record(image_mb=round(size / 1e6), base_mb=round(base / 1e6), packed_mb=round(packed / 1e6))
    assert size <= LARGEST
    assert packed <= LARGEST_PACKED


def test_the_image_serves_without_rights_and_goes_on_with_its_volumes(store: Store) -> None:
    run_command(store, "migrate")
    assert run_command(store, "createpractice", "Foothill") == "1"
    with serve(store) as url:
        assert httpx.get(f"{url}/health/ready").json()["checks"]["database"]["ok"] is True
        assert httpx.get(f"{url}/sign-in").status_code == 200
        inside = ("podman", "exec", CONTAINER)
        assert store.run(*inside, "id", "-u") == "10001"
        writing = "touch /x 2>/dev/null || touch /opt/charthouse/x 2>/dev/null || echo refused"
        assert store.run(*inside, "sh", "-c", writing) == "refused"
        written = store.run(*inside, "find", *VOLUMES.values(), "-maxdepth", "1", "-user", "10001")
        assert set(VOLUMES.values()) <= set(written.splitlines())
        assert f"{VOLUMES['data']}/postgres" in written
    assert run_command(store, "createpractice", "Lakeside") == "2"
    with serve(store) as url:
        assert httpx.get(f"{url}/sign-in").status_code == 200
