"""Calling a WSGI application for a request that was read already (PEP 3333)."""

import io
import sys
from typing import Any

from mockserver.engine.messages import Request
from mockserver.web.front import WSGIApp

__all__ = ["Page", "environ", "run_wsgi"]

Page = tuple[int, list[tuple[str, str]], bytes]  # status, headers and body


def environ(request: Request, address: tuple[str, int]) -> dict[str, Any]:
    """Return a request as a WSGI environment; ``address`` is where the server listens."""
    body = request.body or b""
    result: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": address[0],
        "SERVER_PORT": str(address[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        result[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    if body:
        result["CONTENT_LENGTH"] = str(len(body))
    return result


def run_wsgi(app: WSGIApp, environment: dict[str, Any]) -> Page:
    """Run a WSGI application to its end; return what it answers."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        started[:] = [int(status.split(" ", 1)[0]), headers]
        return started.append

    parts = app(environment, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return started[0], started[1], body
