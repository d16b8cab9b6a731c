"""Keys: masked, never answered in plain text, and reconciled by a PATCH."""

import base64
from typing import Any

from contract_tests.checks.told import names_alone
from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.leaks import leaks
from contract_tests.openness import MANY
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import UNLISTED, Scene

DEPLOYED = ("deployed",)
# The page's behaviour table, and one key around each of its bounds; characters are counted, not bytes.
MASKED = [
    "0",
    "abcd",
    "short",
    "sixsix",
    "ninechars",
    "ten-chars!",
    "thisisquitelong",
    "nineteen-characters",
    "twenty-characters-20",
    "sk-ant-api03-abcdefgh",
    "dummy-key-of-forty-characters-0123456789",
    "dummy-key-of-many-" + "0123456789" * 12 + "-its-end",
    "dummy-key-of-very-many-" + "9876543210" * 500 + "-last",
    "ключ",
    "ключи",
    "ключики-девять",
    "ключ-из-двадцати-зна",
    "鍵鍵鍵鍵鍵",
    "🔑🗝🔑🗝🔑🗝🔑🗝🔑🗝",
    "e\u0301e\u0301e\u0301e\u0301e\u0301",
]
# What a server may take for something other than a key: a digest, a mask, a token of parts, a word of code, markup.
SHAPED = [
    "0123456789abcdef" * 2,
    "0123456789abcdef" * 4,
    "497f6eca-6276-4993-bfeb-53cbbbba6f08",
    "dummy-key...0001",
    "dummy-key***0001",
    "********",
    "dumm…0001",
    "eyJkdW1teSI6MX0.eyJkdW1teSI6Mn0.ZHVtbXk",
    "ZHVtbXkta2V5LTAwMDE=",
    "<dummy&key>",
    "\"dummy\" 'key' \\",
    "%64ummy+key%20",
    "${dummy}{{key}}",
    "DUMMY-KEY-IN-CAPITALS",
    "null",
    "undefined",
    "e\u0301e\u0301e\u0301e\u0301dummy-01",
    "dummy key  two blanks",
    "https://user:dummy@ai.example.com/v1",
    "sk-proj-dummy_dummy-dummy_0001",
]
SIGNS = ("é", "語", "🔑")  # characters of two, three and four octets; the last has two units in UTF-16
ALPHABET = "dummy0123456789-abcdefghijklmnopqrstuvwxyz"


def mask(key: str) -> str:
    """Return how a key is shown: r characters of each end, joined by three dots (deployed behaviour, Masking)."""
    if not key:
        return ""
    shown = 4 if len(key) >= 20 else 2 if len(key) >= 10 else 1 if len(key) >= 5 else 0
    return f"{key[:shown]}...{key[len(key) - shown :]}"


