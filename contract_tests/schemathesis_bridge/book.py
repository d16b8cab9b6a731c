"""What the schema layer knows of the providers that it made: which ones live, and what they hold."""

from typing import Any

from contract_tests.documents import CREATE, DELETE, UPDATE
from contract_tests.exchange import Exchange

Json = Any


class Book:
    """The providers that the exchanges of one check made, by id; `gone` are those that were deleted."""

    def __init__(self) -> None:
        self.live: dict[str, dict[str, Json]] = {}
        self.gone: dict[str, None] = {}
        self.unsure: set[str] = set()  # ids of providers that may be or not, after an answer that tells neither

    def learn(self, exchange: Exchange, target: str | None) -> None:
        """Write down what an exchange did; `target` is the path value that it named."""
        if exchange.operation == CREATE:
            provider = exchange.provider()
            if provider is not None and isinstance(provider.get("id"), str):
                self.live[provider["id"]] = provider
            return
        found = self.find(target)
        if found is None:
            return
        if exchange.operation == UPDATE and exchange.provider() is not None:
            self.live[found] = {**self.live[found], **exchange.document}
        elif exchange.operation == DELETE and exchange.ok:
            name = self.live.pop(found).get("name")
            self.gone |= {found: None} | ({name: None} if isinstance(name, str) else {})
        elif exchange.operation in {UPDATE, DELETE} and not (400 <= (exchange.status or 0) < 500):
            self.unsure.add(found)

    def find(self, target: str | None) -> str | None:
        """Return the id of the live provider that a path value names; None where it names none of this check's."""
        if target in self.live:
            return target
        return next((key for key, one in self.live.items() if target is not None and one.get("name") == target), None)
