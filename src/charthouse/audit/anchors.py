"""Anchors: the heads of all chains, recorded every day where the owner of the database cannot write.

An anchor is text, one line for each chain, that a person can read and ``audit verify`` too: in a file that grows, in an
e-mail, in an object of a bucket that may not be deleted before the end of the retention time. The worker prints the
first line in its own log in any case.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage

from charthouse import clock, durable, logs
from charthouse.audit.seals import ALL, NOBODY, Head, list_heads
from charthouse.identity import incarnations
from charthouse.outbox.transports import SmtpTransport

TIMEOUT = 20  # seconds to wait for a bucket
MAX_AGE = timedelta(days=2)  # of the newest anchor in a file that is renewed daily
_TITLE = "Charthouse audit anchor"
_CHAINS = {ALL: "all seals", NOBODY: "no practice"}
_LINE = re.compile(
    r"^[>\s]*(?:(?P<name>all seals|no practice)|practice (?P<practice>\d{1,18})), "
    r"seal (?P<number>\d{1,18}): (?P<link>[0-9a-f]{64})\s*$",
    re.MULTILINE,
)
_TIME = re.compile(rf"^[>\s]*{_TITLE}, (\S{{1,40}})\s*$", re.MULTILINE)


class AnchorError(Exception):
    """An anchor could not be recorded or read. The text is for operators."""


def render_anchor(heads: Sequence[Head], at: datetime) -> str:
    """Render heads as text: the chain of all seals first, which alone holds all others."""
    lines = [
        f"{_CHAINS.get(head.practice) or f'practice {head.practice}'}, seal {head.number}: {head.link}"
        for head in sorted(heads)
    ]
    return "\n".join([f"{_TITLE}, {at.isoformat(timespec='seconds')}", *lines, ""])


def parse_anchors(text: str) -> list[Head]:
    """Parse the heads of all anchors in a text: a file of ``record``, a saved e-mail, or the JSON that versions before
    wrote. Raises AnchorError where there is none."""
    if text.lstrip().startswith("{"):
        try:
            noted = msgspec.json.decode(text, type=dict[int, str])
        except msgspec.DecodeError as error:
            raise AnchorError(str(error)) from None
        return [Head(practice, 0, link) for practice, link in noted.items()]
    chains = {name: practice for practice, name in _CHAINS.items()}
    heads = [
        Head(
            chains[found["name"]] if found["name"] else int(found["practice"]),
            int(found["number"]),
            found["link"],
        )
        for found in _LINE.finditer(text)
    ]
    if not heads:
        raise AnchorError("there is no anchor in it")
    return heads


def is_anchor_file(text: str) -> bool:
    """Return whether a text is a file of anchors, to which more may be added, not an e-mail that contains one."""
    return text.startswith(_TITLE)


def find_newest_time(text: str) -> datetime | None:
    """Return when the last anchor in a text was recorded, None where none says it."""
    times = []
    for found in _TIME.findall(text):
        try:
            times.append(datetime.fromisoformat(found))
        except ValueError:
            continue
    return max((each for each in times if each.tzinfo), default=None)


# -- recording --------------------------------------------------------------------------------------------------------


def record() -> None:
    """Record the heads at every configured place, and print that of all seals on stderr.

    Raises AnchorError where a place failed, after all of them have been tried, and in a restored copy, whose heads
    would be taken for those of the original.
    """
    if not incarnations.may_send("owner"):
        raise AnchorError("this database is a restored copy, see charthouse resume")
    heads, now = list_heads(), clock.now()
    text = render_anchor(heads, now)
    logs.announce("charthouse.audit", "; ".join(text.splitlines()[:2]))
    failed = []
    for name, place in _list_places().items():
        try:
            place(text, now)
        except (OSError, ValueError) as error:
            failed.append(f"{name} ({type(error).__name__})")
    if failed:
        raise AnchorError(f"the audit's anchor can't be recorded: {', '.join(failed)}")


def describe_places() -> str:
    """Say in one line where anchors go."""
    places = _list_places()
    if not places:
        return (
            "Anchors of the audit are off: the worker's log alone has them. Set CHARTHOUSE_ANCHOR_FILE, "
            "CHARTHOUSE_ANCHOR_EMAIL or CHARTHOUSE_ANCHOR_BUCKET."
        )
    return f"Anchors of the audit are recorded daily: {', '.join(places)}."


def append_to_file(path: Path, text: str) -> None:
    """Append an anchor to a file, and wait until it is on the disk. Raises OSError."""
    durable.append_to_file(path, text.encode("ascii"))


def _list_places() -> Mapping[str, Callable[[str, datetime], None]]:
    """Map the places in the settings to functions of an anchor's text and time."""
    found: dict[str, Callable[[str, datetime], None]] = {}
    if settings.ANCHOR_FILE:
        found[f"file {settings.ANCHOR_FILE}"] = lambda text, at: append_to_file(
            Path(settings.ANCHOR_FILE), text
        )
    if settings.ANCHOR_EMAIL:
        found[f"e-mail to {settings.ANCHOR_EMAIL}"] = _send_email
    if settings.ANCHOR_BUCKET:
        days = settings.ANCHOR_BUCKET_DAYS
        kept = f", which can't be deleted for {days} days" if days else ""
        found[f"objects in {settings.ANCHOR_BUCKET}{kept}"] = _put_object
    return found


def _send_email(text: str, at: datetime) -> None:
    """Send an anchor by e-mail, past the outbox, which is in the database. Raises OSError, ValueError."""
    if not settings.SMTP_URL:
        raise ValueError("CHARTHOUSE_SMTP_URL is not set")
    sender = settings.DEFAULT_FROM_EMAIL
    backend = SmtpTransport(settings.SMTP_URL, sender).connect()
    EmailMessage(f"{_TITLE}, {at:%Y-%m-%d}", text, sender, [settings.ANCHOR_EMAIL], connection=backend).send()


def _put_object(text: str, at: datetime) -> None:
    """Put an anchor into a bucket, locked until the end of its retention. Raises OSError."""
    import boto3  # takes long to import, and few need it
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    place = urlsplit(settings.ANCHOR_BUCKET)
    prefix = place.path.strip("/")
    options: dict[str, Any] = {}
    if settings.ANCHOR_BUCKET_DAYS:
        options["ObjectLockMode"] = "COMPLIANCE"
        options["ObjectLockRetainUntilDate"] = at + timedelta(days=settings.ANCHOR_BUCKET_DAYS)
        options["ChecksumAlgorithm"] = "SHA256"  # which a lock requires
    try:
        boto3.client(
            "s3", config=Config(connect_timeout=5, read_timeout=TIMEOUT, retries={"max_attempts": 3})
        ).put_object(
            Bucket=place.netloc,
            Key=f"{prefix}{'/' if prefix else ''}anchor-{at:%Y-%m-%dT%H%M%SZ}.txt",
            Body=text.encode("ascii"),
            ContentType="text/plain",
            **options,
        )
    except (BotoCoreError, ClientError) as error:
        raise OSError(type(error).__name__) from error
