"""``charthouse mcp``, by the SDK's own client over standard input and output. The SDK takes 20 MB: it is imported where
it is used."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from charthouse.toolkit import openapi
from charthouse.toolkit.agents import callers, command, tools
from charthouse.toolkit.client import SandboxError
from charthouse.toolkit.controls import CONTROLS
from tests.test_commands import make_environment
from tests.toolkit.sandboxes import RunningSandbox

if TYPE_CHECKING:
    from mcp import Client

Talk = Callable[["Client"], Coroutine[Any, Any, Any]]


def converse(sandbox: RunningSandbox, talk: Talk, *options: str) -> Any:
    """Start the server as an agent's client does, and talk to it."""
    from mcp import Client, StdioServerParameters

    arguments = ["-m", "charthouse", "mcp", "--data", str(sandbox.data), *options]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=make_environment())

    async def run() -> Any:
        async with Client(server) as client:
            return await talk(client)

    return asyncio.run(asyncio.wait_for(run(), 60))


async def use(client: "Client", tool: str, **given: Any) -> Any:
    """Use a tool; its answer, which must be no error."""
    result = await client.call_tool(tool, given)
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


async def fail(client: "Client", tool: str, **given: Any) -> str:
    """Use a tool; the text of the error that it must answer with."""
    result = await client.call_tool(tool, given)
    assert result.is_error, result.content
    return str(result.content[0].text)


def make_tools(sandbox: RunningSandbox, *arguments: str) -> dict[str, tools.Tool]:
    """The tools that the command would offer."""
    parser = argparse.ArgumentParser()
    command.add_command(parser.add_subparsers(), lambda each: each.add_argument("--data"))
    options = parser.parse_args(["mcp", *arguments])
    options.data = sandbox.data
    return command.make_tools(options)


def test_an_agent_reads_and_may_not_write(sandbox: RunningSandbox) -> None:
    async def talk(client: "Client") -> None:
        offered = {tool.name: tool for tool in (await client.list_tools()).tools}
        shown = {each.tool for each in CONTROLS if each.method == "GET"}
        apis = {f"{api}_{verb}" for api in ("drchrono", "cerbo") for verb in ("search", "list", "read")}
        assert set(offered) == apis | shown
        assert all(tool.annotations.read_only_hint for tool in offered.values())
        assert "patients_list" in offered["drchrono_list"].input_schema["properties"]["operation"]["enum"]
        found = await use(client, "drchrono_search", words="list the appointments of a patient")
        assert "appointments_list" in [each["operation"] for each in found]
        detail = await use(client, "drchrono_search", words="appointments_list")
        assert {"since", "date_range"} <= {each["name"] for each in detail["parameters"]}
        listed = await use(client, "drchrono_list", operation="patients_list", rows=3)
        assert (len(listed["rows"]), listed["more"]) == (3, True)
        (first, *_) = listed["rows"]
        read = await use(client, "drchrono_read", operation="patients_read", path={"id": first["id"]})
        assert read["id"] == first["id"]
        cerbo = await use(client, "cerbo_list", operation="patients_list", rows=2)
        assert len(cerbo["rows"]) == 2
        clock = await use(client, "sandbox_clock_show")
        assert clock["frozen"] is False
        assert "no operation" in await fail(client, "drchrono_read", operation="patients_delete")
        assert "has no parameter colour" in await fail(
            client, "drchrono_list", operation="patients_list", query={"colour": "red"}
        )
        assert "needs path: id" in await fail(client, "drchrono_read", operation="patients_read")
        missing = await fail(client, "drchrono_read", operation="patients_read", path={"id": 10**9})
        assert json.loads(missing)["explanation"]["gate"] == "not found"
        assert "no tool" in await fail(client, "drchrono_write", operation="patients_create")

    converse(sandbox, talk)
    calls = [call.caller for call in sandbox.calls.list(limit=100).calls]
    assert any(caller.startswith(callers.NAME) for caller in calls)  # the request log has it, by its app


