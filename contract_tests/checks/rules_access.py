"""Who may not ask gets nothing: every operation, whatever it is for and brings, however the token comes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contract_tests.checks.contexts import SETTINGS, pairs, turned, various
from contract_tests.checks.rules_auth import Credentials, carried
from contract_tests.checks.rules_faults import faulty_changes, good_changes, malformed_targets, unknown_targets
from contract_tests.documents import CREATE, DELETE, GET, LIST, OPERATIONS, UPDATE
from contract_tests.errors import Blocked
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene
from contract_tests.session import UNKNOWN_TOKEN
from contract_tests.wire import Headers

Body = dict[str, Any]
FAULTY = (400, 401, 403, 404, 409)  # what may come of a faulty request of somebody who may not ask


@dataclass(frozen=True)
class Ask:
    """One request, whoever sends it. `good` tells whether an owner would be served."""

    code: str
    path: str
    body: bytes
    good: bool


@check("rules.access", "Whoever may not ask gets nothing, whatever the request is for and brings", variants=OPERATIONS)
def access(scene: Scene) -> None:
    """Send every kind of request without a valid token, and as deployed with that of no owner; then good ones."""
    if scene.options.token is None:
        raise Blocked("needs --token")
    operation = scene.check.variant
    targets = _targets(scene)
    asks = list(_asks(scene, targets))
    refused, others = _nobodies(scene), _others(scene)
    effort = scene.options.effort
    for who, credentials in (("nobody", refused), ("other", others)):
        rows = pairs(asks, credentials, strength=effort) if credentials else []
        for ask, (code, headers, query) in rows:
            exchange = _sent(scene, ask, headers, query, who)
            wanted = (401,) if who == "nobody" else (403,) if ask.good else FAULTY
            why = "no valid token was sent" if who == "nobody" else "the user lacks the owner role"
            kind = f"{operation}:{ask.code}:{code}"
            scene.expect_status(exchange, wanted, kind, why, severity=Severity.CRITICAL)
        _nothing_done(scene, targets, rows, who)
    _served(scene, targets)


def _targets(scene: Scene) -> list[Body]:
    """Return providers that the requests of an operation aim at: with keys and on, with settings and off."""
    if scene.check.variant in {LIST, CREATE}:
        return [scene.created(api_keys=[scene.key()]).document]
    made = [scene.created(enabled=True, display_name="Held", api_keys=[scene.key(), scene.key()]).document]
    settings = {**SETTINGS, "access_key": scene.key(), "access_key_secret": scene.key()}
    made.append(scene.created(type="bedrock", settings=settings if scene.deployed else dict(SETTINGS)).document)
    made.append(scene.created(type="anthropic", enabled=False, api_keys=[scene.key()]).document)
    return made


def _asks(scene: Scene, targets: list[Body]) -> Iterator[Ask]:
    """Yield the requests of an operation: good ones and faulty ones, for what is there, is not, and cannot be."""
    operation, base = scene.check.variant, scene.contract.collection
    paths = (base, f"{base}/") if scene.deployed else (base,)
    if operation == LIST:
        for path in paths:
            yield Ask(f"{path[len(base) :] or 'plain'}", path, b"", True)
        return
    if operation == CREATE:
        for number, (code, data, good) in enumerate(_creates(scene, targets[0])):
            yield Ask(code, paths[number % len(paths)], data, good)
        return
    own = [str(one[name]) for one in targets for name in ("id", "name")]
    own += [str(targets[0]["id"]).upper()] if scene.deployed else []
    unknown, malformed = list(unknown_targets(scene).values()), list(malformed_targets(scene).values())
    if operation == UPDATE:
        yield from _changes(scene, own, unknown, malformed)
        return
    some = slice(None, None, 4 if scene.options.effort == "quick" else 1)
    for target in (*own, *unknown, *malformed[some]):
        yield Ask("own" if target in own else "unknown", f"{base}/{_quoted(target)}", b"", target in own)


def _changes(scene: Scene, own: list[str], unknown: list[str], malformed: list[str]) -> Iterator[Ask]:
    """Yield PATCHes with every body, for what is there, is not, and cannot be."""
    base, quick = scene.contract.collection, scene.options.effort == "quick"
    for number, (code, change) in enumerate(good_changes(scene).items()):
        if code not in {"settings", "kept key"}:  # which fit some of them alone
            target = own[number % (2 if "api_keys" in change else len(own))]  # those of bedrock take no keys
            yield Ask(code, f"{base}/{_quoted(target)}", json.dumps(turned(change, number)).encode(), True)
        for target in [unknown, malformed][number % 2][number % 7 :: 7 if quick else 3]:
            yield Ask(f"{code}, other", f"{base}/{_quoted(target)}", json.dumps(change).encode(), False)
    for number, (code, body) in enumerate(faulty_changes(scene).items()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        aims = [own[number % len(own)], unknown[number % len(unknown)], malformed[number % len(malformed)]]
        for target in [aims[number % 3]] if quick else aims:
            yield Ask(f"{code}, faulty", f"{base}/{_quoted(target)}", data, False)


def _creates(scene: Scene, taken: Body) -> Iterator[tuple[str, bytes, bool]]:
    """Yield bodies of a create: what they are, as bytes, and whether they are good."""
    for number in range(scene.options.amount(6, 12, 48)):
        yield "good", json.dumps(various(scene, number)).encode(), True
    whole = scene.body()
    faulty: dict[str, Any] = {
        "nothing": {},
        "null": None,
        "list": [whole],
        "taken name": scene.body(name=taken["name"]),
    }
    faulty |= {"number": {**whole, "name": 5}, "type": {**whole, "type": "nope"}}
    faulty |= {"url": {**whole, "base_url": 7}, "key of another type": {**whole, "api_keys": [5]}}
    faulty |= {f"no {name}": {k: v for k, v in whole.items() if k != name} for name in whole}
    yield "empty", b"", False
    yield "no JSON", b"{", False
    for code, body in faulty.items():
        yield code, json.dumps(body).encode(), False


def _quoted(target: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else _percent(char) for char in target)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _nobodies(scene: Scene) -> list[Credentials]:
    """Return credentials of nobody: none, and those that do not count, by every carrier."""
    found: list[Credentials] = [("none", (), "")]
    wrong = {"unknown": UNKNOWN_TOKEN}
    wrong |= {f"refused token {number}": value for number, value in enumerate(scene.options.refused_tokens, 1)}
    for kind, value in wrong.items():
        for carrier, name in scene.contract.carriers:
            found.append((f"{kind} in the {carrier}", *carried(carrier, name, value)))
    return found


def _others(scene: Scene) -> list[Credentials]:
    """Return the credentials of a user who is no owner, by every carrier; none where nobody is refused so."""
    token = scene.options.other_token
    if token is None or not scene.deployed:
        return []
    return [(f"in the {carrier}", *carried(carrier, name, token)) for carrier, name in scene.contract.carriers]


def _sent(scene: Scene, ask: Ask, headers: Headers, query: str, who: str) -> Exchange:
    described = scene.contract.operations[scene.check.variant]
    typed = (("Content-Type", "application/json"),) if ask.body else ()
    return scene.session.exchange(described.id, described.method, ask.path + query, (*typed, *headers), ask.body, who)


def _nothing_done(scene: Scene, targets: list[Body], rows: list[tuple[Ask, Credentials]], who: str) -> None:
    """Make sure that nothing came of refused requests; where something did, find out of which.

    Creates are looked after when the check ends.
    """
    operation = scene.check.variant
    if operation not in {UPDATE, DELETE} or scene.was_let_in(scene.session.trail):
        return
    held = [dict(one) for one in targets]
    if all(scene.session.call(GET, one["id"]).provider() == one for one in held):
        return
    for ask, (code, headers, query) in rows:
        place = next(
            (n for n, one in enumerate(targets) if ask.path.endswith((str(one["id"]), str(one["name"])))), None
        )
        if place is None:
            continue
        before = dict(targets[place])
        again = scene.session.call(GET, before["id"])
        if again.status != 200:
            scene.depart(
                f"{operation}:effect", "a refused request changes nothing", scene.described(again), [again],
                check="rules.atomic", severity=Severity.CRITICAL,
            )  # fmt: skip
            return
        before = again.document
        exchange = _sent(scene, ask, headers, query, who)
        if not scene.unchanged(before, [exchange], f"{operation}:{code}:effect"):
            return
    scene.depart(
        f"{operation}:effect", "a refused request changes nothing", "something changed", [], check="rules.atomic",
        severity=Severity.CRITICAL,
    )  # fmt: skip


def _served(scene: Scene, targets: list[Body]) -> None:
    """Make sure that an owner's good request is served after all that was refused."""
    operation, target = scene.check.variant, str(targets[0]["id"])
    bodies: Body = {CREATE: scene.body(), UPDATE: {"display_name": "Served"}}
    exchange = scene.session.call(
        operation, None if operation in {LIST, CREATE} else target, body=bodies.get(operation)
    )
    wanted = {CREATE: 201, DELETE: 204}.get(operation, 200)
    scene.expect_status(exchange, (wanted,), f"{operation}:after", "a good request after refused ones is served")


