"""Faults of finding: ids and names of paths that lead nowhere, or to somebody else."""

from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.values import Answer, Provider, Refusal, Request


def by_id(spell: Any = str, method: str = "GET", **members: Any) -> Any:
    """Return a step on the provider that was made first, its id spelt in some way."""
    return lambda seen: Step(method, spell(seen[0].json["id"]), members or None)


def upper(text: str) -> str:
    return text.upper()


def bare(text: str) -> str:
    return text.replace("-", "")


@fault("rules.lookup", make(), get("p"))
class GetFindsNoNames(Api):
    """A get finds ids alone."""

    def find_by_name(self, name: str) -> Provider | None:
        return None if self.request.operation == "get" else super().find_by_name(name)


@fault("rules.lookup", make(), patch(enabled=True))
class PatchFindsNoNames(Api):
    """A PATCH finds ids alone."""

    def find_by_name(self, name: str) -> Provider | None:
        return None if self.request.operation == "patch" else super().find_by_name(name)


@fault("rules.lookup", make(), delete())
class DeleteFindsNoNames(Api):
    """A delete finds ids alone."""

    def find_by_name(self, name: str) -> Provider | None:
        return None if self.request.operation == "delete" else super().find_by_name(name)


@fault("rules.lookup", make(), by_id())
class GetFindsNoIds(Api):
    """A get finds names alone."""

    def find_by_id(self, key: str) -> Provider | None:
        return None if self.request.operation == "get" else super().find_by_id(key)


@fault("rules.lookup", make(), by_id(method="DELETE"))
class DeleteFindsNoIds(Api):
    """A delete finds names alone."""

    def find_by_id(self, key: str) -> Provider | None:
        return None if self.request.operation == "delete" else super().find_by_id(key)


@fault("rules.lookup", make(), by_id(method="PATCH", enabled=True))
class PatchFindsNoIds(Api):
    """A PATCH finds names alone."""

    def find_by_id(self, key: str) -> Provider | None:
        return None if self.request.operation == "patch" else super().find_by_id(key)


class _Spelt(Api):
    """What finds no id of some spelling."""

    def parse_id(self, key: str) -> str | None:
        canonical = super().parse_id(key)
        return "nobody" if canonical and self.missed(key, canonical) else canonical

    def missed(self, key: str, canonical: str) -> bool:
        raise NotImplementedError


@fault("rules.lookup", make(), by_id(upper), profiles=DEPLOYED)
class IdsInCapitalsAreNotFound(_Spelt):
    """An id in capitals is not found."""

    def missed(self, key: str, canonical: str) -> bool:
        return key != key.lower()


@fault("rules.lookup", make(), by_id(upper, "PATCH", enabled=True), profiles=DEPLOYED)
class PatchOfAnIdInCapitalsIsNotFound(_Spelt):
    """A PATCH finds no id in capitals, though a get does."""

    def missed(self, key: str, canonical: str) -> bool:
        return key != key.lower() and self.request.operation == "patch"


@fault("rules.lookup", make(), by_id(upper), profiles=DEPLOYED)
class IdsInCapitalsAreShownInCapitals(Api):
    """A provider that is asked for by an id in capitals shows its id so."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.parse_id(request.key) and len(request.key) == 36:
            answer.data = {**answer.data, "id": request.key}
        return answer


@fault("rules.lookup", make(), by_id(bare), profiles=DEPLOYED)
class IdsWithoutDashesAreNotFound(_Spelt):
    """An id without dashes is not found."""

    def missed(self, key: str, canonical: str) -> bool:
        return len(key) == 32


@fault("rules.lookup", make(), by_id(lambda i: f"urn:uuid:{i}"), profiles=DEPLOYED, quick=False)
class IdsAsUrnsAreNotFound(_Spelt):
    """An id spelt as a URN is not found."""

    def missed(self, key: str, canonical: str) -> bool:
        return key.startswith("urn:")


@fault("rules.lookup", make(), by_id(lambda i: f"%7B{i}%7D"), profiles=DEPLOYED, quick=False)
class IdsInBracesAreNotFound(_Spelt):
    """An id in braces is not found."""

    def missed(self, key: str, canonical: str) -> bool:
        return key.startswith("{")


@fault(
    "rules.lookup",
    make("0123456789abcdef0123456789abcdef"),
    get("0123456789abcdef0123456789abcdef"),
    profiles=DEPLOYED,
    quick=False,
)
class NamesThatAreIdsAreFound(Api):
    """A name that parses as a UUID is found as a name."""

    def find(self, key: str) -> Provider:
        return self.find_by_name(key) or super().find(key)


@fault("rules.lookup", make("pqr"), get("pq"))
class NamesAreFoundByTheirBeginning(Api):
    """A provider is found by the beginning of its name."""

    def find_by_name(self, name: str) -> Provider | None:
        if found := super().find_by_name(name):
            return found
        return next((row for row in self.listed() if row.name.startswith(name)), None) if self.request.key else None


@fault("rules.lookup", make(display_name="one"), get("one"))
class DisplayNamesAreFound(Api):
    """A provider is found by its display name."""

    def find_by_name(self, name: str) -> Provider | None:
        if (found := super().find_by_name(name)) or not self.request.key:
            return found
        return next((row for row in self.listed() if row.display_name == name), None)


@fault("rules.not-found", make(), get("P"), profiles=DEPLOYED)
class NamesAreFoundInCapitals(Api):
    """A name in capitals finds the provider of that name."""

    def find(self, key: str) -> Provider:
        return super().find(key if self.parse_id(key) else key.lower())


@fault("rules.lookup", make("7"), get("7"), quick=False)
class NamesOfDigitsAreNotFound(Api):
    """A name of digits alone is taken for the number of a row, and not found."""

    def find(self, key: str) -> Provider:
        if key.isdigit() and len(key) < 10:
            raise Refusal(404, "no such row")
        return super().find(key)


@fault("rules.not-found", get("nobody"))
class UnknownNamesFindTheFirst(Api):
    """An unknown name finds the first provider of the list."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        return found or (self.listed()[0] if self.request.operation == "get" else None)


def _other(seen: list[Reply]) -> Step:
    return get(f"{seen[0].json['id'][:-1]}{'0' if seen[0].json['id'][-1] != '0' else '1'}")


@fault("rules.not-found", make(), _other, quick=False)
class IdsAreFoundByTheirBeginning(Api):
    """An id that differs in its last digits is found."""

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or next(
            (row for row in self.listed() if row.id[:24] == key[:24] and row.id[:8] != "57a41e70"), None
        )
