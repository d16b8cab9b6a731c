"""The independent server holds the golden conversations too, as far as these are the contract and not a habit."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mockserver.contract import yamlfile
from tests.golden.casefile import Case, at_pointer, filled, leaks, mismatch, read_cases, secrets_of
from tests.independent.app import Api, create_app
from tests.independent.asking import COLLECTION, Reply, Step, ask
from tests.independent.values import Key, Provider, moment

ROOT = Path(__file__).parents[2]
CASES = [case for case in read_cases() if case.fixture in {"default", "empty"}]

# What a case states beyond the contract, by the part that is not compared; the rest of the case is.
HABITS = {
    "status": {
        "both/transport-too-large": "how large a body may be is nowhere said",
    },
    "fields": {
        "both/types-create": "a member of the wrong JSON type is told as a body that cannot be decoded",
        "both/types-patch": "as above",
        "both/fields-type-faulty": "as above",
        "both/fields-enabled-patched": "as above",
        "both/rejections-change-nothing": "as above",
        "documented/faults-together-create": "the page does not say that faults are told together",
        "deployed/faults-together-create": "a member of the wrong JSON type is told as a body that cannot be decoded",
        "deployed/faults-together-patch": "as above",
        "deployed/order-body-before-lookup": "as above",
        "deployed/transport-any-content-type": "as above",
        "deployed/settings-unknown-kind": "as above",
    },
}
RUNS = [
    pytest.param(case, profile, reading, id=f"{case.name}-{profile}-{reading}")
    for case in CASES
    for profile, reading in (("deployed", "lenient"), ("documented", "lenient"), ("documented", "strict"))
    if profile in case.profiles and (reading == "lenient" or case.name.startswith("both/"))
]


def fixture(name: str) -> list[Provider]:
    """Return the providers of a fixture file of the mock."""
    rows = yamlfile.load(ROOT / "fixtures" / f"{name}.yaml").get("providers", [])
    return [
        Provider(
            **{member: row[member] for member in ("id", "type", "name", "base_url", "enabled")},
            display_name=row.get("display_name", ""),
            settings=row.get("settings"),
            keys=tuple(Key(k["id"], k["api_key"], moment(str(k["created_at"]))) for k in row.get("api_keys", ())),
            created_at=moment(str(row["created_at"])),
            updated_at=moment(str(row["updated_at"])),
        )
        for row in rows
    ]


def asked(app: Api, request: dict[str, Any], saved: dict[str, Any]) -> Reply:
    raw = request.get("raw")
    headers = dict(request.get("headers", {}))
    if headers.get("Content-Type", "") is None:
        headers["Content-Type"] = ""
    token = request.get("token", "API_KEY")
    step = Step(
        request["method"],
        filled(request["path"], saved),
        filled(request.get("body"), saved),
        None if raw is None else (raw * request.get("repeat", 1)).encode(),
        token,
        filled(request.get("query") or {}, saved),
        headers,
    )
    return ask(app, step)


def plain(payload: bytes) -> Any:
    """Return a body with its times in the spelling of the golden cases."""
    text = re.sub(r'(\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00"', r'\1Z"', payload.decode())
    text = re.sub(r'(:\d\d\.\d*?)0+Z"', r'\1Z"', text)
    return json.loads(re.sub(r'\.Z"', 'Z"', text)) if text else None


def members(body: Any) -> list[str]:
    """Return the members at fault, in any order; settings count as one member."""
    found = body.get("validations", []) if isinstance(body, dict) else []
    return sorted({re.sub(r"^settings\..*", "settings", entry["field"]) for entry in found})


def methods(allow: str) -> set[str]:
    return set(allow.split(", ")) - {"HEAD"}


@pytest.mark.parametrize(("case", "profile", "reading"), RUNS)
def test_conversation(case: Case, profile: str, reading: str) -> None:
    app = create_app(profile, reading=reading, providers=fixture(case.fixture))
    saved: dict[str, Any] = {}
    for number, step in enumerate(case.exchanges, 1):
        expect = filled(step["expect"], saved)
        reply = asked(app, step["request"], saved)
        body = plain(reply.payload)
        found = faults(case, expect, reply, body)
        found += off_contract(profile, step["request"], reply)
        secrets = secrets_of(case, settings=profile == "deployed")
        found += [f"leaks {secret!r}" for secret in leaks(reply.payload.decode(), secrets)]
        assert not found, f"{case.title}\nstep {number}: {step}\n{found}\n{reply}"
        for name, pointer in step["expect"].get("save", {}).items():
            saved[name] = at_pointer(body, pointer)


def faults(case: Case, expect: dict[str, Any], reply: Reply, body: Any) -> list[str]:
    found = []
    if case.name not in HABITS["status"] and reply.status != expect["status"]:
        found.append(f"status {reply.status}, wanted {expect['status']}")
    if "body" in expect:
        found.append(mismatch(expect["body"], body, exact=True))
    if "contains" in expect and reply.status < 400:
        found.append(mismatch(expect["contains"], body, exact=False))
    wanted = sorted({re.sub(r"^settings\..*", "settings", name) for name in expect.get("fields", ())})
    if "fields" in expect and case.name not in HABITS["fields"] and members(body) != wanted:
        found.append(f"fields {members(body)}, wanted {wanted}")
    for name, value in expect.get("headers", {}).items():
        sent = reply.headers.get(name)
        if name == "Allow":
            found.append("" if sent and (value == "$text" or methods(sent) == methods(value)) else f"Allow: {sent}")
        else:
            found.append(mismatch(value, sent, exact=True))
    for pointer in expect.get("absent", ()):
        try:
            at_pointer(body, pointer)
        except LookupError:
            continue
        found.append(f"{pointer} is there")
    return [fault for fault in found if fault]


@cache
def document(profile: str) -> tuple[dict[str, Any], Any]:
    """Return a document, and a validator for each of its schemas by JSON pointer."""
    loaded = yamlfile.load(ROOT / "openapi" / f"{profile}.yaml")
    return loaded, jsonschema_rs.validator_map_for(loaded, validate_formats=True, offline=True)


def off_contract(profile: str, request: dict[str, Any], reply: Reply) -> list[str]:
    """Return where an answer is not what the document says; other paths and methods are not in it."""
    path = request["path"].rstrip("/") if profile == "deployed" else request["path"]
    template = path if path == COLLECTION else f"{COLLECTION}/{{idOrName}}"
    method = request["method"].lower()
    loaded, validators = document(profile)
    if not re.fullmatch(f"{COLLECTION}(/[^/]+)?", path) or method not in loaded["paths"][template]:
        return []
    pointer = f"#/paths/{template.replace('/', '~1')}/{method}/responses/{reply.status}"
    declared = loaded["paths"][template][method]["responses"].get(str(reply.status))
    if declared is None:
        return [f"the document has no {reply.status} for {method} {template}"]
    if "$ref" in declared:
        pointer = declared["$ref"]
        declared = loaded["components"]["responses"][pointer.rpartition("/")[2]]
    if "content" not in declared:
        return ["a body where none may be"] if reply.payload else []
    if reply.headers.get("Content-Type") != "application/json; charset=utf-8":
        return [f"Content-Type: {reply.headers.get('Content-Type')}"]
    validator = validators[f"{pointer}/content/application~1json/schema"]
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(reply.json)]


def test_habits_name_cases_that_exist() -> None:
    assert {name for group in HABITS.values() for name in group} <= {case.name for case in CASES}
