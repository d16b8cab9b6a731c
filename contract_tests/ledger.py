"""What this run made and what was there before: the book that keeps a run from harming anybody else's data."""

import re
import secrets
import uuid
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any
from urllib.parse import unquote

from contract_tests.errors import UsageError

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
RUN_ID = re.compile(r"[a-z0-9]{4,12}")
RUN_NAME = re.compile(r"\bct-([a-z0-9]{4,12})-", re.IGNORECASE)
UUID = re.compile(r"(urn:uuid:)?\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def new_run_id() -> str:
    """Make an id for a run that no other run has, so that two runs against one server never meet."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


def identity(provider: Any) -> str | None:
    """Return the id of a provider that an answer shows; ``None`` where it has none, or one that is no text."""
    found = provider.get("id") if isinstance(provider, dict) else None
    return found if isinstance(found, str) else None


def run_of(provider: Any) -> str | None:
    """Return the id of the run that made a provider, told by its name, else by its display name."""
    for member in ("name", "display_name"):
        match = RUN_NAME.search(str(provider.get(member))) if isinstance(provider, dict) else None
        if match is not None:
            return match[1].lower()
    return None


class Ledger:
    """The names and ids of one run.

    Every name that the run makes starts with `prefix` (``ct-RUN-``). `strangers` maps the id of each provider that was
    there before to the provider as the list showed it.
    """

    def __init__(self, run_id: str, seed: int) -> None:
        if not RUN_ID.fullmatch(run_id):
            raise UsageError(f"{run_id!r} is no run id; expected 4 to 12 lower-case letters and digits")
        self.run_id = run_id
        self.prefix = f"ct-{run_id}-"
        self._mark = re.compile(rf"ct-{run_id}(?![a-z0-9])")
        self.strangers: dict[str, Any] = {}
        self.ids: dict[str, str] = {}  # id -> the name it was created with, in order of creation
        self.live: dict[str, str] = {}  # those of them that were not removed yet
        self.sent_names: set[str] = set()
        self.unread: set[str] = set()  # names of what was made by creates whose answers told no id
        self.astray = False  # whether some of that may still be there
        self._nobodies: set[str] = set()
        self._counts: dict[str, int] = {}
        self._random = Random(f"ids:{seed}")  # noqa: S311 - ids that nobody has, not secrets

    def name(self, slug: str) -> str:
        """Return a name that this run has not used: the prefix, a word and a number."""
        self._counts[slug] = number = self._counts.get(slug, 0) + 1
        return f"{self.prefix}{slug}-{number}"

    def nobody(self) -> str:
        """Return an id (a UUID, version 4) that no provider has."""
        value = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self._nobodies.add(value)
        return value

    def is_nobody(self, value: str) -> bool:
        """Tell whether a value is an id that :meth:`nobody` gave out."""
        return value in self._nobodies

    def remember_strangers(self, providers: Iterable[Any]) -> None:
        """Write down what is there before the run made anything."""
        for provider in providers:
            if identity(provider) is not None and not self._of_another_run(provider):
                self.strangers[provider["id"]] = provider

    def _of_another_run(self, provider: Any) -> bool:
        """Tell whether another run made a provider: it comes and goes, and is not ours to change."""
        run = run_of(provider)
        return run is not None and run != self.run_id

    def remember(self, provider: Any) -> None:
        """Write down a provider that an answer to this run's own POST holds; a stranger's id is never taken over."""
        identifier = identity(provider)
        if identifier is not None and identifier not in self.strangers:
            self.ids.setdefault(identifier, str(provider.get("name")))
            self.live.setdefault(identifier, str(provider.get("name")))
            keys = provider.get("api_keys")
            self._nobodies |= {
                key["id"]
                for key in (keys if isinstance(keys, list) else ())
                if isinstance(key, dict) and isinstance(key.get("id"), str) and key["id"] not in self.strangers
            }

    def remember_unread(self, name: Any) -> None:
        """Write down the name of a provider that was made though the answer does not show it."""
        if isinstance(name, str):
            self.unread.add(name)
            self.astray = True

    def made(self, provider: Any) -> bool:
        """Tell whether this run made a provider that a list shows: by its id, by the prefix, or by a name it sent."""
        identifier = identity(provider)
        if not isinstance(provider, dict) or identifier in self.strangers:
            return False
        name = provider.get("name")
        if identifier in self.ids:
            return True
        return isinstance(name, str) and (self.marked(name) or name in self.sent_names)

    def marked(self, name: str) -> bool:
        """Tell whether a name carries the run's mark, in whatever case."""
        return self._mark.search(name.casefold()) is not None

    def may_change(self, segment: str) -> bool:
        """Tell whether a PUT, PATCH or DELETE of this path segment can only meet what this run made, or nobody."""
        value = unquote(segment)
        if value in self.strangers:
            return False
        if value in self.ids or value in self._nobodies or self.marked(value):
            return True
        plain = value.strip().casefold()
        if plain.strip("{}").removeprefix("urn:uuid:").replace("-", "") in self._own_plain():
            return True
        if self._holds(value):
            return True
        if UUID.fullmatch(plain) or NAME.fullmatch(plain):
            return False  # may be somebody's
        known = {str(item.get(key)).casefold() for item in self.strangers.values() for key in ("id", "name")}
        return bool(plain) and not any(plain in text or text in plain for text in known)

    def _holds(self, name: str) -> bool:
        """Tell whether a name without the run's mark is that of a provider it made: nobody else can have it now."""
        ours = (name in self.sent_names and name in list(self.live.values())) or name in self.unread
        return ours and all(one.get("name") != name for one in self.strangers.values())

    def _own_plain(self) -> set[str]:
        return {value.replace("-", "").casefold() for value in (*self.ids, *self._nobodies)}


def runs_seen(providers: Iterable[Any]) -> dict[str, int]:
    """Return the ids of the runs whose names a list shows, with how many providers each has left behind."""
    return dict(Counter(run for run in map(run_of, providers) if run is not None))