@check("rules.after-refusals", "A good request is served after any number of refused ones")
def after_refusals(scene: Scene) -> None:
    """Have the same request refused several times in a row, and then ask for what an owner may have."""
    if scene.options.token is None:
        raise Blocked("needs --token")
    session = scene.session
    provider = scene.created(api_keys=[scene.key()]).document
    refusals: dict[str, Callable[[], Exchange]] = {
        "no token": lambda: session.call(GET, provider["id"], principal="nobody"),
        "an unknown token": lambda: session.call(LIST, principal="unknown"),
        "a write without a token": lambda: session.call(
            UPDATE, provider["id"], body={"enabled": True}, principal="nobody"
        ),
        "no provider": lambda: session.call(GET, session.ledger.nobody()),
        "nothing to delete": lambda: session.call(DELETE, session.ledger.nobody()),
        "a faulty body": lambda: session.call(CREATE, body={**scene.body(), "type": "nope"}),
        "no JSON": lambda: session.call(UPDATE, provider["id"], raw=b"{"),
        "a taken name": lambda: session.call(CREATE, body=scene.body(name=provider["name"])),
    }
    if scene.deployed and scene.options.other_token is not None:
        refusals["no owner"] = lambda: session.call(GET, provider["name"], principal="other")
        refusals["no owner who writes"] = lambda: session.call(CREATE, body=scene.body(), principal="other")
    for number, (code, refusal) in enumerate(refusals.items()):
        for row in _rows(scene, number):
            seen = [refusal() for _ in range(row)]
            operation = (GET, UPDATE, LIST, CREATE)[(number + row) % 4]
            target = str(provider["id"]) if operation in {GET, UPDATE} else None
            body = {UPDATE: {"display_name": f"Row {number}"}, CREATE: scene.body()}.get(operation)
            exchange = session.call(operation, target, body=body)
            if exchange.reply.trouble is not None or (exchange.status or 0) >= 500:
                continue
            scene.expect(
                exchange.ok, f"{operation}:{code}", f"a good request after {row} refused ones ({code}) is served",
                scene.described(exchange), [*seen, exchange],
            )  # fmt: skip


def _rows(scene: Scene, number: int) -> tuple[int, ...]:
    """Return how many refusals of a kind come in a row: for the first kind one after another, since any may be few."""
    if scene.options.effort == "quick":
        return (1, 2, 3, 4, 5) if number == 0 else (number % 4 + 2,)
    return (*range(1, 7), 12) if scene.options.effort == "standard" else (*range(1, 12), 20, 60)
