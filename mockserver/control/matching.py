"""One language for "which requests": journal queries, verification and faults all use it.

A matcher is a mapping of places to what is wanted there; everything given must hold. It is compiled once, and one that
can never match is refused then. The schema ``Matcher`` of the control API's document describes it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from mockserver.control.contradictions import check_path, check_place, check_values
from mockserver.control.refusals import refused
from mockserver.engine.contract import Contract
from mockserver.engine.operations import Operation
from mockserver.engine.plans import MISSING
from mockserver.engine.world import parse_rfc3339

__all__ = ["Difference", "Facts", "Matcher", "member"]

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,6})\]")


class Facts(Protocol):
    """What can be known of a request, and, once it is answered, of its answer."""

    @property
    def operation(self) -> str | None:
        """The operationId."""

    @property
    def method(self) -> str:
        """The method."""

    @property
    def path(self) -> str:
        """The decoded path."""

    @property
    def query(self) -> Mapping[str, list[str]]:
        """The query parameters."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their lower-case names."""

    @property
    def path_params(self) -> Mapping[str, str]:
        """The path parameters."""

    @property
    def body(self) -> Any:
        """The body as JSON, or ``MISSING``."""

    @property
    def principal(self) -> str | None:
        """The user whose token was sent."""

    @property
    def status(self) -> int | None:
        """The status of the answer."""

    @property
    def problem(self) -> str | None:
        """Why the request was refused."""

    @property
    def faults(self) -> tuple[str, ...]:
        """The ids of the faults that applied."""

    @property
    def time(self) -> datetime:
        """When the request came."""

    def has_text(self, wanted: str) -> bool:
        """Whether lower-case text is in it anywhere."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a request is not what a matcher wants."""

    place: str
    expected: str
    found: str


Test = Callable[[Any], bool]
Check = tuple[str, str, Callable[[Facts], Any], Test]  # place, what is expected, where to look, what must hold


class Matcher:
    """A compiled matcher. Raises the control API's refusal for one that can never match."""

    def __init__(self, raw: Mapping[str, Any], contract: Contract, users: frozenset[str], at: str = "match") -> None:
        self.raw = raw
        self._checks: list[Check] = []
        operation = self._operation(raw, contract, at)
        self._plain(raw, contract, users, operation, at)
        callable_ = [plan.operation for plan in contract.plans.values()]
        callable_ = [one for one in callable_ if raw.get("method", one.method) in {one.method, "HEAD"}]
        for place in ("query", "headers", "path_params", "body"):
            for name, condition in raw.get(place, {}).items():
                check_place(place, name, [operation] if operation is not None else callable_, f"{at}.{place}.{name}")
                self._condition(place, name, condition, operation, f"{at}.{place}")
        if "text" in raw:
            wanted = raw["text"].lower()
            self._add("text", f"the text {raw['text']!r}", lambda facts: facts, lambda f: bool(f.has_text(wanted)))
        self._times(raw, at)

    def matches(self, facts: Facts) -> bool:
        """Whether everything holds."""
        return all(test(look(facts)) for _, _, look, test in self._checks)

    def differences(self, facts: Facts) -> list[Difference]:
        """Return every place where something does not hold."""
        return [
            Difference(place, expected, "not there" if found is facts or found is MISSING else _shown(found))
            for place, expected, look, test in self._checks
            for found in (look(facts),)
            if not test(found)
        ]

    def __len__(self) -> int:
        return len(self._checks)

    def _add(self, place: str, expected: str, look: Callable[[Facts], Any], test: Test) -> None:
        self._checks.append((place, expected, look, test))

    def _operation(self, raw: Mapping[str, Any], contract: Contract, at: str) -> Operation | None:
        name = raw.get("operation")
        if name is None:
            return None
        known = {plan.operation.id: plan.operation for plan in contract.plans.values()}
        if name not in known:
            refused(f"{at}.operation", f"the contract has no operation {name!r}; it has {', '.join(sorted(known))}")
        self._add("operation", name, lambda facts: facts.operation, lambda found: bool(found == name))
        return known[name]

    def _plain(
        self, raw: Mapping[str, Any], contract: Contract, users: frozenset[str], operation: Operation | None, at: str
    ) -> None:
        if "method" in raw:
            method = raw["method"]
            if operation is not None and operation.method != method:
                refused(f"{at}.method", f"can never match: {operation.id} is called by {operation.method}")
            self._add("method", method, lambda facts: facts.method, lambda found: bool(found == method))
        if "path" in raw:
            check_path(raw["path"], operation, f"{at}.path")
            parts = raw["path"].split("*")
            self._add("path", raw["path"], lambda facts: facts.path, lambda found: _like(found, parts))
        if "principal" in raw:
            user = raw["principal"]
            if user not in users:
                refused(f"{at}.principal", f"no user is named {user!r}; there are {', '.join(sorted(users))}")
            self._add("principal", user, lambda facts: facts.principal, lambda found: bool(found == user))
        if "status" in raw:
            self._add("status", raw["status"], lambda facts: facts.status, status_test(raw["status"]))
        if "problem" in raw:
            problem = raw["problem"]
            self._add("problem", problem, lambda facts: facts.problem, lambda found: bool(found == problem))
        if "fault" in raw:
            fault = raw["fault"]
            self._add("fault", fault, lambda facts: facts.faults, lambda found: fault in found)

    def _times(self, raw: Mapping[str, Any], at: str) -> None:
        since, until = raw.get("since"), raw.get("until")
        if since is not None and until is not None and moment(since, "") > moment(until, ""):
            refused(f"{at}.until", "is before since")
        if since is not None:
            first = moment(since, f"{at}.since")
            self._add("time", f"since {since}", lambda facts: facts.time, lambda found: bool(found >= first))
        if until is not None:
            last = moment(until, f"{at}.until")
            self._add("time", f"until {until}", lambda facts: facts.time, lambda found: bool(found <= last))

    def _condition(self, place: str, name: str, condition: Any, operation: Operation | None, at: str) -> None:
        at = f"{at}.{name}"
        if place == "body" and operation is not None and not operation.body:
            refused(at, f"can never match: {operation.id} takes no body")
        look = _looker(place, name, at)
        as_text = place != "body"
        for test, expected in _tests(condition, at, as_text):
            self._add(f"{place}.{name}", expected, look, test)


