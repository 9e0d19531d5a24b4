"""The actors of the latest calls by the digests of their credentials: a guess who calls, never a proof.

A guess lets a call's read be sent together with the statement that authenticates the caller. What was read is used only
if that statement finds the same actor.
"""

from collections.abc import Callable
from typing import NamedTuple

from charthouse.engine.actor import Actor
from charthouse.engine.sql.statements import BoundStatement

MAX_ACTORS = 10_000

# What an actor is likely to read, None for nothing.
GuessRead = Callable[[Actor], BoundStatement | None]


class KnownActor(NamedTuple):
    """The actor of a call; ``limits``: the kind of limits that it was counted against (see ``bearer_tokens``)."""

    actor: Actor
    limits: str


_actors: dict[str, KnownActor] = {}


def recall(digest: str) -> KnownActor | None:
    """Return the actor of the latest call with these credentials in this process, None where there was none."""
    return _actors.get(digest)


def remember(digest: str, actor: Actor, limits: str = "") -> None:
    """Note the actor of a call that was authenticated."""
    if len(_actors) >= MAX_ACTORS and digest not in _actors:
        _actors.clear()
    _actors[digest] = KnownActor(actor, limits)


def forget(digest: str) -> None:
    """Note that credentials were refused."""
    _actors.pop(digest, None)
