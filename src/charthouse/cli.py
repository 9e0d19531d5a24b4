"""The ``charthouse`` command: arguments, and the environment that each command runs with.

``settings`` reads the configuration from the environment, which options override. Django is not imported before.

Only what the command at hand needs is imported, and only its arguments are declared: a call of a sandbox's control has
no use for PostgreSQL.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from charthouse import processes
from charthouse.commands import arguments, handlers
from charthouse.datadir import CommandError
from charthouse.toolkit.command_groups import GROUPS, SHORT_COMMANDS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = "An electronic health record that you can run yourself."
EPILOG = """
DATABASE_URL sets the PostgreSQL database (15 or newer), as the owner of the tables;
without it, an embedded one is started in the data directory while it is needed.

To try it out:             charthouse sandbox
A real installation:       charthouse migrate
                           charthouse createpractice "Foothill Family Medicine"
                           charthouse createuser ada --practice 1 --role doctor --primary
                           charthouse serve     and, in parallel,     charthouse worker

A sandbox's clock:         charthouse clock advance 3h
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. ``arguments`` default to the process's."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given else ""
    try:
        options = build_parser(command).parse_args(given)
        processes.follow_parent()
        options.run(options)
    except CommandError as refused:
        print(f"charthouse {command}: {refused}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """Return the parser of a command, or of all where it is no command's name."""
    parser = argparse.ArgumentParser(
        "charthouse",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in [ADDERS[command]] if command in ADDERS else dict.fromkeys(ADDERS.values()):
        add(commands)
    return parser


class _PrintVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"charthouse {version('charthouse')}")
        parser.exit()


def _add_controls(commands: "Commands") -> None:
    from charthouse.toolkit import commands as controls

    controls.add_groups(commands, arguments.add_data_option)


def _add_watching(commands: "Commands") -> None:
    from charthouse.toolkit import watching

    watching.add_commands(commands, arguments.add_data_option)


def _add_env(commands: "Commands") -> None:
    from charthouse.toolkit import shell_variables

    shell_variables.add_command(commands, arguments.add_data_option)


def _add_mcp(commands: "Commands") -> None:
    from charthouse.toolkit.agents import command

    command.add_command(commands, arguments.add_data_option)


def _add_drift(commands: "Commands") -> None:
    from charthouse.toolkit.drift import command

    command.add_command(commands, handlers.render_openapi)


def _add_compare(commands: "Commands") -> None:
    from charthouse.toolkit.compare import command

    command.add_command(commands, arguments.add_data_option, handlers.render_openapi)


# What adds each command to the parser, in the order of the help.
ADDERS: dict[str, Callable[["Commands"], None]] = {
    "sandbox": arguments.add_sandbox,
    "serve": arguments.add_serve,
    "worker": arguments.add_worker,
    "migrate": arguments.add_migrate,
    "createpractice": arguments.add_createpractice,
    "createuser": arguments.add_createuser,
    "passwordlink": arguments.add_access,
    "resetotp": arguments.add_access,
    "rotatekeys": arguments.add_rotatekeys,
    "pause": arguments.add_pause,
    "resume": arguments.add_resume,
    "audit": arguments.add_audit,
    "backup": arguments.add_backups,
    "restore": arguments.add_backups,
    "export": arguments.add_export,
    "import": arguments.add_import,
    "check": arguments.add_check,
    "doctor": arguments.add_doctor,
    "openapi": arguments.add_openapi,
    **dict.fromkeys((*SHORT_COMMANDS, *GROUPS), _add_controls),
    "listen": _add_watching,
    "logs": _add_watching,
    "env": _add_env,
    "mcp": _add_mcp,
    "drift": _add_drift,
    "compare": _add_compare,
}
