"""Answers as octets: status line, headers, and a body of known length (RFC 9112, section 6)."""

import time
from collections.abc import Iterable
from email.utils import formatdate

from mockserver.engine.problems import reason_phrase

__all__ = ["CONTINUE", "Writer"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS = frozenset({204, 304})
_STATUS_LINES = {status: f"HTTP/1.1 {status} {reason_phrase(status)}\r\n" for status in range(100, 600)}
_LINE_ENDS = str.maketrans("\r\n\0", "   ")


class Writer:
    """Writes answers; the date is made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._date = ""

    def head(self, status: int, headers: Iterable[tuple[str, str]], length: int | None, *, closes: bool) -> bytes:
        """Return an answer up to its body; without a ``length`` the body comes in chunks."""
        now = int(time.time())
        if now != self._second:
            self._second, self._date = now, f"Date: {formatdate(now, usegmt=True)}\r\n"
        text = _STATUS_LINES[status]
        for name, value in headers:
            text += f"{name}: {value}\r\n"
            if "\r" in value or "\n" in value or "\0" in value:
                text = text[: -len(value) - 2] + value.translate(_LINE_ENDS) + "\r\n"
        if status not in _BODILESS:
            text += "Transfer-Encoding: chunked\r\n" if length is None else f"Content-Length: {length}\r\n"
        end = "Connection: close\r\n\r\n" if closes else "\r\n"
        return f"{text}{self._date}{end}".encode("latin-1", "replace")

    def whole(
        self, method: str, status: int, headers: Iterable[tuple[str, str]], body: bytes, *, closes: bool
    ) -> bytes:
        """Return an answer; one to HEAD says how long its body would be, and has none."""
        head = self.head(status, headers, len(body), closes=closes)
        return head if method == "HEAD" or status in _BODILESS else head + body
