"""What a client prefers to be answered, per request and without set-up (`Prefer`, RFC 7240).

``code=404`` and ``example=NAME`` choose among the answers that the contract documents, ``dynamic=true`` has one made
up, ``wait=SECONDS`` has it come later. Nothing is changed in the state when an answer is chosen. A preference that is
not known is ignored, as the RFC says; one that is known but cannot be met is refused with those that can.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from mockserver.engine import jsonbody
from mockserver.engine.answering import OffContract
from mockserver.engine.contract import ResponsePlan
from mockserver.engine.exchange import Exchange, short
from mockserver.engine.messages import Response
from mockserver.engine.operations import MediaType
from mockserver.engine.plans import MISSING
from mockserver.engine.problems import Problem
from mockserver.engine.samples import Sampler

__all__ = ["MAX_WAIT", "Preferences", "parse_prefer"]

MAX_WAIT = 60.0
_PREFERENCE = re.compile(
    r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^,;"]*))?((?:;[^,]*)?)(?:,|$)'
)
_TRIES = 50


def parse_prefer(header: str) -> dict[str, str]:
    """Return the preferences of a header by their lower-case names; of one given twice the first counts."""
    found: dict[str, str] = {}
    for match in _PREFERENCE.finditer(header):
        value = (match[2] or "").strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.setdefault(match[1].lower(), value)
    return found


def _impossible(name: str, value: str, possible: str) -> NoReturn:
    raise Problem(
        "malformed-parameter", f"The preference {name}={short(value)!r} cannot be met.", f"Possible are: {possible}."
    )


@dataclass(slots=True)
class Preferences:
    """The known preferences of one request; ``applied`` lists those that shaped the answer."""

    code: str | None
    example: str | None
    dynamic: bool
    wait: float
    applied: list[str]

    @classmethod
    def read(cls, header: str) -> "Preferences":
        """Return what a header asks for. Raises :class:`Problem` for values that no operation could meet."""
        found = parse_prefer(header)
        code, dynamic, wait = found.get("code"), found.get("dynamic"), found.get("wait")
        if dynamic is not None and dynamic.lower() not in {"true", "false", ""}:
            _impossible("dynamic", dynamic, "true, false")
        seconds = 0.0
        if wait is not None:
            if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", wait) or float(wait) > MAX_WAIT:
                _impossible("wait", wait, f"0 to {MAX_WAIT:g} seconds")
            seconds = float(wait)
        preferences = cls(code, found.get("example"), dynamic is not None and dynamic.lower() != "false", seconds, [])
        if wait is not None:
            preferences.applied.append(f"wait={wait}")
        return preferences

    @property
    def chooses(self) -> bool:
        """Whether the answer is chosen, and the state left alone."""
        return self.code is not None or self.example is not None or self.dynamic

    def answer(self, exchange: Exchange) -> None:
        """Answer an exchange as preferred, in the place of carrying it out."""
        operation = exchange.operation
        status = operation.success
        if self.code is not None:
            status = int(self.code) if re.fullmatch("[1-5][0-9][0-9]", self.code) else 0
        plan = exchange.planned.response(exchange.contract, status) if status else None
        if plan is None:
            documented = ", ".join(sorted(operation.responses))
            _impossible("code", self.code or str(status), f"{documented} ({operation.id})")
        media = plan.media
        headers = _headers(exchange, plan)
        body = b""
        if media is None and self.example is not None:
            _impossible("example", self.example, f"none: the answer {status} of {operation.id} has no body")
        if media is not None:
            body = jsonbody.encode(self._value(exchange, plan, media, status))
            headers.insert(0, ("Content-Type", plan.content_type))
        exchange.response = Response(status, headers, body)
        if self.code is not None:
            self.applied.append(f"code={status}")
        if self.example is not None:
            self.applied.append(f'example="{self.example}"')
        if self.dynamic and self.example is None and media is not None:
            self.applied.append("dynamic=true")

    def _value(self, exchange: Exchange, plan: ResponsePlan, media: MediaType, status: int) -> Any:
        resolve = exchange.document.resolve
        examples: Mapping[str, Any] = media.raw.get("examples", {})
        if self.example is not None:
            if self.example not in examples:
                known = ", ".join(examples) or "none"
                _impossible("example", self.example, f"{known} (answer {status} of {exchange.operation.id})")
            return resolve(examples[self.example]).get("value")
        if status >= 400 and not self.dynamic:
            problem = Problem("preferred", f"You preferred to be answered {status}.", status=status)
            _, shaper = exchange.contract.error(exchange.plan, status)
            return shaper.shape(problem, exchange.contract.sample)
        if not self.dynamic:
            value = _documented(media, examples, resolve)
            if value is not MISSING:
                return value
        return self._made(exchange, plan, media)

    def _made(self, exchange: Exchange, plan: ResponsePlan, media: MediaType) -> Any:
        sampler = Sampler(exchange.document.resolve, examples=not self.dynamic)
        for number in range(_TRIES):
            rng = random.Random(f"{exchange.seed}:{exchange.operation.pointer}:{exchange.request.path}:{number}")  # noqa: S311
            value = sampler.sample(media.schema, rng)
            if plan.cut is not None and not plan.items:
                value = plan.cut(value)
            if plan.plan is None or plan.plan.is_valid(value):
                return value
        raise OffContract(f"{exchange.operation}: no answer could be made up that fits its schema")


def _documented(media: MediaType, examples: Mapping[str, Any], resolve: Any) -> Any:
    """Return the first example that the contract has for an answer, or ``MISSING``."""
    if "example" in media.raw:
        return media.raw["example"]
    for example in examples.values():
        return resolve(example).get("value")
    return MISSING


def _headers(exchange: Exchange, plan: ResponsePlan) -> list[tuple[str, str]]:
    """Return the headers that the contract requires of an answer, with values made up."""
    declared = plan.spec.raw.get("headers", {})
    result = []
    for name in plan.spec.required_headers:
        header = exchange.document.resolve(declared[name])
        result.append((name, str(exchange.contract.sample(header.get("schema", {})))))
    return result
