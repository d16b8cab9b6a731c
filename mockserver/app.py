"""The one place that wires everything: settings in, applications for servers out."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from mockserver import __version__
from mockserver.auth import Directory
from mockserver.contract import yamlfile
from mockserver.contract.loading import load_contract
from mockserver.control.api.call import Control
from mockserver.control.api.dispatch import ControlApi
from mockserver.control.cors import Cors
from mockserver.control.guard import Guard
from mockserver.control.metrics import Figures
from mockserver.control.redaction import Redactor
from mockserver.control.service import PlainService, Service
from mockserver.control.sessions import Limits, Origin, Sessions
from mockserver.control.state import States
from mockserver.domain.ai_providers import HOOKS
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import World
from mockserver.engine.pipeline import Pipeline
from mockserver.engine.store import Key, Record, Store
from mockserver.engine.world import Clock, Ids, RandomIds, SeededIds, SteppingClock, SystemClock, rfc3339
from mockserver.errors import BadInput
from mockserver.fixtures import Fixture, StateJudge, load_fixture
from mockserver.resources import control_document_path, document_path, fixture_path
from mockserver.settings import Settings
from mockserver.web.application import Application, make_application
from mockserver.web.front import Front, RequestLog
from mockserver.web.http1.listener import Listener
from mockserver.web.serving import Serving

__all__ = ["Mock", "create_app", "create_mock", "reload_mock"]

DETERMINISTIC_START = datetime(2027, 1, 1, tzinfo=UTC)  # after every time of the shipped fixtures
_SERVER_ONLY = frozenset({"server"})  # the tag of what is there without sessions, journal and faults
_DOCS = ("/docs", "/docs/")  # lead to Swagger UI, unless the contract has such a path itself
_TOLD = ("profile", "seed", "deterministic", "validation", "max_body", "require_session", "session_ttl", "max_sessions")


@dataclass(frozen=True, slots=True)
class Mock:
    """A mock, ready to be served."""

    settings: Settings
    contract: Contract
    fixture: Fixture
    sessions: Sessions
    serving: Serving
    app: Application
    listener: Listener

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline of the default session."""
        return self.sessions.default.pipeline


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A contract and a fixture, and what sessions are made from."""

    name: str
    contract: Contract
    fixture: Fixture
    origin: Origin


def create_mock(settings: Settings | None = None, *, front: bool = True) -> Mock:
    """Return a mock for settings; without ``front``, Flask routes the API's paths too.

    Raises :class:`~mockserver.errors.MockserverError` when contract or fixture cannot be used.
    """
    settings = settings or Settings()
    loaded = _load(settings)
    sessions = Sessions(loaded.origin, Redactor(loaded.contract), _limits(settings), monotonic)
    serving = _serving(settings, loaded, sessions, Figures())
    app = make_application(serving, settings.max_body)
    log = RequestLog(settings.log_format) if settings.log_requests else None
    listener = Listener(serving, app.wsgi_app, settings.max_body, settings.body_timeout, log)
    if front:
        # Flask documents this attribute as the place for middleware.
        app.wsgi_app = Front(serving, app.wsgi_app, settings.max_body, log)  # type: ignore[method-assign]
    return Mock(settings, loaded.contract, loaded.fixture, sessions, serving, app, listener)


def reload_mock(mock: Mock) -> tuple[Mock, list[str]]:
    """Read contract and fixture again, and have a running mock go on with them.

    What sessions changed is kept where it still fits; returned are the mock as it is now, and a sentence for each
    record that was dropped. Raises :class:`~mockserver.errors.MockserverError`, and changes nothing, when contract or
    fixture cannot be used.
    """
    loaded = _load(mock.settings)
    dropped: list[str] = []
    judge = StateJudge(loaded.contract)

    def carry(whose: str, old: Store) -> Store:
        new = Store(loaded.fixture.bases)
        for name, table in old.tables.items():
            for key, record in table.changed():
                reason = _carried(loaded, judge, new, name, key, record)
                if reason is not None:
                    dropped.append(f"{whose}: {name} {','.join(map(str, key))}: {reason}")
        return new

    figures = mock.serving.service.figures if isinstance(mock.serving.service, Service) else Figures()
    mock.sessions.rebase(loaded.origin, Redactor(loaded.contract), carry)
    mock.serving.become(_serving(mock.settings, loaded, mock.sessions, figures))
    return replace(mock, contract=loaded.contract, fixture=loaded.fixture), dropped


def _carried(loaded: _Loaded, judge: StateJudge, new: Store, name: str, key: Key, record: Record | None) -> str | None:
    """Make one change of an old state in a new one; return why it cannot be made, if so."""
    table = new.tables.get(name)
    if table is None:
        return None if record is None else f"the contract has no {name} any more"
    if record is None:
        if table.get(key) is not None:
            table.remove(key)
        return None
    around = dict(zip(loaded.contract.resources[name].params, record.parents, strict=False))
    current = table.get(key)
    try:
        made = judge.record(name, {**around, **record.data}, new.tables, loaded.origin.pipeline.world, current)
    except BadInput as error:
        return "; ".join(fault.message for fault in error.faults)
    table.put(Record(record.id, made.data, record.parents, record.sequence))
    return None


def _load(settings: Settings) -> _Loaded:
    contract_file = Path(settings.contract) if settings.contract else document_path(settings.profile)
    allowed = Path(settings.allow_refs) if settings.allow_refs else None
    # The shipped documents are judged when they are built; anybody else's is judged now.
    contract = load_contract(contract_file, HOOKS, judge=bool(settings.contract), allowed=allowed)
    clock, ids = _time(settings)
    world = World(clock(), ids("fixture"))
    fixture = load_fixture(fixture_path(settings.fixtures), contract, world, settings.seed)
    began = world.clock.now()  # where a fixed clock stands once the fixture is made
    directory = Directory(fixture.tokens, world.clock)
    pipeline = Pipeline(
        contract, Store(fixture.bases), world, directory, validation=settings.validation, seed=settings.seed
    )
    origin = Origin(
        pipeline,
        fixture.bases,
        lambda: SteppingClock(began) if settings.deterministic else SystemClock(),
        lambda seed: ids(str(seed)),
        directory.at,
        directory.names(),
        settings.seed,
    )
    return _Loaded(contract_file.name, contract, fixture, origin)


def _time(settings: Settings) -> tuple[Callable[[], Clock], Callable[[str], Ids]]:
    """Return how clocks and ids are made: by the machine's time and randomness, or fixed."""
    if not settings.deterministic:
        return SystemClock, lambda _: RandomIds()
    return lambda: SteppingClock(DETERMINISTIC_START), lambda name: SeededIds(f"{settings.seed}:{name}")


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.max_sessions,
        settings.session_ttl,
        settings.max_snapshots,
        settings.journal_entries,
        settings.journal_bytes,
    )


