"""Serving a mock: granian for people and pipelines, a thread inside the test process for tests."""

import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from types import TracebackType
from typing import Any

from mockserver.app import Mock, create_mock
from mockserver.engine.operations import Operation
from mockserver.errors import UsageError
from mockserver.reloading import Reloader
from mockserver.settings import Settings

__all__ = ["LocalServer", "banner", "serve"]

CONNECTIONS = 1024  # that are open at a time; others wait for their turn


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
    """Serve a mock until SIGTERM or Ctrl-C; requests in flight are finished.

    Raises :class:`~mockserver.errors.MockserverError` before anything listens, when settings, contract, fixture or
    address cannot be used.
    """
    from granian.constants import Interfaces, RuntimeModes
    from granian.server import Server

    mock = create_mock(settings)
    port = _free_port(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{port}"
    server = Server(
        "mockserver",
        address=settings.host,
        port=port,
        interface=Interfaces.RSGI,
        workers=1,
        runtime_mode=RuntimeModes.mt,
        runtime_threads=2,  # one goes on with connections while the other hands a body over: a fifth more POSTs
        backpressure=CONNECTIONS,
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=10,
    )
    announcement = (settings.host, port, banner(mock, url))
    if multiprocessing.get_start_method() == "fork":
        gc.freeze()  # what is loaded already stays shared with the worker
        loader = _Worker(mock, settings, announcement)
    else:
        loader = _Worker(None, settings, announcement)
    server.serve(target_loader=loader, wrap_loader=False)


class _Worker:
    """Gives the worker its application: the one that is loaded, or, in a process of its own, the same made anew.

    The announcing thread is started here, in the worker: one that runs while the process forks could leave a lock
    behind that nobody opens again.
    """

    def __init__(self, mock: Mock | None, settings: Settings, announcement: tuple[str, int, str]) -> None:
        self._mock, self._settings, self._announcement = mock, settings, announcement

    def __call__(self) -> Any:
        # A terminal sends Ctrl-C to both processes: the parent hears it, and ends this one in order.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        _allow_connections()
        gc.set_threshold(20_000, 20, 20)  # what is kept (journals) is no garbage: look at it less often
        mock = self._mock if self._mock is not None else create_mock(self._settings)
        threading.Thread(target=_announce, args=self._announcement, daemon=True).start()
        if self._settings.watch:
            threading.Thread(target=Reloader(mock, say).watch, daemon=True).start()
        return mock.rsgi


def say(text: str) -> None:
    """Tell whoever watches the terminal."""
    print(text, flush=True)


def _allow_connections() -> None:
    """Raise the number of files that this process may have open, so that every connection can be taken."""
    if os.name != "posix":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _free_port(host: str, port: int) -> int:
    """Return the port to listen on. Raises :class:`UsageError` when the address or port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(
                f"cannot listen on {host} port {port} ({reason}); choose another with --port, or 0 for any free one"
            ) from None
        return int(probe.getsockname()[1])


def _announce(host: str, port: int, text: str) -> None:
    """Print the banner as soon as a connection is accepted."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    for _ in range(2000):
        try:
            with socket.create_connection((target, port), timeout=1) as connection:
                connection.sendall(b"GET /__mock__/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if connection.recv(16):
                    break
        except OSError:
            threading.Event().wait(0.005)
    else:
        print(f"mockserver: nothing answers on {host} port {port}", file=sys.stderr)
        os.kill(os.getppid(), signal.SIGTERM)
        return
    print(text, flush=True)
