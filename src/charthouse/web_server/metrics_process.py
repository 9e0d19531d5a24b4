"""The process that serves metrics, beside those of the web server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charthouse import processes
from charthouse.datadir import CommandError


@contextmanager
def serve_metrics(address: str, data: Path) -> Iterator[None]:
    """Serve metrics at ``address`` (host:port) within a block, in a process of its own; nothing if it is empty. Raises
    CommandError."""
    if not address:
        yield
        return
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError("CHARTHOUSE_METRICS is an address and a port, as in 127.0.0.1:9464")
    if (reason := processes.find_bind_error(host, int(port))) is not None:
        raise CommandError(f"metrics can't be served at {address}: {reason}.")
    # Files that the web server's processes count in; the metrics of an address begin anew with its server.
    counts = data / "metrics" / port
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "charthouse.metrics_server", host, port, str(os.getpid())],
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(counts, ignore_errors=True)
