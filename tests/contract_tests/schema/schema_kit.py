"""What the tests of the schema layer share: servers that record what reaches them, and runs of that layer alone."""

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from contract_tests.options import Options
from contract_tests.results import RunResult
from contract_tests.runner import Run
from tests.independent.app import create_app
from tests.independent.serving import running

READINGS = [("deployed", "lenient"), ("documented", "lenient"), ("documented", "strict")]
UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
RUN = re.compile(r"ct-[a-z0-9]{4,12}-")


@dataclass
class Server:
    """A server under test: `requests` are those that reached it, `state` gives all that it holds."""

    url: str
    app: Any
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)

    def state(self) -> Any:
        return json.loads(self.app.state())

    def normalised(self) -> list[tuple[str, str, bytes]]:
        """The requests without what the server or the run id make differ."""
        return [
            (method, UUID.sub("<id>", RUN.sub("ct-", target)), RUN.sub("ct-", body.decode("utf-8", "replace")).encode())
            for method, target, body in self.requests
        ]


@contextmanager
def serving(profile: str, *faults: str, reading: str = "lenient", around: Callable[..., Any] | None = None) -> Iterator:
    """Serve the independent server, perhaps broken; `around` may answer in its place."""
    app = create_app(profile, faults, reading=reading, seed=7)
    server = Server("", app)

    def recording(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        target = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")
        server.requests.append((environ["REQUEST_METHOD"], target, body))
        environ["wsgi.input"] = io.BytesIO(body)
        given = None if around is None else around(environ, start_response, server)
        return app(environ, start_response) if given is None else given

    with running(recording) as url:
        server.url = url
        yield server


def run(server: Server, profile: str, *only: str, **options: Any) -> RunResult:
    """Run checks of the schema layer, all of them unless some are named."""
    given = {"token": "API_KEY", "other_token": "MEMBER_KEY", "effort": "quick", **options}
    return Run(Options(server.url, profile, only=only or ("schema",), **given), []).run()


def unhappy(result: RunResult) -> list[tuple[str, str, str]]:
    """Return the checks of the schema layer that did not pass, but for those that were left out."""
    return [
        (check.name, check.verdict.value, check.reason)
        for check in result.checks
        if check.layer == "schema" and check.verdict.value != "passed" and check.reason != "left out by --only"
    ]
