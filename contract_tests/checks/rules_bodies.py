"""How a body is read: what is JSON and what is not, however it is written and sent, and what is not known in it."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from contract_tests.checks.contexts import SETTINGS as BEDROCK
from contract_tests.checks.contexts import Pool, beside, numbered, pairs, turned, various
from contract_tests.documents import CREATE, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.scene import Scene, unusable

DEPLOYED = ("deployed",)
DEEP = 1000  # levels
TOLD = ("display_name", "base_url", "enabled")  # members that an answer has as they were sent
NOT_JSON = {
    "empty": b"",
    "white space": b"  \n",
    "text": b"hello",
    "cut short": b'{"type": "openai", "name": ',
    "single quotes": b"{'type': 'openai'}",
    "form": b"type=openai&name=a",
    "comma at the end": b'{"type": "openai",}',
}
# Ways to write an otherwise good body that are none of JSON's.
OTHER_NOTATIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "single quotes around texts": lambda body: json.dumps(body).replace('"', "'"),
    "names without quotes": lambda body: re.sub(r'"(\w+)":', r"\1:", json.dumps(body)),
    "a comma behind the last member": lambda body: f"{json.dumps(body)[:-1]},}}",
    "a comment before": lambda body: f"/* new */ {json.dumps(body)}",
    "a number that is none": lambda body: json.dumps({**body, "further": float("nan")}),
    "form fields": lambda body: urlencode(body),
    "lines of name and value": lambda body: "\n".join(f"{name}: {value}" for name, value in body.items()),
}
# What makes an otherwise good body no JSON: a text that stands for a value, or a sign between two tokens.
NO_VALUES = (
    "NaN",
    "Infinity",
    "True",
    "None",
    "undefined",
    "01",
    "+1",
    ".5",
    "1.",
    "0x1F",
    "1e",
    "'a'",
    '"\\x41"',
    '"a\tb"',
)
STRAY = {"a comma": ",", "a bracket": "]", "a brace": "}", "a quote": '"', "a word": "x", "a zero byte": "\0"}
# Ways to write and send one and the same body: white space around it and within, escapes, and how it is framed.
BEFORE = ("", "\n", " ", "\t", "\r\n", " \r\n\t ", " " * 5000)
AFTER = ("", " ", "\n", "\r\n", "\t", "\n\n  ")
FRAMES = ("length", "chunked")
CHARSETS = ("", "; charset=utf-8", "; charset=UTF-8", '; charset="utf-8"', "; boundary=x")
OTHER_CHARSETS = (
    "; charset=iso-8859-1",
    "; charset=us-ascii",
    "; charset=utf-16",
    "; charset=windows-1252",
    "; charset=x",
)
NOT_OBJECT = {"array": b"[]", "string": b'"openai"', "number": b"5", "true": b"true"}


@check("rules.json-body", "A body that is no JSON object is refused", variants=(CREATE, UPDATE))
def json_body(scene: Scene) -> None:
    """Send what is no JSON, and JSON that is no object."""
    operation = scene.check.variant
    provider = scene.created().document
    target = provider["id"] if operation == UPDATE else None
    for code, raw in {**NOT_JSON, **NOT_OBJECT}.items():
        exchange = scene.session.call(operation, target, raw=raw)
        scene.expect_status(exchange, (400,), f"{operation}:{code}", "the body is no JSON object")
    whole = scene.body() if operation == CREATE else {"enabled": True}
    exchange = scene.session.call(operation, target, raw=json.dumps(json.dumps(whole)).encode())
    scene.expect_status(exchange, (400,), f"{operation}:an object in a text", "the body is no JSON object")
    exchange = scene.session.call(operation, target, raw=json.dumps([whole]).encode())
    scene.expect_status(exchange, (400,), f"{operation}:list of one", "the body is no JSON object")
    scene.session.call(operation, target, raw=b"[" * DEEP + b"]" * DEEP)  # any refusal does, but no failure
    for code, notation in OTHER_NOTATIONS.items():
        body = scene.body() if operation == CREATE else {"display_name": "Other"}
        exchange = scene.session.call(operation, target, raw=notation(body).encode())
        scene.expect_status(exchange, (400,), f"{operation}:{code}", "the body is no JSON object")
    if operation == UPDATE:
        scene.unchanged(provider, [], f"{operation}:changed")


@check("rules.notations", "One and the same body is taken however it is written and sent", variants=(CREATE, UPDATE))
def notations(scene: Scene) -> None:
    """Send good bodies with white space, escapes, other orders of members, in chunks, and under other charsets."""
    operation = scene.check.variant
    pool = Pool(scene, scene.options.amount(2, 4, 8))
    charsets = (*CHARSETS, *(OTHER_CHARSETS if scene.deployed else ()))
    sent = (FRAMES, charsets, tuple(WRITTEN), AFTER, BEFORE)
    effort = "quick" if scene.options.effort == "quick" else "standard"
    for number, (frame, charset, written, after, before) in enumerate(pairs(*sent, strength=effort)):
        title = f'Größe / 模型 "{number}" 😀'
        if operation == CREATE:
            target, body = None, turned({**various(scene, number), "display_name": title}, number)
        else:
            provider = pool.take(number)
            target = scene.way(provider)
            body = beside(scene, number, provider, display_name=title)
        raw = f"{before}{WRITTEN[written](body)}{after}".encode()
        chunked = (("Transfer-Encoding", "chunked"),) if frame == "chunked" else ()
        kind = f"application/json{charset}"
        exchange = scene.session.call(operation, target, raw=raw, headers=chunked, content_type=kind)
        wanted, code = 201 if operation == CREATE else 200, f"{operation}:{frame}, {written}"
        if scene.expect_status(exchange, (wanted,), code, "it is the same JSON however it is written"):
            told: dict[str, Any] = {name: body[name] for name in TOLD if name in body}
            if isinstance(body.get("settings"), dict) and scene.deployed:
                told["settings"] = body["settings"]
            scene.same(exchange, told, why="as it was sent")
            keys = exchange.document.get("api_keys")
            count = len(body["api_keys"]) if "api_keys" in body else None
            good = count is None or not isinstance(keys, list) or len(keys) == count
            scene.expect(good, f"{operation}:keys", f"{count} keys", f"{len(keys or ())} keys", [exchange])
    large = various(scene, 1) if operation == CREATE else {"display_name": "Large"}
    raw = f"{{{json.dumps(large)[1:-1]}{' ' * 60000}}}".encode()
    exchange = scene.session.call(operation, None if operation == CREATE else scene.way(pool.take(0)), raw=raw)
    scene.expect_status(exchange, (201, 200), f"{operation}:large", "60 kB are not much")


@check("rules.no-json", "A body with one thing in it that is no JSON is refused", variants=(CREATE, UPDATE))
def no_json(scene: Scene) -> None:
    """Put values and signs that are none of JSON's into otherwise good bodies."""
    operation = scene.check.variant
    pool = Pool(scene, scene.options.amount(2, 4, 8))
    forms = _broken() | (_followed() if scene.deployed else {})
    for number, (code, form) in numbered(forms.items(), scene.options.amount(1, 3, 8)):
        target = None if operation == CREATE else scene.way(pool.take(number))
        body = various(scene, number) if operation == CREATE else {"display_name": "Other", "enabled": True}
        exchange = scene.session.call(operation, target, raw=form(body, number).encode())
        scene.expect_status(exchange, (400,), f"{operation}:{code}", "the body is no JSON")
    pool.unchanged(f"{operation}:changed")


