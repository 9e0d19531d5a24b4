"""The arguments of the commands of an installation, and of ``charthouse sandbox``."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charthouse import command_runs, option_types

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def _add_command(
    commands: "Commands",
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], None],
    more: str = "",
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=f"{text}. {more}".strip())
    parser.set_defaults(run=run)
    add_data_option(parser)
    return parser


def add_data_option(parser: argparse.ArgumentParser, **options: Any) -> None:
    default = Path(os.environ.get("CHARTHOUSE_DATA", ".charthouse"))
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="data directory: embedded database, secret key, files (default: $CHARTHOUSE_DATA, or .charthouse)",
        **{"default": default} | options,
    )


def add_sandbox(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "sandbox",
        "Run a whole synthetic practice on this machine, until Ctrl-C",
        command_runs.run_sandbox,
        "The first start makes the practice, the next ones take up the same data. Everything that opens it, "
        "passwords and tokens, is printed and written to DIR/sandbox.json. It can't be reached from other machines.",
    )
    parser.add_argument(
        "--port", type=option_types.parse_port, default=8000, help="port on 127.0.0.1 (default: 8000)"
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=option_types.parse_whole_number,
        help="which practice: the same seed gives the same one, ids and all (default: 1)",
    )
    parser.add_argument(
        "--patients",
        metavar="N",
        type=option_types.parse_whole_number,
        help="patients of the first practice, up to a million (default: about 300)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete what is in the data directory and start over"
    )
    parser.add_argument(
        "--rate-limit",
        metavar="off|N",
        type=option_types.parse_rate_limit,
        help="calls an hour that an app may make (default: 500); the app without a limit stays without",
    )
    _add_workers_option(parser)


def add_serve(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "serve",
        "Run the web server",
        command_runs.run_serve,
        "Put a proxy with TLS before it, and set CHARTHOUSE_BASE_URL to the https URL that users reach it by.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=option_types.parse_port, default=8000, help="default: 8000")
    _add_workers_option(parser)
    parser.add_argument(
        "--threads",
        metavar="N",
        type=option_types.parse_positive,
        default=4,
        help="requests that a process handles at once; it may hold one database connection more (default: 4)",
    )


def add_worker(commands: "Commands") -> None:
    parser = _add_command(
        commands, "worker", "Run background jobs and periodic tasks", command_runs.run_worker
    )
    parser.add_argument(
        "--concurrency",
        metavar="N",
        type=option_types.parse_positive,
        default=4,
        help="jobs at once (default: 4)",
    )


def add_migrate(commands: "Commands") -> None:
    _add_command(
        commands,
        "migrate",
        "Bring the database up to this version",
        command_runs.run_migrate,
        "Makes the tables, keys and row policies, and the role that the web server takes up.",
    )


def add_createpractice(commands: "Commands") -> None:
    text = "Add a practice and print its id"
    parser = _add_command(commands, "createpractice", text, command_runs.run_createpractice)
    parser.add_argument("name", metavar="NAME")


def add_createuser(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "createuser",
        "Add somebody who may sign in, and print the id",
        command_runs.run_createuser,
        "The password is asked for on a terminal, else read as the first line of standard input.",
    )
    parser.add_argument("username", metavar="USERNAME")
    _add_practice_option(parser)
    parser.add_argument("--role", choices=("doctor", "staff"), required=True)
    parser.add_argument(
        "--primary", action="store_true", help="the one who grants the others their permissions"
    )
    parser.add_argument("--first-name", metavar="NAME", default="")
    parser.add_argument("--last-name", metavar="NAME", default="", help="default: the user name")
    parser.add_argument("--email", default="")
    parser.add_argument(
        "--timezone", metavar="ZONE", default="US/Eastern", help="of a doctor (default: US/Eastern)"
    )


def add_access(commands: "Commands") -> None:
    link = _add_command(
        commands, "passwordlink", "Print a link with which somebody sets a password, once, within a day",
        command_runs.run_passwordlink,
        "For a user without an e-mail address, as the primary user of an imported practice may be. Whoever has it "
        "can sign in as that user: hand it over in person. Written down in the audit.",
    )  # fmt: skip
    reset = _add_command(
        commands, "resetotp", "Take away the second factor of somebody who lost it", command_runs.run_resetotp,
        "The password alone then lets them in. Written down in the audit. In the console, the primary user can do it "
        "for the people of a practice.",
    )  # fmt: skip
    for parser in (link, reset):
        parser.add_argument("username", metavar="USERNAME")


def add_rotatekeys(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "rotatekeys",
        "Change the secret key, and seal with the next one what is sealed with the present one",
        command_runs.run_rotatekeys,
        "Stop serve and worker before. Makes the next key itself, or takes it from CHARTHOUSE_SECRET_KEY, with the "
        "present one in CHARTHOUSE_FORMER_KEYS. Everybody has to sign in again. Interrupted, it is run again.",
    )
    parser.add_argument(
        "--lost",
        action="store_true",
        help="the present key is lost: go on with another; what was sealed with it can't be read any more",
    )


def add_pause(commands: "Commands") -> None:
    _add_command(
        commands,
        "pause",
        "Mark this database as a copy, which sends nothing until charthouse resume",
        command_runs.run_pause,
        "A restored database notices it by itself. Files of a stopped server that are started a second time do not: "
        "run this before serve and worker of the copy.",
    )


def add_resume(commands: "Commands") -> None:
    _add_command(
        commands,
        "resume",
        "Say that a restored copy is the real database now, so that it sends again",
        command_runs.run_resume,
        "Webhooks, e-mails and text messages that wait in it are sent. Make sure before that the former server has "
        "ended: otherwise both send. With --practice, of an imported practice: its reminders are sent.",
    ).add_argument("--practice", metavar="ID", type=option_types.parse_positive)


def add_audit(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "audit",
        "Verify, seal or anchor the audit trail",
        command_runs.run_audit,
        "verify: names the first fault of each practice, and ends with 1 if there is one. "
        "seal: seals at once what the worker would within five minutes. "
        "anchor: records at once what the worker does daily, the last seal of each practice, at the places named by "
        "CHARTHOUSE_ANCHOR_FILE, CHARTHOUSE_ANCHOR_EMAIL and CHARTHOUSE_ANCHOR_BUCKET.",
    )
    parser.add_argument("what", choices=("verify", "seal", "anchor"))
    parser.add_argument(
        "--practice",
        metavar="ID",
        type=option_types.parse_whole_number,
        help="verify this one alone (0: what has none)",
    )
    parser.add_argument(
        "--heads",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="verify: the seals recorded there must still be in their chains; then adds today's. A file of anchors, a "
        "saved e-mail or object; may be repeated (default: $CHARTHOUSE_ANCHOR_FILE). "
        "Keep the file where the database's administrators can't write",
    )


def add_backups(commands: "Commands") -> None:
    from charthouse import backup_command

    backup_command.add_backup(partial(_add_command, commands))
    backup_command.add_restore(partial(_add_command, commands))


def add_export(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "export",
        "Write everything of a practice to a directory: rows, files, and the C-CDA of each patient",
        command_runs.run_export,
        "Documented, complete and checksummed (docs/export.md). The server may run meanwhile. DIR must not exist; it "
        "appears when it is complete. It holds patient data in the clear.",
    )
    _add_practice_option(parser)
    parser.add_argument(
        "--without-documents",
        action="store_true",
        help="leave the C-CDA out, which take most of the time and which an import does not need",
    )
    parser.add_argument("target", metavar="DIR", type=Path)


def add_import(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "import",
        "Import what charthouse export wrote, as a new practice",
        command_runs.run_import,
        "Checked before and imported whole or not at all. Rows get new ids; user names that are taken get a number. "
        "Prints what is to be done next, and writes a report with all new ids.",
    )
    parser.add_argument("source", metavar="DIR", type=Path)
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        help="where the report goes, as JSON (default: imports/practice-ID.json in the data directory)",
    )


def add_check(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "check",
        "Say what is unsafe or missing in this installation, and how to mend it",
        command_runs.run_check,
        "Run it with the environment of the server. Ends with 1 if something is an error.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_doctor(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "doctor",
        "Print what support asks for, with nothing private in it",
        command_runs.run_doctor,
        "Versions, settings without secrets and names, sizes, counts, results of check, classes of recent faults.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_openapi(commands: "Commands") -> None:
    parser = commands.add_parser(
        "openapi",
        help="Print the OpenAPI document",
        description="Print the OpenAPI document of a dialect. Needs no database.",
    )
    parser.add_argument("dialect", nargs="?", choices=("drchrono", "cerbo", "sandbox"), default="drchrono")
    parser.set_defaults(run=command_runs.run_openapi)


def _add_practice_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--practice",
        metavar="ID",
        type=option_types.parse_positive,
        required=True,
        help="as createpractice printed it",
    )


def _add_workers_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers",
        metavar="N",
        type=option_types.parse_positive,
        default=2,
        help="web server processes (default: 2)",
    )
