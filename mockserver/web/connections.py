"""Closing a client's connection under a server that has no way of its own to do so."""

import contextlib
import os
import socket
from pathlib import Path

__all__ = ["close_connection"]

_FOLDERS = ("/proc/self/fd", "/dev/fd")


def close_connection(client: str) -> bool:
    """Close the connection of a client (``address:port``) of this process; return whether it was found.

    The server keeps its own hold of the socket, and finds it closed. Systems that do not list a process's open files
    (Windows) find nothing.
    """
    host, _, port = client.rpartition(":")
    folder = next((name for name in _FOLDERS if Path(name).is_dir()), None)
    if folder is None or not port.isdecimal():
        return False
    for name in os.listdir(folder):  # noqa: PTH208  # a descriptor may go while it is looked at
        with contextlib.suppress(OSError, ValueError):
            copy = os.dup(int(name))
            with socket.socket(fileno=copy) as connection:
                peer = connection.getpeername()
                if isinstance(peer, tuple) and peer[1] == int(port) and peer[0] == host.strip("[]"):
                    connection.shutdown(socket.SHUT_RDWR)
                    return True
    return False
