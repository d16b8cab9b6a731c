"""Who may do what: every way to carry a token, every operation, and nothing done for those who may not."""

import json
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

from contract_tests.documents import CREATE, DELETE, GET, LIST, OPERATIONS, UPDATE
from contract_tests.errors import Blocked
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene
from contract_tests.session import UNKNOWN_TOKEN
from contract_tests.wire import Headers

Credentials = tuple[str, Headers, str]  # what they are called, headers and query
CRITICAL = Severity.CRITICAL
REFUSED_AS_IT_IS = {"very long": (400, 401, 431), "not ASCII": (400, 401)}  # as headers of any kind may be (RFC 9110)
BOTH_WAYS = 2  # kinds of bad credentials that are tried by id and by name


def attempt(scene: Scene, target: str | None, headers: Headers = (), query: str = "", faulty: bool = False) -> Exchange:
    """Send the operation of a check's variant, good or with a faulty body, with just these credentials."""
    operation = scene.contract.operations[scene.check.variant]
    path = operation.path.partition("{")[0] + (target or "") if target else operation.path
    body: dict[str, object] | None = None
    if operation.id == CREATE:
        body = {"name": 5} if faulty else scene.body()
    elif operation.id == UPDATE:
        body = {"enabled": "yes"} if faulty else {"display_name": "Intruder"}
    data = b""
    typed: Headers = ()
    if body is not None:
        data, typed = json.dumps(body).encode(), (("Content-Type", "application/json"),)
    return scene.session.exchange(operation.id, operation.method, path + query, (*typed, *headers), data, "nobody")


def no_effect(scene: Scene, provider: dict[str, object], exchange: Exchange, code: str) -> None:
    """Make sure that a refused request did nothing; of one that was not refused, that is told."""
    if exchange.ok:
        return
    if exchange.operation in {UPDATE, DELETE}:
        scene.unchanged(provider, [exchange], f"{code}:effect")
    if exchange.operation == CREATE and isinstance(exchange.sent, dict) and isinstance(exchange.sent.get("name"), str):
        after = scene.session.call(GET, exchange.sent["name"])
        scene.expect(
            after.status == 404 or (after.status or 0) >= 500,
            f"{code}:effect",
            "nothing is created",
            "the provider is there",
            [exchange, after],
            severity=CRITICAL,
        )


def held(scene: Scene) -> dict[str, object]:
    """Return a provider of this run's own that a refused request may aim at."""
    return scene.created(display_name="Held", enabled=True).document


@check("rules.unauthenticated", "Without a valid token every operation answers 401", variants=OPERATIONS)
def unauthenticated(scene: Scene) -> None:
    """Try no token, an unknown one, an empty one, and near misses of the good one, by every carrier."""
    if scene.options.token is None:
        raise Blocked("needs --token")
    operation = scene.check.variant
    provider = held(scene) if operation not in {LIST, CREATE} else {}
    target = str(provider["id"]) if provider else None
    token = scene.options.token
    tries = _tries(scene, token)
    path = scene.contract.operations[operation].path.partition("{")[0] + (target or "")
    if operation in {LIST, GET}:  # what an owner has just read is nobody else's, though a cache may have it
        headers, query = scene.session.credentials("owner")
        scene.session.exchange(operation, "GET", path + query, headers)
    for index, (code, headers, query) in enumerate(tries):
        for aim in (target, str(provider["name"])) if provider and index < BOTH_WAYS else (target,):
            exchange = attempt(scene, aim, headers, query)
            why, wanted = "no valid token was sent", REFUSED_AS_IT_IS.get(code, (401,))
            scene.expect_status(exchange, wanted, f"{operation}:{code}", why, severity=CRITICAL)
            if index % scene.options.amount(3, 1, 1) == 0:
                no_effect(scene, provider, exchange, f"{operation}:{code}")
    for code, aim, faulty in (
        ("unknown provider", scene.session.ledger.nobody(), False),
        ("faulty body", target, True),
    ):
        if (aim is None and operation not in {CREATE}) or (operation in {LIST, CREATE} and code == "unknown provider"):
            continue
        exchange = attempt(scene, aim, (), "", faulty)
        scene.expect_status(exchange, (401,), f"{operation}:{code}", "401 comes before everything", severity=CRITICAL)
    if provider:
        scene.unchanged(provider, [], f"{operation}:effect")
    if operation == CREATE:
        taken = scene.session.call(CREATE, body=scene.body(name=held(scene)["name"]), principal="nobody")
        scene.expect_status(taken, (401,), f"{operation}:taken name", "401 comes before everything", severity=CRITICAL)