def keys_of(exchange: Exchange) -> list[dict[str, Any]]:
    """Return the keys that the provider of an answer shows."""
    keys = exchange.document.get("api_keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


@check("rules.mask", "A key is shown by its mask, in the order in which it was sent", rules=("keys-are-masked",))
def masks(scene: Scene) -> None:
    """Create and PATCH with keys of every length that matters, some of them not ASCII."""
    sent = [*MASKED, scene.key()]
    made = scene.created(api_keys=sent)
    provider = made.document
    _masked(scene, made, sent, ordered=True)
    _masked(scene, scene.got(provider["id"]), sent, ordered=True)
    _masked(scene, scene.got(provider["name"]), sent, ordered=True)
    listed = scene.listed()
    shown = scene.find(listed, provider["id"])
    scene.same(listed, {"api_keys": provider.get("api_keys")}, shown, "as its create answered them")
    other = scene.created().document
    exchange = scene.patched(other["id"], api_keys=[{"api_key": key} for key in sent])
    _masked(scene, exchange, sent, ordered=False)
    _masked(scene, scene.got(other["id"]), sent, ordered=False)
    _masked(scene, scene.created(api_keys=SHAPED), SHAPED, ordered=True)
    longest = scene.options.amount(40, 80, 300)
    for start in range(1, longest, MANY):
        lengths = range(start, min(start + MANY, longest + 1))
        sized = [(ALPHABET * 8)[offset : offset + length] for offset, length in enumerate(lengths)]
        _masked(scene, scene.created(api_keys=sized), sized, ordered=True)
    for sign in SIGNS:
        for lengths in (range(1, 12), range(12, 23)):
            wide = [sign * length for length in lengths]
            _masked(scene, scene.created(api_keys=wide), wide, ordered=True)


@check("rules.secrets-never-leak", "No answer carries a key in plain text, error answers included")
def secrets_never_leak(scene: Scene) -> None:
    """Send keys in good and in refused requests; every answer of the run is searched for every key."""
    session = scene.session
    key, second = scene.key(), scene.key()
    provider = scene.created(api_keys=[key, second]).document
    session.call(GET, provider["id"])
    session.call(GET, provider["name"])
    session.call(LIST)
    session.call(UPDATE, scene.way(provider), body={"api_keys": [{"api_key": scene.key()}]})
    session.call(UPDATE, scene.way(provider), body={"display_name": "Changed"})
    session.call(CREATE, body=scene.body(api_keys=[f"{scene.key()}\n{scene.key()}"]))  # a key of two lines
    faulty: list[dict[str, Any]] = [
        scene.body(name=provider["name"], api_keys=[scene.key()]),
        scene.body(type="nope", api_keys=[scene.key()]),
        scene.body(api_keys=[scene.key(), 5]),
        scene.body(enabled="yes", api_keys=[scene.key()]),
        scene.body(base_url="", api_keys=[scene.key()]),
        scene.body(api_keys=[f" {scene.key()}"]),
        scene.body(api_keys=[{"api_key": scene.key()}]),
        scene.body(api_keys=scene.key()),
    ]
    for body in faulty:
        session.call(CREATE, body=body)
    for operation, target in ((CREATE, None), (UPDATE, provider["id"])):
        session.call(operation, target, raw=f'{{"api_keys": ["{scene.secret()}"], '.encode())
        session.call(operation, target, raw=f'["{scene.secret()}"]'.encode())
    ghost = session.ledger.nobody()
    changes: list[dict[str, Any]] = [
        {"api_keys": [{"api_key": scene.key(), "id": ghost}]},
        {"api_keys": [{"api_key": scene.key()}, {"id": ghost}]},
        {"api_keys": [{"api_key": f"{scene.key()} "}]},
        {"api_keys": [{"api_key": scene.key()}], "enabled": "yes"},
        {"api_keys": [scene.key()]},
        {"api_keys": scene.key()},
    ]
    for body in changes:
        session.call(UPDATE, scene.way(provider), body=body)
        session.call(UPDATE, ghost, body=body)
    session.call(CREATE, body=scene.body(api_keys=[scene.key()]), principal="nobody")
    if scene.options.other_token is not None:
        session.call(CREATE, body=scene.body(api_keys=[scene.key()]), principal="other")
    session.call(GET, provider["id"])
    session.call(DELETE, provider["id"])
    session.call(GET, provider["id"])
    _encoded(scene)


@check("rules.key-set", "The key list of a PATCH is the key set after it", rules=("keys-reconciled",))
def key_set(scene: Scene) -> None:
    """Keep, add, remove and replace keys in several PATCHes; the kept ones are the same to the last member."""
    bystander = scene.created(api_keys=[scene.key()]).document
    made = scene.created(api_keys=[scene.key(), scene.key(), scene.key()], enabled=True)
    provider, keys = made.document, keys_of(made)
    if not scene.expect(len(keys) == 3, "created", "three keys", f"{len(keys)} keys", [made]):
        return
    more = {"display_name": "With keys", "enabled": False, "base_url": "https://with-keys.example.com"}
    plan: list[tuple[str, dict[str, Any], list[int], int]] = [
        ("absent", {"display_name": "No keys named"}, [0, 1, 2], 0),
        ("keep all", {"api_keys": [{"id": k["id"]} for k in keys]}, [0, 1, 2], 0),
        ("keep all the other way round", {"api_keys": [{"id": k["id"]} for k in reversed(keys)]}, [0, 1, 2], 0),
        ("keep two", {"api_keys": [{"id": keys[2]["id"]}, {"id": keys[0]["id"]}]}, [0, 2], 0),
        ("keep one, add two", {"api_keys": [{"id": keys[2]["id"]}, *_new(scene, 2)], **more}, [2], 2),
        ("again absent", {"enabled": False}, [2], 2),
        ("replace all", {"api_keys": _new(scene, 1)}, [], 1),
        ("remove all", {"api_keys": []}, [], 0),
        ("remove none", {"api_keys": []}, [], 0),
        ("add to none", {"api_keys": _new(scene, 2)}, [], 2),
    ]
    before = {key["id"] for key in keys}
    for code, body, kept, added in plan:
        exchange = scene.patched(scene.way(provider), **body)
        scene.same(exchange, {name: value for name, value in body.items() if name in more}, why="as it was sent")
        for answer in (exchange, scene.got(provider["id"]), scene.got(provider["name"])):
            now = {key.get("id"): key for key in keys_of(answer)}
            scene.expect(
                all(now.get(keys[index]["id"]) == keys[index] for index in kept),
                f"{code}:kept",
                "a key that is kept has the same id, mask and time of creation",
                answer.document.get("api_keys"),
                [made, exchange, answer],
                subject=f"{UPDATE}:member:api_keys",
            )
            scene.expect(
                len(keys_of(answer)) == len(kept) + added,
                f"{code}:count",
                f"{len(kept)} kept and {added} new keys",
                f"{len(keys_of(answer))} keys",
                [exchange, answer],
                subject=f"{UPDATE}:member:api_keys",
            )
        if "absent" not in code:
            new = {key.get("id") for key in keys_of(exchange)} - {keys[index]["id"] for index in kept}
            old = new & before
            scene.expect(
                not old or "absent" in code, f"{code}:new ids", "new keys have ids of their own", str(old), [exchange]
            )
            before |= new
    if scene.deployed:
        held = scene.created(api_keys=[scene.key(), scene.key()])
        entries = [{"id": key["id"].upper()} for key in keys_of(held)]
        exchange = scene.session.call(UPDATE, held.document["id"], body={"api_keys": entries})
        if scene.expect_status(exchange, (200,), "capitals", "an id in capitals is the same UUID"):
            scene.same(exchange, {"api_keys": held.document["api_keys"]}, why="all keys are kept")
        _equal_keys(scene)
    _many_keys(scene)
    scene.unchanged(bystander, [], "bystander")
    listed = scene.listed()
    scene.same(listed, bystander, scene.find(listed, bystander["id"]), "its keys were not named")


def _many_keys(scene: Scene) -> None:
    """Keep many keys by their ids, all of them and then each other one: nothing is lost, changed or left behind."""
    made = scene.created(api_keys=[scene.key() for _ in range(scene.options.amount(40, 70, 300))])
    provider, keys = made.document, keys_of(made)
    for kept in (keys, keys[::2]):
        exchange = scene.patched(provider["id"], api_keys=[{"id": key["id"]} for key in kept])
        got, listed = scene.got(provider["id"]), scene.listed()
        shown = (scene.find(listed, provider["id"]) or {}).get("api_keys")
        shown = shown if isinstance(shown, list) else []
        for answer, there in ((exchange, keys_of(exchange)), (got, keys_of(got)), (listed, shown)):
            same = sorted(there, key=_id_of) == sorted(kept, key=_id_of)
            expected, found = f"the {len(kept)} keys that were named", f"{len(there)} keys, or others"
            known = UNLISTED if answer is listed and not there else ""
            scene.expect(same, "many:kept", expected, found, [exchange, answer], subject=known)
    gone = scene.session.call(DELETE, provider["id"])
    scene.expect_status(gone, (204,), "many:deleted", "it is there, with all its keys")


def _id_of(key: Any) -> str:
    return str(key.get("id")) if isinstance(key, dict) else ""


def _equal_keys(scene: Scene) -> None:
    """One plain text twice is two keys, and one that comes back in a PATCH is a new key, beside the old one too."""
    key = scene.key()
    made = scene.created(api_keys=[key, key])
    provider, old = made.document, {held["id"] for held in keys_of(made)}
    scene.expect(len(old) == 2, "equal:created", "two keys", f"{len(old)} keys", [made])
    exchange = scene.patched(scene.way(provider), api_keys=[{"api_key": key}, {"api_key": key}])
    new = {held["id"] for held in keys_of(exchange)}
    found = f"{len(new)} keys, {len(new & old)} of them old"
    scene.expect(len(new) == 2 and not new & old, "equal:new", "two new keys", found, [made, exchange])
    first, second = scene.key(), scene.key()
    made = scene.created(api_keys=[first, second])
    entries = [{"id": held["id"]} for held in keys_of(made)]
    exchange = scene.patched(scene.way(made.document), api_keys=[*entries, {"api_key": first}])
    found = f"{len(keys_of(exchange))} keys"
    scene.expect(len(keys_of(exchange)) == 3, "equal:added", "three keys, two with one text", found, [made, exchange])


@check("rules.key-id-known", "An entry that names a key must name one of this provider", rules=("key-id-known",))
def key_id_known(scene: Scene) -> None:
    """Name the id of no key, of another provider's key, of a removed key, and no id at all."""
    owner = scene.created(api_keys=[scene.key()])
    other = keys_of(owner)
    made = scene.created(api_keys=[scene.key(), scene.key()])
    provider, keys = made.document, keys_of(made)
    if len(keys) != 2 or not other:
        return
    provider = scene.patched(scene.way(provider), api_keys=[{"id": keys[0]["id"]}]).document
    wrong: dict[str, Any] = {
        "nobody's": scene.session.ledger.nobody(),
        "another provider's": other[0]["id"],
        "removed": keys[1]["id"],
        "the provider's own id": provider["id"],
        "no uuid": "key-1",
    }
    for code, value in wrong.items():
        for kind, entries in {
            "alone": [{"id": value}],
            "beside a good one": [{"id": keys[0]["id"]}, {"id": value}],
            "beside a new one": [*_new(scene, 1), {"id": value}],
        }.items():
            exchange = scene.session.call(
                UPDATE, scene.way(provider), body={"display_name": "Must not show", "api_keys": entries}
            )
            scene.expect_status(exchange, (400,), f"{code}:{kind}", "it is no key of this provider")
            scene.unchanged(provider, [exchange], "changed")
    scene.unchanged(owner.document, [], "another changed")


@check("rules.key-id-once", "No two entries name the same key", rules=("key-id-once",))
def key_id_once(scene: Scene) -> None:
    """Name a key twice in one PATCH."""
    made = scene.created(api_keys=[scene.key(), scene.key()])
    provider, keys = made.document, keys_of(made)
    if len(keys) != 2:
        return
    first, second = keys[0]["id"], keys[1]["id"]
    twice = [("side by side", [first, first], 1), ("apart", [first, second, first], 2)]
    if scene.deployed:
        twice.append(("in capitals", [first, second, first.upper()], 2))
    for code, ids, index in twice:
        exchange = scene.session.call(UPDATE, scene.way(provider), body={"api_keys": [{"id": one} for one in ids]})
        if scene.expect_status(exchange, (400,), code, "one key is named twice") and scene.deployed:
            names_alone(scene, exchange, code, f"api_keys[{index}].id")
        scene.unchanged(provider, [exchange], "changed")


@check("rules.key-entry-one", "An entry has an id or a key, and not both", profiles=DEPLOYED)
def key_entry_one(scene: Scene) -> None:
    """PATCH with entries that have both members, and neither."""
    made = scene.created(api_keys=[scene.key()])
    provider, keys = made.document, keys_of(made)
    if not keys:
        return
    good, held = {"api_key": scene.key()}, {"id": keys[0]["id"]}
    wrong = {
        "both": {**held, **good},
        "an empty key": {**held, "api_key": ""},
        "neither": {},
        "nulls": {"id": None, "api_key": None},
        "unknown": {"color": "blue"},
    }
    for code, entry in wrong.items():
        for index, entries in enumerate(([entry], [good, entry])):
            exchange = scene.session.call(UPDATE, scene.way(provider), body={"api_keys": entries})
            if scene.expect_status(exchange, (400,), code, "an id or a key") and code in {"both", "neither"}:
                names_alone(scene, exchange, code, f"api_keys[{index}]", check="rules.validation-fields")
    scene.unchanged(provider, [], "changed")


def _masked(scene: Scene, exchange: Exchange, sent: list[str], *, ordered: bool) -> None:
    keys = keys_of(exchange)
    if not scene.expect(len(keys) == len(sent), "count", f"{len(sent)} keys", f"{len(keys)} keys", [exchange]):
        return
    missing = sorted(
        {name for key in keys for name in ("id", "masked", "created_at") if not isinstance(key.get(name), str)}
    )
    what = "each key by its id, mask and time of creation"
    scene.expect(not missing, "members", what, f"no text for {', '.join(missing)}", [exchange])
    found = [str(key.get("masked")) for key in keys]
    plain = [key for key, shown in zip(sent, found, strict=True) if key == shown or (len(key) >= 5 and key in shown)]
    scene.expect(
        not plain,
        "plain",
        "a mask that does not hold the key",
        ", ".join(plain),
        [exchange],
        severity=Severity.CRITICAL,
    )
    if not scene.deployed:
        return
    wanted = [mask(key) for key in sent]
    for key, want, got in zip(sent, wanted, found, strict=True):
        if sorted(found) != sorted(wanted) and got != want:
            kind = "non-ASCII" if not key.isascii() else f"{min(len(key), 20) // 5 * 5} or more characters"
            scene.expect(
                False, kind, f"{key!r} is shown as {want!r}", repr(got), [exchange], severity=Severity.CRITICAL
            )
    scene.expect(
        not ordered or found == wanted or sorted(found) != sorted(wanted),
        "order",
        f"keys in the order in which they were sent: {', '.join(wanted)}",
        ", ".join(found),
        [exchange],
    )


def _encoded(scene: Scene) -> None:
    """Search the answers of this check for keys in an encoding that hides them badly."""
    forms: dict[str, str] = {}
    for secret in scene.session.secrets:
        data = secret.encode()
        forms |= {base64.b64encode(data).decode().rstrip("="): "base64", data.hex(): "hex", secret[::-1]: "reversed"}
        forms |= {secret[:-3]: "cut", secret[3:]: "cut", secret.upper(): "upper case"}
    for exchange in list(scene.session.trail):
        text = exchange.reply.body.decode("utf-8", "replace") + str(exchange.reply.headers)
        kind = next((name for form, name in forms.items() if form in text), None)
        if kind is not None and not any(leaks(exchange, (), scene.session.secrets)):
            scene.depart(
                f"encoded:{kind}",
                "no answer carries a key in any form but its mask",
                f"a key shows in a {exchange.reply.status} answer ({kind})",
                [exchange],
                severity=Severity.CRITICAL,
            )


def _new(scene: Scene, count: int) -> list[dict[str, str]]:
    return [{"api_key": scene.key()} for _ in range(count)]
