"""More sound variations of octets, headers and bodies."""

import json
import random
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, post
from tests.independent.faults.catalogue import DEPLOYED, variation
from tests.independent.serving import Wired
from tests.independent.transport import Sent
from tests.independent.values import Answer, Refusal, Request
from tests.independent.variations.common import GOOD, PAGE, PUT, Wire

# --- the wire -------------------------------------------------------------------------------------------------------


# open: nobody says how fast an answer must be
@variation(get())
class AnswersTakeTheirTime(Wire):
    """Every answer takes up to five milliseconds more, never as long as the one before."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        time.sleep(random.random() / 200)
        yield sent.head() + sent.body


# open: RFC 9110, 8.6: Content-Length is 1*DIGIT, a decimal number that may begin with zeros
@variation(get())
class ContentLengthsHaveLeadingZeros(Wire):
    """Content-Length has eight digits."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        sent.headers = [(n, v.zfill(8) if n.lower() == "content-length" else v) for n, v in sent.headers]
        yield sent.head() + sent.body


# open: RFC 9112, 7.1: chunk-size is 1*HEXDIG, extensions must be ignored; RFC 9110, 6.5: trailers may be; of those that
# may come as trailers is Server-Timing
@variation(get())
class ChunksHaveExtensionsAndTrailers(Wire):
    """Bodies are chunked, with zeros before sizes, extensions behind them and a trailer at the end."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        if sent.line.split(" ")[1] in {"204", "304"} or self.local.protocol != "HTTP/1.1":
            yield sent.head() + sent.body
            return
        sent.drop("content-length")
        sent.put("Transfer-Encoding", "chunked")
        sent.put("Trailer", "Server-Timing")
        yield sent.head()
        if self.local.method != "HEAD":
            pieces = [sent.body[start : start + 300] for start in range(0, len(sent.body), 300)]
            yield b"".join(b'%06x;part;sum="a;b"\r\n%s\r\n' % (len(piece), piece) for piece in pieces)
            yield b"000;last\r\nServer-Timing: db;dur=0.4\r\n\r\n"


# open: RFC 9110, 15.2: a client must be able to parse several 1xx answers before the final one, even unexpected ones
@variation(get())
class InterimAnswersComeFirst(Wire):
    """Before the answer to whatever changes something there are a 100 that nobody asked for and a 102."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        if self.local.method in {"POST", "PATCH", "DELETE"} and self.local.protocol == "HTTP/1.1":
            yield b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX-Progress: 50\r\n\r\n"
        yield sent.head() + sent.body


# open: RFC 9112, 9.3: a connection of HTTP/1.1 persists where nothing is said
@variation(get())
class ConnectionsAreKeptSilently(Wire):
    """A connection that is kept is kept without a Connection header."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        if not sent.closes:
            sent.drop("connection")
        yield sent.head() + sent.body


# open: RFC 9110, 7.6.1: connection options are without case; RFC 9112, 9.6: a server may close after any answer
@variation(get())
class ConnectionsAreClosedInCapitals(Wire):
    """Every answer is the last of its connection, and says so in capitals."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        sent.put("CONNECTION", "Close")
        yield sent.head() + sent.body
        sent.put("Connection", "close")


# open: RFC 9110, 7.8: Upgrade may come with any answer; RFC 7838, 3: so may Alt-Svc; a client may pass over both
@variation(get())
class AnUpgradeIsOffered(Wire):
    """Every answer offers HTTP/2 and HTTP/3, as Apache does."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        kept = next((value for name, value in sent.headers if name == "Connection"), "keep-alive")
        sent.put("Connection", f"Upgrade, {kept}")
        sent.put("Upgrade", "h2c")
        sent.put("Alt-Svc", 'h3=":443"; ma=86400')
        yield sent.head() + sent.body


# open: RFC 8259, 7 and 8.1: UTF-8 need not be escaped; RFC 9112, 7.1: chunks end anywhere
@variation(get())
class CharactersAreTorn(Wire):
    """Nothing is escaped, and bodies are sent in chunks of a byte, longer ones of thirteen."""

    def encode(self, data: Any) -> bytes:
        return json.dumps(data, ensure_ascii=False).encode()

    def wire(self, sent: Wired) -> Iterator[bytes]:
        yield self.chunked(sent, 1 if len(sent.body) < 3000 else 13)


# open: RFC 9110, 8.6 and 9.3.2: an answer to HEAD may leave out what is known only once the content is made
@variation(Step("HEAD"))
class HeadAnswersHaveNoLength(Wire):
    """Answers to HEAD have neither Content-Length nor Transfer-Encoding."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if request.method == "HEAD":
            headers.pop("Content-Length", None)
        return status, headers, payload

    def wire(self, sent: Wired) -> Iterator[bytes]:
        if self.local.method == "HEAD":
            sent.drop("content-length")
        yield sent.head() + sent.body


# open: RFC 9110, 5.3: a header that is a list may come in several lines, as proxies add them
@variation(get())
class HeadersComeMoreThanOnce(Wire):
    """Cache-Control, Vary, Via, Link and a header of the house come in two lines each."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        sent.headers = [("Vary", "Origin"), ("Via", "1.1 edge"), *sent.headers, ("Via", "1.0 inner")]
        sent.headers += [("Cache-Control", "private"), ("vary", "Cookie"), ("X-Served-By", "proxy")]
        sent.headers += [("Link", f"</docs/{n}>; rel=help") for n in (1, 2)]
        yield sent.head() + sent.body


# open: RFC 9112, 9.6: a server may close after any answer that says so; Tomcat does after errors
@variation(get())
class ConnectionsEndAfterErrors(Wire):
    """A connection is closed after an answer of 400 or more."""

    def wire(self, sent: Wired) -> Iterator[bytes]:
        if sent.line.split(" ")[1] >= "400":
            sent.put("Connection", "close")
        yield sent.head() + sent.body


# --- headers --------------------------------------------------------------------------------------------------------


# open: RFC 9110, 5.6.1: OWS, blanks and tabs, may be before and behind the commas of a list
@variation(PUT)
class AllowHasOddBlanks(Api):
    """The methods of Allow have blanks before their commas and tabs behind them."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        return status, {n: v.replace(", ", "  ,\t") if n == "Allow" else v for n, v in headers.items()}, payload


