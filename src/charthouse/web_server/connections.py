"""A connection: what has arrived of a request, and what is left to send of an answer.

Only the thread that holds a connection calls its methods; ``event_loop`` sees to it that one does at a time.
"""

import fcntl
import socket
import struct
import termios
from collections import deque
from enum import IntEnum
from io import BytesIO
from typing import IO, Any

from charthouse.web_server.limits import Limits
from charthouse.web_server.parsing import ChunkDecoder, Head, parse_head
from charthouse.web_server.refusals import (
    BAD_REQUEST,
    HEAD_TOO_LARGE,
    NO_ROOM,
    SLOW_BODY,
    SLOW_HEAD,
    SLOW_READER,
    Refusal,
    Refused,
)
from charthouse.web_server.storage import Buffer, Storage

PIECE = 64 * 1024  # bytes of an answer that are read from a file at once
MAX_PIECES = 16  # that are sent at once, before others get their turn
FILE_MEMORY = 2 * PIECE  # bytes that an open file takes: a segment, decrypted, and a buffer
RECEIVED = 16 * 1024  # bytes that are received at once, while there is a head to come
BODY_RECEIVED = 128 * 1024  # ... and while there is a body to come
AWAITED = 16 * 1024  # ... that are waited for, at most
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class State(IntEnum):
    IDLE = 0  # between requests
    HEAD = 1  # some of a head has arrived
    BODY = 2  # some of a body may have arrived
    BUSY = 3  # a request is handled, or waits for that
    SENDING = 4  # the answer waits for its reader
    LINGERING = 5  # what still arrives is thrown away


