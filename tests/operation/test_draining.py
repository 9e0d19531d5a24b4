"""New connections are dropped by the kernel while a process drains; those that were made before are not."""

import socket

import pytest

from charthouse.operation import draining


def test_connections_of_before_are_served_and_later_ones_are_not_accepted() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as before:
        draining.drop_new_connections(listener)
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.2)
        before.sendall(b"request")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(100) == b"request"
            accepted.sendall(b"answer")
            assert before.recv(100) == b"answer"
        draining.take_new_connections(listener)
        with socket.create_connection(listener.getsockname(), timeout=10):
            pass
