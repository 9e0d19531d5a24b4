"""Headers of a practice's own choosing that go with each delivery, such as Authorization: what may be one, and how they
are kept (as JSON, sealed by who keeps them)."""

import re
from collections.abc import Mapping

import msgspec

MOST = 20
LONGEST_NAME, LONGEST_VALUE = 100, 2000  # characters
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# What a connection is made of, and what says how the body is to be read: not for others to decide.
_OF_THE_CONNECTION = {
    "host",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "te",
    "trailer",
    "http2-settings",
}
_OF_THE_BODY = {"content-length", "content-type", "content-encoding", "transfer-encoding"}
RESERVED = frozenset(_OF_THE_CONNECTION | _OF_THE_BODY)


def wrong(headers: Mapping[str, str]) -> str | None:
    """What keeps these from being sent, None if nothing does. Never says a value."""
    if len(headers) > MOST:
        return f"At most {MOST} headers."
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            return "The name of a header has letters, digits and hyphens alone."
        if name.lower() in RESERVED or name.lower().startswith("proxy-"):
            return f"{name} is set by the sender."
        if names.count(name.lower()) > 1:
            return f"{name} is there twice."
        if len(value) > LONGEST_VALUE or not _VALUE.fullmatch(value):
            return f"{name} needs a value: one line of at most {LONGEST_VALUE} ASCII characters."
    return None


def packed(headers: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(headers)).decode()


def unpacked(text: str) -> dict[str, str]:
    return msgspec.json.decode(text, type=dict[str, str])
