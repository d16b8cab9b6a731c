"""The head of a request: what plain clients send is read here at once, whatever is odd is left to h11.

A head is plain when every line of it has the one form that RFC 9112 gives it, nothing is said twice, and the body's
length is a number. h11 judges all others, and words what is wrong with them; a test holds that both read the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import h11

__all__ = ["CHUNKED", "FIELD_LINE", "MAX_HEAD", "MAX_TARGET", "Head", "Heads", "RefusedHead", "end_of_head"]

MAX_TARGET = 65_535  # octets of the request line
MAX_HEAD = 256 * 1024  # octets of a whole head
_MAX_FIELDS = 100  # lines of it
CHUNKED = -1

_KEPT = 512  # blocks of header lines whose reading is kept: clients send the same again and again
_KEPT_OCTETS = 2048
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") (/[!-~]*) HTTP/1\.1", re.ASCII)
_FIELD = _TOKEN + rb":[\t -~\x80-\xff]*+"
_FIELD_LINES = re.compile(rb"(?:\r\n" + _FIELD + rb")+", re.ASCII)
FIELD_LINE = re.compile(_FIELD, re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_LATER = frozenset({"transfer-encoding", "expect"})  # what h11 knows better
_STATUSES = {400: "Bad request.", 431: "The headers are too large.", 501: "Not implemented."}


class RefusedHead(Exception):
    """Raised for a head that cannot be served: ``status`` is 400, 414, 431 or 501; no text of the client is quoted."""

    def __init__(self, status: int, message: str, detail: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail


@dataclass(slots=True, frozen=True)
class Fields:
    """The header lines of a request: values by their lower-case names, and what follows for the connection.

    ``length`` is that of the body in octets, or :data:`CHUNKED`.
    """

    headers: Mapping[str, str]
    length: int = 0
    closes: bool = False
    expects: bool = False  # the client waits to be asked for its body (RFC 9110, section 10.1.1)


@dataclass(slots=True)
class Head:
    """The head of one request; ``target`` is as sent, bar the host of an absolute one."""

    method: str
    target: str
    fields: Fields


def end_of_head(data: bytes) -> int:
    """Return where the head ends that octets begin with (behind its empty line), or -1 where more must come.

    Raises :class:`RefusedHead` for one that is too large, or can never be one.
    """
    end = data.find(b"\r\n\r\n") + 4
    if end < 4 or data.find(b"\n\n", 0, end) >= 0 or data.find(b"\n\r\n") != end - 3:
        found = re.search(rb"\n\r?\n", data)  # lines that end with a line feed alone
        end = found.end() if found else -1
    if end < 0:
        line = data.find(b"\n")
        if line > MAX_TARGET or (line < 0 and len(data) > MAX_TARGET + 2):
            raise RefusedHead(414, "The request line is too long.", f"It may have {MAX_TARGET} octets.")
        if len(data) > MAX_HEAD:
            raise RefusedHead(431, "The headers are too large.", f"All together may have {MAX_HEAD} octets.")
        if data[:1] < b"!":
            raise RefusedHead(400, "Bad request.", "What came does not begin like a request of HTTP/1.1.")
        return -1
    if data.find(b"\n") > MAX_TARGET:
        raise RefusedHead(414, "The request line is too long.", f"It may have {MAX_TARGET} octets.")
    if end > MAX_HEAD:
        raise RefusedHead(431, "The headers are too large.", f"All together may have {MAX_HEAD} octets.")
    return end


class Heads:
    """Reads heads; what header lines mean is kept for when the same lines come again."""

    def __init__(self) -> None:
        self._known: dict[bytes, Fields] = {}

    def read(self, block: bytes) -> Head:
        """Return the head that octets are, up to and with the empty line. Raises :class:`RefusedHead`."""
        return self.plain(block) or odd(block)

    def plain(self, block: bytes) -> Head | None:
        """Return the head if it is a plain one."""
        line = block.find(b"\r\n")
        match = _REQUEST_LINE.fullmatch(block, 0, line)
        if match is None or not block.endswith(b"\r\n\r\n"):
            return None
        lines = block[line:-4]
        fields = self._known.get(lines)
        if fields is None:
            fields = _plain_fields(lines)
            if fields is None:
                return None
            if len(lines) <= _KEPT_OCTETS:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[lines] = fields
        return Head(match[1].decode(), match[2].decode(), fields)


def _plain_fields(lines: bytes) -> Fields | None:
    """Return what plain header lines say, each with its line end before it; ``None`` where they are not plain."""
    if _FIELD_LINES.fullmatch(lines) is None:
        return None
    pairs = [line.partition(":")[::2] for line in lines.decode("latin-1")[2:].split("\r\n")]
    headers = {name.lower(): value.strip(" \t") for name, value in pairs}
    once = len(headers) == len(pairs) <= _MAX_FIELDS
    if not once or "host" not in headers or not _LATER.isdisjoint(headers):
        return None
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        return None
    return Fields(headers, int(length), closes="close" in _options(headers))


def _options(headers: Mapping[str, str]) -> set[str]:
    """Return the options of ``Connection`` (RFC 9110, section 7.6.1)."""
    return {option.strip().lower() for option in headers.get("connection", "").split(",")}


def odd(block: bytes) -> Head:
    """Return a head as h11 reads it. Raises :class:`RefusedHead`."""
    if block.count(b"\n") > _MAX_FIELDS + 2:
        raise RefusedHead(431, "The headers are too many.", f"There may be {_MAX_FIELDS}.")
    if re.search(rb"\n[ \t]", block):
        raise RefusedHead(400, "Bad request.", "A header line goes on in the next line (RFC 9112, section 5.2).")
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD + 1)
    reader.receive_data(block)
    try:
        request = reader.next_event()
    except h11.RemoteProtocolError as error:
        status = error.error_status_hint if error.error_status_hint in _STATUSES else 400
        detail = "The head of the request is not what RFC 9112 says, or more than the mock can do."
        raise RefusedHead(status, _STATUSES[status], detail) from None
    if not isinstance(request, h11.Request):
        raise RefusedHead(400, "Bad request.", "What came is not the head of a request (RFC 9112, section 3).")
    headers: dict[str, str] = {}
    for octets, content in request.headers:
        name, value = octets.decode("latin-1"), content.decode("latin-1")
        headers[name] = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}" if name in headers else value
    length = int(headers.get("content-length", "0"))  # of several that are the same h11 makes one
    if "transfer-encoding" in headers:
        if "content-length" in headers:
            raise RefusedHead(400, "Bad request.", "The body has a length and comes in chunks (RFC 9112, section 6.1).")
        length = CHUNKED
    old = request.http_version == b"1.0"
    fields = Fields(
        headers,
        length,
        closes=old or "close" in _options(headers),
        expects=not old and headers.get("expect", "").lower() == "100-continue",
    )
    return Head(request.method.decode(), _origin_form(request.target.decode("latin-1")), fields)


def _origin_form(target: str) -> str:
    """Return a target without scheme and host (RFC 9112, section 3.2.2)."""
    scheme, colons, rest = target.partition("://")
    if not colons or scheme.lower() not in {"http", "https"}:
        return target
    slash = re.search(r"[/?]", rest)
    path = rest[slash.start() :] if slash else ""
    return path if path.startswith("/") else f"/{path}"
