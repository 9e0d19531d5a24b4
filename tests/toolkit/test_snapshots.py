"""Snapshots and forks: everything is as it was, and calls that run meanwhile end cleanly."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.apps import apps
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader

from charthouse.database_server.embedded_postgres import database_url
from charthouse.database_server.postgres_server import DATABASE_NAME
from charthouse.toolkit.client import Sandbox, SandboxError
from tests.changes.receiver import run_receiver
from tests.toolkit.sandboxes import RunningSandbox
from tests.toolkit.test_clock import create_patient, subscribe
from tests.waiting import until

LETTER = b"%PDF-1.4 letter"


def fetch(sandbox: Sandbox, path: str, token: str) -> httpx.Response:
    return httpx.get(
        f"{sandbox.base_url}/api/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )


def add_document(sandbox: Sandbox, practice: Any) -> None:
    document = {"doctor": practice.doctor.id, "patient": practice.patients[0].id, "date": "2026-03-01"}
    answer = httpx.post(
        f"{sandbox.base_url}/api/documents",
        data=document | {"description": "A letter"},
        files={"document": ("letter.pdf", LETTER, "application/pdf")},
        headers={"Authorization": f"Bearer {practice.token.access_token}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


def seeded_token(sandbox: Sandbox) -> str:
    token: str = sandbox.described["practices"][0]["oauth_apps"][-1]["access_token"]
    return token


def test_restoring_brings_everything_back(sandbox: RunningSandbox) -> None:
    sandbox.clock.freeze(at="2027-03-01T09:30:00Z")
    practice = sandbox.practices.create(patients=1)
    token = practice.token.access_token
    add_document(sandbox, practice)
    saved = sandbox.snapshots.save(name="before")
    with run_receiver() as receiver:
        webhook = subscribe(sandbox, practice, receiver)
        late = sandbox.practices.create(patients=1)
        sandbox.clock.real()
        create_patient(sandbox, practice)
        assert sandbox.clock.advance(by="0s").settled
        assert len(receiver.got) == 1
        sandbox.snapshots.restore(name="before")
        assert sandbox.clock.show().now == "2027-03-01T09:30:00.000Z"
        assert fetch(sandbox, "patients", late.token.access_token).status_code == 401
        assert len(fetch(sandbox, "patients", token).json()["results"]) == 1
        letter = fetch(sandbox, "documents", token).json()["results"][0]["document"]
        assert httpx.get(letter, timeout=60).content == LETTER
        create_patient(sandbox, practice)
        assert sandbox.clock.real().settled
        assert len(receiver.got) == 1  # the webhook was registered later
        assert sandbox.deliveries.list(webhook=webhook.id).deliveries == []
        assert [call.path for call in sandbox.calls.list(limit=1).calls] == ["/api/patients"]
    listed = {one.name: one.saved_at for one in sandbox.snapshots.list().snapshots}
    assert listed["before"] == saved.saved_at
    assert "seed" in listed
    sandbox.snapshots.delete(name="before")
    with pytest.raises(SandboxError, match="no snapshot 'before'"):
        sandbox.snapshots.restore(name="before")


def test_snapshots_of_other_versions(sandbox: RunningSandbox) -> None:
    """One of an older version is upgraded once, one of a newer version is refused."""
    practice = sandbox.practices.create(patients=1)
    sandbox.snapshots.save(name="older")
    with edit_snapshot(sandbox, "older") as database:
        migration = undo_migration(database)
    times = set()
    for _ in range(2):
        sandbox.snapshots.restore(name="older")
        assert fetch(sandbox, "patients", practice.token.access_token).status_code == 200
        with psycopg.connect(database_url(sandbox.data)) as database:
            applied = "select applied from django_migrations where app = %s and name = %s"
            times.add(database.execute(applied, migration).fetchone())
    assert len(times) == 1
    assert None not in times
    practice = sandbox.practices.create(patients=1)
    with edit_snapshot(sandbox, "older") as database:
        database.execute("insert into django_migrations values (default, 'identity', '9999_future', now())")
    with pytest.raises(SandboxError, match=r"'older' can't be restored.*upgraded by a newer build"):
        sandbox.snapshots.restore(name="older")
    assert fetch(sandbox, "patients", practice.token.access_token).status_code == 200
    sandbox.snapshots.delete(name="older")


def undo_migration(database: "psycopg.Connection[Any]") -> tuple[str, str]:
    """Undo a migration on which no other depends and that only adds columns. Return its app and its name."""
    graph = MigrationLoader(None).graph
    app, name = next(
        key
        for key in sorted(graph.leaf_nodes())
        if not graph.node_map[key].children
        and all(isinstance(operation, AddField) for operation in graph.nodes[key].operations)
    )
    for added in graph.nodes[app, name].operations:
        model = apps.get_model(app, added.model_name)
        column = model._meta.get_field(added.name).column
        database.execute(f"alter table {model._meta.db_table} drop column {column}")
    database.execute("delete from django_migrations where app = %s and name = %s", (app, name))
    return app, name


@contextmanager
def edit_snapshot(sandbox: RunningSandbox, name: str) -> Iterator["psycopg.Connection[Any]"]:
    """Change the database of a snapshot into that of another version."""
    address = database_url(sandbox.data, f"{DATABASE_NAME}_snapshot_{name}")

    def connect() -> bool:
        nonlocal database
        try:
            database = psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError:  # it is being copied
            return False
        return True

    database: psycopg.Connection[Any]
    until(connect, "the spare of the snapshot is made")
    with database:
        yield database
    manifest = sandbox.data / "snapshots" / name / "snapshot.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema": "of another version"}))


def test_reset_goes_back_to_the_seed(sandbox: RunningSandbox) -> None:
    sandbox.snapshots.reset()
    before = fetch(sandbox, "patients?page_size=250", seeded_token(sandbox)).json()["results"]
    practice = sandbox.practices.create(patients=0)
    ids = set()
    sandbox.clock.advance(by="3d")  # the token ends
    assert fetch(sandbox, "patients", seeded_token(sandbox)).status_code == 401
    for _ in range(3):
        sandbox.snapshots.reset()
        assert sandbox.clock.show().ahead_seconds == 0
        after = fetch(sandbox, "patients?page_size=250", seeded_token(sandbox)).json()["results"]
        assert after == before
        assert fetch(sandbox, "patients", practice.token.access_token).status_code == 401
        ids.add(sandbox.practices.create(patients=1).patients[0].id)
    assert len(ids) == 1  # the next id is the same each time
    created = sandbox.practices.create(patients=1)
    with run_receiver() as receiver:  # the worker follows
        subscribe(sandbox, created, receiver)
        create_patient(sandbox, created)
        assert sandbox.clock.advance(by="0s").settled
        assert len(receiver.got) == 1


def test_calls_that_run_meanwhile_end_cleanly(sandbox: RunningSandbox) -> None:
    sandbox.snapshots.reset()
    token, ended, statuses = seeded_token(sandbox), threading.Event(), list[int]()

    def call() -> None:
        while not ended.is_set():
            statuses.append(fetch(sandbox, "patients?page_size=250", token).status_code)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for _ in range(3):
        sandbox.snapshots.reset()
    ended.set()
    for caller in callers:
        caller.join()
    assert statuses
    assert set(statuses) == {200}


def test_snapshots_have_names_and_the_seed_stays(sandbox: RunningSandbox) -> None:
    for name, words in (("../x", "name"), ("A", "name"), ("x" * 31, "name"), ("seed", "can't be replaced")):
        with pytest.raises((SandboxError, ValueError), match=words):
            sandbox.snapshots.save(name=name)
    with pytest.raises(SandboxError, match="can't be deleted"):
        sandbox.snapshots.delete(name="seed")


def test_forks_are_sandboxes_of_their_own(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create(patients=1)
    token = practice.token.access_token
    add_document(sandbox, practice)
    fork = sandbox.forks.create()
    try:
        copied = Sandbox.open(Path(fork.data))
        link = fetch(copied, "documents", token).json()["results"][0]["document"]
        assert link.startswith(f"{copied.base_url}/")
        assert httpx.get(link, timeout=60).content == LETTER
        add_document(copied, practice)
        assert len(fetch(sandbox, "documents", token).json()["results"]) == 1
        assert len(fetch(copied, "patients", token).json()["results"]) == 1
        create_patient(copied, practice)
        assert len(fetch(copied, "patients", token).json()["results"]) == 2
        assert len(fetch(sandbox, "patients", token).json()["results"]) == 1
        assert copied.clock.advance(by="5h").settled
        assert sandbox.clock.show().ahead_seconds == 0
        copied.snapshots.reset()
        assert len(fetch(copied, "patients", token).json()["results"]) == 1
        assert [one.port for one in sandbox.forks.list().forks] == [fork.port]
        with pytest.raises(SandboxError, match="already"):
            sandbox.forks.create(port=fork.port)
        with pytest.raises(SandboxError, match="forked again"):
            copied.forks.create()
    finally:
        sandbox.forks.delete(port=fork.port)
    assert sandbox.forks.list().forks == []
    with pytest.raises(SandboxError, match="does not answer"):
        copied.clock.show()
