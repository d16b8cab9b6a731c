"""What calls of the control API are given, and how they fail."""

from collections.abc import Mapping
from typing import Any, TypedDict

from mockserver.errors import MockserverError

__all__ = ["ControlError", "Json", "Match", "Schedule"]

Json = Any


class ControlError(MockserverError):
    """The control API refused a request, or could not be reached.

    `status` is None where no answer came; `validations` are the members at fault, each with `field` and `detail`.
    """

    def __init__(self, status: int | None, message: str, validations: tuple[Mapping[str, str], ...] = ()) -> None:
        places = "; ".join(f"{entry.get('field')}: {entry.get('detail')}" for entry in validations)
        super().__init__(f"{message} ({places})" if places else message)
        self.status = status
        self.validations = validations


class Match(TypedDict, total=False):
    """What a request must be like to be meant; everything given must hold.

    `path` may hold `*`. `query`, `headers`, `path_params` and `body` map names (of the body as `api_keys[0].id`) to a
    value, or to operators: `{"contains": "x"}`, `{"present": False}`, `{"at_least": 2}`, ....
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, Json]
    headers: Mapping[str, Json]
    path_params: Mapping[str, Json]
    body: Mapping[str, Json]
    principal: str
    status: int | str
    text: str
    problem: str
    fault: str
    since: str
    until: str


class Schedule(TypedDict, total=False):
    """Which requests a fault hits, and when: members of a matcher, and of `NewFault` of the document."""

    operation: str
    method: str
    path: str
    query: Mapping[str, Json]
    headers: Mapping[str, Json]
    path_params: Mapping[str, Json]
    body: Mapping[str, Json]
    principal: str
    id: str
    after: int
    times: int
    probability: float
    seed: int
