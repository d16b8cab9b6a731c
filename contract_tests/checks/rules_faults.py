"""Several faults in one request, all of them reported; and what is judged first: the body, or whom the path names."""

from typing import Any

from contract_tests.checks.contexts import SETTINGS, TYPES, pairs, turned, various
from contract_tests.checks.rules_validation import refused
from contract_tests.documents import CREATE, DELETE, GET, UPDATE
from contract_tests.registry import check
from contract_tests.scene import Scene

DEPLOYED = ("deployed",)
Body = dict[str, Any]
# What may be wrong with each member of a create; None stands for nothing, `...` for its absence.
WRONG_TYPE = (None, ..., "nope", "bedrock")
WRONG_NAME = (None, ..., "{}_A", "{}--a", "-{}")
WRONG_URL = (None, ..., "nope", "", "ftp://ai.example.com")
WRONG_KEYS: tuple[str | None, ...] = (None, "g", "b", "bg", "gb", "gbg", "bgb", "ggggb", "bb")  # good and bad keys
MANY_KEYS = "gggggbggggbgb"  # places of two digits among them
NEAR: Body = {"display_name": "Near"}
WORDS = ("undefined", "null", "none", "nil", "nan", "true", "0", "1", "first", "last", "latest", "me", "self", "new",
         "all", "default", "list", "search", "count", "any", "openai", "providers", "object-object")  # fmt: skip
# The entries of a PATCH: kept keys, new ones, and those that are wrong, with what is named of them.
ENTRIES = {
    "kept": None,
    "new": None,
    "neither": "",
    "both": "",
    "empty": ".api_key",
    "blank": ".api_key",
    "twice": ".id",
}