def _broken() -> dict[str, Callable[[dict[str, Any], int], str]]:
    """Return ways to break a body: what for, and what makes the text of it."""
    forms: dict[str, Callable[[dict[str, Any], int], str]] = {}
    for text in NO_VALUES:
        forms[f"the value {text}"] = lambda body, number, text=text: _with_member(body, number, text)  # type: ignore[misc]
    for what, sign in STRAY.items():
        forms[f"{what} before"] = lambda body, _, sign=sign: f"{sign}{json.dumps(body)}"  # type: ignore[misc]
        forms[f"{what} in the middle"] = lambda body, _, sign=sign: json.dumps(body).replace(", ", f", {sign}", 1)  # type: ignore[misc]
    forms["no colon"] = lambda body, _: json.dumps(body).replace(":", "", 1)
    forms["two colons"] = lambda body, _: json.dumps(body).replace(":", "::", 1)
    forms["no comma"] = lambda body, _: json.dumps(body).replace(", ", " ", 1)
    for end in (1, 2, 7):
        forms[f"cut by {end}"] = lambda body, _, end=end: json.dumps(body)[:-end]  # type: ignore[misc]
    return forms


def _followed() -> dict[str, Callable[[dict[str, Any], int], str]]:
    """Return ways to let something follow a body, of which a decoder that reads one value knows nothing."""
    signs = {**STRAY, "an object": " {}", "another body": '\n{"enabled": false}', "a comment": " // new"}
    forms: dict[str, Callable[[dict[str, Any], int], str]] = {}
    for what, sign in signs.items():
        forms[f"{what} behind"] = lambda body, _, sign=sign: f"{json.dumps(body)}{sign}"  # type: ignore[misc]
    return forms


