"""Calls that the thread which waits for events has begun itself."""

import select
from collections.abc import Callable
from typing import NamedTuple

from charthouse.web_server.answers import Answer
from charthouse.web_server.application import Application, Call
from charthouse.web_server.connections import Connection


class Begun(NamedTuple):
    """A call that has begun, and its answer."""

    answer: Answer
    call: Call

    def run(self) -> None:
        """Send the answer, as ``Answer.run`` does."""
        self.answer.run(self.call)


class BegunCalls:
    """One thread at a time calls ``begin`` and ``receive``; any may call ``open``. ``file``: the descriptor whose
    events ``receive`` takes."""

    def __init__(
        self, application: Application, epoll: select.epoll, is_draining: Callable[[], bool]
    ) -> None:
        self._application, self._epoll, self._is_draining = application, epoll, is_draining
        self._reads = application.reads
        self.file = -1

    def begin(self, connection: Connection) -> Begun | None:
        """Begin the call of the request that a connection has parsed, if it is one of them."""
        head, reads = connection.head, self._reads
        if reads is None or head is None or head.length != 0 or not reads.accepts(head.environ):
            return None
        connection.is_last |= not head.keep_alive
        connection.progress, connection.since = 0, -1.0
        answer = Answer(connection, self._application, self._is_draining)
        begun = connection.begun = Begun(answer, answer.begin(reads))
        return begun

    def receive(self) -> list[Connection]:
        """Return the connections whose calls do not wait for the file any more."""
        return [call.owner for call in self._reads.receive()] if self._reads is not None else []

    def open(self) -> None:
        """Open the file where there is none."""
        if self._reads is not None and (file := self._reads.open()) is not None:
            self.file = file
            self._epoll.register(file, select.EPOLLIN)
