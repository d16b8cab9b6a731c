"""The one place that wires everything: settings in, a Flask application out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mockserver.auth import Directory
from mockserver.contract.loading import load_contract
from mockserver.domain.ai_providers import HOOKS
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import World
from mockserver.engine.pipeline import Pipeline
from mockserver.engine.store import Store
from mockserver.engine.world import Clock, Ids, RandomIds, SeededIds, SteppingClock, SystemClock
from mockserver.fixtures import Fixture, load_fixture
from mockserver.resources import document_path, fixture_path
from mockserver.settings import Settings
from mockserver.web.application import Application, make_application
from mockserver.web.front import Front, RequestLog
from mockserver.web.rsgi import RSGIFront

__all__ = ["Mock", "create_app", "create_mock"]

DETERMINISTIC_START = datetime(2027, 1, 1, tzinfo=UTC)  # after every time of the shipped fixtures


@dataclass(frozen=True, slots=True)
class Mock:
    """A mock, ready to be served."""

    settings: Settings
    contract: Contract
    fixture: Fixture
    pipeline: Pipeline
    app: Application
    rsgi: RSGIFront


def create_mock(settings: Settings | None = None, *, front: bool = True) -> Mock:
    """Return a mock for settings; without ``front``, Flask routes the API's paths too.

    Raises :class:`~mockserver.errors.MockserverError` when contract or fixture cannot be used.
    """
    settings = settings or Settings()
    contract_file = Path(settings.contract) if settings.contract else document_path(settings.profile)
    # The shipped documents are judged when they are built; anybody else's is judged now.
    contract = load_contract(contract_file, HOOKS, judge=bool(settings.contract))
    clock: Clock = SteppingClock(DETERMINISTIC_START) if settings.deterministic else SystemClock()
    ids: Ids = SeededIds(settings.seed) if settings.deterministic else RandomIds()
    world = World(clock, ids)
    fixture = load_fixture(fixture_path(settings.fixtures), contract, world, settings.seed)
    pipeline = Pipeline(
        contract,
        Store(fixture.bases),
        world,
        Directory(fixture.tokens, clock),
        validation=settings.validation,
        seed=settings.seed,
    )
    information: dict[str, Any] = {
        "contract": contract_file.name,
        "fixture": fixture.name,
        "records": {name: len(base.records) for name, base in fixture.bases.items()},
    }
    app = make_application(pipeline, information, settings.max_body)
    log = RequestLog(settings.log_format) if settings.log_requests else None
    rsgi = RSGIFront(pipeline, app.wsgi_app, settings.max_body, settings.body_timeout, log)
    if front:
        # Flask documents this attribute as the place for middleware.
        app.wsgi_app = Front(pipeline, app.wsgi_app, settings.max_body, log)  # type: ignore[method-assign]
    return Mock(settings, contract, fixture, pipeline, app, rsgi)


def create_app(settings: Settings | None = None) -> Application:
    """Return the mock as a Flask application, for embedding and for any WSGI server."""
    return create_mock(settings).app