def test_an_agent_that_may_write_writes_and_controls(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create(patients=1)
    scenario = sandbox.scenarios.add(name="shares-nothing")

    async def talk(client: "Client") -> None:
        offered = {tool.name for tool in (await client.list_tools()).tools}
        assert offered >= {control.tool for control in CONTROLS}
        body = {"nick_name": "Agent's friend"}
        listed = await use(client, "drchrono_list", operation="patients_list", rows=1)
        patient = {"id": listed["rows"][0]["id"]}
        changed = await use(client, "drchrono_write", operation="patients_modify", path=patient, body=body)
        assert changed["status"] == 204
        read = await use(client, "drchrono_read", operation="patients_read", path=patient)
        assert read["nick_name"] == "Agent's friend"
        refused = json.loads(await fail(client, "drchrono_write", operation="patients_create", body={}))
        assert (refused["status"], refused["explanation"]["gate"]) == (400, "validation")
        foreign = {"id": scenario.ids["patients"][0]}  # of another practice
        assert "404" in await fail(client, "drchrono_read", operation="patients_read", path=foreign)
        assert "404" in await fail(client, "cerbo_read", operation="patients_read", path=foreign)
        clock = await use(client, "sandbox_clock_advance", by="1h")
        assert clock["ahead_seconds"] > 3500
        assert (await use(client, "sandbox_clock_real"))["ahead_seconds"] == 0
        assert "can't be read as a time" in await fail(client, "sandbox_clock_advance", by="soon")
        token = (await use(client, "sandbox_tokens_mint", user=practice.user))["access_token"]
        assert token
        await use(client, "sandbox_modes_set", mode="strict")
        await use(client, "sandbox_modes_clear")

    converse(sandbox, talk, "--write")


def test_an_agent_may_be_kept_from_what_identifies_patients(sandbox: RunningSandbox) -> None:
    offered = make_tools(sandbox, "--anonymize", "--no-control")
    assert set(offered) == {"cerbo_search", "cerbo_list", "cerbo_read"}
    text, is_error = tools.run_tool(offered["cerbo_list"], {"operation": "patients_list", "rows": 250})
    assert not is_error
    rows = json.loads(text)["rows"]
    assert rows
    assert {row["last_name"] for row in rows} == {""}


def test_every_operation_and_control_is_offered(sandbox: RunningSandbox) -> None:
    offered = make_tools(sandbox, "--write")
    for api in callers.DOCUMENTS:
        document = callers.load_document(sandbox.base_url, api)
        printed = sum(
            method in item for item in document["paths"].values() for method in ("get", "post", "put")
        )
        printed += sum(
            method in item for item in document["paths"].values() for method in ("patch", "delete")
        )
        verbs = ("list", "read", "write")
        enums = [offered[f"{api}_{verb}"].schema["properties"]["operation"]["enum"] for verb in verbs]
        assert sum(map(len, enums)) == len({name for enum in enums for name in enum}) == printed
    for control in CONTROLS:
        schema = offered[f"sandbox_{control.name.replace('.', '_')}"].schema
        assert schema["properties"] == openapi.make_parameter_schemas(control)
    assert set(make_tools(sandbox, "--api", "cerbo", "--no-control")) == {
        "cerbo_search",
        "cerbo_list",
        "cerbo_read",
    }


def test_new_credentials_are_asked_for_after_a_reset(sandbox: RunningSandbox) -> None:
    offered = make_tools(sandbox, "--no-control")
    for _ in range(2):
        for name in ("drchrono_list", "cerbo_list"):
            _, is_error = tools.run_tool(offered[name], {"operation": "patients_list", "rows": 1})
            assert not is_error
        sandbox.snapshots.reset()


def test_another_server_is_called_with_credentials_of_the_environment(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create(patients=1)
    given = {callers.TOKEN_VARIABLE: practice.token.access_token}
    found = callers.make_callers(sandbox.base_url, given)
    assert set(found) == {"drchrono"}
    assert len(found["drchrono"].send("GET", "/api/patients").json()["results"]) == 1
    user = {
        callers.USER_VARIABLE: practice.api_user.username,
        callers.SECRET_VARIABLE: practice.api_user.secret,
    }
    assert (
        callers.make_callers(sandbox.base_url, user)["cerbo"].send("GET", "/api/v1/patients").status_code
        == 200
    )
    with pytest.raises(SandboxError, match="CHARTHOUSE_TOKEN"):
        callers.make_callers(sandbox.base_url, {})


def test_an_agent_has_the_quota_of_its_app(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = sandbox.practices.create(patients=1)
    app = sandbox.apps.create(user=practice.user, hourly_limit=2)
    token = sandbox.tokens.mint(user=practice.user, client_id=app.client_id).access_token
    monkeypatch.setenv(callers.TOKEN_VARIABLE, token)
    offered = make_tools(sandbox, "--url", sandbox.base_url)
    listing = {"operation": "patients_list", "rows": 1}
    answers = [tools.run_tool(offered["drchrono_list"], listing) for _ in range(3)]
    assert [is_error for _, is_error in answers] == [False, False, True]
    refused = json.loads(answers[-1][0])
    assert refused["status"] == 429
    assert "Expected available in" in refused["answer"]
    (logged,) = sandbox.calls.list(app=app.client_id, limit=1).calls
    assert (logged.status, logged.gate) == (429, "quota")
