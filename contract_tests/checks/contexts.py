"""What surrounds the one thing that a request is judged for: every type, on and off, keys, other members.

A rule that holds for one type, for what is off, or where nothing else is sent is no rule. So checks put what they send
into surroundings that differ from request to request: each number stands for others, and numbers that follow one
another go through all values of each member, and soon through all pairs. The same numbers give the same bodies.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

from contract_tests.documents import CREATE
from contract_tests.scene import Scene

Json = Any
Body = dict[str, Json]

TYPES = ("openai", "anthropic", "bedrock", "openai-compat", "azure", "google", "openrouter", "vercel")
WITH_KEYS = tuple(kind for kind in TYPES if kind != "bedrock")
SETTINGS = {"_type": "bedrock", "_version": 1, "region": "eu-central-1"}
SWITCHES = (None, True, False)  # None stands for absent
TITLES = (None, "A title", "")
KEYS = (0, 1, 3)
STEP = 5  # between the places at which the order of members begins; it has no divisor in common with their number


def turned(body: Body, number: int) -> Body:
    """Return a body with its members in another order: each of them is the first for some number."""
    names = list(body)
    start = number // 2 * STEP % len(names) if names else 0
    order = names[start:] + names[:start]
    return {name: body[name] for name in (order if number % 2 == 0 else reversed(order))}


def various(scene: Scene, number: int, **members: Json) -> Body:
    """Return the body of a good create with these members; the others differ from number to number.

    A member that is `...` is left out. Settings and keys are as the type takes them: bedrock has settings and no keys,
    anthropic the one or the other.
    """
    lap, turn = divmod(number, len(TYPES))
    body = scene.body(type=members.get("type") or TYPES[number % len(TYPES)])
    kind = body["type"]
    if (switch := SWITCHES[(turn + lap) % 3]) is not None:
        body["enabled"] = switch
    if (title := TITLES[(turn + lap // 3) % 3]) is not None:
        body["display_name"] = title
    count = KEYS[(turn + lap + lap // 3) % 3]
    if "settings" not in members and (
        kind == "bedrock" or (kind == "anthropic" and lap % 2 and "api_keys" not in members)
    ):
        body["settings"] = turned(SETTINGS, number)
    elif "api_keys" not in members and members.get("settings", ...) in (..., None) and count and kind != "bedrock":
        body["api_keys"] = [scene.key() for _ in range(count)]
    full = {**body, **members}
    return turned({name: value for name, value in full.items() if value is not ...}, number)


def numbered(items: Iterable[Any], laps: int) -> Iterator[tuple[int, Any]]:
    """Yield the items again and again with a number, each time another one, so that surroundings differ."""
    held = list(items)
    step = len(held) | 1
    for lap in range(laps):
        for index, item in enumerate(held):
            yield lap * step + index, item


def beside(scene: Scene, number: int, provider: Body, **members: Json) -> Body:
    """Return a PATCH with these members, and with others that are good for the provider: none, one, several."""
    key = provider.get("api_keys") or []
    kept = [{"id": one["id"]} for one in key]
    others: tuple[Body, ...] = (
        {},
        {"enabled": False},
        {"display_name": f"Title {number}"},
        {"enabled": True},
        {"base_url": f"https://host-{number}.example/v1"},
        {"api_keys": kept} if kept else {"display_name": ""},
        {"display_name": f"Title {number}", "enabled": False, "base_url": "http://host.example:8080"},
        {"settings": turned(SETTINGS, number)}
        if provider.get("settings")
        else {"api_keys": [*kept, {"api_key": scene.key()}]},
    )
    other = others[(number + number // len(others)) % len(others)]
    if "settings" in members:
        other = {name: value for name, value in other.items() if name != "api_keys"}
    if "api_keys" in members:
        other = {name: value for name, value in other.items() if name != "settings"}
    return turned({**other, **members}, number)


class Pool:
    """Providers of this run's own in different surroundings, to be changed in turn; made when they are needed."""

    def __init__(self, scene: Scene, size: int, kinds: Sequence[str] = TYPES, **members: Json) -> None:
        self._scene = scene
        self._size = size
        self._kinds = kinds
        self._members = members
        self._held: list[Body] = []

    def take(self, number: int) -> Body:
        """Return the provider whose turn it is."""
        place = number % self._size
        while len(self._held) <= place:
            made = len(self._held)
            kind = self._kinds[made % len(self._kinds)]
            body = various(self._scene, made + made // len(TYPES), **{"type": kind, **self._members})
            self._held.append(self._scene.worked(self._scene.session.call(CREATE, body=body), 201).document)
        return self._held[place]

    def entries(self, number: int) -> list[Body]:
        """Return entries of a PATCH that keep the keys of the provider whose turn it is, and add two."""
        kept = [{"id": key["id"]} for key in self.take(number).get("api_keys") or ()]
        return [*kept, *({"api_key": self._scene.key()} for _ in range(2))]

    def unchanged(self, code: str) -> None:
        """Make sure that nothing that was refused has changed any of them."""
        for provider in self._held:
            self._scene.unchanged(provider, [], code)


def pairs(*dimensions: Sequence[Any], strength: str = "standard") -> list[tuple[Any, ...]]:
    """Return rows that hold a value of each dimension: for `quick` each value at least once, else each pair of them.

    `thorough` gives all rows there are. The rows are the same for the same dimensions.
    """
    if strength == "thorough" or len(dimensions) < 2:
        return list(product(*dimensions))
    longest = max(map(len, dimensions))
    sizes = [len(one) for one in dimensions]
    rows = [tuple((n + n // size * (size < longest)) % size for size in sizes) for n in range(longest)]
    if strength != "quick":
        rows += _missing(rows, sizes)
    return [tuple(one[index] for one, index in zip(dimensions, row, strict=True)) for row in rows]


def _missing(rows: Iterable[tuple[int, ...]], sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Return rows of indices that make up for the pairs of values which the given rows lack."""
    places = list(combinations(range(len(sizes)), 2))
    lacking = {(a, x, b, y): None for a, b in places for x in range(sizes[a]) for y in range(sizes[b])}
    for row in rows:
        for a, b in places:
            lacking.pop((a, row[a], b, row[b]), None)
    made = []
    while lacking:
        a, x, b, y = next(iter(lacking))
        made_up = {a: x, b: y}
        for place in (one for one in range(len(sizes)) if one not in made_up):
            made_up[place] = _best(lacking, made_up, place, sizes[place])
        full = tuple(made_up[place] for place in range(len(sizes)))
        for first, second in places:
            lacking.pop((first, full[first], second, full[second]), None)
        made.append(full)
    return made


def _best(lacking: dict[tuple[int, int, int, int], None], row: dict[int, int], place: int, size: int) -> int:
    """Return the value at a place with which a row adds the most pairs that are lacking."""
    return max(range(size), key=lambda value: _gain(lacking, row, place, value))


def _gain(lacking: dict[tuple[int, int, int, int], None], row: dict[int, int], place: int, value: int) -> int:
    """Count the pairs that a row would still add with a value at a place."""
    both = ((*sorted(((place, value), (other, index))),) for other, index in row.items())
    return sum((first[0], first[1], second[0], second[1]) in lacking for first, second in both)


def put_in(value: Json, others: Sequence[Json], number: int, places: int) -> Iterator[tuple[int, list[Json]]]:
    """Yield lists of the others with the value at the first, a middle, or the last place: the place, and the list.

    `places` tells how many of the three are used; the number with which of them it begins.
    """
    there = (0, max(1, len(others) // 2), len(others))
    for turn in range(places):
        place = there[(number + turn) % len(there)]
        yield place, [*others[:place], value, *others[place:]]
