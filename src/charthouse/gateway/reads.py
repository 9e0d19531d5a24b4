"""Reads whose statement is sent before it is known who calls: one trip to the database instead of two."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from django.conf import settings

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import RequestError
from charthouse.engine.execution.reading import PageRead
from charthouse.engine.sql.statements import BoundStatement
from charthouse.identity import standby
from charthouse.identity.database.steps import MAY_WAIT, Steps
from charthouse.identity.tenancy import Record


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

    def prepare_for(self, actor: Actor) -> Steps[Read]:
        """The read for the actor who calls: what was sent ahead, if it is theirs. Raises RequestError."""
        if self._guessed is not None:
            guessed, read = self._guessed
            if guessed is actor or guessed == actor:
                if not (read.statement.is_short and read.statement.rows):
                    yield MAY_WAIT
                return read
        yield MAY_WAIT
        return self._prepare(actor)


class PageAhead(ReadAhead[PageRead]):
    """The read of a list. Where there is a standby to read from, it is not the list that is sent ahead, but the
    question whether the standby shows what the practice has written (``identity.standby``)."""

    _check: BoundStatement | None = None

    def guess(self, actor: Actor) -> BoundStatement | None:
        statement = super().guess(actor)
        if settings.READ_URL and self._guessed is not None and is_followed(self._guessed[1].resource):
            self._check = standby.make_check()
        return self._check or statement

    def prepare_for(self, actor: Actor) -> Steps[PageRead]:
        read = yield from super().prepare_for(actor)
        is_guessed = self._guessed is not None and self._guessed[1] is read
        if self._check is not None and is_guessed and self._check.fetch() == [(True,)]:
            standby.read(read.statement, actor.practice)
        return read


def is_followed(resource: Resource) -> bool:
    """Whether the change feed has every change of the rows of this resource."""
    return issubclass(resource.model, Record) and resource.model.followed