def _serving(settings: Settings, loaded: _Loaded, sessions: Sessions, figures: Figures) -> Serving:
    """Return what answers requests."""
    contract, fixture = loaded.contract, loaded.fixture
    cors = Cors(contract, settings.origins)
    service = Service(sessions, cors, figures, require_session=settings.require_session)
    document = control_document_path().read_text(encoding="utf-8")
    control = Control(
        contract,
        sessions,
        service,
        States(contract, StateJudge(contract)),
        document,
        _information(settings, contract, loaded.name, fixture),
        tuple(dict(user) for user in fixture.users),
        yamlfile.dump,
    )
    api = ControlApi(
        Contract(yamlfile.parse(document, "control.yaml")),
        control,
        Guard(settings.control_token),
        tags=None if settings.control else _SERVER_ONLY,
    )
    plain = PlainService(sessions.default.pipeline.handle)
    outside = frozenset(path for path in _DOCS if contract.router.match(path) is None)
    return Serving(service if settings.control else plain, api, outside)


def _information(settings: Settings, contract: Contract, name: str, fixture: Fixture) -> Mapping[str, Any]:
    """Return what the control API tells about the mock; no token is among it."""
    document = contract.document
    known = {field.name for field in fields(settings)}
    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.system(),
        "started_at": rfc3339(datetime.now(UTC)),
        "contract": {
            "name": name,
            "title": document.raw["info"]["title"],
            "version": str(document.raw["info"]["version"]),
            "base_path": document.base_paths[0],
            "operations": [
                {"id": o.id, "method": o.method, "path": o.path, "statuses": sorted(o.responses)}
                for o in document.operations
            ],
            "collections": [{"name": r.name, "path": r.path, "id": r.id} for r in contract.resources.values()],
        },
        "fixture": fixture.name,
        "records": {collection: len(base.records) for collection, base in fixture.bases.items()},
        "settings": {setting: getattr(settings, setting) for setting in _TOLD if setting in known},
    }


def create_app(settings: Settings | None = None) -> Application:
    """Return the mock as a Flask application, for embedding and for any WSGI server."""
    return create_mock(settings).app