class Connection:
    """``since``: when the state began, or the last answer; ``progress``: bytes of the body or answer in this state;
    ``is_expired``: the state has lasted too long; ``is_last``: the answer is the connection's last;
    ``is_abandoned``: the body is not taken in."""

    __slots__ = (
        "_awaited",
        "_content",
        "_decoder",
        "_file",
        "_file_memory",
        "_held",
        "_limits",
        "_output",
        "_storage",
        "base",
        "begun",
        "body",
        "fd",
        "head",
        "is_abandoned",
        "is_expired",
        "is_last",
        "progress",
        "received",
        "since",
        "sock",
        "state",
        "unsent",
    )  # fmt: skip

    def __init__(
        self, sock: socket.socket, base: dict[str, Any], storage: Storage, limits: Limits, now: float
    ) -> None:
        self.sock, self.fd, self.base = sock, sock.fileno(), base
        self._storage, self._limits = storage, limits
        self.state, self.since, self.progress = State.IDLE, now, 0
        self.is_expired = self.is_last = self.is_abandoned = False
        self.received = b""  # and not parsed yet
        self._held = 0  # bytes of memory taken for that
        self.head: Head | None = None
        self.body: Buffer | None = None
        self.begun: Any = None  # the call that has begun, with its answer (see ``begun_calls``)
        self._content = 0  # bytes of the body that are still to come
        self._decoder: ChunkDecoder | None = None
        self._awaited = 1  # bytes that have to arrive until there is an event
        self.unsent: deque[memoryview] = deque()
        self._output: Buffer | None = None  # what is unsent after that
        self._file: FilePart | None = None  # ... once the answer is complete
        self._file_memory = 0

    # -- receiving ----------------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Receive what has arrived. Return False at the end of what the client sends. Raises OSError, BlockingIOError
        where nothing has arrived."""
        data = self.sock.recv(BODY_RECEIVED if self.state is State.BODY else RECEIVED)
        self.received = self.received + data if self.received else data
        return bool(data)

    def parse(self, now: float, limit_body: Any) -> bool:
        """Parse what was received. Return whether there is a request that can be handled: ``head`` and ``body``.
        ``limit_body``: function from a WSGI environment to the size of the largest body. Raises Refused."""
        if self.head is None and not self._parse_head(now, limit_body):
            self._hold()
            return False
        assert self.head is not None
        if self.state is State.BODY and not self._take_body():
            self._hold()
            return False
        if self._held:
            self._hold()
        return True

    def _parse_head(self, now: float, limit_body: Any) -> bool:
        received = self.received
        if received[:2] == b"\r\n":  # RFC 9112, section 2.2
            received = self.received = received.lstrip(b"\r\n")
        end = received.find(b"\r\n\r\n")
        if end < 0:
            if len(received) > self._limits.head:
                raise Refused(HEAD_TOO_LARGE)
            if received.count(b"\n") != received.count(b"\r\n"):
                raise Refused(BAD_REQUEST)
            if received and self.state is State.IDLE:
                self.state, self.since = State.HEAD, now
            return False
        if end > self._limits.head:
            raise Refused(HEAD_TOO_LARGE)
        self.head = head = parse_head(received[:end].decode("latin-1"), self.base, self._limits)
        self.received = received[end + 4 :]
        if head.length != 0:
            self._expect_body(head, now, limit_body)
        return True

    def _expect_body(self, head: Head, now: float, limit_body: Any) -> None:
        """Prepare for a body. One that is announced as too large is left where it is, for the application to refuse."""
        most = limit_body(head.environ)
        if head.length is not None and head.length > most:
            self.is_last = self.is_abandoned = True
            return
        self.state, self.since, self.progress = State.BODY, now, 0
        self.body = Buffer(self._storage, self._limits.body_in_memory)
        self._decoder = ChunkDecoder() if head.length is None else None
        self._content = most if head.length is None else head.length

    def _take_body(self) -> bool:
        """Move what was received to the body. Return whether the body is complete, or too large."""
        assert self.head is not None
        assert self.body is not None
        if self._decoder is None:
            piece = self.received[: self._content]
            self.received = self.received[len(piece) :]
            self.body.write(piece)
            self.progress += len(piece)
            self._content -= len(piece)
            complete = not self._content
        else:
            decoded = bytearray()
            self.received, complete = self._decoder.decode(self.received, decoded)
            self.progress += len(decoded)
            if self.progress > self._content:
                self.is_last = self.is_abandoned = complete = True
            else:
                self.body.write(decoded)
            if complete:
                self.head.environ.pop("HTTP_TRANSFER_ENCODING")
                self.head.environ["CONTENT_LENGTH"] = str(self.progress)
        if not complete and self.head.expects_continue and not self.progress:
            self.head.expects_continue = False
            self.sock.send(CONTINUE)
        self._set_awaited(1 if complete else self._content if self._decoder is None else self._decoder.least)
        return complete

    def _set_awaited(self, count: int) -> None:
        """Let no event come until so many bytes have arrived: one for each byte that drips would be costly."""
        count = min(count, AWAITED)
        if count != self._awaited:
            self._awaited = count
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def _count_arrived(self) -> int:
        """Count what has arrived and was not received."""
        try:
            return int(struct.unpack("=i", fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)))[0])
        except OSError:
            return 0

    def take_request(self) -> tuple[Head, "Buffer | None", IO[bytes]]:
        """Return the request that was parsed, its body and the body as a file. The body has to be closed."""
        head, body = self.head, self.body
        assert head is not None
        self.head = self.body = self._decoder = None
        if body is None:
            return head, None, BytesIO()
        return head, body, BytesIO() if self.is_abandoned else body.open()

    def _hold(self) -> None:
        """Account for what was received and not parsed. Raises Refused where there is no room."""
        needed = len(self.received) if len(self.received) > 2048 else 0
        if needed > self._held and not self._storage.memory.take(needed - self._held):
            raise Refused(NO_ROOM)
        if needed < self._held:
            self._storage.memory.give_back(self._held - needed)
        self._held = needed

    def discard(self) -> bool:
        """Throw away what has arrived. Return False at its end."""
        try:
            return bool(self.sock.recv(BODY_RECEIVED))
        except BlockingIOError:
            return True
        except OSError:
            return False

    # -- sending ------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send data, or as much as the client takes, and note the rest. Raises OSError, Refused where there is no room
        for it."""
        if not self.unsent and self._output is None:
            try:
                sent = self.sock.send(data)
            except BlockingIOError:
                sent = 0
            self.progress += sent
            if sent == len(data):
                return
            data = data[sent:]
        if self._output is None:
            if self._storage.memory.take(len(data)):
                self.unsent.append(memoryview(data))
                return
            self._output = Buffer(self._storage, 0)
        self._output.write(data)

    def send_file(self, file: IO[bytes], length: int) -> None:
        """Send so many bytes of a file after what is unsent. Closes the file at the end."""
        self._file = FilePart(file, length)

    def end_answer(self) -> None:
        """The answer is complete: what is unsent can be read."""
        if self._output is not None:
            self._file = FilePart(self._output.open(), self._output.size)

    @property
    def is_sent(self) -> bool:
        """Whether nothing of the answer is left to be sent."""
        return not self.unsent and self._file is None

    def flush_memory(self) -> bool:
        """Send what is unsent in memory. Return False where the client does not take it all. Raises OSError."""
        while self.unsent:
            piece = self.unsent[0]
            try:
                sent = self.sock.send(piece)
            except BlockingIOError:
                return False
            self.progress += sent
            self._storage.memory.give_back(sent)
            if sent < len(piece):
                self.unsent[0] = piece[sent:]
                return False
            self.unsent.popleft()
        return True

    def flush(self) -> bool:
        """Send what is unsent, of a file up to some pieces. Return whether all is sent. Raises OSError."""
        if not self.flush_memory():
            return False
        for _ in range(MAX_PIECES):
            if self._file is None:
                return True
            piece = self._file.read(PIECE)
            if not piece:
                self._end_output()
                return True
            try:
                sent = self.sock.send(piece)
            except BlockingIOError:
                sent = 0
            self.progress += sent
            if sent < len(piece):
                self._file.go_back(len(piece) - sent)
                return False
        return False

    def hold_file(self) -> bool:
        """Account for a file that waits for its reader. Return False where there is no room."""
        if self._file is None or self._file_memory:
            return True
        if self._storage.memory.take(FILE_MEMORY):
            self._file_memory = FILE_MEMORY
            return True
        return False

    def _end_output(self) -> None:
        file, self._file = self._file, None
        self._storage.memory.give_back(self._file_memory)
        self._file_memory = 0
        if file is not None:
            file.close()
        if self._output is not None:
            self._output.close()
            self._output = None

    # -- ending -------------------------------------------------------------------------------------------------

    def linger(self, now: float) -> bool:
        """End what is sent; what still arrives will be thrown away, since closing now could reset the connection before
        the client has read the answer. Return False where the client is gone."""
        self.state, self.since = State.LINGERING, now
        self.drop()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def drop(self) -> None:
        """Give back what is held for request and answer."""
        if self.body is not None:
            self.body.close()
        self.head = self.body = None
        self.received = b""
        self._hold()
        self._storage.memory.give_back(sum(map(len, self.unsent)))
        self.unsent.clear()
        self._end_output()

    def find_expiry(self, now: float) -> "Refusal | bool":
        """Return whether the state has lasted too long: why, or True where nobody is refused anything."""
        seconds, limits = now - self.since, self._limits
        match self.state:
            case State.IDLE:
                return seconds > limits.idle_seconds
            case State.HEAD:
                return SLOW_HEAD if seconds > limits.head_seconds else False
            case State.BODY:
                head = self.head
                announced = (head.length or 0) if head is not None else 0
                if not limits.is_slow(seconds, self.progress, announced):
                    return False
                arrived = self.progress + self._count_arrived()
                return SLOW_BODY if limits.is_slow(seconds, arrived, announced) else False
            case State.SENDING:
                return SLOW_READER if limits.is_slow(seconds, self.progress, 0) else False
            case State.LINGERING:
                return seconds > limits.linger_seconds
        return False


class FilePart:
    """So many bytes of a file from where it stands."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self.left = file, length

    def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes. Raises EOFError where the file ends too soon."""
        piece = self._file.read(min(size, self.left))
        if not piece and self.left:
            raise EOFError("a file is shorter than announced")
        self.left -= len(piece)
        return piece

    def go_back(self, count: int) -> None:
        """Read the last bytes again next time."""
        self._file.seek(-count, 1)
        self.left += count

    def close(self) -> None:
        self._file.close()
