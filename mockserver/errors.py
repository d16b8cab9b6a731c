"""Everything that the project raises on purpose.

::

    MockserverError            base of all; the command line prints it as one clear line per fault, exit code 2
    ├── UsageError             an option, setting or path that cannot be used
    └── BadInput               a file with faults: carries one Fault each, with file, line and pointer
        ├── PageError          a reference page without operations, or not readable as one
        ├── DocumentError      an OpenAPI document that is malformed, invalid or beyond what is supported
        ├── OverlayError       an overlay that is malformed, or an action that finds no target
        └── FixtureError       a fixture that is malformed, or breaks the contract or a rule

A request that the contract refuses is not an error of the program: it is an answer
(:class:`mockserver.engine.problems.Problem`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "BadInput",
    "DocumentError",
    "Fault",
    "FixtureError",
    "MockserverError",
    "OverlayError",
    "PageError",
    "UsageError",
]


class MockserverError(Exception):
    """Base class of every error that the project raises on purpose."""


class UsageError(MockserverError):
    """Raised for an option, setting or path that cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input file.

    ``message`` says what was found and what was expected, ``hint`` what to do (may be empty). ``line`` counts
    from 1; 0 means that the place is not known. ``pointer`` is a JSON pointer (RFC 6901) as a URI fragment
    (``#/paths/~1items``), or empty.
    """

    message: str
    file: str = ""
    line: int = 0
    pointer: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(part for part in (self.file, str(self.line or "")) if part)
        text = ": ".join(part for part in (place, self.pointer, self.message) if part)
        return f"{text}. {self.hint}" if self.hint else text


class BadInput(MockserverError):
    """Raised for a file with faults; ``faults`` holds them in the order of the file."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class PageError(BadInput):
    """Raised for a reference page that has no operations or cannot be read as one."""


class DocumentError(BadInput):
    """Raised for an OpenAPI document that is malformed, invalid or beyond what is supported."""


class OverlayError(BadInput):
    """Raised for an overlay that is malformed, or whose action finds no target."""


class FixtureError(BadInput):
    """Raised for a fixture that is malformed, or breaks the contract or a rule."""
