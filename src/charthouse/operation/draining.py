"""Stopping a web server process without losing a request that it has accepted.

``start`` is called before the process is told to end. From then on every answer closes its connection, and the kernel
drops packets that would open another. What has been connected is accepted within moments, so that nobody waits at a
listening socket when it is closed, which would reset the connection. A caller whose first packet was dropped sends it
again after a second: it is then refused, or answered by the server that has followed.
"""

import ctypes
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

SECONDS = 1.0  # between the start of draining and the end of a process
SO_ATTACH_FILTER = 26  # asm-generic/socket.h
# Classic BPF (linux/filter.h): code, jump if true, jump if false, operand. Drops TCP segments with SYN.
_DROP_NEW_CONNECTIONS = b"".join(
    struct.pack("=HBBI", *step)
    for step in (
        (0x30, 0, 0, 13),  # load the byte with the flags
        (0x45, 0, 1, 0x02),  # SYN?
        (0x06, 0, 0, 0),  # drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # take it
    )
)
_is_draining = False


def start() -> None:
    """Let every answer close its connection, and let no further connections come."""
    global _is_draining
    _is_draining = True
    for listener in _duplicate_listeners():
        with listener, suppress(OSError):  # without the filter, some are reset at the end
            _drop_new_connections(listener)


def is_draining() -> bool:
    """Return whether this process is about to end."""
    return _is_draining


def close_connection(environ: dict[str, Any], start: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``start_response`` that tells the client that the connection ends with this answer."""
    if not environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1"):
        return start  # HTTP/2 says it in a frame of its own

    def start_last(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start(status, [*headers, ("Connection", "close")], *more)

    return start_last


def _duplicate_listeners() -> list[socket.socket]:
    """Duplicate the sockets on which this process listens. They are made by the web server, which does not show
    them."""
    found = []
    for entry in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            listener = socket.socket(fileno=os.dup(int(entry.name)))
            if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found.append(listener)
            else:
                listener.close()
    return found


def _drop_new_connections(listener: socket.socket) -> None:
    """Attach the filter to a listening socket. Raises OSError."""
    program = ctypes.create_string_buffer(_DROP_NEW_CONNECTIONS)
    count = len(_DROP_NEW_CONNECTIONS) // 8
    listener.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", count, ctypes.addressof(program))
    )
