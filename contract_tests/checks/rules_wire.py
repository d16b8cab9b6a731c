"""Around the operations: error answers, media types, methods and paths that are not there."""

import json
from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, LIST, OPERATIONS, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene

DEPLOYED = ("deployed",)
JSON_TYPE = "application/json"


def refusals(scene: Scene) -> list[tuple[str, Exchange]]:
    """Provoke an error answer of every kind that a client meets, each with a word on what it is."""
    session, ghost = scene.session, scene.session.ledger.nobody()
    provider = scene.created().document
    found = [
        ("GET 404", session.call(GET, ghost)),
        ("PATCH 404", session.call(UPDATE, ghost, body={"enabled": True})),
        ("DELETE 404", session.call(DELETE, ghost)),
        ("POST 400", session.call(CREATE, body={"name": 5})),
        ("POST not JSON", session.call(CREATE, raw=b"{")),
        ("PATCH 400", session.call(UPDATE, scene.way(provider), body={"enabled": "yes"})),
        ("PATCH not JSON", session.call(UPDATE, scene.way(provider), raw=b"{")),
        ("POST 409", session.call(CREATE, body=scene.body(name=provider["name"]))),
    ]
    if scene.options.token is not None:
        for operation in OPERATIONS:
            target = provider["id"] if operation in {GET, UPDATE, DELETE} else None
            body = {"enabled": True} if operation == UPDATE else scene.body() if operation == CREATE else None
            found.append((f"{operation} 401", session.call(operation, target, body=body, principal="nobody")))
            if scene.deployed and scene.options.other_token is not None:
                found.append((f"{operation} 403", session.call(operation, target, body=body, principal="other")))
    return found


@check("rules.error-shape", "Every error answer is an object with a message")
def error_shape(scene: Scene) -> None:
    """Look at an error answer of every kind: message, detail and validations as the contract has them."""
    for _, exchange in refusals(scene):
        if exchange.reply.trouble is not None or (exchange.status or 0) < 400 or (exchange.status or 0) >= 500:
            continue
        document, code = exchange.document, str(exchange.status)
        message, detail = document.get("message"), document.get("detail", "")
        good = isinstance(message, str)
        scene.expect(good, f"{code}:message", "a message", _shown(exchange), [exchange], subject="answer:message")
        scene.expect(
            isinstance(detail, str), f"{code}:detail", "detail is text or absent", _shown(exchange), [exchange]
        )
        empty = isinstance(message, str) and not message.strip()
        scene.expect(not empty, f"{code}:empty", "a message that says something", _shown(exchange), [exchange])
        entries = document.get("validations", [])
        listed = entries if isinstance(entries, list) else [None]
        whole = all(isinstance(one, dict) and {"field", "detail"} <= set(one) for one in listed)
        scene.expect(whole, f"{code}:validations", "a list of {field, detail}", _shown(exchange), [exchange])


@check("rules.content-type", "JSON answers are application/json; what a request calls its body does not matter")
def content_type(scene: Scene) -> None:
    """Look at the type of success answers; as deployed, send bodies under other types."""
    made = scene.created()
    provider = made.document
    scene.got(provider["id"])  # the type of every answer is judged wherever it comes
    scene.listed()
    gone = scene.session.call(DELETE, scene.created().document["id"])
    scene.expect(not gone.reply.body, "204 body", "no body", f"{len(gone.reply.body)} bytes", [gone])
    given = gone.reply.header("content-type")
    scene.expect(
        gone.status != 204 or given is None,
        "204 type",
        "no Content-Type where there is no content",
        f"Content-Type: {given}",
        [gone],
        severity=Severity.MINOR,
    )
    types = ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", "nonsense")
    others = (*types, "application/merge-patch+json", None) if scene.deployed else ()
    for value in ("application/json; charset=utf-8", "Application/JSON", *others):
        code = value or "none"
        why = "the body is read as JSON whatever its type"
        body = scene.body(display_name=f"As {code}", enabled=True)
        exchange = scene.session.call(CREATE, body=body, content_type=value)
        if scene.expect_status(exchange, (201,), f"{CREATE}:{code}", why):
            scene.same(exchange, body, why=why)
        change = {"display_name": f"As {code}", "enabled": False}
        exchange = scene.session.call(UPDATE, scene.way(provider), body=change, content_type=value)
        if scene.expect_status(exchange, (200,), f"{UPDATE}:{code}", why):
            scene.same(exchange, change, why=why)


