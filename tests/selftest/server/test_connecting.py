"""An interrupted attempt to connect leaves no connection."""

from __future__ import annotations

import signal
import socket
import threading

import pytest

from shadowgate.server import Database
from shadowgate.server.base import Endpoint


def test_a_connection_that_is_half_made_is_closed_though_its_error_is_kept() -> None:
    """The server at the other end waits for an answer to its question for the password."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(8)
                connection.sendall(b"N")  # no TLS
                connection.recv(1000)
                signal.raise_signal(signal.SIGALRM)
                while connection.recv(1000):
                    pass
                ended.set()

        def interrupt(_number: int, _frame: object) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        try:
            there = Endpoint("127.0.0.1", listening.getsockname()[1], "postgres", "secret")
            with pytest.raises(KeyboardInterrupt) as kept:
                Database(there, "postgres").connect()
        finally:
            signal.signal(signal.SIGALRM, before)
        assert ended.wait(5), kept
