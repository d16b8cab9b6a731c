"""Drills of combinations and orders: members beside each other, what follows a refusal, and who is next to whom."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from random import Random
from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, UPDATE
from contract_tests.model.drilled import FORMS, SAME
from contract_tests.model.drills import Body, step
from contract_tests.model.faulty import Kind, faults
from contract_tests.model.search import Step
from contract_tests.model.values import bedrock
from contract_tests.scene import Scene

Json = Any
Row = tuple[Json, ...]
URL = "https://ai.example.com/v1"
ONE, TWO, THREE = "dummy-key-number-one", "dummy-key-number-two", "dummy-key-number-3"
ABSENT = "(absent)"
STRANGE_IDS = (  # UUIDs that no provider has: of other versions and variants, and the first and last of all
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "886313e1-3b8a-5372-9b90-0c9aee199e5d",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "12345678-1234-1234-1234-123456789012",
    "00000000-0000-0000-0000-000000000001",
    "5afe0000-0000-4000-c000-00000000ffff",
    "deadbeef-dead-4ead-8ead-deaddeadbeef",
)
MEMBERS = ("display_name", "base_url", "enabled", "api_keys", "settings")
UNKNOWN_MEMBERS: list[Body] = [
    {"type": "google"},
    {"id": "00000000-0000-4000-8000-000000000000", "created_at": "2020-01-01T00:00:00Z"},
    {"unknown": {"display_name": "x", "enabled": False}, "updated_at": None},
]
STARTS: dict[str, Body] = {
    "openai": {"display_name": "Start", "enabled": True, "api_keys": [ONE, TWO]},
    "anthropic": {"enabled": False},
    "bedrock": {"display_name": "Rock", "enabled": True, "settings": bedrock(region="r-1", model="claude")},
    "azure": {"display_name": "Blue", "enabled": False, "api_keys": [ONE, TWO, THREE]},
    "vercel": {"enabled": True},
    "openai-compat": {"display_name": "Alike", "api_keys": [THREE]},
}


def start_of(kind: str) -> Body:
    """Return the body of the create with which a provider of a type begins."""
    return {"type": kind, "base_url": URL, **STARTS[kind]}


# Members


def pairwise(levels: Sequence[Sequence[Json]], random: Random) -> list[Row]:
    """Return rows of one level of each factor, few, so that each two levels of two factors are in some row together."""
    left = {
        ((one, a), (two, b))
        for one, two in combinations(range(len(levels)), 2)
        for a, b in product(range(len(levels[one])), range(len(levels[two])))
    }
    rows = []
    while left:
        first = min(left)
        best: Row = ()
        most = -1
        for _ in range(30):
            trial = [random.randrange(len(level)) for level in levels]
            for factor, level in first:
                trial[factor] = level
            new = sum(pair in left for pair in combinations(enumerate(trial), 2))
            if new > most:
                best, most = tuple(trial), new
        left -= set(combinations(enumerate(best), 2))
        rows.append(tuple(levels[factor][index] for factor, index in enumerate(best)))
    return rows


def members(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills of PATCHes in which members meet: set, as they are, cleared, null, or absent, in any JSON order."""
    null = [None] if scene.deployed else []
    new = bedrock(region="r-2", small_fast_model="haiku")
    levels: list[list[Json]] = [
        [ABSENT, "New ✓", SAME, "", *null],
        [ABSENT, "https://new.example.com/v2", SAME, *null],
        [ABSENT, True, False, SAME, *null],
        [ABSENT, [], [0], [ONE], [1, 0], [0, THREE], [TWO, 0, 1], *null],
        [ABSENT, new, SAME, bedrock(region="r-3", model=""), *null],
        [ABSENT, *(UNKNOWN_MEMBERS if scene.deployed else ())],
        [0, 1, 2, 3, 4],  # where in their order the members begin, and which way it goes
        [True, False],  # by name
    ]
    rows = pairwise(levels, random)
    for number, kind in enumerate(STARTS):
        steps = [step("create_as", "b", body=start_of("openai")), step("create_as", kind, body=start_of(kind))]
        spoken = [row for row in rows if kind in {"bedrock", "anthropic"} or row[4] in (ABSENT, None) or row[3] is None]
        share = spoken if scene.options.amount(0, 1, 1) else spoken[number % 3 :: 3]
        for turn, row in enumerate(share):
            body = _written(row)
            if any(body.get(name) is not None for name in MEMBERS):
                steps.append(step("change", kind, body=body, by_name=row[7]))
                if turn % 2:
                    steps.append(step("look", kind, by_name=not row[7]))
        for body in (
            {"enabled": True, "display_name": "Full"},
            {"api_keys": [ONE]},
            {"api_keys": []},
            {"enabled": False},
        ):
            steps.append(step("change", kind, body=body))
        yield [*steps, step("watch")]


