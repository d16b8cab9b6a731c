"""What an operation of the control API gets to see, and what it may answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.control.service import Service
from mockserver.control.sessions import Session, Sessions
from mockserver.control.state import States
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.behaviours import Outcome
from mockserver.engine.contract import Contract
from mockserver.engine.exchange import Exchange
from mockserver.engine.messages import Response
from mockserver.engine.plans import MISSING

__all__ = ["Call", "Control", "Handler", "Reply", "text"]

Reply = Outcome | Response | Waiting | Events


@dataclass(frozen=True, slots=True)
class Control:
    """What the control API controls. ``dump`` writes YAML; ``information`` is what ``/info`` and ``/health`` tell."""

    contract: Contract
    sessions: Sessions
    service: Service
    states: States
    document: str
    information: Mapping[str, Any]
    users: tuple[Mapping[str, Any], ...]
    dump: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the control API that has passed its contract."""

    control: Control
    exchange: Exchange
    finish: Callable[[Outcome], Response]

    @property
    def body(self) -> Any:
        """The body as read; an empty object where there is none."""
        return {} if self.exchange.body is MISSING else self.exchange.body

    @property
    def query(self) -> Mapping[str, Any]:
        """The query parameters with their defaults."""
        return self.exchange.query

    @property
    def params(self) -> Mapping[str, str]:
        """The path parameters."""
        return self.exchange.path_values

    @property
    def sessions(self) -> Sessions:
        """All sessions."""
        return self.control.sessions

    @property
    def session(self) -> Session:
        """The session that the path names; refused where there is none."""
        return self.control.sessions.get(self.params["session"])


Handler = Callable[[Call], Reply]


def text(media_type: str, body: str) -> Response:
    """Return an answer that is no JSON."""
    return Response(200, [("Content-Type", f"{media_type}; charset=utf-8")], body.encode())
