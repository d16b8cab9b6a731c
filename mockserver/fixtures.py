"""Fixtures: the state that a mock starts with, from a YAML file.

::

    users:
      - name: owner
        roles: [owner]
        tokens: [API_KEY, {value: OLD_KEY, expires: 2020-01-01T00:00:00Z}]
    providers:                 # one list per collection of the contract, each entry as a create request would send it
      - id: 497f6eca-...       # what the server would make may be given too
        name: openai-main
        api_keys: [{id: ..., api_key: sk-dummy, created_at: ...}]
    generate:
      providers: {count: 1000, seed: 7}

Every entry is judged by the create schema and the rules of the contract, and so is the answer that it gives. A fixture
with faults is refused as a whole, each fault with its line.
"""

import contextlib
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mockserver.auth import Token, User
from mockserver.contract import yamlfile
from mockserver.engine import jsonbody
from mockserver.engine.behaviours import Collection
from mockserver.engine.contract import Contract, OperationPlan
from mockserver.engine.hooks import RuleContext, World
from mockserver.engine.store import Base, Record, Table
from mockserver.engine.uuids import canonical
from mockserver.engine.world import parse_rfc3339
from mockserver.errors import Fault, FixtureError

__all__ = ["Fixture", "StateJudge", "load_fixture"]

_USER = ("name", "roles", "status", "tokens")
_TOKEN = ("value", "expires")
MAX_FAULTS = 50  # that are told at once