@check("rules.validation-fields", "All faults of a request are reported together, one entry each", profiles=DEPLOYED)
def validation_fields(scene: Scene) -> None:
    """Send requests with several faults at once, in every pair of them, and in every order of the members."""
    session = scene.session
    refused(scene, session.call(CREATE, body={}), f"{CREATE}:nothing", ["type", "name", "base_url"], "several faults")
    effort = "thorough" if scene.options.effort == "thorough" else "standard"
    rows = pairs(WRONG_KEYS, WRONG_NAME, WRONG_URL, WRONG_TYPE, strength=effort)
    for number, (keys, name, url, kind) in enumerate(rows):
        body, wanted = _faulty_create(scene, number, keys, name, url, kind)
        if wanted:
            exchange = session.call(CREATE, body=body)
            refused(scene, exchange, f"{CREATE}:{len(wanted)} faults", wanted, "all of them, and no other")
    equal = ["", scene.key(), "", " a", " a"]
    exchange = session.call(CREATE, body=scene.body(api_keys=equal))
    refused(scene, exchange, f"{CREATE}:equal faults", [f"api_keys[{n}]" for n in (0, 2, 3, 4)], "one for each key")
    body, wanted = _faulty_create(scene, 1, MANY_KEYS, None, None, None)
    refused(scene, session.call(CREATE, body=body), f"{CREATE}:many keys", wanted, "all of them, and no other")
    body, wanted = _faulty_create(scene, 2, "b" * scene.options.amount(30, 120, 600), WRONG_NAME[2], "nope", "nope")
    refused(scene, session.call(CREATE, body=body), f"{CREATE}:very many faults", wanted, "all of them, and no other")
    provider = scene.created(api_keys=[scene.key() for _ in range(6)], enabled=True).document
    entries, wanted = _faulty_entries(scene, provider, ["kept", *["new"] * 9, "empty", "new", "blank", "neither"])
    exchange = session.call(UPDATE, scene.way(provider), body={"api_keys": entries})
    refused(scene, exchange, f"{UPDATE}:many entries", wanted, "all of them, and no other")
    names = list(ENTRIES)
    if scene.options.effort == "quick":
        kinds = [[names[(start + step * place) % 7] for place in range(4)] for start in range(7) for step in (1, 3)]
    else:
        kinds = [list(row) for row in pairs(names, names, names, names, strength="standard")]
    for number, row in enumerate(kinds):
        entries, wanted = _faulty_entries(scene, provider, row)
        url = {"base_url": ("nope", "https://a.example")[number // 2 % 2]} if number % 2 else {}
        wanted += ["base_url"] * (url.get("base_url") == "nope")
        if wanted:
            exchange = session.call(UPDATE, scene.way(provider), body=turned({"api_keys": entries, **url}, number))
            refused(scene, exchange, f"{UPDATE}:{len(wanted)} faults", wanted, "all of them, and no other")
    scene.unchanged(provider, [], "changed")


def _faulty_create(scene: Scene, number: int, keys: Any, name: Any, url: Any, kind: Any) -> tuple[Body, list[str]]:
    """Return a create that has these faults, and the fields that they are."""
    members: Body = {"settings": ...}
    wanted = []
    if kind is not None:
        members["type"] = kind
        wanted += ["settings"] if kind == "bedrock" else ["type"]
    else:
        members["type"] = [one for one in TYPES if one != "bedrock"][number % 7]
    if name is not None:
        members["name"] = name if name is ... else name.format(scene.session.ledger.name("f"))
        wanted.append("name")
    if url is not None:
        members["base_url"] = url
        wanted.append("base_url")
    keys = "" if kind == "bedrock" and "b" in (keys or "") else keys  # a list that may not be there at all
    members["api_keys"] = ... if keys is None else [_key(scene, one, place) for place, one in enumerate(keys)]
    wanted += [f"api_keys[{place}]" for place, one in enumerate(keys or "") if one == "b"]
    wanted += ["api_keys"] if kind == "bedrock" and keys else []
    return various(scene, number, **members), wanted


def _key(scene: Scene, kind: str, place: int) -> str:
    return scene.key() if kind == "g" else ("", " ", f" {scene.key()}", f"{scene.key()}\n")[place % 4]


def _faulty_entries(scene: Scene, provider: Body, row: list[str]) -> tuple[list[Body], list[str]]:
    """Return the entries of a PATCH, of the kinds of a row, and the fields that are at fault."""
    held = [key["id"] for key in provider.get("api_keys") or ()]
    held += [scene.session.ledger.nobody() for _ in range(6 - len(held))]
    entries: list[Body] = []
    wanted: list[str] = []
    kept: list[str] = []
    for place, kind in enumerate(row):
        again = kind == "twice" and bool(kept)
        if kind in {"kept", "twice"}:
            kept.append(kept[0] if again else held[place % 6])
        made = {"kept": {"id": kept[-1] if kept else ""}, "twice": {"id": kept[-1] if kept else ""}, "neither": {}}
        made |= {"new": {"api_key": scene.key()}, "both": {"id": held[place % 6], "api_key": scene.key()}}
        made |= {"empty": {"api_key": ""}, "blank": {"api_key": f"{scene.key()} "}}
        entries.append(made[kind])
        field = ENTRIES[kind]
        if field is not None and (kind != "twice" or again):
            wanted.append(f"api_keys[{place}]{field}")
    return entries, wanted


def unknown_targets(scene: Scene) -> dict[str, str]:
    """Return ids and names, each in its own spelling, that nobody has."""
    ledger = scene.session.ledger
    found = {"id": ledger.nobody(), "name": ledger.name("nobody"), "long name": f"{ledger.name('nobody')}-{'n' * 60}"}
    found["very long name"] = f"{ledger.name('nobody')}-{'n' * 3500}"  # of 8000 octets a URL may be (RFC 9110, 4.1)
    if scene.deployed:
        found |= {"id in capitals": ledger.nobody().upper(), "id in braces": f"{{{ledger.nobody()}}}"}
        found |= {"id as URN": f"urn:uuid:{ledger.nobody()}", "id without dashes": ledger.nobody().replace("-", "")}
    return found


def malformed_targets(scene: Scene) -> dict[str, str]:
    """Return what can be neither an id nor a name."""
    mark = scene.session.ledger.name("no")
    forms = {"capital": "{}-X", "underscore": "{}_x", "two dashes": "{}--x", "dash at the end": "{}-", "blank": "{} x"}
    forms |= {
        "dash at the start": "-{}",
        "dot": "{}.x",
        "letter": "{}é",
        "percent": "{}%",
        "star": "*{}",
        "comma": "{},x",
        "quote": '{}"x',
        "backslash": "{}\\x",
        "angle brackets": "<{}>",
        "line end": "{}\n",
    }
    return {code: form.format(mark) for code, form in forms.items()}


def near_targets(name: str) -> dict[str, str]:
    """Return what can be neither an id nor a name, and is nearly the name of a provider: none of it finds that."""
    ends = {"a format": ".json", "a dot": ".", "a star": "*", "a blank": " ", "a zero byte": "\0", "a matrix": ";v=1"}
    found = {f"{code} behind": f"{name}{end}" for code, end in ends.items()}
    for code, sign in {"any sign": "_", "any signs": "%", "any glob": "?"}.items():
        found |= {code: f"{name[:-1]}{sign}", f"{code} within": f"{name[:4]}{sign}{name[5:]}"}
    wide = "".join(chr(ord(char) + 0xFEE0) for char in name)  # what normalising or folding makes the name of
    found |= {"full width": wide, "a letter of full width": f"{wide[0]}{name[1:]}", "a soft hyphen": f"{name}\u00ad"}
    found |= {"no width": f"{name[:3]}\u200b{name[3:]}", "an accent behind": f"{name}\u0301"}
    found |= {
        "a mark of order before": f"\ufeff{name}",
        "a tab behind": f"{name}\t",
        "a line end behind": f"{name}\r\n",
    }
    found |= {"a small circle before": f"\u24d2{name[1:]}", "a dash of another kind": name.replace("-", "\u2010")}
    return found | {"a blank before": f" {name}", "capitals": name.upper(), "all": "%", "all of them": "*"}


def good_changes(scene: Scene) -> dict[str, Body]:
    """Return good PATCHes, each member alone and all together, as far as the body alone tells."""
    key = {"api_key": scene.key()}
    changes: dict[str, Body] = {"display_name": {"display_name": "New"}, "cleared": {"display_name": ""}}
    changes |= {"on": {"enabled": True}, "off": {"enabled": False}, "base_url": {"base_url": "https://b.example"}}
    changes |= {"keys": {"api_keys": [key]}, "no keys": {"api_keys": []}, "settings": {"settings": dict(SETTINGS)}}
    changes |= {"kept key": {"api_keys": [{"id": scene.session.ledger.nobody()}]}}
    changes |= {"several": {"enabled": True, "display_name": "New", "base_url": "https://b.example", "api_keys": [key]}}
    return changes


def faulty_changes(scene: Scene) -> dict[str, bytes | Body]:
    """Return PATCHes that are refused whatever they are for; a body in bytes is sent as it is."""
    key = scene.key()
    faulty: dict[str, bytes | Body] = {"no JSON": b"{", "empty": b"", "list": b"[]", "nothing": {}, "null": b"null"}
    faulty |= {"type": {"enabled": "yes"}, "number": {"display_name": 5}, "key of another type": {"api_keys": [key]}}
    if scene.deployed:
        faulty |= {"url": {"base_url": "nope"}, "unknown member": {"color": "blue"}, "nulls": {"enabled": None}}
        faulty |= {"bad key": {"api_keys": [{"api_key": ""}]}, "neither": {"api_keys": [{}]}}
        faulty |= {"second key": {"enabled": True, "api_keys": [{"api_key": key}, {"api_key": " "}]}}
        faulty |= {"settings": {"settings": {}}, "version": {"settings": {**SETTINGS, "_version": 2}}}
        faulty |= {"both": {"settings": dict(SETTINGS), "api_keys": [{"api_key": key}]}}
    return faulty


@check(
    "rules.body-before-lookup",
    "A faulty body is refused before the provider is looked up, a good one after it",
    rules=("body-judged-before-lookup",),
    profiles=DEPLOYED,
)
def body_before_lookup(scene: Scene) -> None:
    """PATCH what nobody has, in every spelling, with faulty bodies and with good ones."""
    effort = scene.options.effort
    for (code, target), (kind, body) in pairs(
        list(unknown_targets(scene).items()), list(faulty_changes(scene).items()), strength=effort
    ):
        raw, sent = (body, None) if isinstance(body, bytes) else (None, body)
        exchange = scene.session.call(UPDATE, target, body=sent, raw=raw)
        scene.expect_status(exchange, (400,), f"{code}:{kind}", "the body is judged first")


@check(
    "rules.path-keys",
    "What nobody has is answered 404, what can be neither an id nor a name 400, whatever the request brings",
    variants=(GET, UPDATE, DELETE),
)
def path_keys(scene: Scene) -> None:
    """Ask for unknown and for malformed ids and names, with every good body."""
    operation, effort = scene.check.variant, scene.options.effort
    bodies: list[Any] = list(good_changes(scene).items()) if operation == UPDATE else [("", None)]
    for (code, target), (kind, body) in pairs(list(unknown_targets(scene).items()), bodies, strength=effort):
        exchange = scene.session.call(operation, target, body=body)
        limited = code == "very long name" and not scene.deployed  # where a rule on names may be the server's own
        scene.expect_status(exchange, (400, 404) if limited else (404,), f"{operation}:{code}:{kind}", "nobody has it")
    allowed, why = ((400,), "it is neither an id nor a name") if scene.deployed else ((400, 404), "nobody has it")
    if operation == GET or effort != "quick":
        near = near_targets(scene.created().document["name"])
        marked = {code: target for code, target in near.items() if scene.session.ledger.marked(target)}
        for code, target in (near if operation == GET else marked).items():
            exchange = scene.session.call(operation, target, body=NEAR if operation == UPDATE else None)
            scene.expect_status(exchange, allowed, f"{operation}:near:{code}", why)
    if operation == GET:
        for word in sorted(set(WORDS) - {one.get("name") for one in scene.listed().listed()}):
            wanted = (404,) if scene.deployed else (400, 404)
            scene.expect_status(scene.session.call(GET, word), wanted, f"{GET}:word:{word}", "nobody has that name")
    for (code, target), (kind, body) in pairs(list(malformed_targets(scene).items()), bodies, strength=effort):
        exchange = scene.session.call(operation, target, body=body)
        scene.expect_status(exchange, allowed, f"{operation}:malformed:{code}:{kind}", why)
