"""The reference of the controls, printed from the declarations: each control in every hand that has it."""

from typing import Any

from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import BASE, Control
from charthouse.toolkit.openapi import make_parameter_schemas

INTRODUCTION = """# Sandbox controls

Generated from the declarations in `src/charthouse/toolkit/controls` by `make docs`. Each control is an HTTP request, a
command, a method of the Python client (the fixture `charthouse` of the pytest plugin), a form or table on a page of the
sandbox's console, and a tool of `charthouse mcp` (with `--write`, if it changes something). To get started, see
[sandbox.md](sandbox.md).
"""


def print_reference() -> str:
    """Return the reference in Markdown."""
    parts = [INTRODUCTION, _print_table(), *map(_print_control, CONTROLS)]
    return "\n".join(parts)


def format_command(control: Control) -> str:
    """The command of a control, without its options."""
    arguments = [
        name.upper() if _is_required(control, name) else f"[{name.upper()}]" for name in control.positional
    ]
    return " ".join(
        ["charthouse", control.group.replace("_", "-"), control.verb.replace("_", "-"), *arguments]
    )


def _print_table() -> str:
    lines = ["| control | HTTP | command | Python and pytest | page | agents |", "|---|---|---|---|---|---|"]
    lines += [
        f"| [{control.name}](#{control.name.replace('.', '')}) | `{control.method} {BASE}{control.path}` "
        f"| `{format_command(control)}` | `charthouse.{control.name}(…)` | `{control.page}` | `{control.tool}` |"
        for control in CONTROLS
    ]
    return "\n".join(lines) + "\n"


def _print_control(control: Control) -> str:
    lines = [f"## {control.name}", "", control.summary, ""]
    schemas = make_parameter_schemas(control)
    if schemas:
        lines += ["| parameter | type | default | |", "|---|---|---|---|"]
        lines += [_print_parameter(control, name, schema) for name, schema in schemas.items()]
        lines.append("")
    return "\n".join(lines)


def _print_parameter(control: Control, name: str, schema: dict[str, Any]) -> str:
    default = "required" if _is_required(control, name) else _format_default(schema.get("default"))
    return f"| `{name}` | {_name_type(schema)} | {default} | {schema.get('description', '')} |"


def _format_default(value: Any) -> str:
    if value in (None, [], {}):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name_type(schema: dict[str, Any]) -> str:
    """The type of a parameter in words."""
    if "anyOf" in schema:
        return next(_name_type(each) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_name_type(schema['items'])}"
    kind = str(schema.get("type", "any"))
    return {"string": "text", "integer": "number", "boolean": "true or false"}.get(kind, kind)


def _is_required(control: Control, name: str) -> bool:
    return next(field.required for field in control.list_fields() if field.name == name)
