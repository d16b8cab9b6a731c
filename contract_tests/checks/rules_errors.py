"""Errors are the same whoever asks: the error object as JSON, with a message, whatever a client would take."""

import json
from collections.abc import Callable
from typing import Any

from contract_tests.checks.contexts import Pool, beside, numbered, pairs, various
from contract_tests.documents import CREATE, DELETE, GET, LIST, OPERATIONS, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.scene import UNLISTED, Scene
from contract_tests.wire import Headers

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# What a client says of itself; an empty Accept is not sent at all.
CLIENTS: dict[str, Headers] = {
    "a browser": (
        ("Accept", PAGE),
        ("User-Agent", BROWSER),
        ("Accept-Language", "de-DE,de;q=0.9"),
        ("Accept-Encoding", "gzip, deflate"),
    ),
    "anything": (("Accept", "*/*"),),
    "nothing": (("Accept", ""), ("User-Agent", "")),
    "a script": (("Accept", "application/json, text/plain, */*"), ("X-Requested-With", "XMLHttpRequest")),
    "curl": (("Accept", "*/*"), ("User-Agent", "curl/8.14.1")),
    "a library": (("Accept", "application/json;charset=utf-8, */*;q=0.1"), ("User-Agent", "python-requests/2.32.4")),
    "a tool": (("Accept", "application/json;q=0.9, application/yaml;q=0.2"), ("User-Agent", "Wget/1.25.0")),
}
LONG = "Length matters: what is long is compressed. " * 110
PICKY: dict[str, Headers] = {  # who takes no JSON gets it all the same, as deployed
    "pages": (("Accept", "text/html"),),
    "XML": (("Accept", "application/xml"),),
    "text": (("Accept", "text/plain"), ("Accept-Language", "fr")),
    "pages first": (("Accept", "text/html, application/json;q=0.5"),),
    "problems": (("Accept", "application/problem+json"),),
    "pictures": (("Accept", "image/*"),),
    "streams": (("Accept", "text/event-stream"),),
    "JSON of a vendor": (("Accept", "application/vnd.api+json"),),
}
# What a list or a get may be asked with, which the contract does not know.
PARAMETERS = ("limit=1", "offset=1", "page=2", "enabled=true", "type=azure", "q=x", "sort=-name", "fields=id", "name=x",
              "_method=DELETE", "include_deleted=true", "format=xml", "pretty", "a=b=c&&", "callback=f")  # fmt: skip
# Headers that say nothing to this API.
IDLE: tuple[Headers, ...] = (
    (("X-Forwarded-For", "10.0.0.1"), ("X-Real-IP", "10.0.0.1")),
    (("X-Request-Id", "1"),),
    (("Cookie", "theme=dark"),),
)
HEADERS: tuple[Headers, ...] = (
    *IDLE,
    (("X-HTTP-Method-Override", "DELETE"),),
    (("X-HTTP-Method", "PATCH"), ("X-Method-Override", "PUT")),
    (("Authorization", "Basic bm9ib2R5Om5vYm9keQ=="),),
    (("Cache-Control", "no-cache"), ("Prefer", "return=minimal")),
    (("If-Modified-Since", "Tue, 01 Jan 2019 00:00:00 GMT"), ("If-None-Match", '"0"')),  # neither holds anything back
    (("Range", "items=0-0"),),
    (("Origin", "https://app.example.com"), ("Referer", "https://app.example.com/providers?page=1")),
    (("Cookie", "a=b=c; d; =e; f="), ("Accept-Charset", "iso-8859-1")),
)


@check("rules.clients", "Whatever a client says of itself, answers and errors are JSON", variants=OPERATIONS)
def clients(scene: Scene) -> None:
    """Send good requests and those that are refused for every reason, as clients of every kind."""
    operation = scene.check.variant
    kinds = CLIENTS | (PICKY if scene.deployed else {})
    cases = _cases(scene, operation)
    rows = pairs(cases, list(kinds.items()), strength=scene.options.effort)
    if scene.options.effort == "quick":  # each as a browser, and as one of the others in turn
        browser, *others = kinds.items()
        turn = OPERATIONS.index(operation)
        rows = [(case, who) for n, case in enumerate(cases) for who in (browser, others[(n + turn) % len(others)])]
    for number, ((code, statuses, send), (kind, headers)) in enumerate(rows):
        exchange = send(number, headers)
        why = f"the client takes {kind}"
        if scene.expect_status(exchange, statuses, f"{operation}:{code}:{kind}", why) and min(statuses) >= 400:
            told(scene, exchange, f"{operation}:{code}")


def told(scene: Scene, exchange: Exchange, code: str) -> None:
    """Make sure that an error answer is the error object, as JSON, and says something."""
    message = exchange.document.get("message")
    given = (exchange.reply.header("content-type") or "").partition(";")[0].strip().lower()
    good = isinstance(message, str) and bool(message.strip()) and given == "application/json"
    found = exchange.json if exchange.json else exchange.reply.body.decode("utf-8", "replace")[:200]
    scene.expect(good, f"{code}:shape", "the error object, as JSON", f"{given}: {found}", [exchange])