class _Enough(Exception):
    """Raised when nobody would read more faults."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """A loaded fixture: tokens with their users, the users as they are written, a base of records per collection."""

    name: str
    tokens: tuple[Token, ...]
    bases: Mapping[str, Base]
    users: tuple[Mapping[str, Any], ...] = ()

    @property
    def count(self) -> int:
        """How many records there are in all."""
        return sum(len(base.records) for base in self.bases.values())


class _Loader:
    """Collects the faults of one fixture, so that all are told at once."""

    def __init__(self, contract: Contract, world: World, seed: int) -> None:
        self.contract, self.world, self.seed = contract, world, seed
        self.faults: list[tuple[tuple[str | int, ...], str, str]] = []
        self._found_formats: dict[str, dict[str, Any]] = {}

    def fault(self, place: tuple[str | int, ...], message: str, hint: str = "") -> None:
        self.faults.append((place, message, hint))
        if len(self.faults) == MAX_FAULTS:
            raise _Enough

    def whole(self, data: Mapping[str, Any]) -> tuple[tuple[Token, ...], dict[str, Base]]:
        """Return the tokens and the bases of the data of a file."""
        self._unknown((), data, ("users", "generate", *self.contract.collections))
        generate = data.get("generate")
        if isinstance(generate, Mapping):
            self._unknown(("generate",), generate, tuple(self.contract.collections))
        elif generate is not None:
            self.fault(("generate",), "must map collections to options")
        return self.tokens(data.get("users", [])), self.bases(data)

    def bases(self, data: Mapping[str, Any]) -> dict[str, Base]:
        bases: dict[str, Base] = {}
        tables: dict[str, Table] = {}
        for name, collection in self.contract.collections.items():
            resource = collection.resource
            indexed = tuple(dict.fromkeys((*resource.unique, *resource.keys[1:])))
            order = _order(resource.order)
            table = tables[name] = Table(Base(indexed, order))
            for place, entry in self._entries(name, data):
                record = self.record(collection, tables, place, entry)
                if record is not None:
                    table.put(record)
            bases[name] = Base(indexed, order, table.ordered())
        return bases

    def _entries(self, name: str, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        listed = data.get(name)
        if listed is not None and not isinstance(listed, list):
            self.fault((name,), "must be a list", "Put a '-' before each entry.")
        for index, entry in enumerate(listed if isinstance(listed, list) else ()):
            yield (name, index), entry
        generate = data.get("generate") or {}
        options = generate.get(name) if isinstance(generate, Mapping) else None
        if options is None:
            return
        hooks = self.contract.collections[name].hooks
        faults = list(hooks.check_options(options))
        for place, message in faults:
            self.fault(("generate", name, *place), message)
        if not faults:
            for entry in hooks.generate(options, self.seed):
                yield ("generate", name), entry

    def record(
        self,
        collection: Collection,
        tables: Mapping[str, Table],
        place: tuple[str | int, ...],
        entry: Any,
        current: Record | None = None,
    ) -> Record | None:
        """Return the record of an entry, or ``None`` when it is faulty; it may take the place of ``current``."""
        resource = collection.resource
        table = tables[resource.name]
        if not isinstance(entry, Mapping):
            self.fault(place, "must be a mapping of members")
            return None
        before = len(self.faults)
        parents = self._parents(collection, tables, place, entry)
        body, given = _split(entry, resource.made, resource.params[: len(resource.parents)])
        body, told = collection.hooks.read_entry(body)
        self._check_body(collection, table, parents, place, body, current)
        self._check_given(collection, place, given)
        if len(self.faults) > before:
            return None
        record = collection.make(body, table, parents, self.world, given)
        collection.hooks.finish_entry(record.data, told)
        if current is None and table.get((*parents, record.id)) is not None:
            self.fault((*place, resource.id), f"is used twice: {record.id}", "Give each entry an id of its own.")
            return None
        self._check_view(collection, place, record)
        return record if len(self.faults) == before else None

    def _parents(
        self,
        collection: Collection,
        tables: Mapping[str, Table],
        place: tuple[str | int, ...],
        entry: Mapping[str, Any],
    ) -> tuple[str, ...]:
        parents: tuple[str, ...] = ()
        for parent, param in zip(collection.resource.parents, collection.resource.params, strict=False):
            value = str(entry.get(param, ""))
            if tables[parent.name].get((*parents, value)) is None:
                self.fault((*place, param), f"names no entry of {parent.name}", f"Give the id of one as {param!r}.")
            parents = (*parents, value)
        return parents

    def _check_body(
        self,
        collection: Collection,
        table: Table,
        parents: tuple[str, ...],
        place: tuple[str | int, ...],
        body: dict[str, Any],
        current: Record | None,
    ) -> None:
        operation = collection.resource.operations.get("create")
        if operation is None:
            return
        plan = self.contract.plans[operation.pointer]
        schema = next(iter(plan.body_plans.values()), None)
        if schema is not None and not schema.is_valid(body):
            for violation in schema.violations(body):
                self.fault((*place, *violation.path), f"{violation.field or 'the entry'} {violation.detail}")
        context = RuleContext(operation, collection.resource, body, table, parents, current)
        for rule in (*plan.body_rules, *plan.state_rules):
            for violation in rule.check(context):
                self.fault((*place, *violation.path), f"{violation.field or 'the entry'} {violation.detail}")

    def _check_given(self, collection: Collection, place: tuple[str | int, ...], given: dict[str, Any]) -> None:
        """Judge the members that the server would make, and normalise ids."""
        formats = self._formats(collection)
        for name, value in given.items():
            wanted = formats.get(name)
            if wanted == "uuid":
                found = canonical(value) if isinstance(value, str) else None
                if found is None:
                    self.fault((*place, name), f"{name} is not a UUID")
                else:
                    given[name] = found
            elif wanted == "date-time" and not _is_time(value):
                self.fault((*place, name), f"{name} is not an RFC 3339 time with a zone")

    def _formats(self, collection: Collection) -> dict[str, Any]:
        """Return the formats of a collection's members, worked out once."""
        name, document = collection.resource.name, self.contract.document
        if name not in self._found_formats:
            properties = document.properties(collection.resource.item_schema)
            self._found_formats[name] = {key: document.resolve(node).get("format") for key, node in properties.items()}
        return self._found_formats[name]

    def _check_view(self, collection: Collection, place: tuple[str | int, ...], record: Record) -> None:
        plan = self._answering(collection)
        response = plan.response(self.contract, plan.operation.success) if plan else None
        if response is None or response.plan is None or response.cut is None:
            return
        value = response.cut(collection.hooks.view(record.data))
        if not response.plan.is_valid(value):
            value = collection.mended(value, response.plan.violations(value), record.id)
        if not response.plan.is_valid(value):
            for violation in response.plan.violations(value):
                self.fault((*place, *violation.path), f"{violation.field} {violation.detail} in answers")
            return
        record.keep(response.view, jsonbody.encode(value))  # judged here, so answers need not do it again

    def _answering(self, collection: Collection) -> OperationPlan | None:
        for role in ("get", "create"):
            operation = collection.resource.operations.get(role)
            if operation is not None:
                return self.contract.plans[operation.pointer]
        return None

    def tokens(self, users: Any) -> tuple[Token, ...]:
        if not isinstance(users, list):
            self.fault(("users",), "must be a list of users", "Give at least one, with a token.")
            return ()
        found: dict[str, Token] = {}
        for index, user in enumerate(users):
            for place, token in self._user_tokens(("users", index), user):
                if token.value in found:
                    self.fault(place, "is a token that is given twice", "Make it another.")
                found[token.value] = token
        return tuple(found.values())

    def _user_tokens(self, place: tuple[str | int, ...], user: Any) -> Iterator[tuple[tuple[str | int, ...], Token]]:
        if not isinstance(user, Mapping) or not isinstance(user.get("name"), str):
            self.fault(place, "must be a mapping with a name")
            return
        self._unknown(place, user, _USER)
        status, roles = user.get("status", "active"), user.get("roles", [])
        if status not in {"active", "suspended"}:
            self.fault((*place, "status"), f"must be active or suspended, not {status!r}")
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            self.fault((*place, "roles"), "must be a list of names")
            return
        owner = User(user["name"], frozenset(roles), status == "suspended")
        tokens = user.get("tokens", [])
        if not isinstance(tokens, list):
            self.fault((*place, "tokens"), "must be a list")
            return
        for index, entry in enumerate(tokens):
            at = (*place, "tokens", index)
            token = self._token(at, entry, owner)
            if token is not None:
                yield at, token

    def _token(self, place: tuple[str | int, ...], entry: Any, owner: User) -> Token | None:
        value, expires = (entry.get("value"), entry.get("expires")) if isinstance(entry, Mapping) else (entry, None)
        if isinstance(entry, Mapping):
            self._unknown(place, entry, _TOKEN)
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable() or " " in value:
            self.fault(place, "must be a token: printable ASCII text without spaces")
            return None
        moment: datetime | None = None
        if expires is not None:
            if not _is_time(expires):
                self.fault((*place, "expires"), "is not an RFC 3339 time with a zone")
                return None
            moment = parse_rfc3339(expires)
        return Token(value, owner, moment)

    def _unknown(self, place: tuple[str | int, ...], mapping: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in mapping:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, 1)
                hint = f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(known)}."
                self.fault((*place, str(name)), f"unknown member {name!r}", hint)