def _tries(scene: Scene, token: str) -> list[Credentials]:
    """Return what does not count as a valid token: none, wrong ones by each carrier, and what is near a good one."""
    near = {"longer": f"{token}x", "shorter": token[:-1] or "x", "other case": _swap(token)}
    near |= {"null": "null", "undefined": "undefined"}
    wrong = {"unknown": UNKNOWN_TOKEN}
    wrong |= {f"refused token {number}": value for number, value in enumerate(scene.options.refused_tokens, 1)}
    tries: list[Credentials] = [("none", (), "")]
    tries += _everywhere(scene, wrong)
    tries += turn_of(scene, _everywhere(scene, near), least=2)
    tries += nearly_carried(scene, token)
    return tries + turn_of(scene, list(alterations(scene, token)))


def _everywhere(scene: Scene, tokens: dict[str, str]) -> list[Credentials]:
    """Return tokens by each carrier, but for those that happen to be good ones."""
    good = {scene.options.token, scene.options.other_token}
    return [
        (f"{kind} in the {carrier}", *carried(carrier, name, value))
        for carrier, name in scene.contract.carriers
        for kind, value in tokens.items()
        if value not in good
    ]


@check(
    "rules.forbidden",
    "A user without the owner role is answered 403",
    variants=OPERATIONS,
    profiles=("deployed",),
    needs_other=True,
)
def forbidden(scene: Scene) -> None:
    """Send a good request with the token of another user, by every carrier; nothing may come of it."""
    operation = scene.check.variant
    provider = held(scene) if operation not in {LIST, CREATE} else {}
    targets = [str(provider["id"]), str(provider["name"])] if provider else [None]
    for carrier, name in scene.contract.carriers:
        headers, query = carried(carrier, name, scene.options.other_token or "")
        for target in targets:
            if operation in {LIST, GET}:  # what an owner has just read is nobody else's, though a cache may have it
                scene.session.call(operation, target)
            exchange = attempt(scene, target, headers, query)
            code = f"{operation}:{carrier}"
            scene.expect_status(exchange, (403,), code, "the user lacks the owner role", severity=CRITICAL)
            no_effect(scene, provider, exchange, code)


@check("rules.auth-carriers", "A token is taken from every place that the contract lists", variants=OPERATIONS)
def auth_carriers(scene: Scene) -> None:
    """Send a good request with the token in each of its places, alone and among others."""
    if scene.options.token is None:
        raise Blocked("needs --token")
    operation = scene.check.variant
    beside = {
        carrier: turn_of(scene, list(among_others(carrier, name, scene.options.token)), least=2)
        for carrier, name in scene.contract.carriers
    }
    several = [scene.created(enabled=on).document for on in (True, False)] if operation == LIST else []
    for carrier, name in scene.contract.carriers:
        provider = held(scene) if operation not in {LIST, CREATE} else {}
        target = str(provider["id"]) if provider else None
        wanted = {CREATE: 201, DELETE: 204}.get(operation, 200)
        for code, headers, query in beside[carrier]:
            aim = str(held(scene)["id"]) if operation == DELETE else target
            exchange = attempt(scene, aim, headers, query)
            scene.expect_status(exchange, (wanted,), f"{operation}:{carrier} {code}", f"the token is in the {carrier}")
            if operation == CREATE and exchange.ok:
                scene.same(scene.got(str(exchange.document["id"])), exchange.document, why="the create said so")
            if operation == DELETE and exchange.ok:
                scene.expect_status(scene.session.call(GET, aim), (404,), f"{operation}:{carrier}:effect", "deleted")
        exchange = attempt(scene, target, *carried(carrier, name, scene.options.token))
        scene.expect_status(exchange, (wanted,), f"{operation}:{carrier}", f"the token is in the {carrier}")
        if operation == GET:
            scene.same(exchange, {"id": provider["id"]})
        if operation == LIST and exchange.ok:
            for one in several:
                scene.same(exchange, one, scene.find(exchange, one["id"]), f"whoever sends the token in the {carrier}")
        if operation == UPDATE and exchange.ok:
            scene.same(
                scene.got(str(target)), exchange.document, why=f"the PATCH with the token in the {carrier} said so"
            )
        if operation == DELETE and exchange.ok:
            scene.expect_status(scene.session.call(GET, target), (404,), f"{operation}:{carrier}:effect", "deleted")


