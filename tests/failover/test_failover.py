"""docs/high-availability.md: the primary is killed, cut off and switched under load, and nothing is lost that was
answered. The deep tier: ``FAILOVERS=10``, as root, with etcd, Patroni and Debian's PostgreSQL."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import figures
from tests.failover.cluster import Cluster

FAILOVERS = int(os.environ.get("FAILOVERS", "0"))
PATRONI = Path(
    os.environ.get("PATRONI") or shutil.which("patroni", path=str(Path(sys.executable).parent)) or "patroni"
)
MAX_SECONDS = 30.0  # without writes after a primary has died
MAX_REFUSED = 2.0  # seconds of 503 in a planned switchover
SECONDS_EACH = 120

pytestmark = pytest.mark.skipif(not FAILOVERS, reason="needs root and minutes: FAILOVERS=10")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="charthouse-failover-"))
    folder.chmod(0o755)
    made = Cluster(folder, PATRONI)
    made.remove()  # what a run that was killed has left
    try:
        made.make()
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder)


def test_nothing_is_lost_when_a_machine_dies(cluster: Cluster) -> None:
    """Of ten events, six kill, two cut off and two switch."""
    events = [("kill", "kill", "partition", "kill", "switchover")[number % 5] for number in range(FAILOVERS)]
    command = ["ip", "netns", "exec", cluster.three.namespace, sys.executable, "-m", "tests.failover.drive"]
    done = subprocess.run(
        [*command, str(cluster.folder), str(cluster.patroni), *events],
        stdout=subprocess.PIPE, text=True, timeout=300 + SECONDS_EACH * FAILOVERS,
    )  # fmt: skip
    assert done.returncode == 0
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found))
    figures.record(**found)
    assert (found["lost"], found["unlisted"], found["errors"]) == (0, 0, [])
    assert found["told"] >= found["acknowledged"] > FAILOVERS
    assert [cause for _, cause, is_sending in found["incarnation"] if is_sending] == ["failover"]
    for event in found["events"]:
        if event["event"] == "switchover":
            assert event["refused"] <= MAX_REFUSED, event
        else:
            assert event["recovered"] <= MAX_SECONDS, event
