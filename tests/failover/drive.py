"""``python -m tests.failover.drive FOLDER PATRONI EVENT...``: on the third machine of a cluster that has been made, run
Charthouse under load, let these events happen, and print what was lost. Events: kill, partition, switchover.

The last line of the output is JSON.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.failover.cluster import Cluster, DatabaseNode, read_blocks, wait_until
from tests.failover.load import Load, Receiver

CHARTHOUSE = [sys.executable, "-m", "charthouse"]
SUPERUSER = "postgresql://postgres:CHANGE-ME-1@{}/{}"
PORT = 8000
PREPARE = """
import django, json, sys; django.setup()
from charthouse import clock
from charthouse.changes import actions
from charthouse.changes.models import Webhook
from tests import support
clinic, app = support.make_practice(), support.make_app()
webhook = actions.create_app_webhook(app.row, sys.argv[1], "a secret of the receiver", ["PATIENT_CREATE"])
Webhook.objects.filter(pk=webhook.pk).update(verified_at=clock.now(), active=True)
print(json.dumps({"doctor": clinic.doctor.pk, "token": support.issue_token(clinic.user, app)}))
"""
SECONDS = float(os.environ.get("FAILOVER_SECONDS", "inf"))  # after which no further event happens
SETTLE = 1.5  # seconds of load before and after an event
MENDED = 300.0  # seconds until a machine that has been down follows again


def read_environment(folder: Path) -> dict[str, str]:
    """The page's environment of Charthouse."""
    text = next(block for block in read_blocks("sh") if "DATABASE_URL" in block)
    variables = dict(line.split("=", 1) for line in text.splitlines() if line)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARTHOUSE")}
    root = Path(__file__).parents[2]
    return kept | variables | {
        "CHARTHOUSE_DATA": str(folder / "charthouse"),
        "CHARTHOUSE_SECRET_KEY": "only for tests",
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        "PYTHONPATH": f"{root}:{root / 'src'}",
        "CHARTHOUSE_METRICS": "",
    }  # fmt: skip


class Installation:
    """A web server and a worker."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder, self.environment = folder, read_environment(folder)
        self.command("migrate")
        prepare = [sys.executable, "-c", PREPARE, receiver.url]
        sandbox = self.environment | {"CHARTHOUSE_SANDBOX": "1"}  # a receiver on this machine
        made = json.loads(
            subprocess.run(prepare, env=sandbox, check=True, capture_output=True, text=True).stdout
        )
        self.processes = [
            self._start("serve", "--port", str(PORT), "--workers", "2", "--threads", "4"),
            self._start("worker", CHARTHOUSE_SANDBOX="1"),
        ]
        self.load = Load(f"http://127.0.0.1:{PORT}", made["token"], made["doctor"])

    def command(self, *arguments: str) -> None:
        subprocess.run([*CHARTHOUSE, *arguments], env=self.environment, check=True, stdout=sys.stderr)

    def _start(self, name: str, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*CHARTHOUSE, name, *arguments], env=self.environment | more, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def is_serving(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
            return True
        return False

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)


class Drill:
    """Events, one after the other, while the load goes on."""

    def __init__(self, cluster: Cluster, load: Load) -> None:
        self.cluster, self.load = cluster, load

    def run(self, event: str) -> dict[str, Any]:
        leader, standby = wait_until(self.cluster.find_healthy, "a leader and a synchronous standby", MENDED)
        time.sleep(SETTLE)
        began = time.monotonic()
        getattr(self, event)(leader, standby)
        if event != "switchover":  # until now it may have been answered by the former one
            began = time.monotonic()
        recovered = wait_until(lambda: self.load.find_recovery(began), "a write after the event")
        wait_until(lambda: standby.ask_leader() == standby.name, "that the standby leads")
        time.sleep(SETTLE)
        refused = self.load.measure_refusals(began)
        self._mend(event, leader)
        return {"event": event, "recovered": round(recovered, 2), "refused": round(refused, 2)}

    def kill(self, leader: DatabaseNode, standby: DatabaseNode) -> None:
        leader.kill()

    def partition(self, leader: DatabaseNode, standby: DatabaseNode) -> None:
        leader.set_link("down")

    def switchover(self, leader: DatabaseNode, standby: DatabaseNode) -> None:
        status = standby.ask("switchover", {"leader": leader.name, "candidate": standby.name})
        assert status in (200, 202), status
        wait_until(lambda: standby.ask_leader() == standby.name, "a switch")

    def _mend(self, event: str, former: DatabaseNode) -> None:
        if event == "kill":
            self.cluster.start(former)
        elif event == "partition":
            former.set_link("up")


def find_losses(load: Load, receiver: Receiver, leader: str) -> dict[str, Any]:
    """What was answered with success and is not there, and what nobody was told of."""
    url = SUPERUSER.format(leader, "charthouse")
    created = list(load.created)
    with psycopg.connect(url) as connection:
        rows = connection.execute("select id from patients_patient where id = any(%s)", [created]).fetchall()
        causes = connection.execute(
            "select number, cause, paused_since is null from identity_incarnation"
        ).fetchall()
    missing = set(created) - {row[0] for row in rows}
    wait_until(lambda: set(created) - missing <= set(receiver.told), "all webhooks", 300)
    return {
        "acknowledged": len(created),
        "lost": len(missing),
        "told": len(receiver.told),
        "told_again": sum(count > 1 for count in receiver.told.values()),
        "unlisted": len(load.unlisted),
        "errors": load.errors[:10],
        "incarnation": causes,
        "refused": sum(one.status == 503 for one in load.answers),
    }


def main() -> None:
    folder, patroni, *events = sys.argv[1:]
    cluster = Cluster(Path(folder), Path(patroni))
    for node in cluster.nodes:
        cluster.start(node)
    leader, _ = wait_until(cluster.find_healthy, "a leader and a synchronous standby")
    with psycopg.connect(SUPERUSER.format(leader.address, "postgres"), autocommit=True) as connection:
        for statement in read_blocks("sql")[0].strip().splitlines():
            connection.execute(statement.encode())
    receiver = Receiver()
    installation = Installation(cluster.three.folder, receiver)
    load, results = installation.load, []
    drill, began = Drill(cluster, load), time.monotonic()
    wait_until(installation.is_serving, "a web server")
    load.start()
    try:
        wait_until(lambda: load.created, "a first write")
        for event in events:
            if time.monotonic() - began > SECONDS:
                break
            results.append(drill.run(event))
            print(results[-1], file=sys.stderr, flush=True)
        leader, _ = wait_until(cluster.find_healthy, "a leader and a synchronous standby", MENDED)
    finally:
        load.stop()
        print(f"answers {len(load.answers)} created {len(load.created)} {load.errors[:3]}", file=sys.stderr)
    losses = find_losses(load, receiver, leader.address)
    installation.stop()
    print(json.dumps({"events": results} | losses))


if __name__ == "__main__":
    main()
