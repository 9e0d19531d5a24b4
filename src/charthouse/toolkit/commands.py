"""Commands that control a running sandbox, made of the declarations: ``charthouse GROUP VERB --parameter value``."""

import argparse
import json
import sys
from typing import Any, get_args, get_origin

import msgspec

from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.command_groups import DEFAULT_VERBS, GROUPS, SHORT_COMMANDS
from charthouse.toolkit.controls import CONTROLS, find_control
from charthouse.toolkit.declaration import Control, InvalidParameters


def add_groups(commands: Any, add_data_option: Any) -> None:
    """Add a command for each group of controls, and the short commands. ``add_data_option``: adds ``--data`` to a
    parser."""
    for name, control_name in SHORT_COMMANDS.items():
        control = find_control(control_name)
        parser = commands.add_parser(name, help=control.summary, description=control.summary)
        add_data_option(parser)
        _add_arguments(parser, control)
    for group, text in GROUPS.items():
        parser = commands.add_parser(group, help=text, description=f"{text}. The sandbox must be running.")
        add_data_option(parser)
        controls = [control for control in CONTROLS if control.group == group.replace("-", "_")]
        default = DEFAULT_VERBS.get(group)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=default is None)
        for control in controls:
            verb = verbs.add_parser(
                control.verb.replace("_", "-"), help=control.summary, description=control.summary
            )
            add_data_option(verb, default=argparse.SUPPRESS)
            _add_arguments(verb, control)
            if control.verb == default:
                parser.set_defaults(run=run, control=control)


def run(options: argparse.Namespace) -> None:
    """Run a control and print its answer as JSON. Raises SystemExit with a message where it is refused."""
    control: Control = options.control
    given = {
        field.name: value
        for field in control.list_fields()
        if (value := getattr(options, field.name, None)) is not None
    }
    try:
        answer = Sandbox.open(options.data.expanduser().resolve()).call(control, given)
    except (SandboxError, InvalidParameters) as error:
        print(f"charthouse {options.command}: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    print(json.dumps(msgspec.to_builtins(answer), indent=2))


def _add_arguments(parser: argparse.ArgumentParser, control: Control) -> None:
    """Add the options of a control, and run it."""
    for field in control.list_fields():
        _add_argument(parser, control, field)
    parser.set_defaults(run=run, control=control)


def _add_argument(parser: argparse.ArgumentParser, control: Control, field: Any) -> None:
    """Add the option, or the argument, of a parameter."""
    kind, text = _find_type(field.type), _find_description(field.type)
    if field.name in control.positional:
        parser.add_argument(
            field.name,
            metavar=field.name.upper(),
            type=kind,
            nargs=None if field.required else "?",
            help=text,
        )
        return
    flag = f"--{field.name.replace('_', '-')}"
    if kind is bool:
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
    elif kind is list:
        parser.add_argument(flag, metavar="A,B", type=_split, required=field.required, help=text)
    elif kind is dict:
        parser.add_argument(
            flag,
            metavar="NAME=VALUE",
            type=_parse_pair,
            action=_CollectPairs,
            required=field.required,
            help=text,
        )
    else:
        parser.add_argument(flag, metavar=field.name.upper(), type=kind, required=field.required, help=text)


def _find_type(declared: Any) -> Any:
    """The Python type of a parameter: str, int, float, bool, list or dict."""
    while get_origin(declared) not in (None, list, dict):
        declared = next(each for each in get_args(declared) if each is not type(None))
    return get_origin(declared) or declared


def _find_description(declared: Any) -> str:
    """The description in a parameter's Meta."""
    for each in (declared, *get_args(declared)):
        for meta in getattr(each, "__metadata__", ()):
            if meta.description:
                return str(meta.description)
    return ""


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _parse_pair(text: str) -> tuple[str, Any]:
    """Parse NAME=VALUE; a value that is JSON is read as such."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


class _CollectPairs(argparse.Action):
    """Collects pairs of a repeated option in a dict."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        collected = getattr(namespace, self.dest) or {}
        setattr(namespace, self.dest, collected | dict([values]))
