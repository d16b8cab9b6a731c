"""Where a domain package says what no declaration can: five functions per collection, and its rules."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.engine.operations import Operation
from mockserver.engine.problems import Violation
from mockserver.engine.resources import Resource
from mockserver.engine.store import Key, Record, Table
from mockserver.engine.world import Clock, Ids

__all__ = ["Data", "Hooks", "Rule", "RuleContext", "World", "unique_rule"]

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """Time and identifiers, as behaviours get them."""

    clock: Clock
    ids: Ids


@dataclass(slots=True)
class RuleContext:
    """What a rule may look at, and changes nothing of. ``current`` is the record that the request is about, if any."""

    operation: Operation
    resource: Resource
    body: Any
    table: Table
    parents: Key
    current: Record | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that JSON Schema cannot say.

    ``needs_state`` false: judged with the schema, in one answer with its violations, and before the item is looked
    up; ``check`` must then bear any JSON value as body.
    """

    id: str
    check: Callable[[RuleContext], Iterable[Violation]]
    needs_state: bool = True
    status: int = 400


class Hooks:
    """What one collection does beyond its declaration; this base class adds nothing."""

    rules: Mapping[str, Rule] = {}

    def __init__(self, defaults: Mapping[str, Any], write_only: Mapping[str, tuple[str, ...]]) -> None:
        """Remember the declared defaults of members, and, by member, what inside it the contract marks write-only."""
        self.defaults = defaults
        self.write_only = write_only

    def create(self, data: Data, body: Data, world: World) -> Data:
        """Return the record to store for a create; ``data`` holds defaults, members sent and members made."""
        return data

    def update(self, old: Mapping[str, Any], body: Data, world: World) -> Data:
        """Return the members that a PATCH changes, given what it sent of the known members."""
        return body

    def view(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what clients may see of a record, before it is cut to the response schema."""
        return data

    def read_entry(self, entry: Data) -> tuple[Data, Any]:
        """Return a fixture's entry as a create body, and what else it tells, for :meth:`finish_entry`."""
        return entry, None

    def finish_entry(self, data: Mapping[str, Any], told: Any) -> None:
        """Put what a fixture's entry told beside its create body into the record made of it."""

    def check_options(self, options: Any) -> Iterable[tuple[tuple[str, ...], str]]:
        """Yield what is wrong with a fixture's ``generate`` options: the path of the option, and a sentence."""
        yield (), "nothing generates this collection; list its entries instead"

    def generate(self, options: Mapping[str, Any], seed: int) -> Iterable[Data]:
        """Yield generated entries as a fixture writes them; ``options`` has passed :meth:`check_options`."""
        return ()


def unique_rule(name: str) -> Rule:
    """Return the rule that no two live records of a collection share a value of property ``name``."""

    def check(context: RuleContext) -> Iterable[Violation]:
        if not isinstance(context.body, dict) or isinstance(context.body.get(name, []), (dict, list)):
            return  # nothing to compare, or of a type that its schema refuses
        found = context.table.find(name, context.parents, context.body[name])
        if found is not None and (context.current is None or found.id != context.current.id):
            yield Violation((name,), "unique", "is taken already")

    return Rule(f"{name}-unique", check, status=409)
