"""Prism as a judge of the mock's answers: a validating proxy in front of the mock, and what it says of each answer.

Prism changes or refuses some requests on their way: JSON that it cannot read never arrives, JSON that it can read is
written anew, a HEAD ends in an error of its own. Such a request is sent to the mock as it is, and only the answer
travels through Prism: it is played back to a plain request of the same operation.
"""

import http.client
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Answer", "Judge", "JudgeFailed", "Sent", "Upstream", "Verdict", "Violation"]

Bend = Callable[["Answer"], "Answer"]
PATIENCE = 20.0  # seconds that Prism has for one exchange
TOO_MANY = "too many"
OWN_ERROR = "https://stoplight.io/prism/errors#"


class JudgeFailed(Exception):
    """Raised where the judge itself cannot work, so that nothing it says counts."""


@dataclass(frozen=True)
class Sent:
    """A request: ``target`` is the path and query as they stand in the request line."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """An answer as the mock gave it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Violation:
    """What Prism objects to: ``side`` is request or response, ``place`` the part of it, ``rule`` the broken keyword."""

    side: str
    place: str
    rule: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """One exchange and its judgement. ``operation`` is what the answer was judged as; empty where it could not be."""

    sent: Sent
    answer: Answer
    operation: str
    played_back: bool
    violations: tuple[Violation, ...]

    @property
    def faults(self) -> tuple[Violation, ...]:
        """What is wrong with the answer; what Prism has against the request is no fault of the mock."""
        return tuple(violation for violation in self.violations if violation.side == "response")


@dataclass
class Upstream:
    """What stands behind Prism: the mock, an answer of it that is bent, or one that is played back."""

    app: Any = None
    bend: Bend | None = None
    played: Answer | None = None
    given: list[Answer] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (PEP 3333), and keep the answer."""
        answer = self.played or self._ask(environ)
        self.given.append(answer)
        start_response(f"{answer.status} {http.client.responses.get(answer.status, 'Unknown')}", list(answer.headers))
        return [answer.body]

    def _ask(self, environ: dict[str, Any]) -> Answer:
        started: list[Any] = []
        body = b"".join(self.app(environ, lambda status, headers, _=None: started.extend((status, headers))))
        answer = Answer(int(started[0][:3]), tuple(started[1]), body)
        return self.bend(answer) if self.bend else answer


class Judge:
    """A Prism in front of an upstream, for one document; use it as a context manager.

    ``document`` must be without `jsonSchemaDialect`: with it, Prism judges no body at all.
    """

    def __init__(self, prism: Path, document: Mapping[str, Any], upstream: Upstream, url: str, folder: Path) -> None:
        if "jsonSchemaDialect" in document:
            raise JudgeFailed("the document has a jsonSchemaDialect, which keeps Prism from judging bodies")
        self._paths = _path_patterns(document)
        self._upstream = upstream
        self._address = urlsplit(url).netloc
        self._file = folder / "judged.json"
        self._file.write_text(json.dumps(document))
        self._command = [str(prism), "proxy", str(self._file), url, "-h", "127.0.0.1", "-v", "error"]
        self._lock = threading.Lock()

    def __enter__(self) -> "Judge":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._prism = f"127.0.0.1:{port}"
        self._log = self._file.with_suffix(".log").open("w+")
        self._process = subprocess.Popen([*self._command, "-p", str(port)], stdout=self._log, stderr=subprocess.STDOUT)
        for _ in range(600):
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        self.__exit__(None, None, None)
        raise JudgeFailed(f"Prism does not start:\n{self._file.with_suffix('.log').read_text()[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def exchange(self, sent: Sent) -> Verdict:
        """Send a request to the mock, through Prism where that is possible, and return what Prism says."""
        with self._lock:
            if self._carried(sent):
                self._upstream.given.clear()
                violations = self._through_prism(sent)
                if violations is not None and not any(found.rule == TOO_MANY for found in violations):
                    operation = self._operation(sent.method, sent.target)
                    return Verdict(sent, self._upstream.given[0], operation, False, violations)
                answer = self._upstream.given[0] if self._upstream.given else self._directly(sent)
            else:
                answer = self._directly(sent)
            return self._play_back(sent, answer)

    def _carried(self, sent: Sent) -> bool:
        """Return whether Prism hands a request on as it is: an operation of the contract, with a plain body or none."""
        if not self._operation(sent.method, sent.target) or not sent.target.isascii():
            return False
        names = [name.lower() for name, _ in sent.headers]
        if len(set(names)) != len(names) or "transfer-encoding" in names:
            return False
        if not sent.body:
            return True
        try:
            value = json.loads(sent.body, parse_constant=_no_constant)
            if value in (None, False, ""):  # and 0: what JavaScript takes for false; Prism hands no body on, and waits
                return False
            # Prism writes JSON anew: only what is the same afterwards arrives as it was sent.
            return b'"__proto__"' not in sent.body and json.dumps(value).encode() == sent.body
        except (ValueError, RecursionError):
            return False

    def _through_prism(self, sent: Sent) -> tuple[Violation, ...] | None:
        """Return Prism's violations; ``None`` where it answers nothing, or something of its own."""
        try:
            answer = _ask(self._prism, sent)
        except (OSError, http.client.HTTPException):
            if self._process.poll() is not None:
                text = self._file.with_suffix(".log").read_text()[-2000:]
                raise JudgeFailed(f"Prism died of {sent.method} {sent.target}:\n{text}") from None
            return None
        headers = {name.lower(): value for name, value in answer.headers}
        if OWN_ERROR.encode() in answer.body or not self._upstream.given:
            return None
        if answer.status != self._upstream.given[-1].status:
            return None
        return read_violations(headers.get("sl-violations", ""))

    def _directly(self, sent: Sent) -> Answer:
        self._upstream.given.clear()
        _ask(self._address, sent)
        return self._upstream.given[0] if self._upstream.given else Answer(0, (), b"")

    def _play_back(self, sent: Sent, answer: Answer) -> Verdict:
        """Have Prism judge an answer as that of the same operation, else of one on the same path, else of any.

        The last two are for a 404 or 405 from outside the contract: its shape is judged by an operation that declares
        the status.
        """
        for method, target in self._candidates(sent, answer.status):
            self._upstream.played = answer
            try:
                violations = self._through_prism(Sent(method, target))
            finally:
                self._upstream.played = None
            operation = self._operation(method, target)
            if violations is None:
                broken = Violation("response", "", "unreadable", "Prism could not read the answer")
                return Verdict(sent, answer, operation, True, (broken,))
            found = tuple(violation for violation in violations if violation.side == "response")
            return Verdict(sent, answer, operation, True, found)
        return Verdict(sent, answer, "", True, ())

    def _candidates(self, sent: Sent, status: int) -> Iterator[tuple[str, str]]:
        if sent.method == "HEAD" or status == 0:
            return  # an answer without its body cannot be judged
        same = self._matching(sent.target)
        if same and sent.method in same[1]:
            yield sent.method, same[0]
            return
        for template, methods, _ in ([same] if same else []) + self._paths:
            for method, statuses in methods.items():
                if str(status) in statuses:
                    yield method, re.sub(r"\{[^}]*\}", "x", template)

    def _matching(self, target: str) -> tuple[str, dict[str, set[str]], Any] | None:
        path = target.partition("?")[0]
        return next((entry for entry in self._paths if entry[2].fullmatch(path)), None)

    def _operation(self, method: str, target: str) -> str:
        found = self._matching(target)
        return f"{method} {found[0]}" if found and method in found[1] else ""


