"""What is answered in place of a value that its schema does not allow, where no domain package knows better.

What an operation does is inferred, and its answer may be something else than the item that it works on: a message
after a removal, a list of all that was made, a number. The contract's own examples may be wrong as well.
"""

import random
from collections.abc import Iterator
from typing import Any

from mockserver.engine.operations import Document
from mockserver.engine.plans import MISSING, SchemaPlan
from mockserver.engine.samples import Sampler

__all__ = ["substitute"]


def substitute(document: Document, schema: Any, judge: SchemaPlan, value: Any, shown: Any, seed: str) -> Any:
    """Return what fits: the value with other members, the example shown, or a sample; else the value."""
    for candidate in _candidates(document, schema, judge, value, shown, seed):
        if candidate is not MISSING and judge.is_valid(candidate):
            return candidate
    return value


def _candidates(document: Document, schema: Any, judge: SchemaPlan, value: Any, shown: Any, seed: str) -> Iterator[Any]:
    sampler = Sampler(document.resolve)
    if isinstance(value, dict):
        properties = document.properties(schema)
        known = shown if isinstance(shown, dict) else {}
        wrong = {str(fault.path[0]) for fault in judge.violations(value) if fault.path} & properties.keys()
        made = {name: sampler.sample(properties[name], random.Random(f"{seed}:{name}")) for name in sorted(wrong)}  # noqa: S311
        yield {**value, **made, **{name: known[name] for name in made if name in known}}
        yield {**value, **made}
    yield shown
    rng = random.Random(seed)  # noqa: S311  # reproducible on purpose
    yield sampler.sample(schema, rng)
    yield Sampler(document.resolve, examples=False).sample(schema, rng)
