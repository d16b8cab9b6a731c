"""Faults of headers and media types: the right JSON said to be something else, or not quite JSON."""

import json

from tests.independent.app import Api
from tests.independent.asking import get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.transport import Sent
from tests.independent.values import Answer, Request

# id, sentence, condition, content type (None: none), probe, profiles
ROWS = [
    ("answers-are-plain-text", "Success answers are sent as text/plain.", lambda r, a: a.status < 300,
     "text/plain; charset=utf-8", [get()], BOTH),
    ("answers-are-octets", "Lists are sent as application/octet-stream.", lambda r, a: r.operation == "list",
     "application/octet-stream", [get()], BOTH),
    ("errors-are-plain-text", "Error answers are sent as text/plain.", lambda r, a: a.status >= 400,
     "text/plain; charset=utf-8", [get("nobody")], BOTH),
    ("errors-are-problems", "Error answers are sent as application/problem+json.", lambda r, a: a.status >= 400,
     "application/problem+json", [get("nobody")], BOTH),
    ("errors-lack-a-charset", "Error answers do not name their character set.", lambda r, a: a.status >= 400,
     "application/json", [get("nobody")], DEPLOYED),
    ("unauthorised-lacks-a-charset", "A 401 does not name its character set.", lambda r, a: a.status == 401,
     "application/json", [get(token=None)], DEPLOYED),
    ("answers-lack-a-charset", "No answer names its character set.", lambda r, a: True, "application/json", [get()],
     DEPLOYED),
    ("list-lacks-a-charset", "A list does not name its character set.",
     lambda r, a: r.operation == "list" and a.status == 200, "application/json", [get()], DEPLOYED),
    ("patch-lacks-a-charset", "The answer to a PATCH does not name its character set.",
     lambda r, a: r.operation == "patch" and a.status == 200, "application/json", [make(), patch(enabled=True)],
     DEPLOYED),
    ("answers-claim-latin-1", "Answers claim to be in ISO-8859-1.", lambda r, a: a.status < 300,
     "application/json; charset=iso-8859-1", [get()], DEPLOYED),
    ("answers-are-html", "Getting one provider is sent as text/html.",
     lambda r, a: r.operation == "get" and a.status == 200, "text/html; charset=utf-8", [make(), get("p")], BOTH),
    ("answers-are-vendor-json", "Answers are sent as a vendor's media type.", lambda r, a: a.status < 300,
     "application/vnd.api+json", [get()], BOTH),
]  # fmt: skip


def _typed(condition: object, media_type: str) -> type:
    class Typed(Api):
        def write(self, request: Request, answer: Answer) -> Sent:
            status, headers, payload = super().write(request, answer)
            if payload and condition(request, answer):  # type: ignore[operator]
                headers["Content-Type"] = media_type
            return status, headers, payload

    return Typed


for _id, _sentence, _condition, _type, _probe, _profiles in ROWS:
    _check = "rules.content-type" if _profiles == DEPLOYED else "schema.content-type"
    declare_as(_id, _sentence, _typed(_condition, _type), _check, *_probe, profiles=_profiles)


@fault("schema.content-type", get())
class AnswersLackAMediaType(Api):
    """Success answers carry no Content-Type."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if status < 300:
            headers.pop("Content-Type", None)
        return status, headers, payload


def _rewritten(change: object) -> type:
    class Rewritten(Api):
        def write(self, request: Request, answer: Answer) -> Sent:
            status, headers, payload = super().write(request, answer)
            if payload and status < 300:
                payload = change(request, payload)  # type: ignore[operator]
                headers["Content-Length"] = str(len(payload))
            return status, headers, payload

    return Rewritten


REWRITES = [
    ("json-is-encoded-twice", "Success answers are JSON in a JSON string.",
     lambda r, p: json.dumps(p.decode()).encode(), [get()]),
    ("json-has-a-byte-order-mark", "Success answers begin with a byte order mark.", lambda r, p: b"\xef\xbb\xbf" + p,
     [get()]),
    ("json-is-guarded", "Success answers begin with a guard against script inclusion.", lambda r, p: b")]}'\n" + p,
     [get()]),
    ("json-is-python", "Providers are sent in Python's notation.",
     lambda r, p: repr(json.loads(p)).encode() if r.operation == "get" else p, [make(), get("p")]),
    ("json-lacks-its-end", "The last byte of a list is lost.", lambda r, p: p[:-1] if r.operation == "list" else p,
     [get()]),
    ("json-is-lines", "A list is sent as one provider per line.",
     lambda r, p: b"\n".join(json.dumps(row).encode() for row in json.loads(p)) if r.operation == "list" else p,
     [get()]),
    ("json-is-utf-16", "Success answers are in UTF-16.", lambda r, p: p.decode().encode("utf-16"), [get()]),
]  # fmt: skip
for _id, _sentence, _change, _probe in REWRITES:
    declare_as(_id, _sentence, _rewritten(_change), "schema.response", *_probe)
