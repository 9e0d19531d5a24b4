"""``charthouse check`` and ``doctor``: each fault is found and says how to mend it; nothing private is printed."""

import json
import logging
import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections

from charthouse import clock, logs
from charthouse.identity import secret_keys
from charthouse.operation import checking, configuration_checks, database_checks, database_state, health
from charthouse.operation.findings import Finding, Level
from tests.cases import each_case
from tests.operation.test_health import forget_workers, run_worker
from tests.support import make_app, make_practice
from tests.test_commands import DATABASE, command

CANARY = "Zanzibar-Canary-4713"


@pytest.fixture(autouse=True)
def safe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings in which only the note about keys is to be said."""
    anchors = tmp_path / "anchors"
    anchors.write_text(f"Charthouse audit anchor, {clock.now().isoformat(timespec='seconds')}\n")
    data = tmp_path / "data"
    data.mkdir(mode=0o711)
    for name, value in {
        "BASE_URL": "https://ehr.example", "TLS": True, "PROXIES": 1, "SMTP_URL": "smtp://mail.example",
        "ANCHOR_FILE": str(anchors), "DATA": data, "SECRET_KEY_FILE": data / "secret_key",
        "SECRET_KEY": "x" * 50,
    }.items():  # fmt: skip
        monkeypatch.setattr(settings, name, value)
    monkeypatch.setattr(configuration_checks, "LOW_BYTES", 0)


def find_faults() -> dict[str, Finding]:
    found = [check() for check in configuration_checks.CHECKS]
    return {each.name: each for each in found if each.level in (Level.WARNING, Level.ERROR)}


def test_nothing_is_said_of_a_safe_configuration() -> None:
    assert find_faults() == {}
    assert configuration_checks.check_keys().level is Level.NOTE


FAULTS: list[tuple[str, Level, dict[str, Any]]] = [
    ("base URL", Level.ERROR, {"BASE_URL": "http://ehr.example"}),
    ("proxies", Level.WARNING, {"PROXIES": 0}),
    ("proxies", Level.WARNING, {"TLS": False}),
    ("sandbox", Level.ERROR, {"SANDBOX": True}),
    ("e-mail", Level.WARNING, {"SMTP_URL": ""}),
    ("e-mail", Level.ERROR, {"SMTP_URL": "smtp+plain://mail.example"}),
    ("anchors", Level.WARNING, {"ANCHOR_FILE": ""}),
    ("anchors", Level.ERROR, {"ANCHOR_FILE": "/nowhere/anchors"}),
    ("keys", Level.WARNING, {"SECRET_KEY_FALLBACKS": ["former"]}),
    ("keys", Level.ERROR, {"SECRET_KEY": "short"}),
    ("data directory", Level.ERROR, {"DATA": Path("/nowhere")}),
]


def test_each_fault_of_the_settings_is_found_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, level, values in FAULTS:
        with monkeypatch.context() as patched:
            for setting, value in values.items():
                patched.setattr(settings, setting, value)
            faults = find_faults()
        assert faults[name].level is level, values
        assert faults[name].mend, values
        assert set(faults) <= {name, "disk"}, values


def test_each_fault_of_the_machine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    key = settings.SECRET_KEY_FILE
    key.write_text("x")
    key.chmod(0o644)
    assert "secret_key" in find_faults()["data directory"].detail
    key.chmod(0o600)
    settings.DATA.chmod(0o755)
    assert "the directory itself" in find_faults()["data directory"].detail
    settings.DATA.chmod(0o711)
    key.with_name("secret_key.next").write_text("x")
    assert "interrupted" in find_faults()["keys"].detail
    key.with_name("secret_key.next").unlink()
    with clock.shift(timedelta(hours=1)):
        assert set(find_faults()) == {"clock"}
    for free, level in ((health.MIN_FREE_BYTES - 1, Level.ERROR), (2_000_000_000, Level.WARNING)):
        monkeypatch.setattr(configuration_checks, "LOW_BYTES", 5_000_000_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert find_faults()["disk"].level is level


def test_the_database_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_workers()
    monkeypatch.setattr(
        secret_keys, "get_fingerprint", lambda: secret_keys.compute_fingerprint(settings.SECRET_KEY)
    )
    found = {each.name: each for each in database_checks.list_findings()}
    # The server of the tests: fast, and with a superuser.
    assert found["durability"].level is Level.ERROR
    assert "fsync" in found["durability"].detail
    assert found["database user"].level is Level.WARNING
    assert found["web role"].level is Level.OK
    assert found["PostgreSQL's log"].level is Level.WARNING
    assert found["worker"].level is Level.ERROR
    for name in ("PostgreSQL", "writes", "migrations", "row security", "secret key", "time of the database"):
        assert found[name].level is Level.OK, found[name]
    with run_worker(5):
        assert {each.name: each for each in database_checks.list_findings()}["worker"].level is Level.OK
    monkeypatch.setattr(secret_keys, "get_fingerprint", lambda: "another")
    assert {each.name: each for each in database_checks.list_findings()}["secret key"].level is Level.ERROR
    state = database_state.DatabaseState(
        is_read_only=True, missing=2, unknown=0, heartbeat_age=None, backup=None, is_copy=True
    )
    levels = [each.level for each in database_checks._check_state(state)]
    assert levels == [Level.ERROR, Level.WARNING, Level.ERROR, Level.ERROR]
    monkeypatch.setitem(connections.settings, "owner", {**connections.settings["owner"], "HOST": "/nowhere"})
    (alone,) = database_checks.list_findings()
    assert alone.level is Level.ERROR


@each_case(
    ("destination", "asked"), [("", "Set CHARTHOUSE_BACKUP"), ("/srv/backups", "Run charthouse worker")]
)
def test_missing_backups_are_mended_by_what_is_missing(
    destination: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BACKUP", replace(settings.BACKUP, destination=destination))
    (found,) = (each for each in database_checks.list_findings() if each.name == "backup")
    assert found.level is Level.WARNING
    assert found.mend.startswith(asked)


def test_check_ends_with_1_and_prints_json(tmp_path: Path) -> None:
    forget_workers()
    shown = command("check", "--json", "--data", str(tmp_path / "data"), **DATABASE)
    assert shown.returncode == 1, shown.stderr
    report = json.loads(shown.stdout)
    assert report["ok"] is False
    assert {each["name"] for each in report["checks"] if each["level"] == "error"} >= {"durability", "worker"}
    assert len(report["checks"]) == len(checking.list_findings())


def test_doctor_prints_nothing_private(tmp_path: Path) -> None:
    clinic = make_practice(CANARY)
    clinic.doctor.first_name = CANARY
    clinic.doctor.save(using="owner")
    make_app(name=CANARY)
    secrets = {
        "CHARTHOUSE_SMTP_URL": f"smtp://{CANARY}:{CANARY}@{CANARY}",
        "CHARTHOUSE_BASE_URL": f"https://{CANARY}.example",
        "CHARTHOUSE_SMS_TOKEN": CANARY,
        "CHARTHOUSE_OF_LATER": CANARY,
    }
    handler = logs.FaultFile(str(tmp_path / "data" / logs.FAULTS_FILE))
    (tmp_path / "data").mkdir(exist_ok=True)
    try:
        raise ValueError(CANARY)
    except ValueError:
        handler.handle(
            logging.getLogger("charthouse.any").makeRecord(
                "charthouse.any", logging.ERROR, "", 1, "of %s", (CANARY,), sys.exc_info()
            )
        )
    for more in ((), ("--json",)):
        shown = command("doctor", *more, "--data", str(tmp_path / "data"), **DATABASE, **secrets)
        assert shown.returncode == 0, shown.stderr
        assert CANARY.lower() not in (shown.stdout + shown.stderr).lower()
        assert urlsplit(DATABASE["DATABASE_URL"]).query not in shown.stdout
        assert DATABASE["CHARTHOUSE_SECRET_KEY"] not in shown.stdout
    report = json.loads(shown.stdout)
    assert report["settings"]["CHARTHOUSE_SMTP_URL"] == "(set)"
    assert report["settings"]["CHARTHOUSE_BASE_URL"] == "https"
    assert report["versions"]["charthouse"]
    assert report["database"]["practices"] >= 1
    assert report["recent faults"][-1]["fault"] == "ValueError"
    assert any(check["name"] == "worker" for check in report["checks"])