def _like(text: str, parts: list[str]) -> bool:
    """Whether text is the parts of a pattern with any text between them; in linear time, whatever the pattern."""
    if len(parts) == 1:
        return text == parts[0]
    first, *inner, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in inner:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _looker(place: str, name: str, at: str) -> Callable[[Facts], Any]:
    if place == "query":
        return lambda facts: facts.query.get(name, [MISSING])[0]
    if place == "headers":
        lower = name.lower()
        return lambda facts: facts.headers.get(lower, MISSING)
    if place == "path_params":
        return lambda facts: facts.path_params.get(name, MISSING)
    steps = steps_of(name, at)
    return lambda facts: member(facts.body, steps)


def steps_of(name: str, at: str) -> tuple[str | int, ...]:
    """Return the steps of a member's place as people write it: ``api_keys[1].id``."""
    steps: list[str | int] = []
    position = 0
    while position < len(name):
        found = _STEP.match(name, position)
        if found is None:
            refused(at, "is not the place of a member; write it as name, settings.region or api_keys[0].id")
        steps.append(found[1] if found[1] is not None else int(found[2]))
        position = found.end()
    return tuple(steps)


def member(value: Any, steps: tuple[str | int, ...]) -> Any:
    """Return what stands at a place in a JSON value, or ``MISSING``."""
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str) and step in value:
            value = value[step]
            continue
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
            continue
        return MISSING
    return value


def _tests(condition: Any, at: str, as_text: bool) -> Iterator[tuple[Test, str]]:
    """Yield the tests of one condition, each with what it expects."""
    if not isinstance(condition, Mapping):
        condition = {"equals": condition}
    tests = {
        operator: (_test(operator, wanted, at, as_text), f"{operator.replace('_', ' ')} {_shown(wanted)}")
        for operator, wanted in condition.items()
    }
    check_values(condition, tests, at, as_text)
    yield from tests.values()


def _test(operator: str, wanted: Any, at: str, as_text: bool) -> Test:
    if operator == "equals":
        return lambda found: same(found, wanted, as_text)
    if operator == "not":
        return lambda found: not same(found, wanted, as_text)
    if operator == "one_of":
        return lambda found: any(same(found, option, as_text) for option in wanted)
    if operator == "present":
        return lambda found: (found is not MISSING) is wanted
    if operator == "contains":
        return lambda found: wanted in found if isinstance(found, (str, list)) else False
    if operator == "matches":
        search = _pattern(wanted, at)
        return lambda found: isinstance(found, str) and search(found)
    below = operator == "at_most"

    def compare(found: Any) -> bool:
        number = _number(found)
        return number is not None and (number <= wanted if below else number >= wanted)

    return compare


def _pattern(pattern: str, at: str) -> Callable[[str], bool]:
    """Return a search for a pattern that takes linear time: jsonschema-rs runs it without backtracking."""
    import jsonschema_rs

    try:
        is_valid = jsonschema_rs.Draft202012Validator(
            {"type": "string", "pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
        ).is_valid
    except (jsonschema_rs.ValidationError, ValueError) as error:
        refused(at, f"is not a regular expression that can be searched in linear time ({type(error).__name__})")
    return lambda text: bool(is_valid(text))


def same(found: Any, wanted: Any, as_text: bool) -> bool:
    """Whether two JSON values are equal; what is carried as text equals what it spells."""
    if as_text and not isinstance(wanted, str) and isinstance(found, str):
        return found == orjson.dumps(wanted).decode()
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return bool(found == wanted)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, (int, float)) else None


def _shown(value: Any) -> str:
    if value is None or isinstance(value, (str, bool, int, float, list, dict)):
        text = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=str).decode()
    else:
        text = str(value)
    return text if len(text) <= 200 else text[:197] + "..."


def status_test(pattern: str) -> Test:
    """Return the test for a status as the control API writes it: ``404``, ``4xx``, ``none``."""
    if pattern == "none":
        return lambda found: found is None
    if pattern.endswith("xx"):
        first = int(pattern[0])
        return lambda found: found is not None and found // 100 == first
    number = int(pattern)
    return lambda found: bool(found == number)


def moment(text: str, at: str) -> datetime:
    """Return the time that an RFC 3339 text names."""
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        refused(at, f"{text!r} is not an RFC 3339 time with a zone")
