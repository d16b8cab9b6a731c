"""Where an answer differs from the model, and how a sequence ends."""

from dataclasses import dataclass

from contract_tests.documents import GET, LIST, OPERATIONS

MEMBERS = (
    "id",
    "name",
    "type",
    "base_url",
    "display_name",
    "enabled",
    "created_at",
    "updated_at",
    "settings",
    "api_keys",
)
SEVERAL = "several"  # members that differ at once
REFUSED = "refused-changed"


@dataclass(frozen=True)
class Difference:
    """Where an answer differs from the model: `what` is a member, or a case and the status that came.

    `subjects` are the names by which an earlier layer may know the same cause, `rules` the rules that it breaks.
    """

    operation: str
    what: str
    title: str
    expected: str
    found: str
    subjects: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    of: str = ""  # the name of the provider that it shows in

    @property
    def code(self) -> str:
        """The code of the finding."""
        return f"{self.operation}:{self.what}"

    @property
    def families(self) -> tuple[str, ...]:
        """Name what has the same cause, nearly always; differences that share one name are told once."""
        if self.what in MEMBERS or self.what == SEVERAL:
            kind = "read" if self.operation in {GET, LIST} else self.operation
            alike = (self.what,) if self.what != SEVERAL else MEMBERS
            return tuple(f"{kind}:{member}" for member in alike)
        if self.what == REFUSED:
            return (REFUSED, *(f"read:{member}" for member in self.members))
        case, _, status = self.what.partition(":")
        if self.what == "missing" or (status == "404" and case in {"valid", "unfit"}) or case == "name-of-a-live-one":
            return ("lost",)
        if case == "deleted" or self.what == "name-of-a-deleted-one:409":
            return ("kept",)
        return (self.code,)


class Parted(Exception):
    """The server and the model have parted."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.code)
        self.difference = difference


class Over(Exception):
    """The server failed in a way that others have told of; what it keeps now is not known, and the sequence ends."""


RULES = {
    "display_name": ("display-name-falls-back",),
    "enabled": ("disabled-by-default",),
    "updated_at": ("updated-at-moves",),
    "created_at": ("updated-at-moves",),
    "api_keys": ("keys-reconciled", "keys-are-masked", "entry-with-both-replaces"),
    "settings": ("settings-default", "settings-secrets-kept"),
    "name": ("found-by-id-or-name",),
    "id": ("name-reusable", "found-by-id-or-name"),
}

ATOMIC = ("all-or-nothing",)


def subjects_of(operation: str, member: str) -> tuple[str, ...]:
    """Return the names by which the judge of every answer, and other checks, know that a member is wrong."""
    below = ("id", "masked", "created_at") if member == "api_keys" else ()
    more = (f"answer:{member}[].{name}" for name in below)
    shown = (f"{name}:member:{member}" for name in OPERATIONS)  # by whichever operation a rule's check has met it
    return (f"{operation}:{member}", f"answer:{member}", f"answer::{member}", *shown, *more)
