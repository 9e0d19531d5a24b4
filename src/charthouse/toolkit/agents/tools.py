"""The tools that an agent is offered: of each API search, list, read, and write where that is wanted; of a sandbox its
controls. Their names, texts and schemas are printed from the declarations of either."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from charthouse.toolkit import openapi
from charthouse.toolkit.agents.callers import Caller, describe_refusal
from charthouse.toolkit.agents.operations import Operation, search
from charthouse.toolkit.calls import Response
from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import Control, InvalidParameters

TITLES = {"drchrono": "DrChrono v4", "cerbo": "Cerbo v1"}
MAX_ROWS = 250
DEFAULT_ROWS = 25
MAX_TEXT = 100_000  # characters of an answer
FOUND = 12  # operations that a search shows


class ToolError(Exception):
    """A call of a tool that can't be done, or was refused. Its text is for the agent."""


@dataclass(frozen=True)
class Tool:
    """``schema``: JSON Schema of its arguments; ``run``: arguments → answer, which is shown as JSON; raises
    ToolError."""

    name: str
    description: str
    schema: Mapping[str, Any]
    run: Callable[[Mapping[str, Any]], Any]
    reads: bool = True


def make_api_tools(operations: Mapping[str, Operation], caller: Caller, *, writes: bool) -> list[Tool]:
    """The tools of an API. Those that write only with ``writes``."""
    api, title = caller.api, TITLES[caller.api]
    lists = [name for name, each in operations.items() if each.is_list]
    reads = [name for name, each in operations.items() if each.method == "GET" and not each.is_list]
    tools = [
        Tool(
            f"{api}_search",
            f"Find operations of the {title} API by keyword. An exact name returns its parameters and body.",
            _make_schema(
                {"words": {"type": "string", "description": "Such as: book appointment"}}, ["words"]
            ),
            lambda given: _search(operations, str(given.get("words", "")), writes=writes),
        ),
        Tool(
            f"{api}_list",
            f"List rows with the {title} API. {api}_search returns the parameters of each operation.",
            _make_call_schema(lists, {"rows": {"type": "integer", "minimum": 1, "maximum": MAX_ROWS}}),
            lambda given: _list(_find(operations, lists, given), caller, given),
        ),
        Tool(
            f"{api}_read",
            f"Read one row, or whatever else a GET of the {title} API returns.",
            _make_call_schema(reads),
            lambda given: _call(_find(operations, reads, given), caller, given),
        ),
    ]
    if writes:
        others = [name for name, each in operations.items() if each.method != "GET"]
        tools.append(
            Tool(
                f"{api}_write",
                f"Create, change, or delete with the {title} API. Use {api}_search first to get the body.",
                _make_call_schema(others, {"body": {"type": "object"}}),
                lambda given: _call(_find(operations, others, given), caller, given),
                reads=False,
            )
        )
    return tools


def make_control_tools(sandbox: Sandbox, *, writes: bool) -> list[Tool]:
    """The controls of a sandbox as tools; without ``writes`` those that only show something."""
    return [_make_control_tool(sandbox, control) for control in CONTROLS if writes or control.method == "GET"]


def _make_control_tool(sandbox: Sandbox, control: Control) -> Tool:
    required = [field.name for field in control.list_fields() if field.required]
    return Tool(
        control.tool,
        control.summary,
        _make_schema(openapi.make_parameter_schemas(control), required),
        lambda given: msgspec.to_builtins(sandbox.call(control, given)),
        reads=control.method == "GET",
    )


def run_tool(tool: Tool, given: dict[str, Any]) -> tuple[str, bool]:
    """Run a tool. Returns the text of its answer, and whether that is an error."""
    try:
        return format_answer(tool.run(given)), False
    except (ToolError, SandboxError, InvalidParameters) as error:
        return str(error), True
    except (OSError, http.client.HTTPException) as error:
        return f"The server does not answer: {error}", True
    except (TypeError, ValueError, AttributeError) as error:
        return f"The arguments can't be read: {error}", True


def format_answer(answer: Any) -> str:
    """An answer as JSON text, cut where it is too long."""
    text = json.dumps(answer, ensure_ascii=False)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… (cut: {len(text)} characters; ask for fewer rows)"