def _written(row: Row) -> Body:
    """Return the body of a PATCH that a row stands for."""
    start, more = row[6], {} if row[5] == ABSENT else row[5]
    body = {name: value for name, value in zip(MEMBERS, row[:5], strict=True) if value != ABSENT}
    turned = [*MEMBERS[start:], *MEMBERS[:start]]
    ordered = {name: body[name] for name in (turned if start % 2 else reversed(turned)) if name in body}
    return {**more, **ordered} if start % 2 else {**ordered, **more}


# Refusals

FULL: Body = {"display_name": "Never", "enabled": True, "base_url": "https://never.example.com"}


def refusals(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills in which a good request follows each kind of refused one: nothing of that may be left."""
    profile, apart = "deployed" if scene.deployed else "documented", scene.options.amount(2, 1, 1)
    yield from _refused_patches(faults(UPDATE, profile)[random.randrange(apart) :: apart])
    yield from _refused_creates(faults(CREATE, profile)[random.randrange(apart) :: apart], scene)
    yield _named_in_vain(scene)
    if scene.options.token is not None:
        yield _barred(["nobody", "unknown", *(["other"] if scene.options.other_token and scene.deployed else [])])


def _barred(principals: Sequence[str]) -> list[Step]:
    """Return the steps of requests by those who may not send them, each followed by one of somebody who may."""
    steps = [step("create_as", who, body=start_of(who)) for who in ("openai", "vercel")]
    full = {"type": "openai", **FULL, "api_keys": [ONE, TWO]}
    for number, principal in enumerate(principals):
        for who in ("openai", "vercel"):
            for operation, body in ((UPDATE, FULL), (GET, None), (DELETE, None)):
                steps.append(step("barred", who, operation=operation, principal=principal, body=body))
                steps.append(step("look", who, by_name=number % 2 == 0))
            steps.append(step("change", who, body={"enabled": number % 2 > 0}))
        new = f"barred-{number}"
        steps += [step("create_barred", new, principal=principal, body=full), step("list")]
        steps += [step("create_as", new, body={"type": "google", "base_url": URL}), step("look", new, by_name=True)]
    return [*steps, step("watch")]


def _refused_patches(kinds: Sequence[Kind]) -> Iterator[list[Step]]:
    good: list[Body] = [{"enabled": False}, {"base_url": "https://two.example.com"}, {"display_name": "Two"}]
    good += [{"enabled": True}, {"api_keys": [0, TWO]}, {"base_url": URL}, {"display_name": ""}]
    steps = [step("create_as", who, body=start_of(who)) for who in ("openai", "vercel", "azure", "bedrock")]
    for number, kind in enumerate(kinds):
        who, by_name = ("openai", "vercel", "azure")[number % 3], number % 2 == 0
        who = "bedrock" if kind.member == "settings" else who
        change = {**FULL, "api_keys": [{"api_key": THREE}]} if number % 2 and kind.member != "api_keys" else FULL
        change = {name: value for name, value in change.items() if number % 4 != 3 or name != "enabled"}
        steps.append(step("refuse", who, kind=kind, body=change, by_name=by_name))
        if number % 3 == 0:
            steps.append(step("look", who, by_name=not by_name))
        steps.append(step("change", who, body=good[number % len(good)], by_name=not by_name))
        if number % 5 == 0:
            steps.append(step("change", "openai", body={"enabled": number % 2 == 0}))
    yield [*steps, step("watch")]


def _refused_creates(kinds: Sequence[Kind], scene: Scene) -> Iterator[list[Step]]:
    """Refused creates of a new name, which is then made plainly, and of the name of one that is there."""
    full = {"type": "openai", **FULL, "api_keys": [ONE, TWO]}
    steps = [step("create_as", "there", body=start_of("azure")), step("create_as", "rock", body=start_of("bedrock"))]
    for number, kind in enumerate(kinds):
        who = f"c{number}"
        steps.append(step("create_refused", who, kind=kind, body=full))
        plain = {"type": ("openai", "google", "anthropic")[number % 3], "base_url": URL}
        if number % 2 == 0:
            steps += [step("create_as", who, body=plain), step("look", who, by_name=True)]
        else:
            steps.append(step("missed", who, operation=GET))
        if number % 3 == 0 or scene.options.amount(0, 1, 1):
            old = ("there", "rock")[number % 2]
            steps += [step("create_refused", old, kind=kind, body=full), step("look", old, by_name=number % 4 == 0)]
    yield [*steps, step("watch", most=4)]


def _named_in_vain(scene: Scene) -> list[Step]:
    """Return the steps of conflicts, of what is not there (yet, or any more), and of names that a PATCH asks for."""
    full = {"type": "openai", **FULL, "api_keys": [ONE, TWO]}
    plain = {"type": "google", "base_url": URL}
    steps = [step("create_as", "there", body=start_of("azure"))]
    rock = {"type": "bedrock", **FULL, "settings": bedrock(region="r-9")}
    for number, body in enumerate((full, rock, start_of("anthropic"))):
        steps += [step("create_taken", "there", body=body), step("create_as", f"after-{number}", body=plain)]
        steps += [step("look", "there"), step("change", f"after-{number}", body={"enabled": True})]
        steps += [step("create_taken", "there", body=body), step("change", "there", body={"enabled": number % 2 == 0})]
    late: list[tuple[str, Body | None]] = [(UPDATE, FULL), (GET, None), (DELETE, None), (UPDATE, {"enabled": True})]
    late.append((UPDATE, {"display_name": "Later"}))
    for number, (operation, sent) in enumerate(late):
        who = f"late-{number}"
        steps += [step("missed", who, operation=operation, body=sent), step("change", "there", body={"enabled": True})]
        steps += [step("create_as", who, body=plain), step("look", who), step("look", who, by_name=True)]
        steps += [step("drop", who, by_name=number % 2 == 0)]
        for again, by_name in ((GET, True), (operation, False), (operation, True), (GET, False)):
            more: Body = {"body": sent or FULL} if again == UPDATE else {}
            steps.append(step("missed", who, operation=again, by_name=by_name, **more))
        steps += [step("create_as", who, body={**plain, "type": "azure"}), step("look", who, by_name=True)]
        steps += [step("drop", who, by_name=number % 2 > 0), step("list"), step("create_as", who, body=plain)]
        steps += [step("look", who), step("look", who, by_name=True)]
    asked: list[Body] = [{"enabled": True}, {"display_name": "Called"}] if scene.deployed else []
    for number, body in enumerate(asked):
        steps += [step("change", "there", body=body, rename=f"wanted-{number}"), step("look", "there", by_name=True)]
        steps += [step("missed", f"wanted-{number}", operation=GET), step("create_as", f"wanted-{number}", body=plain)]
        steps += [step("look", f"wanted-{number}", by_name=True)]
    steps += [step("nobody_has", identifier=identifier) for identifier in STRANGE_IDS]
    return [*steps, step("watch", most=12)]


# Neighbours

Deed = Callable[[str, int], list[Step]]


def _patch(*bodies: Body) -> Deed:
    return lambda who, turn: [step("change", who, body=bodies[turn % len(bodies)], by_name=turn % 3 > 0)]


def _anew(who: str, turn: int) -> list[Step]:
    body = {"type": "anthropic", "base_url": URL}
    return [step("drop", who, by_name=turn % 2 > 0), step("list"), step("create_as", who, body=body)]


def _fresh(who: str, turn: int) -> list[Step]:
    new = f"{who}-{turn}"
    return [step("create_as", new, body={"type": "google", "base_url": URL}), step("drop", new, by_name=turn % 2 > 0)]


_REFUSED = next(kind for kind in faults(UPDATE, "documented") if kind.member == "enabled")
DEEDS: list[Deed] = [
    _patch({"display_name": "One"}, {"display_name": "Two"}),
    _patch({"enabled": True}),
    _patch({"base_url": "https://one.example.com"}, {"base_url": URL}),
    _patch({"api_keys": [ONE]}, {"api_keys": [0, TWO]}),
    _patch({"api_keys": []}),
    _anew,
    _fresh,
    _patch({"display_name": ""}),
    _patch({"enabled": False}),
    lambda who, turn: [step("look", who, by_name=turn % 2 > 0)],
    lambda who, turn: [step("refuse", who, kind=_REFUSED, body=FULL, by_name=turn % 2 > 0)],
    lambda who, turn: [step("create_taken", who, body={"type": "openai", **FULL, "api_keys": [ONE, TWO]})],
    lambda who, turn: [step("missed", "nobody", operation=UPDATE, body=FULL)],
    _patch({"display_name": "Both", "enabled": True, "base_url": "https://both.example.com", "api_keys": [THREE]}),
    lambda who, turn: [step("create_as", f"{who}x{turn}", body={**start_of("azure"), "base_url": URL})],
]
QUICK_DEEDS = 8


def neighbours(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills in which each deed follows each other one, on the next of three providers that are much alike.

    Before them each deed comes between reads of all kinds, so that what was read once is not read again.
    """
    yield _between_reads(scene)
    yield _departures()
    count = scene.options.amount(QUICK_DEEDS, len(DEEDS), len(DEEDS))
    whos = ("n", "n-2", "n2")
    deeds = random.sample(DEEDS, count)
    for lap in range(scene.options.amount(1, 1, 3)):
        order = _each_after_each(count, random)
        for start in range(0, len(order), PACE):
            steps = [step("create_as", who, body={"type": "anthropic", "base_url": URL}) for who in whos]
            for turn, deed in enumerate(order[start : start + PACE + 1]):
                steps += deeds[deed](whos[(turn + lap) % 3], turn)
                steps.append(step("list") if turn % 2 else step("look", whos[(turn + lap + 1) % 3]))
            yield [*steps, step("watch")]


def _between_reads(scene: Scene) -> list[Step]:
    """Return the steps of deeds that come after and before each kind of read."""
    body = {"type": "anthropic", "base_url": URL, "api_keys": [TWO]}
    steps = [step("create_as", who, body=body) for who in ("r", "r-2")]
    reads = [step("look", "r"), step("look", "r", by_name=True), step("list")]
    if scene.deployed:
        reads += [step("look", "r", form=form) for form in FORMS]
    for carrier, _ in scene.contract.carriers:
        if carrier == "query" or (carrier == "cookie" and scene.options.amount(0, 1, 1)):
            reads += [step("look", "r", carrier=carrier), step("look_at_all", carrier=carrier)]
    forms = ["", *(FORMS if scene.deployed else ())]
    changes: list[Body] = [
        {"display_name": "A"}, {"display_name": "B"}, {"enabled": True}, {"enabled": False}, {"base_url": f"{URL}/2"},
        {"base_url": URL}, {"api_keys": []}, {"api_keys": [ONE]},
    ]  # fmt: skip
    for number, change in enumerate(changes):
        by_name = number % 2 > 0
        deed = step("change", "r", body=change, by_name=by_name, form=forms[number // 2 % len(forms)])
        steps += [*reads[:4], deed, *reads, step("change", "r-2", body=change, by_name=not by_name), *reads[:3]]
    for number, form in enumerate(forms):
        gone = [step("missed", "r", operation=GET), step("missed", "r", operation=GET, by_name=False), step("list")]
        steps += [*reads[:3], step("drop", "r", by_name=number % 5 == 4, form=form), *gone]
        steps += [step("create_as", "r", body=body), *reads[:3]]
    return [*steps, step("watch")]


def _departures() -> list[Step]:
    """Return the steps in which providers of all kinds leave, first, last and in between, and come back."""
    steps = [step("create_as", kind, body=start_of(kind)) for kind in STARTS]
    for number, kind in enumerate(sorted(STARTS, key=lambda name: name[::-1])):
        steps += [step("list"), step("drop", kind, by_name=number % 2 > 0), step("watch")]
        if number % 2:
            steps += [step("create_as", kind, body={"type": "google", "base_url": URL}), step("list")]
    return [*steps, step("watch")]


PACE = 60  # deeds of one drill


def _each_after_each(count: int, random: Random) -> list[int]:
    """Return numbers below a count in an order in which each comes right after each other one, and itself, once."""
    left = {number: random.sample(range(count), count) for number in range(count)}
    path, circuit = [0], []
    while path:
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            circuit.append(path.pop())
    return circuit[::-1]
