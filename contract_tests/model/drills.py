"""Drills: sequences that are written down, not drawn by lot, so that every kind of value and change has its turn."""

from collections.abc import Iterator
from random import Random
from typing import Any

from contract_tests.model.classes import (
    KEY_TEXTS,
    NAME_ENDS,
    NEAR_TEXT,
    NEAR_TEXTS,
    NEAR_URL,
    NEAR_URLS,
    URLS,
    kept_as_sent,
    odd_names,
    settings_of,
    texts,
)
from contract_tests.model.drilled import SAME
from contract_tests.model.search import Step
from contract_tests.model.values import TYPES, WITH_SETTINGS, bedrock
from contract_tests.scene import Scene

Json = Any
Body = dict[str, Json]
FEW_ODD = 9  # odd names of each half that quick effort tries
AT_ONCE = 42  # providers of one drill: more than lists of a page or two hold
SPELLINGS = ("", "escaped", "", "spaced")


def step(name: str, who: str = "", **how: Json) -> Step:
    """Return a step of a drill."""
    return Step(name, {"who": who, **how} if who else how)


def _turned(items: list[Json], random: Random) -> list[Json]:
    """Return items in their order from some other one on, so that what goes with what depends on the seed."""
    start = random.randrange(len(items))
    return [*items[start:], *items[:start]]


# Values


