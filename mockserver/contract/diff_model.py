"""What a comparison of two documents can say: the change and its severities.

"For clients" asks whether a client written against the old document still works with a server of the new one;
"for servers" asks whether a server written against the old document already satisfies the new one, that is,
whether its implementer can sit still.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["SEVERITIES", "Audience", "Change", "Severity", "worst"]

Severity = Literal["breaking", "risky", "harmless"]
Audience = Literal["clients", "servers"]

SEVERITIES: tuple[Severity, ...] = ("breaking", "risky", "harmless")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two documents.

    ``operation`` is ``GET /path``, or empty for the document as a whole. ``pointer`` is a JSON pointer as a URI
    fragment into the new document, or into the old one for what was removed. ``where`` names the part of the
    operation (``request body``, ``query parameter `limit```, ``response 200``).
    """

    kind: str
    operation: str
    pointer: str
    where: str
    message: str
    for_clients: Severity
    why_clients: str
    for_servers: Severity
    why_servers: str

    @property
    def why(self) -> str:
        """The reasons for both severities in one sentence."""
        return f"clients: {self.why_clients}; servers: {self.why_servers}"

    @property
    def severity(self) -> Severity:
        """The worse of the two severities."""
        return min(self.for_clients, self.for_servers, key=SEVERITIES.index)


def worst(changes: Iterable[Change], audience: Audience | None = None) -> Severity | None:
    """Return the worst severity among ``changes``, for one audience or for both; None without changes."""
    found = {_of(change, audience) for change in changes}
    return next((severity for severity in SEVERITIES if severity in found), None)


def _of(change: Change, audience: Audience | None) -> Severity:
    if audience == "clients":
        return change.for_clients
    return change.for_servers if audience == "servers" else change.severity
