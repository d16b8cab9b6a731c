"""Search for a difference between a server and the model, and for the shortest sequence that shows it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from contract_tests.errors import ContractTestsError
from contract_tests.exchange import Exchange
from contract_tests.model.difference import Difference, Over, Parted
from contract_tests.model.player import Player
from contract_tests.model.values import URLS
from contract_tests.scene import Scene

Json = Any
FEW = 16  # providers that are tried one by one
WINDOWS = (3, 6, 12, 24)  # how many of the last steps of a drill are tried alone
WORRIES = 5  # times that a list with other strangers is looked into, for each search
PLAIN = {"type": "openai", "base_url": URLS[0]}


class Stop(BaseException):
    """Nothing more of a sequence is sent; no Exception, since Hypothesis would play the sequence again."""


@dataclass(frozen=True)
class Shape:
    """What sequences to make: at most so many, of so many steps, beginning with up to `crowd` providers."""

    sequences: int
    steps: int
    crowd: int = 0


@dataclass(frozen=True)
class Step:
    """One step of a sequence: a method of :class:`Player` and its arguments, which do not depend on the server."""

    name: str
    how: dict[str, Json]


@dataclass(frozen=True)
class Shown:
    """A difference, the steps that lead to it, and the exchanges that showed it."""

    difference: Difference
    steps: tuple[Step, ...]
    exchanges: tuple[Exchange, ...]
    again: bool = False  # whether it showed again when the steps were repeated
    who: str = ""  # the word of a drill for the provider that it shows in


@dataclass
class Search:
    """One search. `known` tells whether a difference is told already; `nobody` is an id that no provider has.

    `deadline` (of `time.monotonic`) bounds it; `numbers` gives each sequence a number of its own.
    """

    scene: Scene
    known: Callable[[Difference], bool]
    nobody: str
    deadline: float
    numbers: Callable[[], int]
    shown: Shown | None = None
    problem: ContractTestsError | None = None
    late: bool = False
    worries: int = WORRIES
    player: type[Player] = Player

    @property
    def stopped(self) -> bool:
        """Whether nothing more may be played."""
        return self.shown is not None or self.problem is not None or self.late

    def shortened(self, shown: Shown, patience: int) -> Shown:
        """Return the shortest sequence that shows the same cause, found with about so many requests."""
        session = self.scene.session
        limit = session.requests + patience
        self.shown = None
        again = None
        for steps in (*_parts(shown), shown.steps):
            again = again or self._replayed(shown, steps)
        if again is None:
            return shown  # it shows now and then only
        best = again
        progress = True
        while progress:
            progress = False
            for candidate in _shorter(best.steps):
                if session.requests > limit or self.late:
                    return best
                found = self._replayed(best, candidate)
                if found is not None:
                    best, progress = found, True
                    break
        return best

    def _replayed(self, shown: Shown, steps: Sequence[Step]) -> Shown | None:
        """Play these steps; return what they show, if it is the same cause."""
        code = shown.difference.code
        other = replace(self, known=lambda difference: difference.code != code, shown=None)
        Game(other, judged=False).pause()
        Game(other, judged=False).play(steps)
        self.late = other.late
        if other.problem is not None:
            raise other.problem
        return replace(other.shown, again=True) if other.shown is not None else None


@dataclass
class Game:
    """One sequence as it is played. After a difference, and where nothing more may be sent, it raises Stop."""

    search: Search
    judged: bool = True
    steps: list[Step] = field(default_factory=list)
    over: bool = False
    ended: bool = False

    def __post_init__(self) -> None:
        search = self.search
        search.scene.session.trail.clear()
        self.player = search.player(search.scene, search.numbers(), search.nobody, search.known, judged=self.judged)

    def step(self, step: Step) -> None:
        """Play one step; nothing where the sequence is over."""
        if self.over:
            return
        self.steps.append(step)
        self._play(lambda: getattr(self.player, step.name)(**step.how))

    def play(self, steps: Sequence[Step]) -> None:
        """Play steps as far as they go, and end."""
        try:
            for step in steps:
                self.step(step)
            self.end()
        except Stop:
            pass
        finally:
            self.end()

    def pause(self) -> None:
        """Create, change and delete something plain, so that a server forgets what it kept of the sequence before."""
        if not self.search.stopped:
            with suppress(Over, Parted):
                self.player.pause()
        with suppress(ContractTestsError):
            self.search.scene.guardian.remove_made()

    def end(self) -> None:
        """Compare everything and remove what was made; once."""
        if self.ended:
            return
        self.ended = True
        try:
            if not self.over:
                self._play(self.player.audit, since=len(self.search.scene.session.trail))
        finally:
            try:
                self.search.scene.guardian.remove_made()
            except ContractTestsError as problem:
                self.search.problem = self.search.problem or problem

    def _play(self, act: Callable[[], None], since: int | None = None) -> None:
        """Play something. Of what was asked `since` that exchange, only the one that shows a difference is told."""
        search = self.search
        search.late = search.late or time.monotonic() > search.deadline
        if search.stopped:
            self.over = True
            raise Stop
        try:
            act()
            self._look_after_strangers()
        except Over:
            self.over = True
        except Parted as parted:
            self.over = True
            trail = search.scene.session.trail
            exchanges = trail if since is None else [*trail[:since], trail[-1]]
            who = self.player.label(parted.difference.of) or self.steps[-1].how.get("who", "") if self.steps else ""
            search.shown = Shown(parted.difference, tuple(self.steps), tuple(exchanges), who=who)
            raise Stop from parted
        except ContractTestsError as problem:
            self.over = True
            search.problem = problem
            raise Stop from problem

    def _look_after_strangers(self) -> None:
        if self.player.stray and self.search.worries:
            self.search.worries -= 1
            self.search.scene.guardian.stop_at_harm()
        self.player.stray = False


# Shorter sequences, the boldest cuts first.


def _parts(shown: Shown) -> Iterator[tuple[Step, ...]]:
    """Yield parts of a drill that may show a difference by themselves: one provider's steps, or its last few ones."""
    steps, who = shown.steps, shown.who
    if not who or len(steps) < FEW:
        return
    last = len(steps) - 1
    yield tuple(step for index, step in enumerate(steps) if step.how.get("who") == who or index == last)
    for count in WINDOWS:
        start = len(steps) - count
        if start <= 0:
            return
        needed = {who, *(step.how.get("who") for step in steps[start:])}
        made = [step for step in steps[:start] if step.name == "create_as" and step.how["who"] in needed]
        yield (*made, *steps[start:])


