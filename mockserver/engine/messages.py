"""The two values that cross the border between the engine and whatever serves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Request", "Response"]


@dataclass(slots=True)
class Request:
    """One HTTP request as the engine sees it.

    ``path`` is percent-decoded, ``query`` is the raw query string without its question mark, ``headers`` maps
    lower-case names to values, ``body`` is ``None`` when it was not read whole, and ``missing`` is the problem that
    this is. ``client`` is the address of the caller, empty where the server does not tell.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    missing: str = "body-too-large"
    client: str = ""


@dataclass(slots=True)
class Response:
    """One HTTP answer: ``headers`` are (name, value) pairs in sending order, ``Content-Length`` is not among them."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever the case of its name, or ``None``."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
