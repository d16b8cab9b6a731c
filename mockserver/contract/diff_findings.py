"""What the comparison of two schemas finds, and the severity that follows from what containment says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from mockserver.contract.diff_catalogue import USUAL
from mockserver.contract.diff_containment import EQUAL, Relation
from mockserver.contract.diff_document import shown
from mockserver.contract.diff_model import Severity

__all__ = [
    "SUBJECT",
    "Direction",
    "Finding",
    "Verdict",
    "restructured",
    "settle",
    "unexplained",
    "usual",
    "verdict",
    "worded",
]

Direction = Literal["request", "response"]

# Answers may hold more than before without a client noticing, as long as nothing else changed with it.
_SOFT_GAIN = frozenset(
    {
        "enum-value-added", "enum-dropped", "bound-widened", "multiple-of-changed", "unique-items-dropped",
        "pattern-removed", "pattern-changed", "format-removed", "variant-added", "additional-properties-opened",
    }
)  # fmt: skip
_SOFT_LOSS = frozenset({"additional-properties-closed"})  # only clients that send undeclared members notice
_UNDECIDED = "not decided: containment could not be proven either way"


# Stands in a message for the value that it speaks of, until the way to that value is known.
SUBJECT = "\0"

# Kinds whose message does not say by itself what became of the values.
_TELLS_NOTHING = frozenset({"schema-changed", "pattern-changed", "format-changed", "multiple-of-changed"})
_OUTCOMES: dict[tuple[bool | None, bool | None], str] = {
    (True, False): "less is allowed than before",
    (False, True): "more is allowed than before",
    (True, True): "some values are no longer allowed, others are allowed now",
}


class Verdict(NamedTuple):
    """Both severities with their reasons."""

    clients: Severity
    why_clients: str
    servers: Severity
    why_servers: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference of two schemas, not yet bound to an operation.

    ``relation`` says what it does to the set of values; it is None for what is judged otherwise (members that came
    or went, defaults, documentation), where ``judged`` or else the usual verdict of the kind holds.
    """

    kind: str
    pointer: str
    path: str
    message: str
    relation: Relation | None = None
    judged: Verdict | None = None

    def doubted(self) -> "Finding":
        """Return this finding for a place where more of one thing may mean less of the whole."""
        if self.relation is None or self.relation.equal:
            return self
        return replace(self, relation=Relation(self.relation.lost or None, self.relation.gained or None))


def worded(finding: Finding) -> Finding:
    """Return ``finding`` with its subject put in, and with what containment proved or could not prove."""
    what = finding.kind.partition("-")[2]
    outcome = ""
    if finding.relation is not None:
        lost, gained = finding.relation.lost, finding.relation.gained
        if what in _TELLS_NOTHING and not finding.relation.equal:
            outcome = _OUTCOMES.get((lost, gained), "")
        if lost is None and gained is None:
            outcome = "whether more or less is allowed now is not decided"
        elif lost is None or gained is None:
            outcome = f"whether {'all of that is still' if lost is None else 'anything more is'} allowed is not decided"
    message = finding.message.replace(SUBJECT, shown(finding.path) if finding.path else "the value")
    return replace(finding, message=f"{message}; {outcome}" if outcome else message)


def restructured(direction: Direction, pointer: str, path: str) -> Finding:
    """Return the finding for a place that is proven to allow the same values, written in another way."""
    message = f"{SUBJECT} is written in another way and allows the same values as before"
    return Finding(f"{direction}-schema-restructured", pointer, path, message, EQUAL)


def settle(
    findings: Sequence[Finding], proven: Relation, direction: Direction, root: Finding | None, sole: bool = True
) -> list[Finding]:
    """Return ``findings`` in agreement with what containment has ``proven`` for the place that they are in.

    What the proof excludes no finding may claim. With ``sole``, a single finding takes over the whole proof.
    Findings that change nothing become one restructuring, at ``root`` when the whole place is proven equal.
    """
    affecting = [finding for finding in findings if finding.relation is not None]
    members = any("-property-" in finding.kind and finding.relation is None for finding in findings)
    result: list[Finding] = []
    restructuring = False
    for finding in findings:
        if finding.relation is None:
            result.append(finding)
            continue
        if finding.relation.equal:
            again = finding.kind.endswith("-schema-restructured")
            if not (again and restructuring):
                result.append(finding)
            restructuring = restructuring or again
            continue
        alone = sole and len(affecting) == 1 and not members
        relation = finding.relation.corrected(proven) if alone else finding.relation.capped(proven)
        if not relation.equal:
            result.append(replace(finding, relation=relation))
        elif not restructuring:
            restructuring = True
            at = root if root is not None and proven.equal else finding
            result.append(restructured(direction, at.pointer, at.path))
    return result


def unexplained(findings: Sequence[Finding], proven: Relation, direction: Direction, root: Finding) -> list[Finding]:
    """Return a finding for what is ``proven`` of a place and none of its ``findings`` speaks of."""
    if any("-property-" in finding.kind and finding.relation is None for finding in findings):
        return []  # members came or went, which changes the values too
    relations = [finding.relation for finding in findings if finding.relation is not None]
    lost = proven.lost is True and all(relation.lost is False for relation in relations)
    gained = proven.gained is True and all(relation.gained is False for relation in relations)
    if not (lost or gained):
        return []
    message = f"the combination of all that describes {SUBJECT} changed"
    return [Finding(f"{direction}-schema-changed", root.pointer, "", message, Relation(lost, gained))]


def verdict(finding: Finding, direction: Direction) -> Verdict:
    """Return the severities of ``finding`` and their reasons."""
    if finding.judged is not None:
        return finding.judged
    if finding.relation is None:
        return usual(finding.kind)
    what = finding.kind.removeprefix(f"{direction}-")
    return (_of_request if direction == "request" else _of_response)(what, finding.relation)


def usual(kind: str) -> Verdict:
    """Return what the catalogue says of a kind."""
    return Verdict(*USUAL[kind][1:])


def _of_request(what: str, relation: Relation) -> Verdict:
    clients: tuple[Severity, str]
    servers: tuple[Severity, str]
    if relation.lost is None:
        clients = ("risky", _UNDECIDED)
    elif not relation.lost:
        clients = ("harmless", "all that it sends is still accepted")
    elif what in _SOFT_LOSS:
        clients = ("risky", "undeclared members, if it sends any, are refused")
    else:
        clients = ("breaking", "what it sends may be refused")
    if relation.gained is None:
        servers = ("risky", _UNDECIDED)
    elif relation.gained:
        servers = ("breaking", "it refuses what must now be accepted")
    elif relation.lost is None:
        servers = ("risky", _UNDECIDED)
    elif relation.lost:
        servers = ("risky", "it accepts what should now be refused, and tests may send it")
    else:
        servers = ("harmless", "it accepts and refuses the same as before")
    return Verdict(*clients, *servers)


def _of_response(what: str, relation: Relation) -> Verdict:
    clients: tuple[Severity, str]
    servers: tuple[Severity, str]
    if relation.gained is None:
        clients = ("risky", _UNDECIDED)
    elif not relation.gained:
        clients = ("harmless", "all answers are such as it knows")
    elif what in _SOFT_GAIN and relation.lost is False:
        clients = ("risky", "it may receive a value that it is not prepared for")
    else:
        clients = ("breaking", "it receives what the old contract excluded")
    if relation.lost is None:
        servers = ("risky", _UNDECIDED)
    elif relation.lost:
        servers = ("breaking", "it may answer what is no longer allowed")
    else:
        servers = ("harmless", "all that it answers is still allowed; nothing new has to be sent")
    return Verdict(*clients, *servers)
