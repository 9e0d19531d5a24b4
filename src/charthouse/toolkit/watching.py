"""``charthouse listen`` and ``charthouse logs``: what a sandbox sends and answers, as it happens."""

import argparse
import base64
import http.client
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.receiver import Received, Receiver

WAIT = 20.0  # seconds of one question for what is next
FORWARD_TIMEOUT = 10.0  # seconds
CHECK_INTERVAL = 3.0  # seconds between checks that the sandbox runs
UNREACHABLE = 502
NOT_FORWARDED = {"host", "connection", "content-length", "accept-encoding", "accept"}


def add_commands(commands: Any, add_data_option: Any) -> None:
    """Add the two commands."""
    text = "Show each webhook of a sandbox as it is sent, and forward it"
    listen = commands.add_parser("listen", help=text, description=f"{text}, with its headers, until Ctrl-C.")
    listen.add_argument(
        "--forward-to",
        metavar="URL",
        type=parse_target,
        help="where to forward each webhook; its response is returned",
    )
    listen.add_argument("--events", metavar="A,B", help="event names (default: all)")
    listen.add_argument("--app", metavar="CLIENT_ID", help="webhooks of this app (default: the first app's)")
    listen.add_argument(
        "--practice", metavar="ID", type=int, help="webhooks of this practice (Cerbo) instead of an app's"
    )
    listen.add_argument("--secret", metavar="TEXT", help="webhook secret (default: a random one)")
    listen.set_defaults(run=run_listen)
    add_data_option(listen)
    text = "Show the API requests to a sandbox, with the check that refused each"
    logs = commands.add_parser("logs", help=text, description=f"{text}.")
    logs.add_argument("--follow", action="store_true", help="continue with new requests until Ctrl-C")
    logs.add_argument("--app", metavar="CLIENT_ID", help="only requests of this app")
    logs.set_defaults(run=run_logs)
    add_data_option(logs)


def parse_target(text: str) -> str:
    """Parse where webhooks are forwarded to: an http or https URL, of which the scheme may be left out."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL like http://localhost:3000/hooks")
    return url


def run_listen(options: argparse.Namespace) -> None:
    """Forward webhooks until Ctrl-C. Raises SystemExit where the sandbox refuses."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the webhook is deleted
    with _exit_on_error(options):
        sandbox = Sandbox.open(options.data.expanduser().resolve())
        events = options.events.split(",") if options.events else None
        app = options.app
        if app is None and options.practice is None:
            app = sandbox.described["practices"][0]["oauth_apps"][0]["client_id"]
        secret = None if app is None else options.secret or make_secret()
        with listen(sandbox, options.forward_to, events, app, options.practice, _print, secret) as webhook:
            if secret is not None:
                _print(f"Signed with {secret}")
            _print(f"Listening; {'r and Enter resends the last, ' if sys.stdin.isatty() else ''}Ctrl-C ends.")
            if sys.stdin.isatty():
                threading.Thread(target=resend_on_key, args=(sandbox, webhook), daemon=True).start()
            while True:
                time.sleep(CHECK_INTERVAL)
                sandbox.clock.show()  # raises when the sandbox has ended


def make_secret() -> str:
    """Make a secret in the form that verifiers of Standard Webhooks take."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


@contextmanager
def listen(
    sandbox: Sandbox,
    forward_to: str | None,
    events: list[str] | None,
    client_id: str | None,
    practice: int | None,
    show: Callable[[str], object],
    secret: str | None = None,
) -> Iterator[int]:
    """Receive webhooks within the block: ``show`` a line of each, and forward it to a URL. The value is the id of the
    webhook in the sandbox."""
    receiver = Receiver(secret)

    def answer(received: Received) -> int:
        began = time.perf_counter()
        status, reason = (200, "") if forward_to is None else forward(received, forward_to)
        ms = (time.perf_counter() - began) * 1000
        line = f"{time.strftime('%H:%M:%S')}  {received.event:28} {received.id:>8}  {status}  {ms:.0f} ms"
        show(f"{line}  {forward_to}: {reason}" if reason else line)
        return status

    receiver.answer = answer
    webhook = sandbox.webhooks.create(
        url=receiver.url, client_id=client_id, practice=practice, events=events, secret=secret
    )
    try:
        yield webhook.id
    finally:
        with suppress(SandboxError):  # it may have ended
            sandbox.webhooks.delete(id=webhook.id)
        receiver.close()


def forward(received: Received, url: str) -> tuple[int, str]:
    """Send a webhook on to a URL, with its headers and bytes. Return the status of the answer and "", or 502 and why
    there was none."""
    parts = urlsplit(url)
    factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = factory(parts.hostname or "", parts.port, timeout=FORWARD_TIMEOUT)
    headers = {name: value for name, value in received.headers.items() if name not in NOT_FORWARDED}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, received.body, headers)
        return connection.getresponse().status, ""
    except (OSError, http.client.HTTPException) as error:
        return UNREACHABLE, getattr(error, "strerror", None) or str(error) or type(error).__name__
    finally:
        connection.close()


def run_logs(options: argparse.Namespace) -> None:
    """Print calls. Raises SystemExit where the sandbox refuses."""
    with _exit_on_error(options):
        sandbox = Sandbox.open(options.data.expanduser().resolve())
        calls = sandbox.calls.list(app=options.app).calls
        for call in calls:
            _print(format_call(call))
        last = calls[-1].id if calls else 0
        while options.follow:
            for call in sandbox.calls.list(app=options.app, after=last, wait=WAIT).calls:
                last = call.id
                _print(format_call(call))


def format_call(call: Any) -> str:
    """A call in one line."""
    gate = f"  [{call.gate}]" if call.gate else ""
    path = f"{call.path}?{call.query}" if call.query else call.path
    return f"{call.at[11:23]}  {call.status}  {call.method:6} {path}  {call.ms:g} ms  {call.caller}{gate}"


def resend_on_key(sandbox: Sandbox, webhook: int) -> None:
    """Read lines until the input ends: "r" resends the last delivery of a webhook."""
    for line in sys.stdin:
        if line.strip() == "r":
            with suppress(SandboxError):  # the command ends by itself when the sandbox has ended
                for sent in sandbox.deliveries.list(webhook=webhook, limit=1).deliveries:
                    sandbox.deliveries.redeliver(id=sent.id)


@contextmanager
def _exit_on_error(options: argparse.Namespace) -> Iterator[None]:
    try:
        yield
    except SandboxError as error:
        print(f"charthouse {options.command}: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _print(line: str) -> None:
    print(line, flush=True)
