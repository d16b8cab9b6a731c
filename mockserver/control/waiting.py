"""Answers that are not ready yet: whoever serves them waits, and holds up nobody else meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass

from mockserver.control.journal import Journal
from mockserver.engine.messages import Response

__all__ = ["Events", "Waiting"]


@dataclass(slots=True)
class Waiting:
    """A long poll: ``poll(False)`` is asked after every change of the journal, ``poll(True)`` when the time is up."""

    journal: Journal
    seconds: float
    poll: Callable[[bool], Response | None]


@dataclass(slots=True)
class Events:
    """A stream of server-sent events: ``take`` returns what is new after every change of the journal, maybe nothing.

    Where nothing is new for ``beat`` seconds, a comment keeps the connection open, and finds out whether it still is.
    """

    journal: Journal
    headers: list[tuple[str, str]]
    take: Callable[[], bytes]
    beat: float = 15.0
