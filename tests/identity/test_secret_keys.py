"""The secret key: made once, noted in the database, changed with all that is sealed with it."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.test import override_settings

from charthouse import durable
from charthouse.changes import actions
from charthouse.changes.models import Webhook
from charthouse.commands import installation, keys
from charthouse.datadir import CommandError
from charthouse.identity import applications, secret_keys, tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import ApiUser, Application, SecretKey
from charthouse.identity.sealed_secrets import SealedField, UnsealError, unseal
from tests import support
from tests.audit.sealing import seal_all_rows
from tests.conftest import PGDATA, WORKER, _execute, create_database
from tests.sandbox.databases import use_database

OLD = "the key of before"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """An instance with its own database and key file, an app, a webhook of each kind, and an API user."""
    name = f"charthouse_{WORKER}_keys"
    _execute(f'drop database if exists "{name}"')
    create_database(name)
    (tmp_path / "secret_key").write_text(OLD)
    with use_database(name, tmp_path), use_key(tmp_path):
        secret_keys._load_retired_keys.cache_clear()
        secret_keys.check_secret_key()
        clinic = support.make_practice()
        app, secret = applications.create_app(
            clinic.user, public=False, name="App", redirect_uris="https://app.example/", scopes=["user"]
        )
        with tenancy.within(clinic.id):
            of_app = actions.create_app_webhook(
                app, "https://hooks.example.com/", "the secret of the app", ["PATIENT_CREATE"]
            )
            program = support.make_api_user(clinic.practice)
        emit_audit_event("exported", practice_id=clinic.id)
        seal_all_rows()
        close()
        yield SimpleNamespace(
            name=name, data=tmp_path, clinic=clinic, app=app, secret=secret, webhook=of_app, program=program
        )
        close()


@contextmanager
def use_key(data: Path) -> Iterator[None]:
    """Run the block with the key in the file, as a process that starts now."""
    file = data / "secret_key"
    with (
        override_settings(SECRET_KEY=file.read_text(), SECRET_KEY_FALLBACKS=[], SECRET_KEY_FILE=file),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(keys, "NEXT_KEY_FILE", data / "secret_key.next")
        patch.delenv("CHARTHOUSE_SECRET_KEY", raising=False)
        yield


def close() -> None:
    for each in connections.all():
        each.close()


def check_all_is_there(instance: SimpleNamespace) -> None:
    """Everything works with the key of this process, and no other."""
    close()
    secret_keys._load_retired_keys.cache_clear()
    secret_keys.check_secret_key()
    assert unseal(Application.objects.get(pk=instance.app.pk).sealed_secret) == instance.secret
    with tenancy.within(instance.clinic.id):
        assert unseal(Webhook.objects.get(pk=instance.webhook.pk).sealed_secret) == "the secret of the app"
    for _ in range(2):
        assert instance.program.client().get("/api/v1/patients").status_code == 200
    tenancy.clear_tenant()
    assert installation.verify_audit(None, []).startswith("2 chains hold.")
    close()


# -- making the key ---------------------------------------------------------------------------------------------


def test_parallel_starts_make_one_key(tmp_path: Path) -> None:
    path, together = tmp_path / "secret_key", threading.Barrier(25)
    found: list[str] = []

    def start(n: int) -> None:
        together.wait()
        found.append(durable.read_or_create(path, f"key {n}"))

    threads = [threading.Thread(target=start, args=(n,)) for n in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 25
    assert set(found) == {path.read_text()}
    assert os.listdir(tmp_path) == ["secret_key"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_is_there_whole_and_durable_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    original = os.fsync

    def fsync(descriptor: int) -> None:
        steps.append("directory" if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir() else "file")
        original(descriptor)

    def fail(*_: Any) -> None:
        steps.append("link")
        raise KeyboardInterrupt  # the process is killed before the file has its name

    monkeypatch.setattr(os, "fsync", fsync)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", fail)
        with pytest.raises(KeyboardInterrupt):
            durable.read_or_create(tmp_path / "secret_key", "key")
    assert (steps, os.listdir(tmp_path)) == (["file", "link"], [])
    assert durable.read_or_create(tmp_path / "secret_key", "key") == "key"
    assert steps[2:] == ["file", "directory"]


def test_an_empty_key_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    (tmp_path / "secret_key").touch()
    monkeypatch.delenv("CHARTHOUSE_SECRET_KEY", raising=False)
    monkeypatch.setenv("CHARTHOUSE_DATA", str(tmp_path))
    with pytest.raises(CommandError, match="is empty"):
        runpy.run_path(str(Path(secret_keys.__file__).parents[1] / "settings.py"))


# -- another key ------------------------------------------------------------------------------------------------


def test_a_server_with_another_key_does_not_start(instance: SimpleNamespace) -> None:
    installation.require_migrated()
    before = instance.data / "elsewhere"
    (instance.data / "secret_key").rename(before)  # lost: a start makes a new one
    durable.read_or_create(instance.data / "secret_key", "another")
    with use_key(instance.data):
        for run in (
            installation.require_migrated,
            installation.migrate,
            installation.seal_audit,
            lambda: installation.verify_audit(None, []),
        ):
            with pytest.raises(CommandError) as refused:
                run()
            message = str(refused.value)
            assert secret_keys.compute_fingerprint("another") in message
            assert secret_keys.compute_fingerprint(OLD) in message
            assert f"from a backup of {instance.data}/secret_key" in message
            assert "tampered" not in message
            assert OLD not in message
    before.rename(instance.data / "secret_key")
    with use_key(instance.data):
        check_all_is_there(instance)


def test_a_lost_key(instance: SimpleNamespace) -> None:
    with pytest.raises(CommandError, match="is not lost"):
        installation.rotate_keys(lost=True)
    (instance.data / "secret_key").write_text("another")
    with use_key(instance.data):
        with pytest.raises(CommandError, match="is needed to change it"):
            installation.rotate_keys(lost=False)
        assert "need new secrets" in installation.rotate_keys(lost=True)
        installation.require_migrated()
        with pytest.raises(UnsealError):
            unseal(Application.objects.get(pk=instance.app.pk).sealed_secret)
        assert instance.program.client().get("/api/v1/patients").status_code == 401


# -- changing it ------------------------------------------------------------------------------------------------


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    sealed = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.TextField | models.CharField)
        and re.search("seal|encrypt|cipher", field.name)
    }
    known = {f"{model.__name__}.{name}" for model, name in secret_keys.list_sealed_fields()}
    assert known == sealed
    assert {"Application.sealed_secret", "Webhook.sealed_secret", "SecretKey.sealed_key"} <= known
    assert isinstance(SecretKey._meta.get_field("sealed_key"), SealedField)


def test_rotation_with_a_key_of_its_own(instance: SimpleNamespace) -> None:
    for _ in range(2):  # what was sealed twice
        with use_key(instance.data):
            close()
            former = settings.SECRET_KEY
            message = installation.rotate_keys(lost=False)
            assert re.search(r"[234] secrets were sealed with it\.$", message), message
        assert (instance.data / "secret_key").read_text() != former
        assert not (instance.data / "secret_key.next").exists()
    with use_key(instance.data):
        check_all_is_there(instance)
    with override_settings(SECRET_KEY=former), pytest.raises(UnsealError):
        unseal(Application.objects.get(pk=instance.app.pk).sealed_secret)
    keys = SecretKey.objects.using("owner")
    assert (keys.filter(is_current=True).count(), keys.filter(is_current=False).count()) == (1, 2)


def test_rotation_with_a_key_from_the_environment(
    instance: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTHOUSE_SECRET_KEY", OLD)
    with pytest.raises(CommandError, match="set the next one there"):
        installation.rotate_keys(lost=False)
    with override_settings(SECRET_KEY="next", SECRET_KEY_FALLBACKS=["wrong", OLD]):
        with pytest.raises(CommandError, match="run: charthouse rotatekeys"):
            installation.require_migrated()
        assert "2 secrets were sealed" in installation.rotate_keys(lost=False)
    with override_settings(SECRET_KEY="next"):
        check_all_is_there(instance)


def test_secrets_of_api_users_move_to_the_next_key(instance: SimpleNamespace) -> None:
    installation.rotate_keys(lost=False)
    with use_key(instance.data):
        before = ApiUser.objects.using("owner").get().secret_digest
        check_all_is_there(instance)
        assert ApiUser.objects.using("owner").get().secret_digest != before
        assert (
            support.client(auth=(instance.program.row.username, "sk_x")).get("/api/v1/users").status_code
            == 401
        )


def test_a_rotation_that_is_killed_half_way(instance: SimpleNamespace) -> None:
    """Killed while it waits for a row, after it has sealed others: nothing has changed, and it can be run again."""
    url = f"postgresql://postgres:@/{instance.name}?host={PGDATA}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("CHARTHOUSE_")}
    command = [sys.executable, "-m", "charthouse", "rotatekeys", "--data", str(instance.data)]
    (instance.data / "CHARTHOUSE").touch()
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute("select from changes_webhook for update")
        process = subprocess.Popen(command, env=own | {"DATABASE_URL": url}, stderr=subprocess.PIPE)
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = %s"
        for _ in range(6000):
            assert process.poll() is None, process.stderr
            if watcher.execute(waiting, [instance.name]).fetchone() == (1,):
                break
            watcher.execute("select pg_sleep(0.02)")
        process.kill()
        process.communicate()
        watcher.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
        )
    assert (instance.data / "secret_key").read_text() == OLD
    secret_keys.check_secret_key()
    assert unseal(Application.objects.using("owner").get().sealed_secret) == instance.secret
    planned = (instance.data / "secret_key.next").read_text()
    installation.rotate_keys(lost=False)
    assert (instance.data / "secret_key").read_text() == planned
    with use_key(instance.data):
        check_all_is_there(instance)


def test_a_rotation_that_is_killed_before_the_file_is_in_place(
    instance: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(durable, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            installation.rotate_keys(lost=False)
    with use_key(instance.data):
        with pytest.raises(CommandError, match=r"was interrupted. Run: charthouse rotatekeys"):
            installation.require_migrated()
        assert "is complete" in installation.rotate_keys(lost=False)
    with use_key(instance.data):
        check_all_is_there(instance)


def test_the_key_is_not_changed_under_a_running_server(instance: SimpleNamespace) -> None:
    assert Application.objects.count() == 1  # as the web role
    with pytest.raises(CommandError, match="Stop the web server and the worker first"):
        installation.rotate_keys(lost=False)
