"""A mock that runs for tests of its pages."""

import contextlib
import io
from dataclasses import dataclass

from mockserver.app import create_mock
from mockserver.client import MockClient
from mockserver.server import LocalServer


@dataclass
class Running:
    """A mock that runs, and how to get at it."""

    url: str
    app: object
    client: MockClient

    def send(self, path, method="GET", body=b"", session="default", **headers):
        """Send a request to the mocked API inside this process; it takes microseconds."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": "",
            "HTTP_X_MOCK_SESSION": session,
            "HTTP_CODER_SESSION_TOKEN": "API_KEY",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        if body:
            environ |= {
                "CONTENT_LENGTH": str(len(body)),
                "CONTENT_TYPE": "application/json",
                "wsgi.input": io.BytesIO(body),
            }
        statuses = []
        list(self.app(environ, lambda status, headers: statuses.append(int(status[:3]))))
        return statuses[0]


@contextlib.contextmanager
def running(settings):
    """Run a mock on a port of its own."""
    mock = create_mock(settings)
    with LocalServer(app=mock.app) as server:
        yield Running(server.url, mock.app, MockClient(server.url, settings.control_token or None))
