"""The ``charthouse`` command: arguments, and the environment that each command runs with.

``settings`` reads the configuration from the environment, which options override. Django is not imported before.

Only what the command at hand needs is imported, and only its arguments are declared: a call of a sandbox's control has
no use for PostgreSQL.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from charthouse import command_arguments, command_runs, processes
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
    options = build_parser(given[0] if given else "").parse_args(given)
    try:
        processes.follow_parent()
        options.run(options)
    except CommandError as refused:
        print(f"charthouse {options.command}: {refused}", file=sys.stderr)
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

    controls.add_groups(commands, command_arguments.add_data_option)


def _add_watching(commands: "Commands") -> None:
    from charthouse.toolkit import watching

    watching.add_commands(commands, command_arguments.add_data_option)


def _add_env(commands: "Commands") -> None:
    from charthouse.toolkit import shell_variables

    shell_variables.add_command(commands, command_arguments.add_data_option)


def _add_mcp(commands: "Commands") -> None:
    from charthouse.toolkit.agents import command

    command.add_command(commands, command_arguments.add_data_option)


def _add_drift(commands: "Commands") -> None:
    from charthouse.toolkit.drift import command

    command.add_command(commands, command_runs.render_openapi)


def _add_compare(commands: "Commands") -> None:
    from charthouse.toolkit.compare import command

    command.add_command(commands, command_arguments.add_data_option, command_runs.render_openapi)


# What adds each command to the parser, in the order of the help.
ADDERS: dict[str, Callable[["Commands"], None]] = {
    "sandbox": command_arguments.add_sandbox,
    "serve": command_arguments.add_serve,
    "worker": command_arguments.add_worker,
    "migrate": command_arguments.add_migrate,
    "createpractice": command_arguments.add_createpractice,
    "createuser": command_arguments.add_createuser,
    "passwordlink": command_arguments.add_access,
    "resetotp": command_arguments.add_access,
    "rotatekeys": command_arguments.add_rotatekeys,
    "pause": command_arguments.add_pause,
    "resume": command_arguments.add_resume,
    "audit": command_arguments.add_audit,
    "backup": command_arguments.add_backups,
    "restore": command_arguments.add_backups,
    "export": command_arguments.add_export,
    "import": command_arguments.add_import,
    "check": command_arguments.add_check,
    "doctor": command_arguments.add_doctor,
    "openapi": command_arguments.add_openapi,
    **dict.fromkeys((*SHORT_COMMANDS, *GROUPS), _add_controls),
    "listen": _add_watching,
    "logs": _add_watching,
    "env": _add_env,
    "mcp": _add_mcp,
    "drift": _add_drift,
    "compare": _add_compare,
}
