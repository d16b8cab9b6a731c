"""Around the operations: error answers, media types, methods and paths that are not there."""

import json
from collections.abc import Iterable
from typing import Any

from contract_tests.checks.contexts import various
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
        wanted, subject = "a list of {field, detail}", "answer:validations"
        scene.expect(whole, f"{code}:validations", wanted, _shown(exchange), [exchange], subject=subject)


@check("rules.content-type", "JSON answers are application/json; what a request calls its body does not matter")
def content_type(scene: Scene) -> None:
    """Look at the type of success answers; as deployed, send bodies under other types."""
    made = scene.created()
    provider = made.document
    scene.got(provider["id"])  # the type of every answer is judged wherever it comes
    scene.listed()
    gone = scene.session.call(DELETE, scene.created().document["id"])
    scene.expect(not gone.reply.body, "204 body", "no body", f"{len(gone.reply.body)} bytes", [gone])
    types = ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", "nonsense")
    patches = ("application/merge-patch+json", "application/json-patch+json", "application/vnd.api+json")
    others = (*types, *patches, "application/octet-stream", None) if scene.deployed else ()
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
        if scene.deployed:
            nulls = {"display_name": None, "base_url": None, "api_keys": None, "settings": None}
            same = {name: scene.got(provider["id"]).document.get(name) for name in nulls}
            body = {**nulls, "enabled": True}
            exchange = scene.session.call(UPDATE, scene.way(provider), body=body, content_type=value)
            if scene.expect_status(exchange, (200,), f"{UPDATE}:{code}:null", why):
                scene.same(exchange, same, why="null is as good as absent, whatever the type of the body")


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
            allowing(scene, exchange, operations, where)
    declared = ("Content-Type", JSON_TYPE)
    others = {"unknown id": session.ledger.nobody(), "unknown name": session.ledger.name("nobody")}
    for code, target in {**others, "name": str(provider["name"])}.items():
        for method in ("PUT", "POST"):
            exchange = session.exchange(None, method, f"{base}/{target}{query}", (declared, *headers), body)
            allowed = (404, 405) if code in others and not scene.deployed else (405,)
            scene.expect_status(exchange, allowed, f"{method} {code}", "no item has that method, there or not")
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


def allowing(scene: Scene, exchange: Exchange, methods: Iterable[str], where: str) -> None:
    """Make sure that a 405 names the methods that the path has, spelt as they are (RFC 9110, 9.1), and not its own."""
    allow = {word.strip() for word in (exchange.reply.header("allow") or "").split(",")} - {""}
    scene.expect(
        set(methods) <= allow and exchange.method not in allow,
        f"{where}:allow",
        f"Allow: {', '.join(methods)}",
        f"Allow: {exchange.reply.header('allow')}" if allow else "no Allow",
        [exchange],
        severity=Severity.MINOR,
    )


@check("rules.trailing-slash", "The collection answers with a slash at the end as without", profiles=DEPLOYED)
def trailing_slash(scene: Scene) -> None:
    """Send every request to the collection with a slash at the end of the path."""
    session = scene.session
    headers, query = session.credentials("owner")
    path = f"{scene.contract.collection}/"
    made = scene.created(api_keys=[scene.key()], display_name="Slash").document
    listed = session.exchange(LIST, "GET", path + query, headers)
    if scene.expect_status(listed, (200,), LIST, "as without the slash"):
        found = scene.find(listed, made["id"])
        other, known = found or "another list", scene.changed(LIST, made, found)
        scene.expect(found == made, f"{LIST}:other", "the same list", other, [listed], subject=known)
    whole, taken = scene.body(), scene.body(name=made["name"])
    bodies: list[tuple[str, int, bytes]] = [
        *((f"{CREATE}:good", 201, json.dumps(various(scene, number)).encode()) for number in range(8)),
        (f"{CREATE}:empty", 400, b""),
        (f"{CREATE}:no JSON", 400, b"{"),
        (f"{CREATE}:list", 400, json.dumps([whole]).encode()),
        (f"{CREATE}:faulty", 400, json.dumps({**whole, "name": "No Name", "api_keys": [scene.secret()]}).encode()),
        (f"{CREATE}:wrong type", 400, json.dumps({**whole, "enabled": "yes"}).encode()),
        (f"{CREATE}:taken", 409, json.dumps(taken).encode()),
    ]
    for code, status, data in bodies:
        typed = (("Content-Type", JSON_TYPE),) if data else ()
        exchange = session.exchange(CREATE, "POST", path + query, (*typed, *headers), data)
        if scene.expect_status(exchange, (status,), code, "as without the slash") and status == 201:
            scene.same(exchange, {name: exchange.sent[name] for name in ("name", "type", "base_url")})
            got = session.call(GET, str(exchange.document.get("id")))
            scene.same(got, exchange.document, why="the create said so")
    for method in ("PUT", "PATCH", *(() if session.ledger.strangers else ("DELETE",))):
        exchange = session.exchange(None, method, path + query, (("Content-Type", JSON_TYPE), *headers), bodies[0][2])
        if scene.expect_status(exchange, (405,), f"{method}:405", "as without the slash"):
            allowing(scene, exchange, ("GET", "POST"), "slash")
    _slash_of_others(scene, path, bodies[0][2])


