"""Faults of error answers: the right refusal, told in another shape than the contract's."""

import re
from collections.abc import Callable
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import Faults
from tests.independent.values import NOTHING, Answer, Refusal, Request

Body = dict[str, Any]
UNKNOWN = [get("nobody")]
FAULTY = [make(type="nope")]
SPACED = [make(api_keys=["dummy-1", " dummy-2"])]


def _told(change: Callable[[Body], Any], status: int = 0) -> type:
    class Told(Api):
        def error(self, request: Request, refusal: Refusal) -> Answer:
            answer = super().error(request, refusal)
            if answer.data is not NOTHING and status in {0, answer.status}:
                answer.data = change(answer.data)
            return answer

    return Told


def entries(change: Callable[[Body], Any]) -> Callable[[Body], Body]:
    """Return what changes each entry of ``validations``."""

    def changed(body: Body) -> Body:
        return {**body, "validations": [change(e) for e in body["validations"]]} if "validations" in body else body

    return changed


def field(change: Callable[[str], str]) -> Callable[[Body], Body]:
    """Return what respells the member that an entry names."""
    return entries(lambda entry: {**entry, "field": change(entry["field"])})


def without(*names: str) -> Callable[[Body], Body]:
    """Return what leaves members out."""
    return lambda body: {name: value for name, value in body.items() if name not in names}


