"""Anchors: the worker records the heads of all chains elsewhere, and ``audit verify`` compares them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from charthouse import clock
from charthouse.audit import anchors, seals, tasks
from charthouse.audit.models import Seal
from charthouse.commands import installation
from charthouse.datadir import CommandError
from charthouse.identity.audit_events import emit_audit_event
from tests import support
from tests.audit.sealing import seal_all_rows
from tests.audit.test_seals import execute_as_owner
from tests.audit.test_tampering import roll_back
from tests.outbox import servers
from tests.sandbox.databases import use_new_database


@pytest.fixture(scope="module")
def clinic(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[support.Clinic]:
    with use_new_database("anchors", tmp_path_factory.mktemp("anchors")):
        made = support.make_practice()
        emit_audit_event("exported", practice_id=made.id)
        seal_all_rows()
        yield made


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The settings, without places; commands leave open the connection that a test rolls back."""
    from django.conf import settings

    monkeypatch.setattr(installation, "require_migrated", lambda: None)
    with override_settings(ANCHOR_FILE="", ANCHOR_EMAIL="", ANCHOR_BUCKET=""):
        yield settings


def find_head(text: str, clinic: support.Clinic) -> seals.Head:
    (head,) = [head for head in anchors.parse_anchors(text) if head.practice == clinic.id]
    return head


def get_head(clinic: support.Clinic) -> seals.Head:
    last = Seal.objects.using("owner").filter(practice_id=clinic.id).order_by("-number")[0]
    return seals.Head(clinic.id, last.number, last.link)


def test_without_a_place_the_worker_prints_them(
    clinic: support.Clinic, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.anchor_daily(timestamp=0)
    printed = capsys.readouterr().err
    assert printed.startswith("Charthouse audit anchor, 20")
    head = Seal.objects.using("owner").filter(practice_id=seals.ALL).order_by("-number")[0]
    assert f"; all seals, seal {head.number}: {head.link}\n" in printed
    assert anchors.describe_places().startswith("Anchors of the audit are off")


def test_a_file_grows(clinic: support.Clinic, settings: Any, tmp_path: Path) -> None:
    settings.ANCHOR_FILE = str(tmp_path / "anchors.txt")
    tasks.anchor_daily(timestamp=0)
    with clock.shift(timedelta(days=1)):
        tasks.anchor_daily(timestamp=0)
    text = Path(settings.ANCHOR_FILE).read_text()
    assert text.count("Charthouse audit anchor, ") == 2
    assert anchors.parse_anchors(text).count(get_head(clinic)) == 2
    assert anchors.describe_places().endswith(f"recorded daily: file {settings.ANCHOR_FILE}.")


def test_an_email_is_sent_past_the_outbox(clinic: support.Clinic, settings: Any) -> None:
    with servers.run_mail_server() as received:
        settings.ANCHOR_EMAIL, settings.SMTP_URL = "auditor@example.org", received.url
        tasks.anchor_daily(timestamp=0)
    ((recipient, letter),) = received.messages
    assert recipient == "auditor@example.org"
    assert find_head(letter, clinic) == get_head(clinic)
    quoted = "".join(f"> {line}" for line in letter.splitlines(keepends=True))
    assert find_head(quoted, clinic) == get_head(clinic)


def test_an_object_is_locked_for_the_retention_time(
    clinic: support.Clinic, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3  # takes 40 MB, which only the worker of this test pays
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        store = boto3.client("s3")
        store.create_bucket(Bucket="anchors", ObjectLockEnabledForBucket=True)
        settings.ANCHOR_BUCKET, settings.ANCHOR_BUCKET_DAYS = "s3://anchors/one", 100
        tasks.anchor_daily(timestamp=0)
        (found,) = store.list_objects_v2(Bucket="anchors", Prefix="one/anchor-")["Contents"]
        stored = store.get_object(Bucket="anchors", Key=found["Key"])
        assert find_head(stored["Body"].read().decode(), clinic) == get_head(clinic)
        assert stored["ObjectLockMode"] == "COMPLIANCE"
        until = stored["ObjectLockRetainUntilDate"] - clock.now()
        assert timedelta(days=99) < until <= timedelta(days=100)
        settings.ANCHOR_BUCKET = "s3://not-there/one"
        with pytest.raises(anchors.AnchorError, match=r"objects in s3://not-there/one.* \(OSError\)"):
            tasks.anchor_daily(timestamp=0)


def test_a_place_that_fails_is_named_and_keeps_no_other_from_it(
    clinic: support.Clinic, settings: Any, tmp_path: Path
) -> None:
    settings.ANCHOR_FILE = str(tmp_path / "missing" / "anchors.txt")
    settings.ANCHOR_EMAIL, settings.SMTP_URL = "auditor@example.org", ""
    with pytest.raises(
        CommandError, match=r"file .*anchors.txt \(FileNotFoundError\), e-mail to .*ValueError"
    ):
        installation.record_anchor()


# -- verifying --------------------------------------------------------------------------------------------------------


def test_verifying_against_files(clinic: support.Clinic, settings: Any, tmp_path: Path) -> None:
    one, former = tmp_path / "anchors.txt", tmp_path / "heads.json"
    head = get_head(clinic)
    former.write_text(f'{{"{clinic.id}": "{head.link}"}}')
    said = installation.verify_audit(clinic.id, [one, former])
    assert said.startswith("1 chains hold.\nAnchors of the audit are off")
    assert anchors.parse_anchors(one.read_text()) == [head]
    assert anchors.parse_anchors(former.read_text()) == [head]
    for path in (one, former):
        before = path.read_text()
        with roll_back():
            execute_as_owner("delete from audit_seal where practice_id = %s and number = %s", *head[:2])
            with pytest.raises(CommandError, match=rf"does not hold.\npractice {clinic.id}, seal "):
                installation.verify_audit(clinic.id, [path])
        assert path.read_text() == before


@pytest.mark.parametrize("text", ["nonsense", '{"1": 2}', "{}x", "practice 1, seal 1: 00"])
def test_a_file_that_is_no_anchor(clinic: support.Clinic, settings: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "anchors.txt"
    path.write_text(text)
    with pytest.raises(CommandError, match="can't be read"):
        installation.verify_audit(clinic.id, [path])
    assert path.read_text() == text


def test_the_file_of_the_settings_is_used_and_must_be_recent(
    clinic: support.Clinic, settings: Any, tmp_path: Path
) -> None:
    path = tmp_path / "anchors.txt"
    settings.ANCHOR_FILE = str(path)
    with pytest.raises(CommandError, match="got no anchor so far"):
        installation.verify_audit(clinic.id, [])
    tasks.anchor_daily(timestamp=0)
    assert installation.verify_audit(clinic.id, []).startswith("1 chains hold.")
    with roll_back():
        execute_as_owner("delete from audit_seal where practice_id = %s", clinic.id)
        for table in seals.FORMS[seals.FORM]:
            with connections["owner"].cursor() as cursor:
                cursor.execute(f"delete from {table} where practice_id = %s", [clinic.id])  # noqa: S608
        with pytest.raises(CommandError, match="it was recorded as the last one of this chain"):
            installation.verify_audit(clinic.id, [])
    with clock.shift(timedelta(days=3)), pytest.raises(CommandError, match="got no anchor since 20"):
        installation.verify_audit(clinic.id, [])
