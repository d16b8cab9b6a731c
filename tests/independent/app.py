"""The server as one WSGI callable: ``create_app(profile, faults)``."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime

from tests.independent.access import Access
from tests.independent.operations import Clock, Operations
from tests.independent.strangers import strangers
from tests.independent.terms import terms
from tests.independent.values import Provider


class Api(Access, Operations):
    """The sound server. A fault is a mixin put before it that overrides one method."""


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    profile: str = "deployed",
    faults: Iterable[str] = (),
    *,
    reading: str = "lenient",
    providers: Iterable[Provider] | None = None,
    clock: Clock = _wall_clock,
    seed: int | None = None,
) -> Api:
    """Return a WSGI application with state of its own, broken or varied in the ways that the ids of ``faults`` name.

    ``providers`` stand in for the strangers. ``clock`` and ``seed`` make times and ids repeatable. Raises
    :class:`LookupError` for an unknown fault, :class:`ValueError` for an unknown profile or reading.
    """
    from tests.independent.faults import FAULTS  # the catalogues build on this module's class
    from tests.independent.faults.catalogue import Catalogue
    from tests.independent.variations import VARIATIONS

    chosen = terms(profile, reading)
    known = Catalogue([*FAULTS, *VARIATIONS])
    classes = tuple(known.named(name).mixin for name in faults)
    kind = type("Broken", (*classes, Api), {"terms": chosen}) if classes else type("Sound", (Api,), {"terms": chosen})
    return kind(strangers(chosen) if providers is None else providers, clock, random.Random(seed))