def _shorter(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    size = len(steps) // 2
    while size:
        for start in range(len(steps) - size, -1, -size):
            yield (*steps[:start], *steps[start + size :])
        size //= 2
    for index, step in enumerate(steps):
        for how in _simpler(step):
            yield (*steps[:index], Step(step.name, how), *steps[index + 1 :])


def _simpler(step: Step) -> Iterator[dict[str, Json]]:
    how = step.how
    if step.name == "fill" and how["count"] > 1:
        count, first = how["count"], how.get("first", 0)
        yield {"count": count - count // 2, "first": first + count // 2}
        if count <= FEW:
            yield from ({"count": 1, "first": first + number} for number in range(count))
    for name, value in how.items():
        for simple in _simpler_value(step.name, name, value):
            yield {**how, name: simple}


def _simpler_value(step: str, name: str, value: Json) -> Iterator[Json]:
    if value is True:
        yield False
    elif name == "count":
        yield from dict.fromkeys(count for count in (0, value // 2, value * 3 // 4, value - 1) if 0 <= count < value)
    elif name == "slot":
        yield from dict.fromkeys(slot for slot in (0, value // 2 // 2 * 2, value - 2) if 0 <= slot < value)
    elif name in {"keep", "add"}:
        yield from ([*value[:index], *value[index + 1 :]] for index in range(len(value)))
    elif name == "body" and step.startswith("create"):
        yield from _simpler_create(value)
    elif name in {"body", "more"} and len(value) > (name == "body"):
        yield from ({key: one for key, one in value.items() if key != left} for left in value)


def _simpler_create(body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    if body != PLAIN:
        yield dict(PLAIN)
    for left in body:
        if left not in PLAIN and not (left == "settings" and body["type"] == "bedrock"):
            yield {key: one for key, one in body.items() if key != left}
    if body["base_url"] != PLAIN["base_url"]:
        yield {**body, "base_url": PLAIN["base_url"]}
    if len(body.get("api_keys") or ()) > 1:
        yield {**body, "api_keys": body["api_keys"][:-1]}