@check(
    "rules.first-credential-wins",
    "The first credential found decides: cookie, then query, then header",
    variants=OPERATIONS,
    rules=("first-credential-wins",),
    profiles=("deployed",),
)
def first_credential_wins(scene: Scene) -> None:
    """Send two tokens at once, a good and a bad one, in each pair of places and both ways round."""
    if scene.options.token is None:
        raise Blocked("needs --token")
    operation = scene.check.variant
    names = dict(scene.contract.carriers)
    order = [carrier for carrier in ("cookie", "query", "header") if carrier in names]
    good = {CREATE: 201, DELETE: 204}.get(operation, 200)
    bad = [(UNKNOWN_TOKEN, 401), *((token, 401) for token in scene.options.refused_tokens)]
    if scene.options.other_token is not None:
        bad.append((scene.options.other_token, 403))
    for index, first in enumerate(order):
        for second in order[index + 1 :]:
            for value, status in bad:
                provider = held(scene) if operation not in {LIST, CREATE} else {}
                target = str(provider["id"]) if provider else None
                for lead, follow, wanted in ((value, scene.options.token, status), (scene.options.token, value, good)):
                    one, two = carried(first, names[first], lead), carried(second, names[second], follow)
                    exchange = attempt(scene, target, (*one[0], *two[0]), one[1] or two[1])
                    kind = "good" if wanted == good else f"bad ({status})"
                    code = f"{operation}:{kind} {first} before {second}"
                    scene.expect_status(exchange, (wanted,), code, f"the {first} decides", severity=CRITICAL)


def carried(carrier: str, name: str, token: str) -> tuple[Headers, str]:
    """Return the headers and the query that carry a token."""
    if carrier == "header":
        return ((name, token),), ""
    if carrier == "cookie":
        return (("Cookie", f"{name}={token}"),), ""
    return (), f"?{name}={quote(token, safe='')}"