def _with_member(body: dict[str, Any], number: int, text: str) -> str:
    """Return the JSON of a body that has one more member, of this text, at the start or at the end."""
    whole = json.dumps(body)
    return f'{{"further": {text}, {whole[1:]}' if number % 2 else f'{whole[:-1]}, "further": {text}}}'


@check("rules.unknown-members", "Unknown members of a request are ignored")
def unknown_members(scene: Scene) -> None:
    """Send members that the contract does not have: they are ignored (or, as documented, refused), never answered."""
    extra: dict[str, Any] = {"color": "blue", "id": scene.session.ledger.nobody(), "created_at": "2020-01-01T00:00:00Z"}
    extra |= {"updated_at": "2020-01-01T00:00:00Z", "deleted": True, "owner": {"name": "me"}}
    exchange = scene.session.call(CREATE, body=scene.body() | extra)
    allowed = (201,) if scene.deployed else (201, 400)
    if scene.expect_status(exchange, allowed, f"{CREATE}", "unknown members are ignored") and exchange.ok:
        _ignored(scene, exchange, extra, CREATE)
    provider = scene.created().document
    exchange = scene.session.call(UPDATE, scene.way(provider), body={"display_name": "Known", **extra})
    allowed = (200,) if scene.deployed else (200, 400)
    if scene.expect_status(exchange, allowed, f"{UPDATE}", "unknown members are ignored") and exchange.ok:
        _ignored(scene, exchange, extra, UPDATE)
        same = {name: provider.get(name) for name in ("id", "created_at", "type", "name")}
        scene.same(exchange, same, why="the server makes it")
    _look_alikes(scene, allowed)
    further: tuple[Any, ...] = (
        "blue",
        "",
        7,
        1.5,
        2**70,
        -1e300,
        True,
        False,
        None,
        [],
        [{"a": [1]}],
        {},
        {"b": {"c": None}},
        [[]],
    )
    for number, value in numbered(further, scene.options.amount(1, 2, 6)):
        body = turned({**various(scene, number), "further": value}, number)
        exchange = scene.session.call(CREATE, body=body)
        scene.expect_status(exchange, (201,) if scene.deployed else (201, 400), CREATE, "unknown members are ignored")
        body = turned({"enabled": True, "further": value}, number)
        exchange = scene.session.call(UPDATE, scene.way(provider), body=body)
        scene.expect_status(exchange, allowed, UPDATE, "unknown members are ignored")
    keyed = scene.created(api_keys=[scene.key()]).document
    shown = keyed["api_keys"][0] if keyed.get("api_keys") else {}
    if shown:
        more = {"color": "blue", "_destroy": True, "deleted": True, "key": scene.key(), "value": scene.key()}
        exchange = scene.session.call(UPDATE, keyed["id"], body={"api_keys": [{**more, **shown}]})
        if scene.expect_status(exchange, allowed, f"{UPDATE}:entry", "unknown members are ignored") and exchange.ok:
            scene.same(exchange, {"api_keys": [shown]}, why="the entry keeps that key")
    if scene.deployed:
        _beside_settings(scene, provider)


def _beside_settings(scene: Scene, provider: dict[str, Any]) -> None:
    """Send a PATCH with a type, which it does not know, and settings with an unknown member."""
    exchange = scene.session.call(UPDATE, scene.way(provider), body={"type": "google", "enabled": True})
    if scene.expect_status(exchange, (200,), f"{UPDATE}:type", "unknown members are ignored"):
        scene.same(exchange, {"type": provider.get("type")}, why="a PATCH has no type")
    kinds: dict[str, dict[str, Any]] = {
        "settings": {"type": "bedrock", "settings": {**BEDROCK, "color": "blue"}},
        "settings of anthropic": {"type": "anthropic", "settings": {**BEDROCK, "color": "blue"}},
    }
    for code, members in kinds.items():
        exchange = scene.session.call(CREATE, body=scene.body(**members))
        if scene.expect_status(exchange, (201,), f"{CREATE}:{code}", "unknown members are ignored"):
            scene.same(exchange, {"settings": BEDROCK}, why="an unknown member is ignored")
    held = exchange.document.get("id") if exchange.ok else None
    if held is not None:
        change = {**BEDROCK, "region": "us-east-2"}
        exchange = scene.session.call(UPDATE, held, body={"settings": {**change, "color": "red"}})
        if scene.expect_status(exchange, (200,), f"{UPDATE}:settings", "unknown members are ignored"):
            scene.same(exchange, {"settings": change}, why="an unknown member is ignored")


