"""What a fault is, how one is declared, and the catalogue that holds them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from tests.independent.asking import Reply, Step

BOTH = ("documented", "deployed")
DEPLOYED = ("deployed",)

# The checks of the contract tests that faults name, in one place, so that the two can be aligned.
CHECKS = frozenset(
    """
    samples.create samples.item samples.list schema.content-type schema.extra-member schema.headers
    schema.missing-member schema.negative schema.positive schema.response schema.server-error schema.status model.drill
    model.sequence aftermath.cleanup aftermath.strangers rules.absent-members rules.access rules.after-refusals
    rules.atomic rules.auth-carriers rules.base-url rules.base-url-kept rules.bedrock-keys rules.bedrock-settings
    rules.body-before-lookup rules.clients rules.concurrency rules.content-type rules.cross-talk rules.defaults
    rules.deleted-is-gone rules.display-name rules.empty-patch rules.error-shape rules.every-type
    rules.first-credential-wins rules.forbidden rules.id-format rules.id-stable rules.id-unique rules.json-body
    rules.json-types rules.key-entries rules.key-entry-one rules.key-id-known rules.key-id-once rules.key-set
    rules.key-times rules.list-matches-get rules.list-order rules.long-values rules.lookup rules.many-listed
    rules.mask rules.method-not-allowed rules.name-immutable rules.name-pattern rules.name-reuse rules.name-unique
    rules.no-json rules.not-found rules.notations rules.nothing-said rules.path-keys rules.repeatable rules.required
    rules.secrets-never-leak rules.settings rules.settings-fit-type rules.settings-least rules.settings-secrets
    rules.settings-shape rules.timestamps rules.trailing-slash rules.type-known rules.unauthenticated rules.unicode
    rules.unknown-members rules.unknown-path rules.validation-fields
    """.split()  # noqa: SIM905 - a list of seventy names, one to a line, is three pages long
)

Later = Callable[[list[Reply]], Step]  # a step made from the answers before it


@dataclass(frozen=True)
class Race:
    """A probe of what happens at the same time: steps before, steps together, one step after."""

    before: Sequence[Step]
    together: Sequence[Step]
    after: Step
    shows: Callable[[Reply], Any]  # what of the last answer is compared


Probe = Sequence[Step | Later] | Race


@dataclass(frozen=True)
class Fault:
    """One departure from the contract: what it is, where it counts, what must find it, and how it shows.

    ``profiles`` are those whose contract it breaks. ``probe`` is the shortest conversation whose last answer, and no
    earlier one, differs from that of the sound server. ``quick`` says whether the quick effort must find it.
    """

    id: str
    kind: str
    sentence: str
    profiles: tuple[str, ...]
    caught_by: str
    quick: bool
    mixin: type
    probe: Probe

    def facts(self) -> dict[str, Any]:
        """Return all that can be told in JSON."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in {"mixin", "probe"}}


_declared: list[Fault] = []
_varied: list[Fault] = []


def fault(
    caught_by: str, *probe: Step | Later | Race, profiles: tuple[str, ...] = BOTH, quick: bool = True
) -> Callable[[type], type]:
    """Return a class decorator that declares a fault: its name is the id, its docstring the sentence."""

    def declare(mixin: type) -> type:
        declare_as(_name(mixin), mixin.__doc__ or "", mixin, caught_by, *probe, profiles=profiles, quick=quick)
        return mixin

    return declare


def declare_as(
    name: str,
    sentence: str,
    mixin: type,
    caught_by: str,
    *probe: Step | Later | Race,
    profiles: tuple[str, ...] = BOTH,
    quick: bool = True,
) -> None:
    """Declare a fault by its id and sentence; for those that are rows of a table."""
    if caught_by not in CHECKS:
        raise ValueError(f"{name}: no check is called {caught_by!r}")
    how: Any = probe[0] if isinstance(probe[0], Race) else probe
    _declared.append(Fault(name, _kind(mixin), sentence, profiles, caught_by, quick, mixin, how))


def variation(*probe: Step | Later, profiles: tuple[str, ...] = BOTH) -> Callable[[type], type]:
    """Return a class decorator that declares a sound variation: no check may find it. The rest is as with faults."""

    def declare(mixin: type) -> type:
        _varied.append(
            Fault(_name(mixin), _kind(mixin), mixin.__doc__ or "", profiles, "", quick=False, mixin=mixin, probe=probe)
        )
        return mixin

    return declare


def _name(mixin: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])|(?<=[a-z])(?=\d)", "-", mixin.__name__).lower()


def _kind(mixin: type) -> str:
    return mixin.__module__.rpartition(".")[2]


def declared() -> list[Fault]:
    """Return the faults that the modules imported so far have declared, in that order."""
    return list(_declared)


def varied() -> list[Fault]:
    """Return the sound variations that the modules imported so far have declared, in that order."""
    return list(_varied)


class Catalogue:
    """All faults, in the order of their modules and classes."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.by_id = {fault.id: fault for fault in faults}
        if len(self.by_id) != len(faults):
            ids = [fault.id for fault in faults]
            raise ValueError(f"used twice: {sorted({name for name in ids if ids.count(name) > 1})}")

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def core(self) -> list[Fault]:
        """Return two faults of each kind and check, for those who cannot wait for all."""
        seen: Counter[tuple[str, str]] = Counter()
        chosen = []
        for fault in self:
            seen[fault.kind, fault.caught_by] += 1
            if seen[fault.kind, fault.caught_by] <= 2:
                chosen.append(fault)
        return chosen

    def named(self, name: str) -> Fault:
        """Return the fault of an id. Raises :class:`LookupError`, which names the closest ones."""
        if name not in self.by_id:
            close = ", ".join(get_close_matches(name, self.by_id, 3)) or "see --list"
            raise LookupError(f"no fault is called {name!r}; the closest: {close}")
        return self.by_id[name]
