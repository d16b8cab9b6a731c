"""What a request may not hold, member by member, with the field that the refusal names."""

import json
import re
from collections.abc import Callable, Iterable
from string import ascii_lowercase
from typing import Any
from urllib.parse import urlencode

from contract_tests.documents import CREATE, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.scene import Scene

DEPLOYED = ("deployed",)
DEEP = 1000  # levels
BAD_URLS = {
    "empty": "",
    "no scheme": "ai.example.com",
    "path alone": "/v1",
    "no scheme but slashes": "//ai.example.com",
    "other scheme": "ftp://ai.example.com",
    "file": "file:///etc/hosts",
    "no host": "https://",
    "no host but a path": "https:///v1",
    "no host but a port": "http://:8080",
    "one slash": "https:/ai.example.com",
    "scheme alone": "https",
    "no slashes": "https:ai.example.com",
    "blank before": " https://ai.example.com/v1",
    "blank after": "https://ai.example.com ",
    "mail": "mailto:ai@example.com",
    "script": "javascript:alert(1)",
    "data": "data:text/plain,x",
    "socket": "wss://ai.example.com",
    "words": "not a url",
    "scheme that begins with http": "httpx://ai.example.com",
    "user without a host": "https://user@/v1",
    "query without a host": "https://?region=eu",
    "blank in the host": "https://ai example.com",
    "port of letters": "https://ai.example.com:http/v1",
}
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "eu-central-1"}
WORDS = {f"the word {word}": word for word in ("new", "list", "default", "null", "true", "api")}
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "name": (5, True, False, ["a"], {"a": 1}),
    "type": (5, False, ["openai"], {}),
    "base_url": (5, True, False, ["https://a.example"], {}),
    "display_name": (5, 0, True, False, ["a"], [], {}),
    "enabled": ("true", "", 1, 0, [], {}),
    "api_keys": ("dummy-key", "", 5, 0, False, {}, [5], [True], [["a"]]),
    "settings": ("bedrock", "", 5, 0, True, False, []),
}
WRONG_ENTRIES: dict[str, tuple[Any, ...]] = {
    CREATE: ([{}], [{"api_key": "dummy-key"}]),
    UPDATE: (["dummy-key"], [{"id": 7}], [{"id": True}], [{"api_key": 7}], [{"api_key": ["dummy-key"]}]),
}
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
NOT_OBJECT = {"array": b"[]", "string": b'"openai"', "number": b"5", "true": b"true"}


def fields(exchange: Exchange) -> list[str]:
    """Return the fields that a refusal names, in order."""
    entries = exchange.document.get("validations")
    listed = entries if isinstance(entries, list) else []
    return [str(entry.get("field")) for entry in listed if isinstance(entry, dict)]


def refused(scene: Scene, exchange: Exchange, code: str, wanted: Iterable[str], why: str) -> bool:
    """Expect a 400 that names just these fields; which fields are named is settled as deployed alone."""
    if not scene.expect_status(exchange, (400,), code, why):
        return False
    names = sorted(wanted)
    if not scene.deployed or not names:
        return True
    found = sorted(fields(exchange))
    return scene.expect(
        found == names,
        f"{code}:fields",
        f"validations for {', '.join(names)}, one entry each",
        f"validations for {', '.join(found) or 'nothing'}",
        [exchange],
        check="rules.validation-fields",
        subject=f"{exchange.operation}:fields:{','.join(names)}",
    )


@check("rules.name-pattern", "A name is words of lower-case letters and digits, joined by single dashes")
def name_pattern(scene: Scene) -> None:
    """Create good names, and (as deployed) bad ones, each wrong in one way."""
    stem = scene.session.ledger.name("n")
    for code, name in {
        "digit at the end": f"{stem}-9",
        "many dashes": f"{stem}-a-b-c-d",
        "digits": f"{stem}x007",
    }.items():
        exchange = scene.session.call(CREATE, body=scene.body(name=name))
        if scene.expect_status(exchange, (201,), code, "a good name"):
            scene.same(exchange, {"name": name})
    unmarked = {"one letter": scene.random.choice(ascii_lowercase), "digits alone": "0", **WORDS}
    if scene.deployed:
        unmarked["spelt as a UUID"] = scene.session.ledger.nobody()
    for code, name in unmarked.items():
        made = scene.created_unmarked(name)
        if made is not None and scene.expect_status(made, (201,), code, "a good name"):
            scene.same(made, {"name": name})
    if not scene.deployed:
        return
    bad = {
        "empty": "",
        "dash": "-",
        "upper case": f"{stem}-Upper",
        "underscore": f"{stem}_a",
        "dash at the start": f"-{stem}",
        "dash at the end": f"{stem}-",
        "two dashes": f"{stem}--a",
        "space": f"{stem} a",
        "space at the end": f"{stem} ",
        "line break at the end": f"{stem}\n",
        "dot": f"{stem}.a",
        "slash": f"{stem}/a",
        "non-ASCII letter": f"{stem}-é",
        "non-ASCII digit": f"{stem}-٣",
        "full-width letter": f"{stem}-ａ",
    }
    for code, name in bad.items():
        body = scene.body() | {"name": name}
        exchange = scene.session.call(CREATE, body=body)
        refused(scene, exchange, code, ["name"], "no good name")


