"""Reads whose statement is sent before it is known who calls: one trip to the database instead of two."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError
from charthouse.engine.sql.statements import BoundStatement


class Prepared(Protocol):
    """A read that has been planned: ``ObjectRead`` or ``PageRead``."""

    statement: BoundStatement


Read = TypeVar("Read", bound=Prepared)


class ReadAhead(Generic[Read]):
    """The read of a call. ``prepare`` checks whether an actor may read, parses what is asked for and plans it; it may
    raise RequestError, and is called again if the actor that was guessed is not the one who calls."""

    def __init__(self, prepare: Callable[[Actor], Read]) -> None:
        self._prepare = prepare
        self._guessed: tuple[Actor, Read] | None = None

    def guess(self, actor: Actor) -> BoundStatement | None:
        """The statement to send ahead if this actor is likely to call; None where they would be refused."""
        try:
            read = self._prepare(actor)
        except RequestError:  # may be no error for who really calls
            return None
        self._guessed = actor, read
        return read.statement

    def prepare_for(self, actor: Actor) -> Read:
        """The read for the actor who calls: what was sent ahead, if it is theirs. Raises RequestError."""
        if self._guessed is not None:
            guessed, read = self._guessed
            if guessed is actor or guessed == actor:
                return read
        return self._prepare(actor)