def read_violations(header: str) -> tuple[Violation, ...]:
    """Return what a `sl-violations` header holds; one that Prism cut short is a violation by the rule `TOO_MANY`."""
    if not header:
        return ()
    try:
        entries = json.loads(header)
    except ValueError:
        return (Violation("response", "", TOO_MANY, header[:300]),)
    return tuple(
        Violation(
            side=str(entry["location"][0]),
            place="/".join(str(part) for part in entry["location"][1:]),
            rule=str(entry.get("code", "document")),
            message=str(entry["message"]),
        )
        for entry in entries
    )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _path_patterns(document: Mapping[str, Any]) -> list[tuple[str, dict[str, set[str]], Any]]:
    """Return each path of a document with its methods, their statuses, and a pattern that matches it."""
    found = []
    for template, item in document["paths"].items():
        methods = {name.upper(): set(node.get("responses", ())) for name, node in item.items() if name != "parameters"}
        pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _split(template))
        found.append((template, methods, re.compile(pattern)))
    return sorted(found, key=lambda entry: "{" in entry[0])


def _split(template: str) -> list[str]:
    return re.split(r"(\{[^}]*\})", template)


def _ask(address: str, sent: Sent) -> Answer:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.putrequest(sent.method, sent.target, skip_accept_encoding=True)
        for name, value in sent.headers:
            if name.lower() not in {"host", "content-length", "connection", "accept-encoding"}:
                connection.putheader(name, value)
        if sent.body or sent.method in {"POST", "PUT", "PATCH"}:
            connection.putheader("Content-Length", str(len(sent.body)))
        connection.endheaders(sent.body or None)
        response = connection.getresponse()
        return Answer(response.status, tuple(response.getheaders()), response.read())
    finally:
        connection.close()
