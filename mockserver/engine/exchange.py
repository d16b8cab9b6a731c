"""What steps share: the exchange that they fill in, and whom they ask who a caller is."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from mockserver.engine.behaviours import Collection, Outcome
from mockserver.engine.contract import Contract, OperationPlan
from mockserver.engine.hooks import RuleContext, World
from mockserver.engine.messages import Request, Response
from mockserver.engine.operations import Document, Operation
from mockserver.engine.plans import MISSING
from mockserver.engine.problems import Problem, Violation
from mockserver.engine.resources import Resource
from mockserver.engine.store import Changes, Key, Record, Store, Table

__all__ = ["Exchange", "Identity", "Principal", "refuse", "rule_context", "short"]


class Principal(Protocol):
    """Who sends a request."""

    @property
    def name(self) -> str:
        """The user's name."""

    @property
    def roles(self) -> frozenset[str]:
        """The user's roles."""


class Identity(Protocol):
    """Knows whom a credential belongs to."""

    def principal(self, scheme: str, credential: str) -> Principal | None:
        """Return who a credential belongs to, or ``None`` when it is not good (any more)."""


@dataclass(slots=True)
class Exchange:
    """One request on its way to its answer; steps fill it in.

    ``planned``, ``operation``, and where it works on one ``collection``, ``resource`` and ``table`` are there once the
    request is routed (:meth:`route`); asking for them before is a defect, and an ``AttributeError``.
    """

    contract: Contract
    store: Store
    world: World
    identity: Identity
    request: Request
    validation: str
    seed: int
    plan: OperationPlan | None = None
    path_values: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    principal: Principal | None = None
    body: Any = MISSING
    current: Record | None = None
    parents: Key = ()
    outcome: Outcome | None = None
    response: Response | None = None
    problem: Problem | None = None
    changes: Changes = field(default_factory=Changes)
    planned: OperationPlan = field(init=False)
    operation: Operation = field(init=False)
    collection: Collection = field(init=False)
    resource: Resource = field(init=False)
    table: Table = field(init=False)

    def route(self, plan: OperationPlan, path_values: dict[str, str]) -> None:
        """Go on with an operation and the values of its path parameters."""
        self.plan = self.planned = plan
        self.operation, self.path_values = plan.operation, path_values
        if plan.collection is not None:
            self.collection, self.resource = plan.collection, plan.collection.resource
            if self.resource.name in self.store.tables:  # the control API keeps its state elsewhere
                self.table = self.store.tables[self.resource.name]

    @property
    def document(self) -> Document:
        """The contract's document."""
        return self.contract.document

    @property
    def nested(self) -> tuple[str, ...]:
        """The names of the collections nested under the operation's."""
        return self.contract.nested[self.resource.name]


def rule_context(exchange: Exchange) -> RuleContext:
    """Return what rules may look at of an exchange."""
    return RuleContext(
        exchange.operation,
        exchange.resource,
        exchange.body,
        exchange.table,
        exchange.parents,
        exchange.current,
    )


def refuse(code: str, violations: list[Violation], status: int | None = None) -> None:
    """Raise the problem that tells all of some violations together."""
    count = len(violations)
    first = violations[0]
    place = first.field or "the body"
    message = f"{place} {first.detail}." if count == 1 else f"The request has {count} faults."
    detail = "; ".join(f"{violation.field or 'the body'} {violation.detail}" for violation in violations)
    raise Problem(code, message, detail if count > 1 else "", violations, status)


def short(text: str) -> str:
    """Return text for a message, cut to a bearable length."""
    return text if len(text) <= 80 else text[:77] + "..."