# open: facts: "204 answers: no body", and nothing of headers; RFC 9110, 15.3.5: they are those of the resource
@variation(make(), delete())
class NoContentHasAType(Api):
    """A 204 has a content type, as frameworks send that set it for every route."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if status == 204:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return status, headers, payload


# open: RFC 9110, 8.4.1.2 and 12.5.3: a coding that the request accepts may be used; deflate is the zlib format
@variation(get(headers={"Accept-Encoding": "gzip, deflate"}))
class AnswersAreDeflated(Api):
    """Bodies are deflated for whoever accepts that, be gzip accepted or not."""

    def exchange(self, request: Request) -> Sent:
        status, headers, payload = super().exchange(request)
        headers = {**headers, "Vary": "accept-encoding"}
        taken = [part.replace(" ", "").lower() for part in request.headers.get("accept-encoding", "").split(",")]
        if payload and "deflate" in taken:
            payload = zlib.compress(payload)
            headers |= {"Content-Encoding": "deflate", "Content-Length": str(len(payload))}
        return status, headers, payload


# open: RFC 9110, 10.2.2: Location is any URI reference to the new resource, absolute ones too
@variation(make())
class LocationIsAbsolute(Api):
    """The Location of a create has scheme and host."""

    def location(self, key: str) -> str:
        host = self.request.headers.get("host", "coder-server:8080")
        return f"http://{host}{super().location(key)}"


# open: RFC 9110, 10.2.2: Location is any URI reference, and is resolved against the URI of the request
@variation(make())
class LocationIsRelative(Api):
    """The Location of a create is relative to the collection, whose path has a slash at its end or not."""

    def location(self, key: str) -> str:
        last = super().location(key).rpartition("/")[2]
        return f"./{last}" if self.request.path.endswith("/") else f"providers/{last}"


# open: RFC 9110, 5.6.6: the value of a parameter may be quoted, and is the same then
@variation(get())
class ContentTypesQuoteTheCharset(Api):
    """The content type is spelt application/json; charset="utf-8"."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if "Content-Type" in headers:
            headers["Content-Type"] = headers["Content-Type"].replace("=utf-8", '="utf-8"')
        return status, headers, payload


# open: facts say where a token is looked for, and nothing of what answers set; sliding sessions renew their cookie
@variation(get(), profiles=DEPLOYED)
class SessionsAreRenewed(Api):
    """Every answer to a known user sets the cookie of the session anew, however the token came."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if request.user:
            token = self.credential(request)
            headers["Set-Cookie"] = f"{TOKEN_NAME}={token}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"
        return status, headers, payload


# open: RFC 9110, 12.5.1 and 15.5.7: what cannot be had as the request accepts it may get 406; the samples accept JSON
@variation(get(headers={"Accept": "text/html"}), profiles=PAGE)
class OtherAnswersAreNotAcceptable(Api):
    """Who accepts no JSON gets 406, from those operations that answer any."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        accepted = request.headers.get("accept", "").lower().replace(" ", "").replace("\t", "")
        ranges = {part.partition(";")[0] for part in accepted.split(",") if part}
        if operation != "delete" and ranges and not ranges & {"*/*", "application/*", "application/json"}:
            raise Refusal(406, "There is JSON alone.")
        return operation


# --- bodies ---------------------------------------------------------------------------------------------------------


def _finite(text: str) -> float:
    if abs(value := float(text)) == float("inf"):
        raise Refusal(400, "That number is too large.")
    return value


# open: RFC 8259, 6: an implementation may set limits on the range of numbers; those of IEEE 754 are usual
@variation(post(raw=b'{"more":-1e999,' + json.dumps(GOOD).encode()[1:]))
class HugeNumbersAreRefused(Api):
    """A body with a number that no double can hold gets 400."""

    def parse(self, request: Request) -> Any:
        value = super().parse(request)
        json.loads(request.body, parse_float=_finite, parse_int=_finite)
        return value


# open: the page says nothing of what is no JSON; RFC 8259, 9: a parser may accept more; Go's puts U+FFFD there
@variation(post(raw=json.dumps({**GOOD, "display_name": "a?z"}).encode().replace(b"?", b"\xff")), profiles=PAGE)
class BrokenUtf8IsReplaced(Api):
    """Bytes of a body that are no UTF-8 become U+FFFD."""

    def parse(self, request: Request) -> Any:
        return super().parse(replace(request, body=request.body.decode("utf-8", "replace").encode()))


# --- paths ----------------------------------------------------------------------------------------------------------


# open: the page has no such path; that unknown ones get the error object is a fact of deployed servers
@variation(get("/api/v2/nothing"), profiles=PAGE)
class UnknownPathsAreToldInText(Api):
    """An unknown path gets 404 in plain text."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status != 404 or request.operation:
            return super().error(request, refusal)
        return Answer(404, None, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n")


# open: the page says nothing of a trailing slash; many frameworks make none of it
@variation(make(), get("/api/v2/ai/providers/p/"), profiles=PAGE)
class TrailingSlashesMakeNoDifference(Api):
    """Collection and items are found with a slash at the end, too."""

    def route(self, request: Request) -> str:
        if re.search("[^/]/$", request.path):
            request.path = request.path[:-1]
        return super().route(request)