def _cases(scene: Scene, operation: str) -> list[tuple[str, tuple[int, ...], Callable[[int, Headers], Exchange]]]:
    """Return what is sent for an operation: what it is, the statuses that are right, and what sends it."""
    session, pool = scene.session, Pool(scene, 2, ("openai", "azure"))
    own = operation in {GET, UPDATE, DELETE}
    malformed, ghost = f"{session.ledger.prefix}No_Name", session.ledger.nobody()

    def sender(target: str | None, body: Any, raw: bytes | None, who: str) -> Callable[[int, Headers], Exchange]:
        def send(number: int, headers: Headers) -> Exchange:
            aim = scene.way(pool.take(number)) if own and target is None else target
            data = body(number) if callable(body) else body
            return session.call(operation, aim, body=data, raw=raw, principal=who, headers=headers)

        return send

    good: Any = {CREATE: lambda number: various(scene, number), UPDATE: {"display_name": "Client"}}.get(operation)
    taken: Any = lambda number: scene.body(name=pool.take(number)["name"])  # noqa: E731 - one of many of its kind
    cases: list[tuple[str, tuple[int, ...], Callable[[int, Headers], Exchange]]] = []
    if operation != DELETE:
        cases.append(("good", (201,) if operation == CREATE else (200,), sender(None, good, None, "owner")))
        long: Any = {CREATE: lambda number: scene.body(display_name=LONG), UPDATE: {"display_name": LONG}}.get(
            operation
        )
        target = str(scene.created(display_name=LONG).document["id"]) if operation != CREATE else None
        cases.append(("long", cases[0][1], sender(target if own else None, long, None, "owner")))
    if own:
        cases.append(("unknown", (404,), sender(ghost, good, None, "owner")))
        odd = (400,) if scene.deployed else (400, 404)
        cases.append(("malformed", odd, sender(malformed, good, None, "owner")))
    if operation in {CREATE, UPDATE}:
        cases.append(("no JSON", (400,), sender(None, None, b"{", "owner")))
        cases.append(("wrong type", (400,), sender(None, {"enabled": "yes"}, None, "owner")))
        if scene.deployed:
            cases.append(("wrong value", (400,), sender(None, {"base_url": "nope"}, None, "owner")))
    if operation == CREATE:
        cases.append(("taken", (409,), sender(None, taken, None, "owner")))
    if scene.options.token is not None:
        cases.append(("nobody", (401,), sender(None, good, None, "nobody")))
        cases.append(("unknown token", (401,), sender(None, good, None, "unknown")))
    if scene.deployed and scene.options.other_token is not None:
        cases.append(("no owner", (403,), sender(None, good, None, "other")))
    return cases


@check("rules.nothing-said", "Parameters and headers that the contract does not know change nothing")
def nothing_said(scene: Scene) -> None:
    """Send good requests with parameters and headers beside what the contract knows."""
    session, pool = scene.session, Pool(scene, 3)
    _, token = session.credentials("owner")
    headers = session.credentials("owner")[0]
    made = [pool.take(number) for number in range(3)]
    base = scene.contract.collection
    laps = scene.options.amount(1, 2, 6)
    for number, parameter in numbered(PARAMETERS if scene.deployed else (), laps):
        query = f"{token}&{parameter}" if token else f"?{parameter}"
        listed = session.exchange(LIST, "GET", base + (token if "_method" in parameter else query), headers)
        if scene.expect_status(listed, (200,), f"{LIST}:{parameter}", "the parameter says nothing"):
            missing = [one["name"] for one in made if scene.find(listed, one["id"]) != one]
            shown = [(one, scene.find(listed, one["id"])) for one in made]
            known = [cause for one, found in shown for cause in scene.changed(LIST, one, found)]
            told = next((cause for cause in known if scene.session.recorder.knows(cause)), f"{LIST}:parameters")
            what = f"lacks {missing}, as they are"
            scene.expect(not missing, f"{LIST}:{parameter}", "the whole list", what, [listed], subject=told)
        if laps == 1 and number % 3:
            continue
        one = made[number % 3]
        got = session.exchange(GET, "GET", f"{base}/{one['name']}{query}", headers)
        if scene.expect_status(got, (200,), f"{GET}:{parameter}", "the parameter says nothing"):
            scene.same(got, one, why=f"{parameter} says nothing")
    for number, further in numbered(HEADERS if scene.deployed else IDLE, laps):
        one = made[number % 3]
        got = session.call(GET, one["id"], headers=further)
        name = further[0][0]
        if scene.expect_status(got, (200,), f"{GET}:{name}", "the header says nothing"):
            scene.same(got, one, why=f"{name} says nothing")
        if "Method" not in name:  # which a broken server might take to mean all that there is
            created = session.call(CREATE, body=various(scene, number), headers=further)
            scene.expect_status(created, (201,), f"{CREATE}:{name}", "the header says nothing")
        for title in (f"With {name}", f"Again with {name}"):
            body = beside(scene, number, one, display_name=title)
            exchange = session.call(UPDATE, one["id"], body=body, headers=further)
            if scene.expect_status(exchange, (200,), f"{UPDATE}:{name}", "the header says nothing"):
                scene.same(exchange, {"display_name": title}, why=f"{name} says nothing")
                one = made[number % 3] = exchange.document
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override") if scene.deployed else ():
        created = session.call(CREATE, body=scene.body(), headers=((name, "GET"),))
        scene.expect_status(created, (201,), f"{CREATE}:{name}", "the header says nothing")
    going = scene.created().document["id"]
    exchange = session.call(DELETE, going, headers=(("Content-Type", "application/json"),))
    scene.expect_status(exchange, (204,), f"{DELETE}:Content-Type", "the header says nothing, there is no body")
    pooled = json.dumps([one["id"] for one in made])
    listed = scene.listed()
    gone = [one["id"] for one in made if scene.find(listed, one["id"]) is None]
    scene.expect(not gone, "gone", f"all of {pooled}", f"{gone} are gone", [listed], subject=UNLISTED)