def load_fixture(path: Path, contract: Contract, world: World, seed: int = 0) -> Fixture:
    """Return the fixture of a file. Raises :class:`FixtureError` with every fault, each with its line."""
    data = yamlfile.load(path, FixtureError)
    loader = _Loader(contract, world, seed)
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        raise FixtureError(Fault("must be a mapping", str(path), 1, hint="Start with 'users:'."))
    with contextlib.suppress(_Enough), yamlfile.collector_paused():
        tokens, bases = loader.whole(data)
        if not loader.faults:
            users = (user.items() for user in data.get("users", []))
            shown = tuple({name: value for name, value in items if name != "tokens"} for items in users)
            return Fixture(path.stem, tokens, bases, shown)
    lines = yamlfile.lines_of(yamlfile.read(path, FixtureError), [place for place, _, _ in loader.faults])
    raise FixtureError(
        Fault(message, str(path), line, yamlfile.to_pointer(place), hint)
        for line, (place, message, hint) in zip(lines, loader.faults, strict=True)
    )


class StateJudge:
    """Judges records that are sent to a running mock like those of a fixture."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def whole(self, data: Mapping[str, Any], world: World) -> dict[str, Base]:
        """Return the bases of a whole state. Raises :class:`FixtureError` with every fault."""
        loader = _Loader(self._contract, world, 0)
        with contextlib.suppress(_Enough):
            loader._unknown((), data, tuple(self._contract.collections))
            bases = loader.bases({**data, "generate": None})
            if not loader.faults:
                return bases
        raise _error(loader)

    def record(
        self, name: str, entry: Mapping[str, Any], tables: Mapping[str, Table], world: World, current: Record | None
    ) -> Record:
        """Return the record of one entry beside those of ``tables``. Raises :class:`FixtureError`."""
        loader = _Loader(self._contract, world, 0)
        with contextlib.suppress(_Enough):
            record = loader.record(self._contract.collections[name], tables, (name, 0), entry, current)
            if record is not None:
                return record
        raise _error(loader)


def _error(loader: _Loader) -> FixtureError:
    pointer = yamlfile.to_pointer
    return FixtureError(Fault(message, "", 0, pointer(place), hint) for place, message, hint in loader.faults)


def _order(names: tuple[str, ...]) -> Any:
    if not names:
        return lambda record: record.sequence
    return lambda record: (*(record.data.get(name) or "" for name in names), record.sequence)


def _is_time(value: Any) -> bool:
    try:
        parse_rfc3339(value)
    except (TypeError, ValueError):
        return False
    return True


def _split(
    entry: Mapping[str, Any], made: Mapping[str, str], params: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a create request would send, and what the server would make."""
    body = {name: value for name, value in entry.items() if name not in made and name not in params}
    return body, {name: value for name, value in entry.items() if name in made}