def values(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills of providers whose members take every row of the tables, by creates and by PATCHes."""
    fit = _Fit(scene, random)
    for start in range(0, fit.count, AT_ONCE):
        steps: list[Step] = []
        numbers = range(start, min(start + AT_ONCE, fit.count))
        for number in numbers:
            who = f"v{number}"
            steps.append(step("create_as", who, body=fit.created(number), spelling=SPELLINGS[number % 4]))
        steps.append(step("list"))
        for number in numbers:
            who = f"v{number}"
            if _mixed(number) % 2 or scene.options.amount(0, 1, 1):  # the others are looked at in the list
                steps.append(step("look", who, by_name=_mixed(number) % 3 > 0))
            steps.extend(fit.changes(who, number, scene.options.amount(1, 2, 4)))
        steps.append(step("list"))
        yield steps


def _mixed(number: int) -> int:
    """Return a number that goes with the type of a provider in all ways as its own number grows."""
    return number + number // len(TYPES)


class _Fit:
    """Puts the rows of the tables together: one of each to a provider."""

    def __init__(self, scene: Scene, random: Random) -> None:
        every = scene.options.amount(0, 1, 1) > 0
        titles = [text for text in texts(every=every) if self._kept(scene, display_name=text)]
        self.titles = _turned(titles, random)[:: scene.options.amount(2, 1, 1)]
        self.urls = _turned([url for url in URLS if self._kept(scene, base_url=url)], random)
        self.keys = _turned(list(KEY_TEXTS), random)
        self.first = random.randrange(1000)
        self.count = len(self.titles)

    @staticmethod
    def _kept(scene: Scene, **body: str) -> bool:
        return kept_as_sent(body, deployed=scene.deployed)

    def created(self, number: int) -> Body:
        """Return the body of a create."""
        kind = TYPES[number % len(TYPES)]
        title, url = self.titles[number % self.count], self.urls[number % len(self.urls)]
        body: Body = {"type": kind, "display_name": title, "base_url": url, "enabled": number % 3 == 0}
        if kind == "bedrock" or (kind in WITH_SETTINGS and number // len(TYPES) % 2):
            return {**body, "settings": settings_of(self.first + number)}
        return {**body, "api_keys": self._few_keys(2 * number)}

    def _few_keys(self, place: int) -> list[str]:
        return [self.keys[(place + more) % len(self.keys)] for more in range(2)]

    def changes(self, who: str, number: int, count: int) -> Iterator[Step]:
        """Yield PATCHes of a provider: of title and URL at once, then of one of them, then back to what was there."""
        before = self.created(number)
        title, url = self.titles[(number + 7) % self.count], self.urls[(number + 5) % len(self.urls)]
        own: Body = {"api_keys": [1, *self._few_keys(2 * number + 9)]} if "api_keys" in before else {}
        own = own or {"settings": settings_of(self.first + number + 40)}
        mixed = _mixed(number)
        later = ({}, own, {"base_url": url}, {**own, "base_url": url})[mixed % 4]
        bodies: list[Body] = [
            {"display_name": title, **later},
            {"display_name": before["display_name"], "base_url": before["base_url"]},
            {"base_url": url, "enabled": mixed % 2 == 0},
            {"base_url": before["base_url"], "display_name": title},
        ]
        for turn, body in enumerate(bodies[:count]):
            yield step("change", who, body=body, by_name=mixed % 3 > 0, spelling=SPELLINGS[(number + turn) % 4])


def near(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills that change a value to one that is nearly the same, and back."""
    for who, member, base, others in (
        ("near-text", "display_name", NEAR_TEXT, NEAR_TEXTS),
        ("near-url", "base_url", NEAR_URL, NEAR_URLS),
    ):
        there = [text for text in others if kept_as_sent({member: text}, deployed=scene.deployed)]
        body = {"type": "openai", "base_url": NEAR_URL, "enabled": True, member: base}
        steps = [step("create_as", who, body=body)]
        for number, text in enumerate(there):
            steps.append(step("change", who, body={member: text}, by_name=number % 2 > 0))
            if number % 3 == 0:
                steps.append(step("look", who, by_name=number % 2 == 0))
            steps.append(step("change", who, body={member: base}, by_name=number % 3 > 0))
        yield [*steps, step("watch")]


def names(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills of providers whose names are alike, are words of the API, or look like something else."""
    base = {"type": "openai", "base_url": NEAR_URL}
    ends = _turned(list(NAME_ENDS), random)
    steps = [step("create_as", f"n{end}", ending=end, body=base) for end in ends]
    steps += [step("look", f"n{end}", by_name=True) for end in ends]
    for number, end in enumerate(ends):
        how = ("change", "drop")[number % 2]
        more: Body = {"body": {"enabled": True}} if how == "change" else {}
        steps.append(step(how, f"n{end}", by_name=True, **more))
    yield [*steps, step("watch", most=len(ends))]
    there = len(scene.session.ledger.prefix) + 1
    steps = []
    for length in range(there + random.randrange(2), scene.options.amount(41, 73, 133), scene.options.amount(2, 1, 1)):
        ending = ("s" * length)[: length - there + 1]
        who = f"l{length}"
        steps += [step("create_as", who, ending=ending, body=base), step("look", who, by_name=True)]
        steps.append(step("change", who, body={"enabled": True}, by_name=True))
    yield [*steps, step("list")]
    odd = list(odd_names(random.randrange(10**5, 10**6)))
    odd = odd if scene.options.amount(0, 1, 1) else [*odd[:FEW_ODD], *random.sample(odd[FEW_ODD:], FEW_ODD)]
    steps = []
    for number, name in enumerate(odd):
        who = f"o{number}"
        steps += [step("create_as", who, called=name, body=base), step("look", who, by_name=True)]
        steps.append(step("change", who, body={"enabled": True}, by_name=True))
        if number % 4 == 0:
            steps.append(step("look", who, by_name=True))
        if number % 8 == 0:
            steps.append(step("list"))
        steps.append(step("drop", who, by_name=number % 2 > 0))
    yield steps
    number = random.randrange(10**5, 10**6)  # names that are one number, or one word, to whoever does not read letters
    alike = [f"{number}", f"0{number}", f"{number}e0", f"{number}e00", f"00{number}", f"{number:x}a", f"0x{number:x}a"]
    steps = [step("create_as", f"a{place}", called=name, body=base) for place, name in enumerate(alike)]
    for place in range(len(alike)):
        steps += [step("look", f"a{place}", by_name=True), step("drop", f"a{place}", by_name=place % 2 > 0)]
    yield steps


def settings(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills that replace settings by others that have more, fewer, the same, empty or secret members alone."""
    full = bedrock(region="eu-north-1", model="claude", small_fast_model="haiku")
    secret = {"access_key": "dummy-access-key-zyxw", "access_key_secret": "dummy-secret-key-vuts"}
    bodies = [
        bedrock(region="us-east-1"), full, bedrock(model="sonnet"), {**full, "model": "opus"}, full, full,
        {**full, "region": "eu-west-1"}, bedrock(region="eu-west-1", small_fast_model="a:b"), full,
    ]  # fmt: skip
    if scene.deployed:
        bodies += [
            {**full, "model": ""}, full, {**full, "region": ""}, full, {**full, "small_fast_model": ""}, full,
            {**bedrock(), **secret}, full, {**full, **secret}, bedrock(model="a/b", **secret), full,
            {**full, "access_key": ""}, {**full, "access_key_secret": ""}, full, bedrock(region="", model="", **secret),
            full, {**dict(reversed(full.items()))}, bedrock(), full,
        ]  # fmt: skip
    for kind in WITH_SETTINGS:
        who = f"s-{kind}"
        body: Body = {"type": kind, "base_url": NEAR_URL, "display_name": "With settings"}
        first = {**full, **secret} if scene.deployed else full
        steps = [step("create_as", who, body=body | ({"settings": first} if kind == "bedrock" else {}))]
        steps += [step("create_as", "s-other", body={**body, "type": "anthropic", "settings": bedrock(region="r-1")})]
        for number, new in enumerate(bodies):
            more: Body = ({}, {"enabled": number % 2 == 0}, {"display_name": f"Title {number}"})[number % 3]
            steps.append(step("change", who, body={**more, "settings": new}, by_name=number % 2 > 0))
            if number % 3 == 0:
                steps += [step("change", who, body={"enabled": number % 2 > 0}), step("look", who, by_name=True)]
        yield [*steps, step("change", who, body={"settings": SAME}), step("watch")]


def keys(scene: Scene, random: Random) -> Iterator[list[Step]]:
    """Yield drills that take a set of keys through all that a PATCH can do to it: places, counts, again."""
    one, two, three, four = ("dummy-key-number-one", "dummy-key-number-two", "dummy-key-number-3", "dummy-4th")
    eleven = [f"dummy-{number:x}-of-eleven-keys" for number in range(11)]
    sets: list[list[int | str]] = [
        [], [one], [], [one], [0, two], [1, 0], [one, two], [1], [0, one], [0, 1, three], [2, 1, 0], [0, 2], [0, 1],
        [three, 0, 1], [0, four, 1, 2], [1, 2, 3], [0, 2], [four], [0], [0, three, four, two], [1, 3], [0, 1, one],
        [2], [1], [two], [one], [two], [*eleven], [*range(11)], [*range(10, -1, -1)], [*range(0, 11, 2)], [0, 5],
        [*range(1, 6)], [one, 0], [*eleven], [2, 5, 8, one], [*eleven[:5], 0, 1, 2, 3], [0, 3, 6], [], [one, two], [0],
    ]  # fmt: skip
    for who, start, more in (
        ("k-0", [], {"type": "openai"}),
        ("k-3", [one, two, three], {"type": "anthropic", "enabled": True, "display_name": "Keys"}),
    ):
        body: Body = {"base_url": NEAR_URL, "api_keys": start, **more}
        steps = [step("create_as", who, body=body), step("create_as", "k-other", body={**body, "api_keys": [one, two]})]
        for number, entries in enumerate(sets):
            beside: Body = ({}, {}, {"enabled": number % 2 == 0}, {"display_name": f"Title {number}"})[number % 4]
            steps.append(step("change", who, body={"api_keys": entries, **beside}, by_name=number % 2 > 0))
            if number % 3 == 0:
                steps.append(step("look", who, by_name=number % 2 == 0))
        yield [*steps, step("watch")]