def _slash_of_others(scene: Scene, path: str, body: bytes) -> None:
    """Send requests of those who may not ask to the collection with a slash, by every carrier."""
    who = [("nobody", 401)] if scene.options.token is not None else []
    who += [("other", 403)] if scene.options.other_token is not None else []
    for principal, status in who:
        for carrier, _ in scene.contract.carriers[: 1 if principal == "nobody" else None]:
            headers, query = scene.session.credentials(principal, carrier)
            typed = (("Content-Type", JSON_TYPE), *headers)
            for exchange in (
                scene.session.exchange(LIST, "GET", path + query, headers, principal=principal),
                scene.session.exchange(CREATE, "POST", path + query, typed, body, principal=principal),
            ):
                code, why = f"{exchange.operation}:{status}", "as without the slash"
                scene.expect_status(exchange, (status,), code, why, severity=Severity.CRITICAL)


@check("rules.unknown-path", "An unknown path is answered 404 with the error object", profiles=DEPLOYED)
def unknown_path(scene: Scene) -> None:
    """Ask for paths below /api/v2 that nobody has, by every method."""
    session = scene.session
    headers, query = session.credentials("owner")
    own = scene.created(api_keys=[scene.key()], enabled=True).document
    methods, count = ("GET", "POST", "PUT", "PATCH", "DELETE"), scene.options.amount(2, 5, 5)
    for number, (code, path) in enumerate(nowhere(scene, own).items()):
        for turn in range(count):
            method = methods[(number + turn * (2 if count < len(methods) else 1)) % len(methods)]
            if method not in {"GET", "POST"} and not harmless(scene, path):
                method = "POST" if turn % 2 else "GET"
            change = {"display_name": "Lost", "api_keys": [scene.secret()]} if number % 2 else scene.body()
            data = json.dumps(change).encode() if method in {"POST", "PUT", "PATCH"} else b""
            typed = (("Content-Type", JSON_TYPE),) if data else ()
            exchange = session.exchange(None, method, path + query, (*typed, *headers), data)
            if scene.expect_status(exchange, (404,), f"{method} {code}", "no such path"):
                message, given = exchange.document.get("message"), exchange.reply.header("content-type") or ""
                good = isinstance(message, str) and given.partition(";")[0].strip().lower() == JSON_TYPE
                scene.expect(good, f"{code}:shape", "the error object, as JSON", _shown(exchange), [exchange])
    scene.unchanged(own, [], "effect")


def nowhere(scene: Scene, own: dict[str, Any]) -> dict[str, str]:
    """Return paths below /api/v2 that nobody has, near those that there are and far from them."""
    ledger, base = scene.session.ledger, scene.contract.collection
    root, above = base.split("/ai/")[0], base.rpartition("/")[0]
    item, mark = f"{base}/{own['id']}", ledger.name("x")
    return {
        "sibling": f"{root}/{ledger.prefix}nothing",
        "sibling of the collection": f"{above}/{mark}",
        "collection's name cut": base[:-1],
        "collection's name spelt otherwise": f"{base[:-1]}x",
        "collection's name going on": f"{base}x",
        "collection's name going on with a dash": f"{base}-{mark}",
        "collection's name going on with a dot": f"{base}.json",
        "collection's name going on below": f"{base}-{mark}/{own['id']}",
        "collection's name behind another": f"{above}/{mark}/providers",
        "word before the collection": f"{root}/{mark}/ai/providers",
        "collection without its group": f"{root}/providers",
        "item without its group": f"{root}/providers/{own['id']}",
        "below nobody's item": f"{base}/{ledger.nobody()}/keys",
        "below an item": f"{item}/keys",
        "far below an item": f"{item}/api_keys/{ledger.nobody()}",
        "below an item by name": f"{base}/{own['name']}/settings",
        "item of an item": f"{item}/{own['name']}",
        "two slashes before an item": f"{base}//{own['id']}",
        "two slashes within": f"{above}//{base.rpartition('/')[2]}",
        "other case": base.replace("/ai/", "/AI/"),
        "other case of the last word": f"{above}/Providers",
    }


def harmless(scene: Scene, path: str) -> bool:
    """Tell whether a broken server can take a path for no more than what this run made, whatever part it looks at."""
    words = [word for word in path.split("/")[3:] if word]
    ledger = scene.session.ledger
    return any(ledger.marked(word) or word in ledger.ids or ledger.is_nobody(word) for word in words) and not (
        path.rstrip("/").endswith("/providers")
    )


def _shown(exchange: Exchange) -> Any:
    return exchange.json if exchange.json else exchange.reply.body.decode("utf-8", "replace")[:200]