def nearly_carried(scene: Scene, token: str) -> Iterator[tuple[str, Headers, str]]:
    """Yield ways to send a good token that do not count: what for, headers and query."""
    header = dict(scene.contract.carriers).get("header")
    if header:
        yield "empty header", ((header, ""),), ""
        for code, value in {
            "in quotes": f'"{token}"',
            "in single quotes": f"'{token}'",
            "behind Bearer": f"Bearer {token}",
            "escaped": f"%{ord(token[0]):02X}{token[1:]}",
            "among others": f"{UNKNOWN_TOKEN},{token}",
            "in base 64": b64encode(token.encode()).decode(),
            "very long": f"{token}{'x' * 5000}",
            "not ASCII": f"{token}é",
        }.items():
            yield code, ((header, value),), ""
    if not scene.deployed:
        return
    yield "in Authorization", (("Authorization", f"Bearer {token}"),), ""
    yield "where a browser asks", (("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),), ""
    if header:
        yield "in the second of two headers", ((header, UNKNOWN_TOKEN), (header, token)), ""
    for carrier, name in scene.contract.carriers:
        if carrier == "cookie":  # names of parameters have no case in some frameworks, and are not tried
            for other in (f"old_{name}", f"{name}_old", name.replace("_", "-"), name.title()):
                yield f"in the {carrier} {other}", *carried(carrier, other, token)


def alterations(scene: Scene, token: str) -> Iterator[tuple[str, Headers, str]]:
    """Yield a good token that was altered a little, by each carrier that can carry it: what for, headers and query."""
    for carrier, name in scene.contract.carriers:
        forms = {
            "escaped twice": f"%25{ord(token[0]):02X}{token[1:]}",
            "with an escaped blank": f"{token}%20" if carrier != "query" else f"{token}%2520",
            "with a comma": f"{token},",
            "with a dot": f"{token}.",
            "with a colon before": f":{token}",
            "twice": token * 2,
            "backwards": token[::-1] if token[::-1] != token else f"{token}0",
            "without its start": token[1:] or "x",
            "behind Token": f"Token:{token}",
            "a star": "*",
            "a percent sign": "%",
            "zero": "0",
        }
        if carrier == "query":
            for code, value in forms.items():
                yield f"{code} in the {carrier}", (), f"?{name}={'%25' if value == '%' else value}"
            for code, before, after in (
                ("a blank after", "", "%20"),
                ("a blank before", "%20", ""),
                ("a plus after", "", "+"),
                ("a plus before", "+", ""),
                ("a tab after", "", "%09"),
                ("a line break after", "", "%0A"),
                ("a line break before", "%0D%0A", ""),
                ("a zero byte after", "", "%00"),
                ("a semicolon after", "", "%3B"),
                ("quotes around", "%22", "%22"),
                ("a non-breaking blank after", "", "%C2%A0"),
                ("a letter with an accent after", "", "%C3%A9"),
            ):
                yield f"{code} in the {carrier}", (), f"?{name}={before}{quote(token, safe='')}{after}"
            yield "behind another name in the query", (), f"?x{name}={quote(token, safe='')}"
            yield "before another name in the query", (), f"?{name}x={quote(token, safe='')}"
            yield "as a name in the query", (), f"?{quote(token, safe='')}"
            yield "as a value of another in the query", (), f"?next={name}%3D{quote(token, safe='')}"
            continue
        for code, value in forms.items():
            yield f"{code} in the {carrier}", *carried(carrier, name, value)
        if carrier == "cookie":
            yield "behind another cookie's value", (("Cookie", f"next={name}={token}"),), ""
            yield "without a name", (("Cookie", token),), ""


def turn_of(scene: Scene, items: list[Credentials], least: int = 1) -> list[Credentials]:
    """Return the items whose turn it is for the operation: at quick effort each of them has one or some of the five."""
    if scene.options.effort != "quick":
        return items
    turn = OPERATIONS.index(scene.check.variant)
    return [item for place, item in enumerate(items) if (place - turn) % len(OPERATIONS) < least]


def among_others(carrier: str, name: str, token: str) -> Iterator[tuple[str, Headers, str]]:
    """Yield ways to carry a token that differ from the plain one in what says nothing: what for, headers and query."""
    if carrier == "header":
        yield "in lower case", ((name.lower(), token),), ""
        yield "in upper case", ((name.upper(), token),), ""
        yield "beside a cookie", (("Cookie", "theme=dark; a=b=c"), (name, token)), ""
        yield "beside parameters", ((name, token),), "?theme=dark&a=b=c"
        yield "beside another Authorization", (("Authorization", "Basic bm9ib2R5Og=="), (name, token)), ""
        yield "beside a Bearer token", (("Authorization", f"Bearer {UNKNOWN_TOKEN}"), (name, token)), ""
        yield "beside a header called alike", ((f"X-{name}", UNKNOWN_TOKEN), (name, token)), ""
        return
    if carrier == "cookie":
        alike = f"{name}_old={UNKNOWN_TOKEN}"
        for code, before, after in (
            ("after another", "theme=dark; ", ""),
            ("before another", "", "; theme=dark"),
            ("between others", "a=1; b=2; c=3; ", "; d=4; e=5"),
            ("after one with an equals sign", "sid=YWJj=; ", ""),
            ("after one with several", "sid=a=b==; ", "; t=c=d"),
            ("after one without a value", "empty=; ", "; none="),
            ("after one with escapes", "next=%2Fa%3Bb%3D1; ", ""),
            ("after one in quotes", 'q="a b"; ', '; r="x"'),
            ("after one called alike", f"{alike}; ", ""),
            ("before one called alike", "", f"; {alike}"),
            ("after one that ends alike", f"my_{name}={UNKNOWN_TOKEN}; ", ""),
            ("after a long one", f"long={'x' * 2000}; ", ""),
        ):
            yield code, (("Cookie", f"{before}{name}={token}{after}"),), ""
        return
    plain = f"{name}={quote(token, safe='')}"
    alike = f"{name}_old={UNKNOWN_TOKEN}"
    for code, before, after in (
        ("after another", "theme=dark&", ""),
        ("before another", "", "&theme=dark"),
        ("between others", "a=1&b=2&", "&c=3&d=4"),
        ("after one with an equals sign", "sid=YWJj=&", ""),
        ("after one without a value", "empty=&none&", ""),
        ("after one with escapes", "next=%2Fa%3Fb%3D1%26c&", ""),
        ("after one with a plus", "q=a+b&", "&r=%20"),
        ("after one called alike", f"{alike}&", ""),
        ("before one called alike", "", f"&{alike}"),
        ("after one that ends alike", f"my_{name}={UNKNOWN_TOKEN}&", ""),
        ("behind an empty one", "&", "&"),
    ):
        yield code, (), f"?{before}{plain}{after}"
    hexes = [f"%{ord(char):02X}" for char in token]
    yield "all in escapes", (), f"?{name}={''.join(hexes)}"
    yield "all in small escapes", (), f"?{name}={''.join(hexes).lower()}"
    yield "the first in escapes", (), f"?{name}={hexes[0]}{quote(token[1:], safe='')}"
    yield "the last in escapes", (), f"?{name}={quote(token[:-1], safe='')}{hexes[-1]}"


def _swap(token: str) -> str:
    return token.swapcase() if token.swapcase() != token else f"{token}0"
