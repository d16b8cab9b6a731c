"""pytest plugin: a mock for a test run, and a world of its own for every test.

Fixtures: `mock_server` (a running mock, for the whole run) and `mock_api` (an isolated session in it, for one test).
Marks: `mock_profile("deployed")`, `mock_fixture("empty")`, `mock_contract(FILE)`, `mock_faults(PRESET or {...}, ...)`.
A test that fails has the journal of its session in its report. `pytest --help` lists the options under "mockserver".
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mockserver.app import Mock, create_mock
from mockserver.client import ControlError, MockClient, MockSession
from mockserver.errors import MockserverError
from mockserver.server import LocalServer
from mockserver.settings import Settings

SHOWN = 30  # exchanges in the report of a failed test
BODY = 600  # characters of a body there
MARKS = {
    "mock_profile(name)": "the profile of the mock of this test: documented or deployed",
    "mock_fixture(name)": "the fixture of the mock of this test: a shipped one or a file",
    "mock_contract(file)": "the OpenAPI document of the mock of this test, instead of a profile",
    "mock_faults(*faults)": "faults of the session of this test: names of presets, or faults of the control API",
}


@dataclass(frozen=True)
class MockServer:
    """A running mock. `owner_token` and `member_token` are tokens of its fixture; None where it has none such."""

    url: str
    owner_token: str | None
    member_token: str | None
    client: MockClient


class MockApi(MockSession):
    """The mocked API for one test: a session with the `token` of an owner and the `member_token` of another user."""

    def __init__(self, session: MockSession, server: MockServer) -> None:
        super().__init__(session.client, session.name)
        self.server = server
        self.token = server.owner_token
        self.member_token = server.member_token


class _Servers:
    """The mocks of a run, one for each set of settings, started when a test first asks for it."""

    def __init__(self, settings: Settings, shared: str | None) -> None:
        self.settings = settings
        self._shared = shared
        self._running: dict[Settings, tuple[LocalServer | None, MockServer]] = {}

    def get(self, settings: Settings) -> MockServer:
        if settings not in self._running:
            mock = create_mock(settings)
            server = None
            url = self._shared if settings == self.settings else None
            if url is None:
                server = LocalServer(app=mock.app).__enter__()
                url = server.url
            self._running[settings] = (server, MockServer(url, *tokens(mock), MockClient(url)))
        return self._running[settings][1]

    def stop(self) -> None:
        for server, _ in self._running.values():
            if server is not None:
                server.__exit__(None, None, None)
        self._running.clear()


SERVERS = pytest.StashKey[_Servers]()
SESSION = pytest.StashKey[MockApi]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("mockserver")
    group.addoption("--mock-profile", metavar="NAME", help="profile of the mock: documented (default) or deployed")
    group.addoption("--mock-contract", metavar="FILE", help="OpenAPI document of the mock, instead of a profile")
    group.addoption("--mock-fixture", metavar="NAME", help="fixture of the mock: a shipped one or a file")
    group.addoption("--mock-seed", metavar="N", type=int, help="seed of generated data")
    group.addoption("--mock-url", metavar="URL", help="use the mock that runs there instead of starting one")
    group.addoption("--mock-one-server", action="store_true", help="one mock for all workers of pytest-xdist")


def pytest_configure(config: pytest.Config) -> None:
    """Know the marks; make the servers ready."""
    for mark, text in MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {text}")
    given = {
        "profile": config.getoption("--mock-profile"),
        "contract": config.getoption("--mock-contract"),
        "fixtures": config.getoption("--mock-fixture"),
        "seed": config.getoption("--mock-seed"),
    }
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None}, deterministic=True)
    except MockserverError as problem:
        raise pytest.UsageError(f"mockserver: {problem}") from None
    worker = getattr(config, "workerinput", {})
    config.stash[SERVERS] = _Servers(settings, config.getoption("--mock-url") or worker.get("mock_url"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if SERVERS in config.stash:
        config.stash[SERVERS].stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the one server of all workers is."""
    if node.config.getoption("--mock-one-server"):
        servers = node.config.stash[SERVERS]
        node.workerinput["mock_url"] = servers.get(servers.settings).url


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Put the journal of the session into the report of a test that fails."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and SESSION in item.stash:
        try:
            entries = item.stash[SESSION].journal.entries(limit=1000)
        except ControlError as problem:
            report.sections.append(("mock journal", str(problem)))
            return
        report.sections.append((f"mock journal of {item.stash[SESSION].name}", described(entries)))


@pytest.fixture(scope="session")
def mock_server(pytestconfig: pytest.Config) -> MockServer:
    """A mock on a free port of this machine, for the whole run."""
    servers = pytestconfig.stash[SERVERS]
    return servers.get(servers.settings)


@pytest.fixture
def mock_api(request: pytest.FixtureRequest) -> Iterator[MockApi]:
    """The mocked API for this test alone: nothing that other tests do shows in it, whatever runs at the same time."""
    servers = request.config.stash[SERVERS]
    server = servers.get(_marked(request.node, servers.settings))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", request.node.name).strip(".-_")[:40] or "test"
    api = MockApi(server.client.session(f"{name}-{uuid.uuid4().hex[:12]}"), server)
    with api:
        for mark in reversed(list(request.node.iter_markers("mock_faults"))):
            for fault in mark.args:
                if isinstance(fault, str):
                    api.faults.preset(fault)
                else:
                    api.call("POST", "/faults", fault)
        request.node.stash[SESSION] = api
        yield api


def _marked(node: pytest.Item, settings: Settings) -> Settings:
    """Return the settings that the marks of a test ask for."""
    for mark, setting in (("mock_profile", "profile"), ("mock_fixture", "fixtures"), ("mock_contract", "contract")):
        found = node.get_closest_marker(mark)
        if found is not None:
            if len(found.args) != 1:
                raise pytest.UsageError(f"{node.nodeid}: the mark {mark} takes one name, got {found.args!r}")
            changed: dict[str, Any] = {setting: str(found.args[0])}
            settings = replace(settings, **changed)
    return settings


def tokens(mock: Mock) -> tuple[str | None, str | None]:
    """Return the first good token of a user with a role, and of one without, of the fixture of a mock."""
    now = mock.sessions.default.clock.now()
    good = [t for t in mock.fixture.tokens if not t.user.suspended and (t.expires is None or t.expires > now)]
    with_role = next((token.value for token in good if token.user.roles), None)
    without = next((token.value for token in good if not token.user.roles), None)
    return with_role, without


def described(entries: list[Any]) -> str:
    """Return exchanges as text for a report: the newest, with their bodies cut short."""
    lines = [f"({len(entries) - SHOWN} earlier exchanges left out)"] if len(entries) > SHOWN else []
    for entry in entries[-SHOWN:]:
        query = f"?{entry['query']}" if entry["query"] else ""
        faults = f" [fault {', '.join(fault['id'] for fault in entry['faults'])}]" if entry["faults"] else ""
        took = f"{entry['duration_ms']:.1f} ms"
        lines.append(f"{entry['method']} {entry['path']}{query} -> {entry['status'] or 'closed'} in {took}{faults}")
        for sign, message in ((">", entry.get("request")), ("<", entry.get("response"))):
            text = message["body"]["text"] if message else ""
            if text:
                lines.append(f"  {sign} {text[:BODY]}{'…' if len(text) > BODY else ''}")
        lines += [f"  ! {one['field']}: {one['detail']}" for one in entry.get("violations", ())]
    return "\n".join(lines) or "no request came"