@check("rules.method-not-allowed", "A method that a path does not have is answered 405 with Allow")
def method_not_allowed(scene: Scene) -> None:
    """Send methods that the contract does not have; nothing may come of them."""
    session = scene.session
    provider = scene.created(display_name="Untouched").document
    base = scene.contract.collection
    item = f"{base}/{provider['id']}"
    headers, query = session.credentials("owner")
    body = json.dumps({"display_name": "Touched", "enabled": True, "api_keys": [scene.secret()]}).encode()
    for path, operations, methods in (
        (base, {"GET": LIST, "POST": CREATE}, ("PUT", "PATCH", "DELETE")),
        (item, {"GET": GET, "PATCH": UPDATE, "DELETE": DELETE}, ("PUT", "POST")),
    ):
        where = "collection" if path == base else "item"
        for method in methods:
            if path == base and method == "DELETE" and session.ledger.strangers:
                continue  # a broken server might take it to mean all of them
            data, typed = (b"", ()) if method == "DELETE" else (body, (("Content-Type", JSON_TYPE),))
            exchange = session.exchange(None, method, path + query, (*typed, *headers), data)
            if not scene.expect_status(exchange, (405,), f"{method} {where}", f"the {where} has no {method}"):
                scene.unchanged(provider, [exchange], f"{method} {where}:effect")
                continue
            for operation in operations.values():
                session.coverage.count_status(operation, 405)
            allow = {word.strip().upper() for word in (exchange.reply.header("allow") or "").split(",")} - {""}
            missing, wrong = sorted(set(operations) - allow), method in allow
            scene.expect(
                not missing and not wrong,
                f"{where}:allow",
                f"Allow: {', '.join(operations)}",
                f"Allow: {exchange.reply.header('allow')}" if allow else "no Allow",
                [exchange],
                severity=Severity.MINOR,
            )
    scene.unchanged(provider, [], "effect")
    for path in (base, item):
        trace = session.exchange(None, "TRACE", path + query, headers)
        scene.expect_status(trace, (405,), "TRACE", "the contract has no TRACE")
        session.exchange(None, "OPTIONS", path + query, headers)  # left open, but no failure
        head = session.exchange(None, "HEAD", path + query, headers)
        scene.expect(not head.reply.body, "HEAD body", "no body", f"{len(head.reply.body)} bytes", [head])
        if scene.options.token is not None:
            nobody = session.exchange(None, "HEAD", path, (), principal="nobody")
            open_door = nobody.ok and nobody.reply.trouble is None
            scene.expect(
                not open_door,
                "HEAD 401",
                "no success without a token",
                scene.described(nobody),
                [nobody],
                severity=Severity.CRITICAL,
            )


@check("rules.trailing-slash", "The collection answers with a slash at the end as without", profiles=DEPLOYED)
def trailing_slash(scene: Scene) -> None:
    """List and create with a slash at the end of the path."""
    session = scene.session
    headers, query = session.credentials("owner")
    path = f"{scene.contract.collection}/"
    made = scene.created().document
    listed = session.exchange(LIST, "GET", path + query, headers)
    if scene.expect_status(listed, (200,), LIST, "as without the slash"):
        found = scene.find(listed, made["id"])
        scene.expect(found == made, f"{LIST}:other", "the same list", found or "another list", [listed])
    body = scene.body()
    data = json.dumps(body).encode()
    exchange = session.exchange(CREATE, "POST", path + query, (("Content-Type", JSON_TYPE), *headers), data)
    if scene.expect_status(exchange, (201,), CREATE, "as without the slash"):
        scene.same(exchange, {"name": body["name"]})
    nobody = session.exchange(LIST, "GET", path, (), principal="nobody")
    if scene.options.token is not None:
        scene.expect_status(nobody, (401,), f"{LIST}:401", "as without the slash", severity=Severity.CRITICAL)


@check("rules.unknown-path", "An unknown path is answered 404 with the error object", profiles=DEPLOYED)
def unknown_path(scene: Scene) -> None:
    """Ask for paths below /api/v2 that nobody has."""
    session = scene.session
    headers, query = session.credentials("owner")
    base = scene.contract.collection
    root = base.split("/ai/")[0]
    for code, path in {
        "sibling": f"{root}/{session.ledger.prefix}nothing",
        "other word": f"{base[:-1]}x",
        "below nobody's item": f"{base}/{session.ledger.nobody()}/keys",
        "below an item": f"{base}/{scene.created().document['id']}/keys",
        "other case": base.replace("/ai/", "/AI/"),
        "other case of the last word": f"{base.rpartition('/')[0]}/Providers",
    }.items():
        for method in ("GET", "POST"):
            data = json.dumps({"api_keys": [scene.secret()]}).encode() if method == "POST" else b""
            typed = (("Content-Type", JSON_TYPE),) if data else ()
            exchange = session.exchange(None, method, path + query, (*typed, *headers), data)
            if scene.expect_status(exchange, (404,), f"{method} {code}", "no such path"):
                message, given = exchange.document.get("message"), exchange.reply.header("content-type") or ""
                good = isinstance(message, str) and given.partition(";")[0].strip().lower() == JSON_TYPE
                scene.expect(good, f"{code}:shape", "the error object, as JSON", _shown(exchange), [exchange])


def _shown(exchange: Exchange) -> Any:
    return exchange.json if exchange.json else exchange.reply.body.decode("utf-8", "replace")[:200]
