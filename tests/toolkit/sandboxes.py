"""A running sandbox for tests: real processes, on a data directory of its own."""

import signal
import subprocess
from pathlib import Path

from charthouse.toolkit.client import Sandbox
from tests.conftest import find_free_port
from tests.test_commands import COMMAND, make_environment
from tests.waiting import PATIENCE, until


class RunningSandbox(Sandbox):
    """A sandbox whose processes a test has started. ``data``: its directory."""

    data: Path
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == 0


def start_sandbox(data: Path, *arguments: str, **more: str) -> RunningSandbox:
    """Start a sandbox and wait until it answers."""
    log = data.parent / f"{data.name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*COMMAND, "sandbox", "--port", str(find_free_port()), "--data", str(data), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=make_environment(**more),
            start_new_session=True,
        )
    until(lambda: "Ctrl-C stops" in log.read_text() or process.poll() is not None, "the sandbox is ready")
    assert process.poll() is None, log.read_text()
    sandbox = RunningSandbox.open(data)
    assert isinstance(sandbox, RunningSandbox)
    sandbox.data, sandbox.process = data, process
    return sandbox