def _look_alikes(scene: Scene, allowed: tuple[int, ...]) -> None:
    """Send members whose names are nearly those of the contract, and ids of others: all of them are unknown."""
    alike: dict[str, Any] = {
        "displayName": "Alike",
        "display-name": "Alike",
        "baseUrl": "https://alike.example",
        "base-url": "x:y",
    }
    alike |= {"url": "https://alike.example", "active": True, "isEnabled": True, "is_enabled": True, "disabled": False}
    inner = {"enabled": True, "display_name": "Alike", "base_url": "https://alike.example", "api_keys": []}
    alike |= {"title": "Alike", "constructor": {"prototype": inner}, "display_name.x": "Alike", "settings[region]": "x"}
    alike |= dict.fromkeys(("data", "provider", "ai_provider", "attributes", "__proto__", "$set", "_", ""), inner)
    keyed = {name: [scene.key()] for name in ("apiKeys", "api-keys", "keys", "api_key")}
    body = scene.body(enabled=False, base_url="https://plain.example")
    body.pop("display_name", None)
    body.pop("api_keys", None)
    exchange = scene.session.call(CREATE, body={**body, **alike, **keyed})
    wanted = (201,) if scene.deployed else (201, 400)
    told: dict[str, Any] = {"enabled": False, "base_url": body["base_url"]}
    told |= {"display_name": body["name"], "api_keys": []} if scene.deployed else {}
    if scene.expect_status(exchange, wanted, f"{CREATE}:look-alikes", "unknown members are ignored") and exchange.ok:
        scene.same(exchange, told, why="what was sent beside it is unknown")
    one, other = scene.created(enabled=False).document, scene.created(enabled=False).document
    for code, more in {"look-alikes": {**alike, **keyed}, "another's id": {"id": other["id"]}}.items():
        exchange = scene.session.call(UPDATE, scene.way(one), body={**more, "enabled": False})
        if scene.expect_status(exchange, allowed, f"{UPDATE}:{code}", "unknown members are ignored") and exchange.ok:
            same = {name: one.get(name) for name in ("id", "name", "display_name", "base_url", "enabled", "api_keys")}
            scene.same(exchange, same, why="what was sent beside it is unknown")
    scene.unchanged(other, [exchange], "another's id")


def _escaped(text: str) -> str:
    """Write the letters of JSON texts, of names of members too, as escapes; every other one, to mix both."""
    made, inside, skip = [], False, 0
    for place, char in enumerate(text):
        if skip:
            skip -= 1
        elif inside and char == "\\":
            skip = 1
        elif char == '"':
            inside = not inside
        elif inside and char.isascii() and char.isalnum() and place % 2:
            made.append(f"\\u{ord(char):04{'xX'[place % 4 // 2]}}")
            continue
        elif inside and char == "/":
            made.append("\\/")
            continue
        made.append(char)
    return "".join(made)


# Ways to write JSON that all say the same.
WRITTEN: dict[str, Callable[[dict[str, Any]], str]] = {
    "as it is": lambda body: json.dumps(body, ensure_ascii=False),
    "escaped": lambda body: json.dumps(body),
    "letters escaped": lambda body: _escaped(json.dumps(body, ensure_ascii=False)),
    "tight": lambda body: json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    "indented": lambda body: json.dumps(body, ensure_ascii=False, indent="\t"),
    "wide": lambda body: json.dumps(body, ensure_ascii=False, indent=4, separators=(" ,\r\n ", "\n: ")),
}


def _ignored(scene: Scene, exchange: Exchange, extra: dict[str, Any], operation: str) -> None:
    provider = exchange.document
    taken = sorted(name for name, value in extra.items() if _like(provider.get(name), value))
    scene.expect(not taken, f"{operation}:taken", "they have no effect", f"{', '.join(taken)} taken", [exchange])
    if operation == CREATE and not unusable(provider):
        exchange = scene.got(provider["id"])
        more = sorted({"color", "deleted", "owner"} & set(exchange.document))
        scene.expect(not more, f"{operation}:kept", "they have no effect", f"{', '.join(more)} kept", [exchange])


def _like(found: Any, sent: Any) -> bool:
    """Tell whether a value is the one that was sent; of a time its date is enough."""
    return found == sent or (isinstance(found, str) and isinstance(sent, str) and found[:10] == sent[:10])
