"""Every control is an HTTP call, a command and a method, made of the same declaration; and the reference lists it."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from charthouse import cli
from charthouse.console.sandbox.subjects import find_page
from charthouse.toolkit import openapi, reference
from charthouse.toolkit.agents.tools import make_control_tools
from charthouse.toolkit.client import Method, Sandbox, SandboxError
from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import BASE, InvalidParameters
from tests.toolkit.sandboxes import RunningSandbox

DOCS = Path(__file__).parents[2] / "docs"
NOWHERE = Sandbox({"base_url": "http://x", "control": {"url": f"http://127.0.0.1:1{BASE}", "key": "x"}})


def test_every_control_is_in_all_hands(capsys: pytest.CaptureFixture[str]) -> None:
    document = openapi.make_document()
    for control in CONTROLS:
        operation = document["paths"][BASE + control.path][control.method.lower()]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        in_http = {one["name"] for one in operation.get("parameters", ())}
        in_http |= set(body.get("schema", {}).get("properties", ()))
        assert in_http == {field.name for field in control.list_fields()}, control.name
        assert isinstance(getattr(getattr(NOWHERE, control.group), control.verb), Method)
        with pytest.raises(SystemExit) as shown:
            cli.main([*reference.format_command(control).split()[1:3], "--help"])
        assert shown.value.code == 0
        text = " ".join(capsys.readouterr().out.split())
        assert control.summary.split(",")[0] in text.replace("- ", "-")
        for field in control.list_fields():
            assert field.name.replace("_", "-") in text.lower().replace("_", "-"), (control.name, field.name)


def test_each_hand_of_a_sandbox_takes_every_control(sandbox: RunningSandbox) -> None:
    """Asked with a parameter that none has, each hand names it, and does nothing."""
    key = {"Authorization": f"Bearer {sandbox.described['control']['key']}"}
    pages = {}
    with httpx.Client(base_url=sandbox.base_url, headers=key, timeout=60) as caller:
        for control in CONTROLS:
            path = BASE + re.sub(r"{\w+}", "1", control.path)
            given: Any = {"json" if control.has_body else "params": {"nothing": 1}}
            answer = caller.request(control.method, path, **given)
            assert answer.status_code == 400, control.name
            assert "nothing" in answer.json()["error"]["fields"], control.name
            with pytest.raises(InvalidParameters, match="nothing: There is no such parameter"):
                getattr(getattr(sandbox, control.group), control.verb)(nothing=1)
            pages[control.name] = f"/sandbox/{find_page(control.name)}"
    assert pages == {control.name: control.page for control in CONTROLS}
    of_agents = {tool.name for tool in make_control_tools(sandbox, writes=True)}
    assert of_agents == {control.tool for control in CONTROLS}


def test_the_reference_has_each_control_in_every_hand() -> None:
    table = re.findall(r"^\| \[.*$", reference.print_reference(), re.M)
    assert len(table) == len(CONTROLS)
    for line, control in zip(table, CONTROLS, strict=True):
        group, _, verb = control.name.partition(".")
        for hand in (
            f"`{control.method} {BASE}{control.path}`",
            f"`charthouse {group.replace('_', '-')} {verb}",
            f"`charthouse.{control.name}(…)`",
            f"`/sandbox/{find_page(control.name)}`",
            f"`sandbox_{group}_{verb}`",
        ):
            assert hand in line, control.name


def test_reference_is_up_to_date() -> None:
    assert (DOCS / "sandbox-controls.md").read_text() == reference.print_reference(), "run make docs"


def test_names_and_types_of_controls_are_unique() -> None:
    assert len({control.name for control in CONTROLS}) == len(CONTROLS)
    assert len({(control.method, control.path) for control in CONTROLS}) == len(CONTROLS)


def test_commands_run_controls(sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(sandbox.data)]
    assert cli.main(["practices", "create", "--patients", "0", "--name", "Alone", *data]) == 0
    practice = json.loads(capsys.readouterr().out)
    assert practice["name"] == "Alone"
    limits = ["--read-only", "--endpoints", "patients,tags", "--practice", str(practice["id"])]
    assert cli.main(["api-users", "create", *limits, *data]) == 0
    user = json.loads(capsys.readouterr().out)
    auth = (user["username"], user["secret"])
    assert httpx.get(f"{sandbox.base_url}/api/v1/patients", auth=auth).json()["total_count"] == 0
    assert httpx.post(f"{sandbox.base_url}/api/v1/patients", auth=auth, json={}).status_code == 403
    assert cli.main(["calls", "list", "--limit", "1", *data]) == 0
    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert (call["path"], call["status"], call["gate"]) == ("/api/v1/patients", 403, "read_only")
    assert call["caller"] == user["username"]


def test_refused_commands_say_why(
    sandbox: RunningSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, words in (
        (["clock", "advance", "soon", "--data", str(sandbox.data)], "by: 'soon' can't be read as a time"),
        (["tokens", "mint", "--state", "old", "--data", str(sandbox.data)], "state:"),
        (["clock", "--data", str(tmp_path)], "holds no sandbox"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 1
        assert words in capsys.readouterr().err


def test_client_refuses_what_is_not_declared() -> None:
    with pytest.raises(AttributeError):
        NOWHERE.weather.show()
    with pytest.raises(AttributeError):
        NOWHERE.clock.wind()
    with pytest.raises(InvalidParameters, match="no such parameter"):
        NOWHERE.clock.advance(hours=3)
    with pytest.raises(SandboxError, match="does not answer"):
        NOWHERE.clock.show()
