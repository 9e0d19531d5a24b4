"""The commands that show webhooks and calls as they happen."""

import argparse
import asyncio
import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings

from charthouse import cli
from charthouse.changes import http_client
from charthouse.database_server.embedded_postgres import database_url
from charthouse.toolkit import watching
from charthouse.toolkit.receiver import Receiver
from charthouse.toolkit.watching import listen
from tests.changes.receiver import run_receiver
from tests.test_commands import make_environment
from tests.toolkit.sandboxes import RunningSandbox
from tests.toolkit.test_clock import create_patient
from tests.toolkit.test_snapshots import fetch
from tests.waiting import until


def test_webhooks_are_forwarded_with_headers_and_answers(sandbox: RunningSandbox) -> None:
    from standardwebhooks import Webhook as StandardWebhook

    practice, lines = sandbox.practices.create(patients=0), list[str]()
    with run_receiver() as target:
        app = practice.app.client_id
        with listen(sandbox, target.url, ["PATIENT_CREATE"], app, None, lines.append):
            target.status = 503
            patient = create_patient(sandbox, practice)
            until(lambda: len(lines) == 1)
            assert "PATIENT_CREATE" in lines[0]
            assert " 503 " in lines[0]
            ((headers, body),) = target.got
            lowered = {name.lower(): value for name, value in headers.items()}
            secret = lowered["x-drchrono-signature"]
            assert StandardWebhook(secret.encode()).verify(body, lowered)["object"]["id"] == patient
            delivery = sandbox.deliveries.list(limit=1).deliveries[0]
            until(lambda: sandbox.deliveries.list(limit=1).deliveries[0].attempts)
            assert sandbox.deliveries.list(limit=1).deliveries[0].attempts[0]["status"] == 503
            target.status = 200
            sandbox.deliveries.redeliver(id=delivery.id)
            until(lambda: len(lines) == 2)
            assert " 200 " in lines[1]
        create_patient(sandbox, practice)
        assert sandbox.clock.advance(by="0s").settled
        assert len(target.got) == 2  # nobody listens any more


def test_logs_show_calls_with_what_refused_them(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    practice = sandbox.practices.create(patients=0)
    create_patient(sandbox, practice)
    options = ["--app", practice.app.client_id, "--data", str(sandbox.data)]
    assert cli.main(["logs", *options]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "201  POST   /api/patients" in line
    assert practice.user in line


def test_r_sends_the_last_webhook_again(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    practice, lines = sandbox.practices.create(patients=0), list[str]()
    app = practice.app.client_id
    with (
        run_receiver() as other,
        listen(sandbox, None, ["PATIENT_CREATE"], app, None, lines.append) as webhook,
    ):
        create_patient(sandbox, practice)
        until(lambda: len(lines) == 1)
        until(lambda: sandbox.deliveries.list(webhook=webhook).deliveries[0].attempts)
        sandbox.webhooks.create(url=other.url, client_id=app, events=["APPOINTMENT_CREATE"])
        sandbox.events.trigger(event="APPOINTMENT_CREATE", practice=practice.id)
        until(lambda: len(other.got) == 1)  # the last of all is another webhook's
        monkeypatch.setattr(sys, "stdin", io.StringIO("r\n"))
        watching.resend_on_key(sandbox, webhook)
        until(lambda: len(lines) == 2)
    assert len({line.split()[2] for line in lines}) == 1  # the same delivery
    assert len(other.got) == 1


def test_a_receiver_that_is_down_is_named(sandbox: RunningSandbox) -> None:
    practice, lines = sandbox.practices.create(patients=0), list[str]()
    with run_receiver() as target:
        pass
    with listen(sandbox, target.url, ["PATIENT_CREATE"], practice.app.client_id, None, lines.append):
        create_patient(sandbox, practice)
        until(lambda: len(lines) == 1)
    assert " 502 " in lines[0]
    assert lines[0].endswith(f"{target.url}: Connection refused")


def test_where_to_forward_is_a_url() -> None:
    assert watching.parse_target("localhost:3000/hooks") == "http://localhost:3000/hooks"
    assert watching.parse_target("https://[::1]:3000") == "https://[::1]:3000"
    for wrong in ("ftp://localhost", "http://", "localhost:port", "", "http://localhost:0"):
        with pytest.raises(argparse.ArgumentTypeError, match="not a URL"):
            watching.parse_target(wrong)


def test_who_listens_is_told_that_the_sandbox_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control that is asked at first, and does not answer any more."""
    monkeypatch.setattr(watching, "CHECK_INTERVAL", 0)
    monkeypatch.setattr(watching, "listen", lambda *_: contextlib.nullcontext(1))
    nowhere = {"base_url": "http://127.0.0.1:1", "control": {"url": "http://127.0.0.1:1/x", "key": "k"}}
    (tmp_path / "sandbox.json").write_text(json.dumps(nowhere))
    with pytest.raises(SystemExit) as ended:
        cli.main(["listen", "--practice", "1", "--data", str(tmp_path)])
    assert ended.value.code == 1
    assert "does not answer" in capsys.readouterr().err


def test_webhooks_of_a_practice_are_shown_and_forwarded(sandbox: RunningSandbox) -> None:
    practice, lines = sandbox.practices.create(patients=0), list[str]()
    with (
        run_receiver() as target,
        listen(sandbox, target.url, ["patient.created"], None, practice.id, lines.append),
    ):
        create_patient(sandbox, practice)
        until(lambda: len(lines) == 1)
        assert "patient.created" in lines[0]
        assert target.bodies()[0]["event_type"] == "patient.created"
        assert lines[0].split()[2:4] == [target.bodies()[0]["event_id"], "200"]


def test_who_listens_answers_the_verification(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver that it forwards to need not: the app's webhook may be verified on its page."""
    monkeypatch.setattr(settings, "SANDBOX", True)  # receivers on this machine are asked
    practice, secret = sandbox.practices.create(patients=0), watching.make_secret()
    app = practice.app.client_id
    with listen(sandbox, None, None, app, None, print, secret) as webhook:
        with psycopg.connect(database_url(sandbox.data)) as server:
            (url,) = server.execute(
                "select callback_url from changes_webhook where id = %s", [webhook]
            ).fetchone() or ("",)
        assert asyncio.run(http_client.verify(url, secret)) == ""
        assert asyncio.run(http_client.verify(url, "another")) != ""
    with contextlib.closing(Receiver()) as without:
        assert httpx.get(without.url, params={"msg": "x"}).status_code == 404


def test_logs_follow_what_comes(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create(patients=0)
    options = ["--follow", "--app", practice.app.client_id, "--data", str(sandbox.data)]
    command = [sys.executable, "-m", "charthouse", "logs", *options]
    create_patient(sandbox, practice)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=make_environment()) as process:
        assert process.stdout is not None
        assert "201  POST   /api/patients" in process.stdout.readline()  # it has begun
        fetch(sandbox, "patients/999999999", practice.token.access_token)
        assert "404  GET    /api/patients/999999999" in process.stdout.readline()
        process.terminate()
