"""Forks of a process: what they have of it."""

import subprocess
import sys

from tests.waiting import PATIENCE

FORK = """
import mmap, os, signal, tempfile
from pathlib import Path
from charthouse.processes import ForkedChild

shared = tempfile.TemporaryFile()
shared.truncate(16)
held = mmap.mmap(shared.fileno(), 16)  # has a descriptor of its own, and closes it when it is collected
reading, writing = os.pipe()
kept, result = os.pipe()
parents = open(os.devnull, "rb")

def run():
    global held, parents
    files = [tempfile.TemporaryFile() for _ in range(64)]  # would take the numbers of what was closed
    held, parents = None, None
    for file in files:
        file.write(b"own")
        file.flush()
        assert os.fstat(file.fileno()).st_size == 3
    assert os.read(0, 1) == b"", "standard input"
    os.write(result, b"whole")
    signal.pause()  # until the parent ends it

child = ForkedChild("test", run, (result, kept))
os.close(writing)
assert os.read(reading, 1) == b"", "the fork holds no end of a pipe of its parent"
os.close(result)
assert os.read(kept, 5) == b"whole"
child.kill()
assert child.wait(30) == -9
print("done")
"""


def test_a_fork_closes_nothing_that_an_object_will_close_again() -> None:
    run = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=PATIENCE)
    assert run.stdout == "done\n", run.stdout + run.stderr
