"""Stopping a web server process without losing a request that it has accepted.

Before a listening socket is closed, the kernel drops packets that would open another connection. What has been
connected is accepted within moments, so that nobody waits at the socket when it is closed, which would reset the
connection. A caller whose first packet was dropped sends it again after a second: it is then refused, or answered by
the server that has followed. Meanwhile every answer closes its connection.
"""

import ctypes
import socket
import struct
from contextlib import suppress

SECONDS = 1.0  # between the first packet that is dropped and the end of the socket
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h
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


def start(listener: socket.socket) -> None:
    """Note that this process is about to end, and let no further connections come."""
    global _is_draining
    _is_draining = True
    drop_new_connections(listener)


def is_draining() -> bool:
    """Return whether this process is about to end."""
    return _is_draining


def drop_new_connections(listener: socket.socket) -> None:
    """Let no further connections come to a listening socket."""
    program = ctypes.create_string_buffer(_DROP_NEW_CONNECTIONS)
    count = len(_DROP_NEW_CONNECTIONS) // 8
    with suppress(OSError):  # without the filter, some are reset at the end
        listener.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", count, ctypes.addressof(program))
        )


def take_new_connections(listener: socket.socket) -> None:
    """Let connections come to a socket again."""
    with suppress(OSError):  # where no filter is attached
        listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
