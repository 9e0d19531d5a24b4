"""Custom HTTP headers of a practice's webhooks, such as Authorization: validation, and their form in storage (JSON,
which the caller encrypts)."""

import re
from collections.abc import Mapping

import msgspec

MAX_HEADERS = 20
MAX_NAME_LENGTH, MAX_VALUE_LENGTH = 100, 2000  # characters
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# Set by the sender alone: connection management, and the description of the body.
_CONNECTION_HEADERS = {
    "host",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "te",
    "trailer",
    "http2-settings",
}
_BODY_HEADERS = {"content-length", "content-type", "content-encoding", "transfer-encoding"}
RESERVED = frozenset(_CONNECTION_HEADERS | _BODY_HEADERS)


def find_error(headers: Mapping[str, str]) -> str | None:
    """Return why these headers are not acceptable, None if they are. The message never contains a value."""
    if len(headers) > MAX_HEADERS:
        return f"At most {MAX_HEADERS} headers."
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        if len(name) > MAX_NAME_LENGTH or not _NAME.fullmatch(name):
            return "The name of a header has letters, digits and hyphens alone."
        if name.lower() in RESERVED or name.lower().startswith("proxy-"):
            return f"{name} is set by the sender."
        if names.count(name.lower()) > 1:
            return f"{name} is there twice."
        if len(value) > MAX_VALUE_LENGTH or not _VALUE.fullmatch(value):
            return f"{name} needs a value: one line of at most {MAX_VALUE_LENGTH} ASCII characters."
    return None


def encode(headers: Mapping[str, str]) -> str:
    """Encode headers as JSON, for encrypted storage."""
    return msgspec.json.encode(dict(headers)).decode()


def decode(text: str) -> dict[str, str]:
    """Decode headers from JSON."""
    return msgspec.json.decode(text, type=dict[str, str])