@check("rules.required", "A create needs a type, a name and a base URL", variants=("type", "name", "base_url"))
def required(scene: Scene) -> None:
    """Leave one required member out; as deployed, also null and empty."""
    member = scene.check.variant
    body = scene.body()
    del body[member]
    refused(scene, scene.session.call(CREATE, body=body), "absent", [member], f"{member} is required")
    for code, value in {"null": None, "empty": ""}.items() if scene.deployed else ():
        exchange = scene.session.call(CREATE, body=scene.body() | {member: value})
        refused(scene, exchange, code, [member], f"{member} is required")


@check("rules.type-known", "A type is one of the page's eight values")
def type_known(scene: Scene) -> None:
    """Create with types that are none."""
    for value in ("nope", "OpenAI", "openai ", "open-ai", "gemini", "openai_compat", "OPENAI", "aws", ""):
        exchange = scene.session.call(CREATE, body=scene.body(type=value))
        code = {"nope": "unknown", "": "empty"}.get(value, f"near {value.strip().lower()}")
        refused(scene, exchange, code, ["type"], "no type")


@check("rules.base-url", "A base URL is an absolute http or https URL with a host", profiles=DEPLOYED)
def base_url(scene: Scene) -> None:
    """Create and PATCH with URLs that are wrong in one way each."""
    provider = scene.created().document
    for code, value in {"scheme in capitals": "HTTPS://ai.example.com", "address": "https://[::1]:8443/v1"}.items():
        scene.same(scene.created(base_url=value), {"base_url": value}, why=f"a good URL ({code})")
    for code, value in BAD_URLS.items():
        exchange = scene.session.call(CREATE, body=scene.body() | {"base_url": value})
        refused(scene, exchange, f"{CREATE}:{code}", ["base_url"], "no absolute http or https URL with a host")
        exchange = scene.session.call(UPDATE, scene.way(provider), body={"base_url": value})
        refused(scene, exchange, f"{UPDATE}:{code}", ["base_url"], "no absolute http or https URL with a host")
    scene.unchanged(provider, [], "changed")


@check("rules.key-entries", "A key is not empty and has no white space at an end", profiles=DEPLOYED)
def key_entries(scene: Scene) -> None:
    """Create and PATCH with keys that are wrong in one way each, at the first and at a later place."""
    provider = scene.created(api_keys=[scene.key()]).document
    good = scene.key()
    bad = {"empty": "", "space": " ", "space before": f" {good}", "space after": f"{good} ", "tab": f"\t{good}"}
    bad |= {"line break": f"{good}\n", "carriage return": f"{good}\r\n"}
    for code, value in bad.items():
        for index, keys in enumerate(([value], [good, value])):
            exchange = scene.session.call(CREATE, body=scene.body(api_keys=keys))
            refused(scene, exchange, f"{CREATE}:{code}", [f"api_keys[{index}]"], "no good key")
            entries = [{"api_key": key} for key in keys]
            exchange = scene.session.call(UPDATE, scene.way(provider), body={"api_keys": entries})
            refused(scene, exchange, f"{UPDATE}:{code}", [f"api_keys[{index}].api_key"], "no good key")
    exchange = scene.session.call(CREATE, body=scene.body(api_keys=[f"{good} inner space"]))
    scene.expect_status(exchange, (201,), "inner space", "white space inside a key is fine")
    scene.unchanged(provider, [], "changed")


@check("rules.json-types", "A member of the wrong JSON type is refused", variants=(CREATE, UPDATE))
def json_types(scene: Scene) -> None:
    """Send each member as every JSON type that it is not."""
    operation = scene.check.variant
    provider = scene.created().document
    for member, values in WRONG_TYPES.items():
        if operation == UPDATE and member in {"name", "type"}:
            continue
        for value in (*values, *(WRONG_ENTRIES[operation] if member == "api_keys" else ())):
            if operation == CREATE:
                exchange = scene.session.call(CREATE, body=scene.body() | {member: value})
            else:
                exchange = scene.session.call(UPDATE, scene.way(provider), body={"display_name": "X", member: value})
            scene.expect_status(
                exchange, (400,), f"{operation}:{member}:{_kind(value)}", f"{member} is no {_kind(value)}"
            )
    if operation == UPDATE:
        scene.unchanged(provider, [], f"{operation}:changed")


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
    exchange = scene.session.call(operation, target, raw=json.dumps([whole]).encode())
    scene.expect_status(exchange, (400,), f"{operation}:list of one", "the body is no JSON object")
    scene.session.call(operation, target, raw=b"[" * DEEP + b"]" * DEEP)  # any refusal does, but no failure
    for code, notation in OTHER_NOTATIONS.items():
        body = scene.body() if operation == CREATE else {"display_name": "Other"}
        exchange = scene.session.call(operation, target, raw=notation(body).encode())
        scene.expect_status(exchange, (400,), f"{operation}:{code}", "the body is no JSON object")
    if operation == UPDATE:
        scene.unchanged(provider, [], f"{operation}:changed")


