"""What a fault is, and the catalogue that holds them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

BOTH = ("documented", "deployed")
DEPLOYED = ("deployed",)


@dataclass(frozen=True)
class Fault:
    """One departure from the contract: what it is, where it counts, what must find it, and how it shows."""

    id: str
    kind: str
    sentence: str
    profiles: tuple[str, ...]
    caught_by: str
    quick: bool
    needs: str
    mixin: type
    probe: Any


class Catalogue:
    """All faults, in the order of their modules and classes."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.by_id = {fault.id: fault for fault in faults}
        if len(self.by_id) != len(faults):
            raise ValueError("two faults have the same id")

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def ids(self) -> list[str]:
        """Return all ids."""
        return list(self.by_id)

    def named(self, name: str) -> Fault:
        """Return the fault of an id. Raises :class:`LookupError`, which names the closest ones."""
        if name not in self.by_id:
            close = ", ".join(get_close_matches(name, self.by_id, 3)) or "see --list"
            raise LookupError(f"no fault is called {name!r}; the closest: {close}")
        return self.by_id[name]
