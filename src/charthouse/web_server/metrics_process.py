"""The process that serves metrics, separate from those of the web server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from charthouse import processes
from charthouse.datadir import CommandError


@contextmanager
def serve_metrics(address: str, data: Path) -> Iterator[Callable[[], None]]:
    """Serve metrics at ``address`` (host:port) within a block, in a process of its own; nothing if it is empty. Yields
    a function that stops it before. Another process that serves them at this address may be about to end. Raises
    CommandError."""
    if not address:
        yield lambda: None
        return
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError("CHARTHOUSE_METRICS is an address and a port, as in 127.0.0.1:9464")
    counts = _make_directory(data / "metrics" / port)
    is_alone = len(list(counts.parent.iterdir())) == 1
    if is_alone and (reason := processes.find_bind_error(host, int(port))) is not None:
        counts.rmdir()
        raise CommandError(f"metrics can't be served at {address}: {reason}.")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "charthouse.operation.metrics_server", host, port, str(os.getpid())],
        stdin=subprocess.DEVNULL,
    )

    def stop() -> None:
        server.terminate()
        server.wait()

    try:
        yield stop
    finally:
        stop()
        shutil.rmtree(counts, ignore_errors=True)


def _make_directory(of_address: Path) -> Path:
    """Make the directory of the files that the web server's processes count in, and remove those of web servers that
    have ended: metrics begin again with each."""
    of_address.mkdir(parents=True, exist_ok=True)
    for found in of_address.iterdir():
        if not found.is_dir():
            found.unlink(missing_ok=True)
        elif not found.name.isdigit() or not processes.is_running(int(found.name)):
            shutil.rmtree(found, ignore_errors=True)
    made = of_address / str(os.getpid())
    made.mkdir(exist_ok=True)
    return made
