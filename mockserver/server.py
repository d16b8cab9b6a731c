"""Serving a mock: a process of its own for people and pipelines, a thread inside the test process for tests."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
from types import TracebackType
from typing import Any

from mockserver.app import Mock, create_mock
from mockserver.engine.operations import Operation
from mockserver.errors import UsageError
from mockserver.reloading import Reloader
from mockserver.settings import Settings

__all__ = ["LocalServer", "banner", "serve"]


class LocalServer:
    """A mock on a free port of this machine, in a thread; use it as a context manager.

    >>> with LocalServer() as server:  # doctest: +SKIP
    ...     print(server.url)
    """

    def __init__(self, settings: Settings | None = None, app: Any = None) -> None:
        self._app = app if app is not None else create_mock(settings).app
        self.url = ""

    def __enter__(self) -> "LocalServer":
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # the parent's signature
                """Say nothing: the mock has a log of its own."""

        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def banner(mock: Mock, url: str) -> str:
    """Return what is printed once the mock accepts connections: where, what, with which tokens, and what to try."""
    settings = mock.settings
    contract = settings.contract or f"profile {settings.profile}"
    lines = [f"AI Providers mock at {url}", f"  contract  {contract}"]
    lines.append(f"  fixture   {mock.fixture.name}, {mock.fixture.count} records")
    now = mock.sessions.default.clock.now()
    tokens = []
    for token in mock.fixture.tokens:
        state = "suspended" if token.user.suspended else ", ".join(sorted(token.user.roles)) or "no role"
        if token.expires is not None and token.expires <= now:
            state = "expired"
        tokens.append(f"{token.value} ({state})")
    lines.append(f"  tokens    {', '.join(tokens) or 'none'}")
    paths = list(mock.contract.resources.values())
    if paths and paths[0].operations.get("list"):
        path = url + paths[0].operations["list"].path
        header = _credential(mock, paths[0].operations["list"])
        lines += ["", "Try:", f"  curl {path} {header}".rstrip()]
        if "providers" in mock.contract.resources:
            body = (
                '{"type": "openai", "name": "mine", "base_url": "https://api.openai.com/v1", "api_keys": ["dummy-key"]}'
            )
            lines.append(f"  curl {path} {header} -H 'Content-Type: application/json' -d '{body}'")
            lines.append(f"  curl -X DELETE {path}/mine {header}")
    return "\n".join([*lines, "", "Stop with Ctrl-C."])


def _credential(mock: Mock, operation: Operation) -> str:
    """Return the option that has curl send a good token the way an operation takes it, or nothing."""
    now = mock.sessions.default.clock.now()
    good = (t for t in mock.fixture.tokens if not t.user.suspended and (t.expires is None or t.expires > now))
    token = next((token.value for token in good), None)
    schemes = mock.contract.document.security_schemes
    for name in (name for option in operation.security for name in option if name in schemes):
        if token is not None and schemes[name].where == "header":
            return f"-H '{schemes[name].param}: {token}'"
        if token is not None and schemes[name].where == "bearer":
            return f"-H 'Authorization: Bearer {token}'"
    return ""


def serve(settings: Settings) -> None:
    """Serve a mock until SIGTERM or Ctrl-C; requests in flight are finished, unless either comes once more.

    Raises :class:`~mockserver.errors.MockserverError` before anything listens, when settings, contract, fixture or
    address cannot be used.
    """
    mock = create_mock(settings)
    _allow_files(mock.listener.connections + 256)
    gc.collect()
    gc.freeze()  # what is loaded stays, and need not be looked at again
    gc.set_threshold(20_000, 20, 20)  # what is kept (journals) is no garbage: look at it less often
    with contextlib.suppress(KeyboardInterrupt):  # where signals cannot be handled in the loop
        asyncio.run(_serve(mock))


async def _serve(mock: Mock) -> None:
    settings, ended = mock.settings, asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        if ended.is_set():
            mock.listener.hurry()
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # on Windows
            loop.add_signal_handler(number, end)
    try:
        port = await mock.listener.listen(settings.host, settings.port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(
            f"cannot listen on {settings.host} port {settings.port} ({reason}); "
            "choose another with --port, or 0 for any free one"
        ) from None
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    say(banner(mock, f"http://{host}:{port}"))
    if settings.watch:
        threading.Thread(target=Reloader(mock, say).watch, daemon=True).start()
    try:
        await ended.wait()
    finally:
        await mock.listener.end()


def say(text: str) -> None:
    """Tell whoever watches the terminal."""
    print(text, flush=True)


def _allow_files(wanted: int) -> None:
    """Raise the number of files that this process may have open, so that every connection can be taken."""
    if os.name != "posix":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
