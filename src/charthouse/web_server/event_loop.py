"""The connections of a process, served by threads that share one epoll.

One thread at a time leads: it waits for events, receives, parses, and begins reads, which mostly end without a thread
of their own (``begun_calls``). When a request is complete that may take its time, the leader leaves the lead to another
thread and runs it itself: a request is not handed from one thread to another. A connection is held by one thread until
that registers its next event (EPOLLONESHOT). There is one thread more than requests may run at once, so that one is
always left to lead; requests beyond wait in a queue of bounded length and time.
"""

import os
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress

from charthouse.web_server.answers import Answer
from charthouse.web_server.application import Application
from charthouse.web_server.begun_calls import BegunCalls
from charthouse.web_server.connections import Connection, State
from charthouse.web_server.limits import DEFAULT, Limits, allow_open_files
from charthouse.web_server.parsing import make_base
from charthouse.web_server.refusals import (
    BODY_TOO_LARGE,
    NO_ROOM,
    OVERLOAD,
    TOO_MANY_CONNECTIONS,
    TRUNCATED,
    Refusal,
    Refused,
)
from charthouse.web_server.storage import Storage

EVENTS = 64  # that are taken at once
TICK = 0.5  # seconds between looks at what has lasted too long
ACCEPTED = 64  # connections that are accepted at once
SILENCE = 1.0  # seconds after which an idle connection is closed, once no more are accepted
IN, OUT = select.EPOLLIN | select.EPOLLONESHOT, select.EPOLLOUT | select.EPOLLONESHOT
# Instead of an event to wait for: close the connection; it was given to another; the next request is complete.
CLOSE, HELD, READY = 0, -1, -2