# id, sentence, change, only for this status (0: all), probe, check, profiles
ROWS = [
    ("error-is-text", "Errors are a JSON string.", lambda b: b["message"], 0, UNKNOWN, "rules.error-shape", BOTH),
    ("error-is-a-list", "Errors are a list.", lambda b: [b], 0, UNKNOWN, "rules.error-shape", BOTH),
    ("error-is-empty", "Errors are an empty object.", lambda b: {}, 0, UNKNOWN, "rules.error-shape", BOTH),
    ("error-is-wrapped", "Errors come inside an object.", lambda b: {"error": b}, 0, UNKNOWN, "rules.error-shape",
     BOTH),
    ("error-says-error", "The message is called error.", lambda b: {"error": b["message"]}, 0, UNKNOWN,
     "rules.error-shape", BOTH),
    ("error-message-is-missing", "Errors with validations have no message.",
     lambda b: without("message")(b) if "validations" in b else b, 0, FAULTY, "rules.error-shape", BOTH),
    ("error-message-is-null", "The message is null.", lambda b: {**b, "message": None}, 0, UNKNOWN, "rules.error-shape",
     BOTH),
    ("error-message-is-a-list", "The message is a list.", lambda b: {**b, "message": [b["message"]]}, 400, FAULTY,
     "rules.error-shape", BOTH),
    ("error-detail-is-an-object", "The detail is an object.", lambda b: {**b, "detail": {"text": b["detail"]}}, 0,
     UNKNOWN, "rules.error-shape", BOTH),
    ("error-detail-is-null", "The detail is null.", lambda b: {**b, "detail": None}, 0, UNKNOWN, "rules.error-shape",
     BOTH),
    ("not-found-has-no-message", "A 404 has another shape than the rest.", lambda b: {"title": "x", "status": 404}, 404,
     UNKNOWN, "rules.error-shape", BOTH),
    ("conflict-has-no-message", "A 409 has another shape than the rest.", lambda b: {"code": "duplicate"}, 409,
     [make(), make()], "rules.error-shape", BOTH),
    ("unauthenticated-has-no-message", "A 401 has another shape than the rest.", lambda b: {"error": "unauthorized"},
     401, [get(token=None)], "rules.error-shape", BOTH),
    ("forbidden-has-no-message", "A 403 has another shape than the rest.", lambda b: {"error": "forbidden"}, 403,
     [get(token="MEMBER_KEY")], "rules.error-shape", DEPLOYED),
    ("validations-are-null", "Where no member is at fault, validations are null.", lambda b: {"validations": None, **b},
     0, UNKNOWN, "rules.error-shape", BOTH),
    ("validations-are-an-object", "Validations are an object by member.",
     lambda b: {**b, "validations": {e["field"]: e["detail"] for e in b["validations"]}} if "validations" in b else b,
     0, FAULTY, "rules.error-shape", BOTH),
    ("validations-are-texts", "Validations are texts.", entries(lambda e: f"{e['field']}: {e['detail']}"), 0, FAULTY,
     "rules.error-shape", BOTH),
    ("validations-lack-detail", "Validations do not say what is wrong.", entries(without("detail")), 0, FAULTY,
     "rules.error-shape", BOTH),
    ("validations-lack-field", "Validations do not name the member.", entries(without("field")), 0, FAULTY,
     "rules.error-shape", BOTH),
    ("validations-say-path", "The member at fault is called path.",
     entries(lambda e: {"path": e["field"], "detail": e["detail"]}), 0, FAULTY, "rules.error-shape", BOTH),
    ("validations-are-called-errors", "Validations are called errors.",
     lambda b: {("errors" if name == "validations" else name): value for name, value in b.items()}, 0, FAULTY,
     "rules.validation-fields", DEPLOYED),
    ("validations-are-missing", "No answer names the members at fault.", without("validations"), 0, FAULTY,
     "rules.validation-fields", DEPLOYED),
    ("validations-are-empty", "Validations are always empty.", lambda b: {**b, "validations": []}, 0, FAULTY,
     "rules.validation-fields", DEPLOYED),
    ("validations-tell-the-first-alone", "Only the first fault of a request is told.",
     lambda b: {**b, "validations": b["validations"][:1]} if "validations" in b else b, 0,
     [make(type="x", base_url="x", name="X")], "rules.validation-fields", DEPLOYED),
    ("validations-tell-all-twice", "Every fault is told twice.",
     lambda b: {**b, "validations": b["validations"] * 2} if "validations" in b else b, 0, FAULTY,
     "rules.validation-fields", DEPLOYED),
    ("field-is-a-pointer", "Members are named by JSON pointers.",
     field(lambda f: "/" + f.replace("[", "/").replace("]", "")), 0, FAULTY, "rules.validation-fields", DEPLOYED),
    ("field-has-capitals", "Members are named as in the server's code.", field(lambda f: f.title().replace("_", "")), 0,
     FAULTY, "rules.validation-fields", DEPLOYED),
    ("field-has-a-prefix", "Members are named with body in front.", field(lambda f: f"body.{f}"), 0, FAULTY,
     "rules.validation-fields", DEPLOYED),
    ("field-index-has-a-dot", "Indices are written after a dot.", field(lambda f: re.sub(r"\[(\d+)\]", r".\1", f)), 0,
     SPACED, "rules.validation-fields", DEPLOYED),
    ("field-index-counts-from-one", "Indices count from one.",
     field(lambda f: re.sub(r"\[(\d+)\]", lambda m: f"[{int(m[1]) + 1}]", f)), 0, SPACED, "rules.validation-fields",
     DEPLOYED),
    ("field-lacks-its-index", "Entries of a list are named without index.", field(lambda f: re.sub(r"\[\d+\]", "", f)),
     0, SPACED, "rules.validation-fields", DEPLOYED),
    ("field-lacks-what-follows-the-index", "A member of an entry is named as the entry.",
     field(lambda f: f.split(".")[0]), 0, [make(), patch(api_keys=[{"api_key": " x"}])], "rules.validation-fields",
     DEPLOYED),
    ("field-base-url-is-url", "The base URL is named url.", field(lambda f: "url" if f == "base_url" else f), 0,
     [make(base_url="x")], "rules.validation-fields", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _change, _status, _probe, _check, _profiles in ROWS:
    declare_as(_id, _sentence, _told(_change, _status), _check, *_probe, profiles=_profiles)


def _raw(status: int, payload: bytes, media_type: str = "application/json; charset=utf-8") -> type:
    class Raw(Api):
        def error(self, request: Request, refusal: Refusal) -> Answer:
            answer = super().error(request, refusal)
            return (
                Answer(status, raw=payload, headers={"Content-Type": media_type}) if answer.status == status else answer
            )

    return Raw


RAW = [
    ("unauthenticated-answers-nothing", "A 401 has no body.", _raw(401, b""), [get(token=None)], BOTH),
    ("not-found-answers-text", "A 404 is plain text.", _raw(404, b"404 page not found\n", "text/plain"), UNKNOWN, BOTH),
    ("not-found-answers-html", "A 404 is a page for people.", _raw(404, b"<html></html>", "text/html"), UNKNOWN, BOTH),
    ("conflict-answers-nothing", "A 409 has no body.", _raw(409, b""), [make(), make()], BOTH),
    ("forbidden-answers-nothing", "A 403 has no body.", _raw(403, b""), [get(token="MEMBER_KEY")], DEPLOYED),
    ("faulty-body-answers-half-json", "A 400 is cut off.", _raw(400, b'{"message": "Bad'), FAULTY, BOTH),
]  # fmt: skip
for _id, _sentence, _mixin, _probe, _profiles in RAW:
    declare_as(_id, _sentence, _mixin, "rules.error-shape", *_probe, profiles=_profiles)


@fault("rules.error-shape", post(raw=b"{"))
class UndecodableBodyAnswersText(Api):
    """What is no JSON is refused in plain text, by a layer in front."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.message == "Request body must be valid JSON.":
            return Answer(400, raw=b"Bad Request", headers={"Content-Type": "text/plain"})
        return super().error(request, refusal)


@fault("rules.validation-fields", make(type="x", base_url="x"), profiles=DEPLOYED)
class FaultsAreToldOneByOne(Api):
    """Judging stops at the first fault, and tells it in the message alone."""

    def refuse(self, faults: Faults) -> None:
        super().refuse(faults[:1])


@fault("rules.validation-fields", make(), patch(base_url="x", api_keys=[{"api_key": ""}]), profiles=DEPLOYED)
class FaultsOfPatchesAreToldOneByOne(Api):
    """Judging a PATCH stops at the first fault."""

    def judge_patch(self, members: Body) -> Faults:
        return super().judge_patch(members)[:1]


@fault("rules.validation-fields", make(api_keys=[" a", "b "]), profiles=DEPLOYED)
class OnlyTheFirstFaultyKeyIsTold(Api):
    """Of several faulty keys only the first is told."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return super().judge_api_keys(value)[:1]
