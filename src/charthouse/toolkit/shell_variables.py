"""``charthouse env``: what opens a sandbox, as variables of a shell: ``eval "$(charthouse env)"``."""

import argparse
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from charthouse.toolkit.client import Sandbox, SandboxError


def add_command(commands: Any, add_data_option: Any) -> None:
    """Add the command."""
    text = "Print a sandbox's credentials as shell variables"
    parser = commands.add_parser(
        "env",
        help=text,
        description=f'{text}: eval "$(charthouse env)". They belong to the first practice: its app without a '
        "limit, its API user without limits, and the control API.",
    )
    parser.set_defaults(run=run)
    add_data_option(parser)


def run(options: argparse.Namespace) -> None:
    """Print the variables. Raises SystemExit where there is no sandbox."""
    try:
        sandbox = Sandbox.open(options.data.expanduser().resolve())
    except SandboxError as error:
        print(f"charthouse env: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    for name, value in list_variables(sandbox.described).items():
        print(f"export {name}={shlex.quote(value)}")


def list_variables(described: Mapping[str, Any]) -> dict[str, str]:
    """List the variables by name. ``described``: the content of sandbox.json."""
    practice = described["practices"][0]
    apps = practice["oauth_apps"]
    app = next((app for app in apps if app["rate_limit"] is None), apps[0])
    user = practice["api_users"][0]
    return {
        "CHARTHOUSE_URL": described["base_url"],
        "CLIENT_ID": app["client_id"],
        "CLIENT_SECRET": app["client_secret"],
        "REDIRECT_URI": app["redirect_uri"],
        "ACCESS_TOKEN": app["access_token"],
        "REFRESH_TOKEN": app["refresh_token"],
        "CERBO_USERNAME": user["username"],
        "CERBO_SECRET": user["secret"],
        "SANDBOX_URL": described["control"]["url"],
        "SANDBOX_KEY": described["control"]["key"],
    }
