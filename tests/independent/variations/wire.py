"""Sound variations of octets on the wire: framing, connections, the spelling of heads."""

import gzip
import random
import re
import time
from collections.abc import Iterator

from tests.independent.app import Api
from tests.independent.asking import get
from tests.independent.faults.catalogue import variation
from tests.independent.serving import Wired
from tests.independent.transport import Sent
from tests.independent.values import Request
from tests.independent.variations.common import Wire

# --- the wire -------------------------------------------------------------------------------------------------------


# open: RFC 9112, 7.1: a body may be chunked, in chunks of any size; clients must be able to read it
@variation(get())
class AnswersAreChunked(Wire):
    """Every body is sent in chunks of seven bytes."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        yield self.chunked(sent, 7)


# open: RFC 9112, 2.3 and 6.3: a server may be of HTTP/1.0, and a body may end with the connection
@variation(get())
class AnswersAreOfHttp10(Wire):
    """Answers are of HTTP/1.0, of no stated length, and end with the connection."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        sent.put("Connection", "close")
        sent.line = f"HTTP/1.0{sent.line[8:]}"
        if self.local.method != "HEAD":
            sent.drop("content-length")
        yield sent.head() + sent.body


# open: RFC 9112, 9.6: a server may close after any answer that says so
@variation(get())
class ConnectionsTakeThreeRequests(Wire):
    """A connection is closed after its third answer, which says so."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        count = sent.connection.count = getattr(sent.connection, "count", 0) + 1
        if count == 3:
            sent.put("Connection", "close")
        else:
            sent.put("Keep-Alive", f"timeout=5, max={3 - count}")
        yield sent.head() + sent.body


# open: RFC 9112, 9.5: a server may close an idle connection at any time; two seconds are what gunicorn waits
@variation(get())
class IdleConnectionsAreClosed(Wire):
    """A connection that is silent for two seconds is closed."""

    idle = 2.0


# open: TCP has no messages, and nobody says how fast an answer must be
@variation(get())
class AnswersComeInPieces(Wire):
    """Status line, headers and halves of the body are sent one after the other, a moment apart."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        line, _, rest = sent.head().partition(b"\r\n")
        half = len(sent.body) // 2
        for piece in (line[:9], line[9:] + b"\r\n", rest, sent.body[:half], sent.body[half:]):
            if piece:
                yield piece
                time.sleep(0.0003)


# open: RFC 9112, 4: the reason phrase may be absent, clients should ignore it
@variation(get())
class ReasonPhrasesAreEmpty(Wire):
    """Status lines have no reason phrase."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        sent.line = f"{sent.line[:12]} "
        yield sent.head() + sent.body


# open: RFC 9110, 5.1 and RFC 9112, 5: names of headers are without case, white space around values is optional
@variation(get())
class HeaderNamesAreInSmallLetters(Wire):
    """Names of headers are in small letters, without a blank after the colon and with one behind the value."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        lines = [sent.line, *(f"{name.lower()}:{value} " for name, value in sent.headers), "", ""]
        yield "\r\n".join(lines).encode("latin-1") + sent.body


# open: RFC 9110, 5.3: a header that is a list may come in several lines; 9.1 and 10.2.1: in any order
@variation(get())
class AllowComesInSeveralLines(Wire):
    """Every method that a path takes has an Allow line of its own, the last first."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        methods = [method for name, value in sent.headers if name == "Allow" for method in value.split(", ")]
        sent.drop("allow")
        sent.headers += [("Allow", method) for method in reversed(methods)]
        yield sent.head() + sent.body


# open: nothing forbids cookies of another name; on 401 the stale token of a browser is taken away
@variation(get())
class AnswersSetCookies(Wire):
    """Every answer sets two cookies of a load balancer, and a 401 takes away the cookie of the session."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        late = "Thu, 01 Jan 2099 00:00:00 GMT"
        sent.headers.append(("Set-Cookie", f"lb=node-{random.randrange(9)}; Path=/; Expires={late}; HttpOnly"))
        sent.headers.append(("Set-Cookie", "lb_cors=a=b; Path=/; SameSite=Lax"))
        if sent.line.split(" ")[1] == "401":
            gone = "Thu, 01 Jan 1970 00:00:00 GMT"
            sent.headers.append(("Set-Cookie", f"coder_session_token=; Path=/; Expires={gone}; Max-Age=0"))
        yield sent.head() + sent.body


# open: RFC 9110, 15.2: a client must be able to parse 1xx answers before the final one, even unexpected ones
@variation(get())
class EarlyHintsComeFirst(Wire):
    """Before the answer to a GET there is a 103 with a link."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        if self.local.method == "GET" and self.local.protocol == "HTTP/1.1" and self.local.path.startswith("/api/"):
            yield b"HTTP/1.1 103 Early Hints\r\nLink: </docs>; rel=preconnect\r\n\r\n"
        yield sent.head() + sent.body


class _Zipped(Api):
    """What zips answers for those who take it."""

    def exchange(self, request: Request) -> Sent:
        status, headers, payload = super().exchange(request)
        headers = {**headers, "Vary": "Accept-Encoding"}
        taken = [part.replace(" ", "").lower() for part in request.headers.get("accept-encoding", "").split(",")]
        if payload and any(re.fullmatch(r"gzip(;q=(1(\.0*)?|0\.0*[1-9]\d*))?", part) for part in taken):
            payload = gzip.compress(payload, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(payload))}
        return status, headers, payload


# open: RFC 9110, 12.5.3: a coding that the request accepts may be used
@variation(get(headers={"Accept-Encoding": "gzip, deflate"}))
class AnswersAreZipped(_Zipped):
    """Bodies, of errors too, are gzipped for whoever accepts that."""


# open: RFC 9110, 12.5.3 and RFC 9112, 7.1, together: what nginx makes of every upstream
@variation(get(headers={"Accept-Encoding": "gzip"}))
class AnswersAreZippedInChunks(_Zipped, Wire):
    """Bodies are gzipped for whoever accepts that, and sent in chunks."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        yield self.chunked(sent, 100)
