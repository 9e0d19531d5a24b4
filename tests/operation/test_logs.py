"""The log as JSON: one configuration for all processes, request ids, no values."""

import io
import json
import logging
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from charthouse import logs
from charthouse.database_server import postgres_server
from charthouse.gateway.drchrono import api
from charthouse.wsgi import application
from tests.support import Transport
from tests.test_commands import command

CANARY = "Zanzibar-Canary-4712"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the configured handler of standard error writes as JSON."""
    config = logs.build_config("json", Path("nowhere"))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter(config["formatters"]["line"]["format"], style="{"))
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    return stream


def test_a_fault_is_one_line_with_the_request_id_and_no_value(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(f"{CANARY} is not a number\nsecond line")

    monkeypatch.setattr(api, "authenticate_in_steps", fail)
    transport = Transport(app=application, raise_app_exceptions=True)
    with httpx.Client(transport=transport, base_url="http://testserver") as caller:
        answer = caller.get("/api/patients")
    assert answer.status_code == 500
    (line,) = written.getvalue().splitlines()
    entry = json.loads(line)
    assert entry["request"] == answer.headers["X-Request-Id"]
    assert entry["level"] == "ERROR"
    assert datetime.fromisoformat(entry["time"]).tzinfo is not None
    assert "ValueError" in entry["message"]
    assert CANARY not in line


def test_exceptions_in_arguments_and_tracebacks_have_no_message(written: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        logging.getLogger("charthouse.any").exception("it failed: %s", error)
    entry = json.loads(written.getvalue())
    assert entry["message"] == "it failed: ValueError"
    assert entry["exception"].endswith("builtins.ValueError")
    assert CANARY not in written.getvalue()


def test_form_and_level_are_one_setting() -> None:
    assert logs.parse_setting("") == (False, "WARNING")
    assert logs.parse_setting("debug") == (False, "DEBUG")
    assert logs.parse_setting(" json , INFO") == (True, "INFO")
    with pytest.raises(ValueError, match="json or text"):
        logs.parse_setting("xml")


def test_every_process_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHARTHOUSE_LOG", "json")
    logs.announce("charthouse.audit", "anchors are off")
    assert json.loads(capsys.readouterr().err)["message"] == "anchors are off"
    postgres_server.write_log(tmp_path, "the server has ended")
    assert json.loads((tmp_path / "postgres.log").read_text())["logger"] == "keeper"


def test_version_is_that_of_the_package() -> None:
    shown = command("--version")
    assert shown.returncode == 0
    assert shown.stdout.startswith("charthouse 0.")
