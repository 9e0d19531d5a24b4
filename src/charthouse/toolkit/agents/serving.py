"""The tools, served by the SDK of the Model Context Protocol."""

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from charthouse.toolkit.agents.tools import Tool, run_tool


def make_server(tools: Mapping[str, Tool], instructions: str, version: str) -> "Server[Any]":
    """Make the server that offers these tools."""

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_describe(tool) for tool in tools.values()])

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = tools.get(params.name)
        if tool is None:
            return _make_result(f"There is no tool {params.name[:100]!r}.", is_error=True)
        text, is_error = await anyio.to_thread.run_sync(run_tool, tool, dict(params.arguments or {}))
        return _make_result(text, is_error=is_error)

    return Server(
        "charthouse",
        version=version,
        title="Charthouse",
        instructions=instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve(tools: Mapping[str, Tool], instructions: str, version: str) -> None:
    """Serve over standard input and output until the input ends."""
    server = make_server(tools, instructions, version)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _describe(tool: Tool) -> types.Tool:
    hints = types.ToolAnnotations(read_only_hint=tool.reads, destructive_hint=not tool.reads)
    return types.Tool(
        name=tool.name, description=tool.description, input_schema=dict(tool.schema), annotations=hints
    )


def _make_result(text: str, *, is_error: bool) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)
