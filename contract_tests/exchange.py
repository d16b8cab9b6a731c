"""One request and what came back, with the answer read as JSON when it is some."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from contract_tests.wire import Headers, Reply

Json = Any
DEEPEST = 150  # levels of an answer; schema validators stumble over much more
TELLING = 8  # characters that a name or id has at least, to be found in a request without mistaking it
LONE = re.compile(r"\\u[dD][89a-fA-F]")  # half of a surrogate pair, perhaps alone


class NotJson:
    """Stands for a body that is no JSON; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class Exchange:
    """A request as it was sent, below the prefix of the base URL, and the reply. `operation` is None where none fits.

    `principal` is `owner`, `other`, `nobody`, or `unknown` for a token that no server knows.
    """

    number: int
    operation: str | None
    method: str
    target: str
    headers: Headers
    body: bytes
    principal: str
    reply: Reply
    taken_as: int | None = None  # the status that one stands for which the contract does not have: told once, not again

    @property
    def status(self) -> int | None:
        """The status of the answer, or the one that it stands for; None where there is none."""
        return self.taken_as or self.reply.status

    @property
    def ok(self) -> bool:
        """Whether the answer is a complete one of the 2xx statuses."""
        return self.reply.trouble is None and self.status is not None and 200 <= self.status < 300

    @cached_property
    def json(self) -> Json:
        """The body as JSON (RFC 8259); a :class:`NotJson` where it is none."""
        return decoded(self.reply.body)

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one where it is something else."""
        return self.json if isinstance(self.json, dict) else {}

    @cached_property
    def sent(self) -> Json:
        """The body of the request as JSON, None where there was none."""
        return decoded(self.body) if self.body else None

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """What other requests may speak of it by: the id and name of the provider that it made or changed."""
        provider = self.provider() or {}
        segment = unquote(self.target.partition("?")[0].rpartition("/")[2])
        found = (provider.get("id"), provider.get("name"), segment)
        return tuple(mark for mark in found if isinstance(mark, str) and len(mark) >= TELLING)

    @property
    def outcome(self) -> str:
        """What came, in a few words."""
        if self.reply.status is None:
            return self.reply.trouble or "no answer"
        text = f"{self.reply.status} {self.reply.reason}".strip()
        return f"{text}, and {self.reply.trouble}" if self.reply.trouble else text

    @property
    def refusal(self) -> str:
        """The cause of a refusal: its status, with the member that it names first, or else the operation."""
        field = blamed(self.document)
        return f"refused:{self.status}:{field}" if field else f"{self.operation}:refused:{self.status}"

    def provider(self) -> Json | None:
        """Return the provider that the answer holds, or None."""
        return self.json if self.ok and isinstance(self.json, dict) else None

    def listed(self) -> list[Json]:
        """Return the providers that the answer lists; none where it is no list of objects."""
        value = self.json if self.ok else None
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def blamed(answer: Json) -> str:
    """Return the member that an error answer names first, without indices; empty where it names none."""
    entries = answer.get("validations") if isinstance(answer, dict) else None
    first = entries[0] if isinstance(entries, list) and entries else None
    field = first.get("field") if isinstance(first, dict) else None
    return re.sub(r"\d+", "", field) if isinstance(field, str) else ""


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r} is given twice")
    return value


def _constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON number")


def decoded(body: bytes) -> Json:
    """Decode JSON strictly: UTF-8 without a byte order mark, no NaN, no member twice; else a :class:`NotJson`."""
    if not body:
        return NotJson("the body is empty")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as problem:
        return NotJson(f"byte {problem.start} is not UTF-8")
    if text.startswith("\ufeff"):
        return NotJson("it starts with a byte order mark")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        if LONE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return NotJson("a text holds half of a surrogate pair")
    except json.JSONDecodeError as problem:
        return NotJson(f"{problem.msg} at byte {len(text[: problem.pos].encode())}")
    except (ValueError, RecursionError) as problem:
        return NotJson(str(problem))
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(value):
        return NotJson(f"it is nested more than {DEEPEST} deep")
    return value


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [one for node in level if isinstance(node, (list, dict)) for one in _members(node)]
        if not level:
            return False
    return True


def _members(node: list[Json] | dict[str, Json]) -> Iterable[Json]:
    return node.values() if isinstance(node, dict) else node