@check("rules.validation-fields", "All faults of a request are reported together, one entry each", profiles=DEPLOYED)
def validation_fields(scene: Scene) -> None:
    """Send requests with several faults at once."""
    session, stem = scene.session, scene.session.ledger.name("f")
    provider = scene.created(api_keys=[scene.key()]).document
    creates: dict[str, tuple[dict[str, Any], list[str]]] = {
        "nothing": ({}, ["type", "name", "base_url"]),
        "all wrong": (
            {"type": "nope", "name": f"{stem}_A", "base_url": "nope", "api_keys": ["", scene.key(), " "]},
            ["type", "name", "base_url", "api_keys[0]", "api_keys[2]"],
        ),
        "two": (scene.body() | {"base_url": "", "name": f"{stem}--a"}, ["name", "base_url"]),
        "one missing": ({"type": "nope", "base_url": "https://a.example"}, ["type", "name"]),
        "keys": (scene.body(api_keys=["", " x", "ok", "y "]), ["api_keys[0]", "api_keys[1]", "api_keys[3]"]),
    }
    for code, (body, wanted) in creates.items():
        refused(scene, session.call(CREATE, body=body), f"{CREATE}:{code}", wanted, "several faults")
    held = provider["api_keys"][0]["id"] if provider.get("api_keys") else session.ledger.nobody()
    entries = [{}, {"id": held, "api_key": scene.key()}, {"api_key": ""}, {"api_key": " x"}]
    wanted = ["base_url", "api_keys[0]", "api_keys[1]", "api_keys[2].api_key", "api_keys[3].api_key"]
    exchange = session.call(UPDATE, scene.way(provider), body={"base_url": "nope", "api_keys": entries})
    refused(scene, exchange, f"{UPDATE}:all wrong", wanted, "several faults")
    scene.unchanged(provider, [exchange], "changed")


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
    keyed = scene.created(api_keys=[scene.key()]).document
    shown = keyed["api_keys"][0] if keyed.get("api_keys") else {}
    if shown:
        exchange = scene.session.call(UPDATE, keyed["id"], body={"api_keys": [{"color": "blue", **shown}]})
        if scene.expect_status(exchange, allowed, f"{UPDATE}:entry", "unknown members are ignored") and exchange.ok:
            scene.same(exchange, {"api_keys": [shown]}, why="the entry keeps that key")
    if scene.deployed:
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


@check("rules.empty-patch", "A PATCH without a known member is refused", profiles=DEPLOYED)
def empty_patch(scene: Scene) -> None:
    """Send PATCHes that say nothing."""
    provider = scene.created(display_name="Same").document
    members = ("display_name", "base_url", "enabled", "api_keys", "settings")
    empty = {
        "nothing": {},
        "unknown members": {"color": "blue"},
        "name alone": {"name": scene.session.ledger.name("renamed")},
        "nulls": dict.fromkeys(members),
        **{f"{name} null": {name: None} for name in members},
    }
    for code, body in empty.items():
        exchange = scene.session.call(UPDATE, scene.way(provider), body=body)
        scene.expect_status(exchange, (400,), code, "no known member")
    scene.unchanged(provider, [], "changed")
    exchange = scene.session.call(UPDATE, scene.way(provider), raw=b"null")
    scene.expect_status(exchange, (400,), "null", "no known member")


@check(
    "rules.body-before-lookup",
    "A faulty body is refused before the provider is looked up",
    rules=("body-judged-before-lookup",),
    profiles=DEPLOYED,
)
def body_before_lookup(scene: Scene) -> None:
    """PATCH what nobody has with faulty bodies."""
    ghosts = {"id": scene.session.ledger.nobody(), "name": scene.session.ledger.name("nobody")}
    for code, target in ghosts.items():
        for kind, body in {"empty": {}, "url": {"base_url": "nope"}, "type": {"enabled": "yes"}}.items():
            exchange = scene.session.call(UPDATE, target, body=body)
            scene.expect_status(exchange, (400,), f"{code}:{kind}", "the body is judged first")


def _ignored(scene: Scene, exchange: Exchange, extra: dict[str, Any], operation: str) -> None:
    provider = exchange.document
    taken = sorted(name for name, value in extra.items() if _like(provider.get(name), value))
    scene.expect(not taken, f"{operation}:taken", "they have no effect", f"{', '.join(taken)} taken", [exchange])
    if operation == CREATE:
        exchange = scene.got(str(provider.get("id")))
        more = sorted({"color", "deleted", "owner"} & set(exchange.document))
        scene.expect(not more, f"{operation}:kept", "they have no effect", f"{', '.join(more)} kept", [exchange])


def _like(found: Any, sent: Any) -> bool:
    """Tell whether a value is the one that was sent; of a time its date is enough."""
    return found == sent or (isinstance(found, str) and isinstance(sent, str) and found[:10] == sent[:10])


def _kind(value: Any) -> str:
    if isinstance(value, list) and value:
        return f"array of {_kind(value[0])}s"
    names = {bool: "boolean", int: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]