def _make_schema(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _make_call_schema(names: list[str], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    properties = {
        "operation": {"type": "string", "enum": names},
        "path": {
            "type": "object",
            "description": "Values for the names in braces in the operation's path, such as id.",
        },
        "query": {"type": "object", "description": "Query parameters."},
        **(more or {}),
    }
    return _make_schema(properties, ["operation"])


def _search(operations: Mapping[str, Operation], words: str, *, writes: bool) -> Any:
    if (exact := operations.get(words.strip())) is not None:
        return exact.describe()
    offered = {name: each for name, each in operations.items() if writes or each.method == "GET"}
    return [
        {"operation": each.name, "call": f"{each.method} {each.path}", "description": each.description}
        | {"query": each.query_names}
        for each in search(offered, words, FOUND)
    ]


def _find(operations: Mapping[str, Operation], offered: list[str], given: Mapping[str, Any]) -> Operation:
    """The operation that is asked for. Raises ToolError."""
    name = str(given.get("operation", ""))
    if name not in offered:
        raise ToolError(f"This tool has no operation {name[:100]!r}; search shows which there are.")
    return operations[name]


def _list(operation: Operation, caller: Caller, given: Mapping[str, Any]) -> Any:
    """The rows of a list, page by page, until there are as many as were asked for."""
    most = min(int(given.get("rows") or DEFAULT_ROWS), MAX_ROWS)
    query = _read_query(operation, given)
    rows: list[Any] = []
    page = 0
    while True:
        page += 1
        if caller.api == "drchrono":
            paging = {"page_size": most, "page": page}
        else:
            paging = {"limit": min(most - len(rows), 100), "offset": len(rows)}
        paging = {name: value for name, value in paging.items() if name in operation.query_names}
        answer = _read_answer(caller.send("GET", _make_path(operation, given), query | paging))
        found = answer.get("results", answer.get("data")) if isinstance(answer, dict) else answer
        if not isinstance(found, list):
            return answer
        rows += found
        more = bool(answer.get("next") or answer.get("has_more")) if isinstance(answer, dict) else False
        if not (more and found and paging) or len(rows) >= most:
            return {"rows": rows[:most], "more": more or len(rows) > most}


def _call(operation: Operation, caller: Caller, given: Mapping[str, Any]) -> Any:
    body = given.get("body") if operation.method != "GET" else None
    if operation.body and body is None and operation.method != "DELETE":
        body = {}
    answer = caller.send(operation.method, _make_path(operation, given), _read_query(operation, given), body)
    return _read_answer(answer)


def _make_path(operation: Operation, given: Mapping[str, Any]) -> str:
    """The path of a call. Raises ToolError where a name of it has no value."""
    values = given.get("path") or {}
    names = operation.path_names
    if missing := [name for name in names if values.get(name) in (None, "")]:
        raise ToolError(f"{operation.method} {operation.path} needs path: {', '.join(missing)}.")
    return operation.path.format(**{name: quote(str(values[name]), safe="") for name in names})


def _read_query(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """The query of a call. Raises ToolError for parameters that the operation does not have: the API would ignore
    them."""
    query = dict(given.get("query") or {})
    if unknown := sorted(set(query) - set(operation.query_names)):
        known = ", ".join(operation.query_names) or "none"
        raise ToolError(f"{operation.name} has no parameter {', '.join(unknown)[:200]}. It has: {known}.")
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }


def _read_answer(answer: Response) -> Any:
    """What a call was answered with. Raises ToolError where it was refused."""
    if answer.status_code >= 400:
        raise ToolError(json.dumps(describe_refusal(answer), ensure_ascii=False))
    media = answer.headers.get("content-type", "")
    if not answer.content:
        return {"done": True, "status": answer.status_code, **_read_location(answer)}
    if "json" in media:
        return answer.json()
    if media.startswith("text/"):
        return answer.text
    return {"media_type": media, "bytes": len(answer.content)}


def _read_location(answer: Response) -> dict[str, str]:
    return {"location": answer.headers["location"]} if "location" in answer.headers else {}