class EventLoop:
    """``listener``: a listening socket, not blocking. ``threads``: requests that run at once."""

    def __init__(
        self, listener: socket.socket, application: Application, threads: int, limits: Limits = DEFAULT
    ) -> None:
        self._listener, self._application, self.limits = listener, application, limits
        self.storage = Storage(limits, application.make_spool, application.directory)
        self._most = min(limits.connections, (allow_open_files() - 128) // 2)
        self._connections: dict[int, Connection] = {}
        self._epoll = select.epoll()
        self._leading = threading.Lock()
        self._events: deque[int] = deque()  # descriptors of events that have come
        self.is_draining = self._is_closed = self._ends_silent = False
        self._read_draining = lambda: self.is_draining
        self._begun_calls = BegunCalls(application, self._epoll, self._read_draining)
        self._slots = deque(range(threads))
        self._queue: deque[tuple[float, Connection]] = deque()  # with the time since when they wait
        # A socket must not be closed, and its number reused, while it is shut down.
        self._closing = threading.Lock()
        self._stopped = False
        self._now = time.monotonic()
        self._base = make_base(*listener.getsockname()[:2])
        self._threads = [
            threading.Thread(target=self._run, name=f"web-{number}", daemon=True)
            for number in range(threads + 1)
        ]

    # -- the life of the loop -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads."""
        self._epoll.register(self._listener.fileno(), IN)
        for thread in self._threads:
            thread.start()

    def tick(self) -> None:
        """Find out what has lasted too long. To be called every TICK seconds."""
        self._now = now = time.monotonic()
        self._arm_listener()  # which is left alone where no more files can be opened
        connections = self._list_connections()
        for connection in connections:
            is_silent = (
                self._ends_silent and connection.state is State.IDLE and now - connection.since > SILENCE
            )
            if is_silent or connection.find_expiry(now):
                self._expire(connection)
        if len(connections) > self._most * 0.9:
            idle = sorted((c.since, c.fd) for c in connections if c.state is State.IDLE)
            for _, number in idle[: len(connections) // 10]:
                if (longest := self._connections.get(number)) is not None:
                    self._expire(longest)
        self._refuse_queued(now)

    def stop_accepting(self) -> None:
        """Close the listening socket, after what waits there was accepted. Connections that are silent for a while are
        closed by the next ticks; the others end with their next answer."""
        with suppress(OSError, ValueError):
            self._epoll.unregister(self._listener.fileno())
        while self._accept_some():
            pass
        self._is_closed = self._ends_silent = True
        self._listener.close()

    def leave_listener(self) -> None:
        """Accept no more connections; what waits at the socket is left to another process that has it."""
        self._is_closed = True
        with suppress(OSError, ValueError):
            self._epoll.unregister(self._listener.fileno())

    def close_silent(self) -> None:
        """Let the next ticks close connections that are silent for a while."""
        self._ends_silent = True

    def is_finished(self) -> bool:
        """Return whether nothing is left to be taken in or answered."""
        return all(connection.state is State.LINGERING for connection in self._list_connections())

    def _list_connections(self) -> list[Connection]:
        while True:
            with suppress(RuntimeError):  # one has come or gone meanwhile
                return list(self._connections.values())

    def stop(self) -> None:
        """End the threads."""
        self._stopped = True
        wake = os.eventfd(1)
        self._epoll.register(wake, select.EPOLLIN)
        for thread in self._threads:
            thread.join(1)

    # -- a thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped:
            with self._leading:
                receiving = self._lead()
            if receiving is not None:
                self._serve(receiving)
            self._run_queue()

    def _lead(self) -> Connection | None:
        """Serve events until there is something that may take its time: a queued request, or some of a body, whose
        connection is returned."""
        events, listener = self._events, self._listener.fileno()
        while not self._stopped and not (self._queue and self._slots):
            if not events:
                events.extend([number for number, _ in self._epoll.poll(-1, EVENTS)])
                continue
            number = events.popleft()
            if (connection := self._connections.get(number)) is not None:
                if connection.state is State.BODY:
                    return connection
                self._serve(connection)
            elif number == listener:
                self._accept()
            elif number == self._begun_calls.file:
                self._receive_begun()
        return None

    def _receive_begun(self) -> None:
        for connection in self._begun_calls.receive():
            if connection.begun.call.is_answered:
                self._work(connection, is_leading=True)
            else:
                self._queue.append((self._now, connection))

    def _accept(self) -> None:
        with suppress(OSError):  # no more files can be opened; the next tick tries again
            self._accept_some()
            self._arm_listener()

    def _accept_some(self) -> bool:
        """Accept connections. Return whether there may be more. Raises OSError."""
        for _ in range(ACCEPTED):
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return False
            sock.setblocking(False)
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            base = {**self._base, "REMOTE_ADDR": address[0], "REMOTE_PORT": str(address[1])}
            connection = Connection(sock, base, self.storage, self.limits, self._now)
            self._connections[connection.fd] = connection
            is_full = len(self._connections) > self._most
            if is_full and self._refuse(connection, TOO_MANY_CONNECTIONS) == CLOSE:
                self._arm(connection, CLOSE)
            else:
                self._epoll.register(connection.fd, IN)
        return True

    def _arm_listener(self) -> None:
        if not self._is_closed:
            with suppress(OSError, ValueError):
                self._epoll.modify(self._listener.fileno(), IN)

    def _serve(self, connection: Connection) -> None:
        """Do what an event of a connection asks for."""
        try:
            if connection.is_expired:
                event = self._end_expired(connection)
            elif connection.state is State.SENDING:
                event = self._go_on_sending(connection)
            elif connection.state is State.LINGERING:
                event = IN if connection.discard() else CLOSE
            else:
                event = self._receive(connection)
        except Refused as refused:
            event = self._refuse(connection, refused.refusal)
        except OSError:
            event = CLOSE
        except Exception as error:
            self._application.report(error)
            event = CLOSE
        self._arm(connection, event)

    def _arm(self, connection: Connection, event: int) -> None:
        """Give a connection up until its next event."""
        if event > 0:
            self._epoll.modify(connection.fd, event)
        elif event == CLOSE:
            with self._closing:
                del self._connections[connection.fd]
                connection.sock.close()
            connection.drop()

    # -- requests -----------------------------------------------------------------------------------------------

    def _receive(self, connection: Connection) -> int:
        try:
            if not connection.receive():
                is_cut = connection.state is State.BODY
                return self._refuse(connection, TRUNCATED) if is_cut else CLOSE
        except BlockingIOError:
            return IN
        if not connection.parse(self._now, self._application.limit_body):
            return IN
        return self._begin(connection)

    def _begin(self, connection: Connection) -> int:
        """Begin a request, if it needs no thread of its own; else queue it, or an answer to go on with."""
        connection.state, begun, follows = State.BUSY, None, False
        while connection.head is not None and not self._slots and len(self._queue) >= self.limits.queue:
            if (event := self._refuse_request(connection, OVERLOAD)) != READY:
                return event
            follows = True
        if not follows:  # or another thread may lead meanwhile
            begun = self._begun_calls.begin(connection)
        if begun is not None and begun.call.is_answered:
            self._work(connection, is_leading=True)
        elif begun is None or not begun.call.is_sent:
            self._queue.append((self._now, connection))
        return HELD

    def _run_queue(self) -> None:
        """Run what is queued, as long as there are slots. After a slot is given back, the queue is looked at again."""
        while self._queue:
            try:
                slot = self._slots.pop()
            except IndexError:
                return
            try:
                while True:
                    self._work(self._queue.popleft()[1])
                    self._begun_calls.open()
            except IndexError:
                self._slots.append(slot)

    def _work(self, connection: Connection, *, is_leading: bool = False) -> None:
        """Answer the requests of a connection that are complete; the leader only the one that has begun. Raises
        nothing."""
        try:
            event = self._answer(connection)
            while event == READY and not is_leading:
                event = self._answer(connection)
            if event == READY:
                self._queue.append((self._now, connection))
                event = HELD
        except Refused as refused:
            event = self._refuse(connection, refused.refusal)
        except OSError:
            event = CLOSE
        except Exception as error:
            self._application.report(error)
            event = CLOSE
        self._arm(connection, event)

    def _answer(self, connection: Connection) -> int:
        if (begun := connection.begun) is not None:
            connection.begun = None
            begun.run()
        elif connection.head is not None:
            connection.is_last |= not connection.head.keep_alive
            if connection.is_abandoned:
                self._application.count(BODY_TOO_LARGE.reason)
            connection.progress, connection.since = 0, -1.0
            Answer(connection, self._application, self._read_draining).run()
        return self._go_on_receiving(connection) if connection.flush() else self._wait_for_reader(connection)

    def _wait_for_reader(self, connection: Connection) -> int:
        if not connection.hold_file():
            self._application.count(NO_ROOM.reason)
            return CLOSE
        connection.state = State.SENDING
        if connection.since < 0:
            connection.since = self._now
        return OUT

    def _go_on_sending(self, connection: Connection) -> int:
        """Send more of an answer. What has to be read from a file needs a slot: storage may be far away."""
        if not connection.flush_memory():
            return OUT
        if not connection.is_sent:
            return self._begin(connection)
        event = self._go_on_receiving(connection)
        return self._begin(connection) if event == READY else event

    def _go_on_receiving(self, connection: Connection) -> int:
        """After an answer: return the event to wait for, READY where the next request is complete already."""
        if connection.is_last:
            return self._end(connection)
        connection.state, connection.since = State.IDLE, self._now
        if connection.received and connection.parse(self._now, self._application.limit_body):
            connection.state = State.BUSY
            return READY
        return IN

    # -- endings ------------------------------------------------------------------------------------------------

    def _end(self, connection: Connection) -> int:
        if connection.is_abandoned or connection.received:
            return IN if connection.linger(self._now) else CLOSE
        return CLOSE

    def _refuse(self, connection: Connection, refusal: Refusal) -> int:
        """Answer a refusal and end the connection."""
        self._application.count(refusal.reason)
        path = connection.head.environ["PATH_INFO"] if connection.head is not None else ""
        if not connection.unsent:
            with suppress(OSError):
                connection.sock.send(self._application.render_refusal(path, refusal, True))
        return IN if connection.linger(self._now) else CLOSE

    def _refuse_request(self, connection: Connection, refusal: Refusal) -> int:
        """Answer a refusal of a request that was taken in whole; the connection goes on."""
        head, body, _ = connection.take_request()
        if body is not None:
            body.close()
        self._application.count(refusal.reason)
        connection.is_last |= not head.keep_alive or self.is_draining
        connection.progress, connection.since = 0, -1.0
        connection.send(
            self._application.render_refusal(head.environ["PATH_INFO"], refusal, connection.is_last)
        )
        if not connection.flush():
            return self._wait_for_reader(connection)
        return self._go_on_receiving(connection)

    def _refuse_queued(self, now: float) -> None:
        """Refuse requests that have waited too long for a slot."""
        for waiting in list(self._queue):
            since, connection = waiting
            if now - since <= self.limits.queue_seconds:
                break
            try:
                self._queue.remove(waiting)
            except ValueError:  # a thread has begun with it
                continue
            try:
                event = READY if connection.head is None else self._refuse_request(connection, OVERLOAD)
            except (OSError, Refused):
                event = CLOSE
            if event == READY:
                self._queue.append((now, connection))
                self._run_queue()
            else:
                self._arm(connection, event)

    def _expire(self, connection: Connection) -> None:
        """Let the thread that gets the connection's next event, which this causes, end it."""
        connection.is_expired = True
        how = socket.SHUT_RDWR if connection.state is State.SENDING else socket.SHUT_RD
        with self._closing, suppress(OSError):
            connection.sock.shutdown(how)

    def _end_expired(self, connection: Connection) -> int:
        expiry = connection.find_expiry(self._now)
        if connection.state is State.IDLE:  # a request may have come at the last moment
            connection.is_expired, connection.is_last = False, True
            return self._receive(connection)
        if not isinstance(expiry, Refusal):
            return CLOSE
        if expiry.status:
            return self._refuse(connection, expiry)
        self._application.count(expiry.reason)
        return CLOSE
