"""What the server refuses by itself, before or without the application."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """``reason`` names it in the metrics. ``status`` and ``detail`` are answered, where an answer is possible;
    ``wait``: seconds after which the same request may succeed."""

    reason: str
    status: int
    detail: str
    wait: int | None = None


BAD_REQUEST = Refusal("bad request", 400, "The request can't be read as HTTP.")
TRUNCATED = Refusal("truncated body", 400, "The body is shorter than announced.")
HEAD_TOO_LARGE = Refusal("head too large", 431, "The headers are too large.")
BODY_TOO_LARGE = Refusal("body too large", 413, "The request body is too large.")  # the application answers
SLOW_HEAD = Refusal("slow head", 408, "The headers did not arrive in time.")
SLOW_BODY = Refusal("slow body", 408, "The request body arrived too slowly.")
SLOW_READER = Refusal("slow reader", 0, "")  # the answer is cut
NO_ROOM = Refusal("no room", 503, "The server can't take so much at the moment.", 5)
OVERLOAD = Refusal("overload", 503, "The server has too much to do at the moment.", 1)
TOO_MANY_CONNECTIONS = Refusal("connections", 503, "The server has too many connections.", 1)

ALL = (
    BAD_REQUEST, TRUNCATED, HEAD_TOO_LARGE, BODY_TOO_LARGE, SLOW_HEAD, SLOW_BODY, SLOW_READER, NO_ROOM,
    OVERLOAD, TOO_MANY_CONNECTIONS,
)  # fmt: skip
REASONS = tuple(dict.fromkeys(refusal.reason for refusal in ALL))


class Refused(Exception):
    """A request is refused; the connection ends."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
