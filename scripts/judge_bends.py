"""Mocks that are bent: each changes answers in one way that the contract forbids, and a judge must find it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from judge_prism import Answer, Bend, Sent

__all__ = ["BENDS", "Bent"]

COLLECTION = "/api/v2/ai/providers"
TOKEN = ("Coder-Session-Token", "API_KEY")
LIST = Sent("GET", COLLECTION, (TOKEN,))
GET = Sent("GET", f"{COLLECTION}/openai-main", (TOKEN,))
MISSING = Sent("GET", f"{COLLECTION}/nowhere", (TOKEN,))
NO_TOKEN = Sent("GET", COLLECTION)
DELETE = Sent("DELETE", f"{COLLECTION}/openai-main", (TOKEN,))
CREATE = Sent(
    "POST",
    COLLECTION,
    (TOKEN, ("Content-Type", "application/json")),
    json.dumps({"type": "openai", "name": "new", "base_url": "https://e.com"}).encode(),
)


@dataclass(frozen=True)
class Bent:
    """One way to break the contract of some profiles: what is asked, and how the answer to it is bent."""

    name: str
    sent: Sent
    bend: Bend
    profiles: tuple[str, ...] = ("documented", "deployed")


def _body(change: Callable[[Any], Any]) -> Bend:
    """Return a bend of the body's value; one that answers nothing has changed it in place."""

    def bend(answer: Answer) -> Answer:
        value = json.loads(answer.body)
        changed = change(value)
        body = json.dumps(value if changed is None else changed).encode()
        return _with_body(answer, body)

    return bend


def _with_body(answer: Answer, body: bytes) -> Answer:
    headers = [pair for pair in answer.headers if pair[0].lower() != "content-length"]
    return replace(answer, body=body, headers=(*headers, ("Content-Length", str(len(body)))))


def _media_type(name: str) -> Bend:
    def bend(answer: Answer) -> Answer:
        headers = [pair for pair in answer.headers if pair[0].lower() != "content-type"]
        return replace(answer, headers=(*headers, ("Content-Type", name)))

    return bend


def _status(status: int) -> Bend:
    return lambda answer: replace(answer, status=status)


DEPLOYED = ("deployed",)  # the page requires no member of a provider
BENDS = (
    Bent("a required member is missing", GET, _body(lambda item: item.pop("id") and None), DEPLOYED),
    Bent(
        "a member of one entry of a list is missing",
        LIST,
        _body(lambda items: items[-1].pop("name") and None),
        DEPLOYED,
    ),
    Bent(
        "a member two levels down is missing",
        GET,
        _body(lambda item: item["api_keys"][0].pop("masked") and None),
        DEPLOYED,
    ),
    Bent("a boolean is a string", GET, _body(lambda item: item.update(enabled="yes"))),
    Bent("a string is null", GET, _body(lambda item: item.update(name=None))),
    Bent("an array is an object", GET, _body(lambda item: item.update(api_keys={}))),
    Bent("a list is one object", LIST, _body(lambda items: items[0])),
    Bent("a list is null", LIST, lambda answer: _with_body(answer, b"null")),
    Bent("an enumeration has a value more", GET, _body(lambda item: item.update(type="none"))),
    Bent("a time is not a time", GET, _body(lambda item: item.update(created_at="yesterday"))),
    Bent("an id is not a UUID", CREATE, _body(lambda item: item.update(id="7"))),
    Bent("an error lacks its message", MISSING, _body(lambda error: error.pop("message") and None)),
    Bent("an error's message is no text", NO_TOKEN, _body(lambda error: error.update(message=["no"]))),
    Bent("a success has an undocumented status", LIST, _status(299)),
    Bent("a refusal has an undocumented status", MISSING, _status(418)),
    Bent("a create answers 200", CREATE, _status(200)),
    Bent("a delete answers 202", DELETE, _status(202)),
    Bent("JSON says that it is HTML", LIST, _media_type("text/html")),
    Bent("an error says that it is text", MISSING, _media_type("text/plain; charset=utf-8")),
    Bent("a body is not JSON", GET, lambda answer: _with_body(answer, b"<p>no</p>")),
    Bent("a body is cut short", GET, lambda answer: _with_body(answer, answer.body[:-5])),
)
