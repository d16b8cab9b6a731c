"""A body in chunks (RFC 9112, section 7.1), put together as its octets come."""

import re

from mockserver.web.http1.heads import FIELD_LINE

__all__ = ["BadChunk", "Chunks"]

_MAX_LINE = 32 * 1024  # octets of a chunk's first line, and of all trailers
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t -~\x80-\xff]*|[ \t]*)")


class BadChunk(ValueError):
    """Raised for octets that are no chunk."""


class Chunks:
    """Takes octets until the body is whole: then ``rest`` holds what came after it, else ``None``.

    ``too_large`` is set, and nothing more is taken, when the body is longer than ``limit`` octets.
    """

    def __init__(self, limit: int) -> None:
        self.body = bytearray()
        self.rest: bytes | None = None
        self.too_large = False
        self._limit = limit
        self._data = bytearray()  # what is not worked in yet
        self._left = 0  # octets of the present chunk that are still to come
        self._inside = False  # a chunk's line end is still to come
        self._trailers = False

    def feed(self, data: bytes) -> None:
        """Work octets in. Raises :class:`BadChunk`."""
        self._data += data
        while self.rest is None and not self.too_large and self._step():
            pass

    def _step(self) -> bool:
        """Take one part of the octets that are there; return whether there may be more to take."""
        if self._left:
            return self._octets()
        if self._inside:
            return self._line_end()
        end = self._data.find(b"\r\n")
        if end < 0 or end > _MAX_LINE:
            if len(self._data) > _MAX_LINE:
                raise BadChunk("a line of the chunked body is too long")
            return False
        line = bytes(self._data[:end])
        del self._data[: end + 2]
        if self._trailers:
            self._trailer(line)
        else:
            self._size(line)
        return True

    def _octets(self) -> bool:
        part = self._data[: self._left]
        self.body += part
        self._left -= len(part)
        del self._data[: len(part)]
        return not self._left

    def _line_end(self) -> bool:
        if len(self._data) < 2:
            return False
        if self._data[:2] != b"\r\n":
            raise BadChunk("a chunk is longer than it says")
        del self._data[:2]
        self._inside = False
        return True

    def _size(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            raise BadChunk("a chunk has no size")
        self._left = int(match[1], 16)
        self._inside = self._left > 0
        self._trailers = not self._inside
        self.too_large = len(self.body) + self._left > self._limit

    def _trailer(self, line: bytes) -> None:
        """Pass over a trailer; the empty line ends the body."""
        if not line:
            self.rest = bytes(self._data)
        elif FIELD_LINE.fullmatch(line) is None:
            raise BadChunk("a trailer is no header")
