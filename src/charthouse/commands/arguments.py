"""The arguments of the commands of an installation, and of ``charthouse sandbox``."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charthouse.commands import handlers, option_types

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
        "Run a whole synthetic practice on this machine until Ctrl-C",
        handlers.run_sandbox,
        "The first start creates the practice; later starts use the same data. Credentials, passwords and tokens, "
        "are printed and written to DIR/sandbox.json. Other machines can't reach it.",
    )
    parser.add_argument(
        "--port", type=option_types.parse_port, default=8000, help="port on 127.0.0.1 (default: 8000)"
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=option_types.parse_whole_number,
        help="seed of the practice: the same seed creates the same data, including ids (default: 1)",
    )
    parser.add_argument(
        "--patients",
        metavar="N",
        type=option_types.parse_whole_number,
        help="number of patients in the first practice, up to a million (default: about 300)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete the contents of the data directory and start over"
    )
    parser.add_argument(
        "--rate-limit",
        metavar="off|N",
        type=option_types.parse_rate_limit,
        help="requests an app can make per hour (default: 500); does not affect the app without a limit",
    )
    _add_workers_option(parser)


def add_serve(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "serve",
        "Run the web server",
        handlers.run_serve,
        "Run it behind a TLS proxy, and set CHARTHOUSE_BASE_URL to the https URL that users open.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=option_types.parse_port, default=8000, help="default: 8000")
    _add_workers_option(parser)
    parser.add_argument(
        "--threads",
        metavar="N",
        type=option_types.parse_positive,
        default=4,
        help="requests that each process handles at once; it can use one more database connection (default: 4)",
    )


def add_worker(commands: "Commands") -> None:
    parser = _add_command(commands, "worker", "Run background jobs and periodic tasks", handlers.run_worker)
    parser.add_argument(
        "--concurrency",
        metavar="N",
        type=option_types.parse_positive,
        default=4,
        help="jobs to run at once (default: 4)",
    )


def add_migrate(commands: "Commands") -> None:
    _add_command(
        commands,
        "migrate",
        "Migrate the database to this version",
        handlers.run_migrate,
        "Creates the tables, keys, and row policies, and the role that the web server uses.",
    )


def add_createpractice(commands: "Commands") -> None:
    text = "Add a practice and print its id"
    parser = _add_command(commands, "createpractice", text, handlers.run_createpractice)
    parser.add_argument("name", metavar="NAME")


def add_createuser(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "createuser",
        "Add a user who can sign in, and print the id",
        handlers.run_createuser,
        "Prompts for the password on a terminal; otherwise reads it from the first line of standard input.",
    )
    parser.add_argument("username", metavar="USERNAME")
    _add_practice_option(parser)
    parser.add_argument("--role", choices=("doctor", "staff"), required=True)
    parser.add_argument(
        "--primary", action="store_true", help="the primary user, who grants permissions to the others"
    )
    parser.add_argument("--first-name", metavar="NAME", default="")
    parser.add_argument("--last-name", metavar="NAME", default="", help="default: the username")
    parser.add_argument("--email", default="")
    parser.add_argument(
        "--timezone", metavar="ZONE", default="US/Eastern", help="time zone of a doctor (default: US/Eastern)"
    )


def add_access(commands: "Commands") -> None:
    link = _add_command(
        commands, "passwordlink", "Print a link for setting a user's password, valid once within a day",
        handlers.run_passwordlink,
        "For users without an email address, such as the primary user of an imported practice. Anyone with the link "
        "can sign in as that user: hand it over in person. Recorded in the audit.",
    )  # fmt: skip
    reset = _add_command(
        commands, "resetotp", "Remove the second factor of a user who lost it", handlers.run_resetotp,
        "The user can then sign in with the password alone. Recorded in the audit. The primary user can do the same "
        "for users of the practice in the console.",
    )  # fmt: skip
    for parser in (link, reset):
        parser.add_argument("username", metavar="USERNAME")


def add_rotatekeys(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "rotatekeys",
        "Rotate the secret key, and reseal everything with the new key",
        handlers.run_rotatekeys,
        "Stop serve and worker first. Generates the new key, or takes it from CHARTHOUSE_SECRET_KEY, with the "
        "current one in CHARTHOUSE_FORMER_KEYS. All users must sign in again. If interrupted, run it again.",
    )
    parser.add_argument(
        "--lost",
        action="store_true",
        help="the current key is lost: continue with another; what was sealed with the lost key can't be read any more",
    )


def add_pause(commands: "Commands") -> None:
    _add_command(
        commands,
        "pause",
        "Mark this database as a copy, which sends nothing until charthouse resume",
        handlers.run_pause,
        "A restored database is detected automatically. A second start of a stopped server's files is not: "
        "run this before you start serve and worker of the copy.",
    )


def add_resume(commands: "Commands") -> None:
    _add_command(
        commands,
        "resume",
        "Confirm that a restored copy is now the real database, so that it sends again",
        handlers.run_resume,
        "Sends its pending webhooks, emails, and text messages. First make sure that the former server has "
        "stopped: otherwise both send. With --practice, for an imported practice: sends its reminders.",
    ).add_argument("--practice", metavar="ID", type=option_types.parse_positive)


def add_audit(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "audit",
        "Verify, seal, or anchor the audit trail",
        handlers.run_audit,
        "verify: names the first fault of each practice, and exits with 1 if there is one. "
        "seal: seals immediately what the worker would seal within five minutes. "
        "anchor: records immediately what the worker records daily, the last seal of each practice, in the places set "
        "by CHARTHOUSE_ANCHOR_FILE, CHARTHOUSE_ANCHOR_EMAIL, and CHARTHOUSE_ANCHOR_BUCKET.",
    )
    parser.add_argument("what", choices=("verify", "seal", "anchor"))
    parser.add_argument(
        "--practice",
        metavar="ID",
        type=option_types.parse_whole_number,
        help="verify only this practice (0: entries without a practice)",
    )
    parser.add_argument(
        "--heads",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="verify: the seals recorded in this file must still be in their chains; then adds today's. A file of "
        "anchors, a saved email, or an object; can be repeated (default: $CHARTHOUSE_ANCHOR_FILE). "
        "Store the file where the database's administrators can't write",
    )


def add_backups(commands: "Commands") -> None:
    from charthouse.commands import backup

    backup.add_backup(partial(_add_command, commands))
    backup.add_restore(partial(_add_command, commands))


def add_export(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "export",
        "Export everything in a practice to a directory: rows, files, and each patient's C-CDA",
        handlers.run_export,
        "The export is documented, complete, and checksummed (docs/export.md). The server can keep running. DIR must "
        "not exist; it is created once the export is complete. It contains unencrypted patient data.",
    )
    _add_practice_option(parser)
    parser.add_argument(
        "--without-documents",
        action="store_true",
        help="leave out the C-CDA documents, which take most of the time and which an import does not need",
    )
    parser.add_argument("target", metavar="DIR", type=Path)


def add_import(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "import",
        "Import an export as a new practice",
        handlers.run_import,
        "The export is checked first and imported completely or not at all. Rows get new ids; usernames that are taken "
        "get a number. Prints the next steps, and writes a report with all new ids.",
    )
    parser.add_argument("source", metavar="DIR", type=Path)
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        help="file for the report, as JSON (default: imports/practice-ID.json in the data directory)",
    )


def add_check(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "check",
        "Report what is unsafe or missing in this installation, and how to fix it",
        handlers.run_check,
        "Run it with the server's environment. Exits with 1 if there are errors.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_doctor(commands: "Commands") -> None:
    parser = _add_command(
        commands,
        "doctor",
        "Print information for support, without private data",
        handlers.run_doctor,
        "Versions, settings without secrets and names, sizes, counts, check results, and classes of recent faults.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_openapi(commands: "Commands") -> None:
    parser = commands.add_parser(
        "openapi",
        help="Print the OpenAPI document",
        description="Print the OpenAPI document of an API. Requires no database.",
    )
    parser.add_argument("dialect", nargs="?", choices=("drchrono", "cerbo", "sandbox"), default="drchrono")
    parser.set_defaults(run=handlers.run_openapi)


def _add_practice_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--practice",
        metavar="ID",
        type=option_types.parse_positive,
        required=True,
        help="practice id, as printed by createpractice",
    )


def _add_workers_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers",
        metavar="N",
        type=option_types.parse_positive,
        default=2,
        help="web server processes (default: 2)",
    )
