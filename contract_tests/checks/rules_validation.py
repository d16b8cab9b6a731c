"""What a request may not hold, member by member, with the field that the refusal names.

Each fault stands in surroundings that differ from request to request, see :mod:`contract_tests.checks.contexts`.
"""

from collections.abc import Iterable
from string import ascii_lowercase
from typing import Any

from contract_tests.checks.contexts import (
    SETTINGS,
    WITH_KEYS,
    Pool,
    beside,
    numbered,
    pairs,
    put_in,
    turned,
    various,
)
from contract_tests.checks.told import fields, untold
from contract_tests.checks.wrong import (
    BAD_IN_NAMES,
    BAD_KEYS,
    BAD_TYPES,
    BAD_URLS,
    GOOD_URLS,
    LENGTHS,
    PLACES,
    WRONG_ELEMENTS,
    WRONG_ENTRIES,
    WRONG_TYPES,
    bad_name,
    kind_of,
)
from contract_tests.documents import CREATE, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.findings import accepted
from contract_tests.registry import check
from contract_tests.scene import Scene

DEPLOYED = ("deployed",)
WORDS = {f"the word {word}": word for word in ("new", "list", "default", "null", "true", "api", "cafe", "e1", "1-2")}


def refused(
    scene: Scene, exchange: Exchange, code: str, wanted: Iterable[str], why: str, also: Iterable[str] = ()
) -> bool:
    """Expect a 400 that names just these fields; which fields are named is settled as deployed alone.

    Those of ``also`` may be named, too.
    """
    names = sorted(wanted)
    if not scene.expect_status(exchange, (400,), code, why, aliases=accepted(exchange.operation or "", *names)):
        return False
    if not scene.deployed or not names:
        return True
    found = sorted(fields(exchange))
    return scene.expect(
        found in (names, sorted([*names, *also])),
        f"{code}:fields",
        f"validations for {', '.join(names)}, one entry each",
        f"validations for {', '.join(found) or 'nothing'}",
        [exchange],
        check="rules.validation-fields",
        subject=untold(scene, exchange, names, found),
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
            if code != "spelt as a UUID":
                scene.same(scene.got(name), made.document, why="it is the provider of that name")
    if not scene.deployed:
        return
    dashes = {"empty": "", "dash": "-", "dash at the start": f"-{stem}", "dash at the end": f"{stem}-"}
    dashes["dash at the end of a long one"] = f"{stem}-{'n' * 60}-"
    rows = pairs(list(BAD_IN_NAMES), PLACES, LENGTHS, strength=scene.options.effort)
    bad = [(f"{what} at the {where} of {size}", bad_name(stem, what, where, size)) for what, where, size in rows]
    for number, (code, name) in enumerate((*dashes.items(), *bad)):
        exchange = scene.session.call(CREATE, body=various(scene, number, name=name))
        refused(scene, exchange, code, ["name"], "no good name")


@check("rules.required", "A create needs a type, a name and a base URL", variants=("type", "name", "base_url"))
def required(scene: Scene) -> None:
    """Leave one required member out; as deployed, also null and empty."""
    member = scene.check.variant
    for number in range(scene.options.amount(2, 8, 24)):
        exchange = scene.session.call(CREATE, body=various(scene, number, **{member: ...}))
        refused(scene, exchange, "absent", [member], f"{member} is required")
        for code, value in {"null": None, "empty": ""}.items() if scene.deployed else ():
            body = {**various(scene, number, **{member: ...}), member: value}
            refused(scene, scene.session.call(CREATE, body=body), code, [member], f"{member} is required")


@check("rules.type-known", "A type is one of the page's eight values")
def type_known(scene: Scene) -> None:
    """Create with types that are none."""
    for number, value in numbered(BAD_TYPES, scene.options.amount(1, 2, 8)):
        exchange = scene.session.call(CREATE, body={**various(scene, number, settings=...), "type": value})
        code = {"nope": "unknown", "": "empty"}.get(value, f"near {value.strip().lower()}")
        refused(scene, exchange, code, ["type"], "no type")


@check("rules.base-url", "A base URL is an absolute http or https URL with a host", profiles=DEPLOYED)
def base_url(scene: Scene) -> None:
    """Create and PATCH with URLs that are wrong in one way each, with every type, on and off; good ones are taken."""
    laps, why = scene.options.amount(1, 8, 24), "no absolute http or https URL with a host"
    pool = Pool(scene, scene.options.amount(8, 8, 16))
    for number, (code, value) in numbered(BAD_URLS.items(), laps):
        exchange = scene.session.call(CREATE, body=various(scene, number, base_url=value))
        refused(scene, exchange, f"{CREATE}:{code}", ["base_url"], why)
        provider = pool.take(number)
        body = beside(scene, number, provider, base_url=value)
        exchange = scene.session.call(UPDATE, scene.way(provider), body=body)
        refused(scene, exchange, f"{UPDATE}:{code}", ["base_url"], why)
    pool.unchanged("changed")
    for number, (code, value) in numbered(GOOD_URLS.items(), scene.options.amount(1, 3, 8)):
        if number % 2 == 0 or laps > 1:
            exchange = scene.session.call(CREATE, body=various(scene, number, base_url=value))
            if scene.expect_status(exchange, (201,), f"{CREATE}:good:{code}", f"a good URL ({code})"):
                scene.same(exchange, {"base_url": value}, why=f"a good URL ({code})")
        if number % 2 == 1 or laps > 1:
            provider = pool.take(number)
            exchange = scene.session.call(UPDATE, scene.way(provider), body={"base_url": value})
            if scene.expect_status(exchange, (200,), f"{UPDATE}:good:{code}", f"a good URL ({code})"):
                scene.same(exchange, {"base_url": value}, why=f"a good URL ({code})")


@check("rules.key-entries", "A key is not empty and has no white space at an end", profiles=DEPLOYED)
def key_entries(scene: Scene) -> None:
    """Create and PATCH with keys that are wrong in one way each, at every place, beside new keys and kept ones."""
    places = scene.options.amount(1, 3, 3)
    pool = Pool(scene, scene.options.amount(3, 7, 14), WITH_KEYS, settings=...)
    for number, (code, form) in numbered(BAD_KEYS.items(), scene.options.amount(2, 3, 8)):
        value, good = form.format(scene.key()), [scene.key(), f"{scene.key()} inner space"]
        for place, keys in put_in(value, good, number, places):
            body = various(scene, number, type=WITH_KEYS[number % 7], api_keys=keys)
            exchange = scene.session.call(CREATE, body=body)
            refused(scene, exchange, f"{CREATE}:{code}", [f"api_keys[{place}]"], "no good key")
        provider = pool.take(number)
        for place, entries in put_in({"api_key": value}, pool.entries(number), number, places):
            body = beside(scene, number, provider, api_keys=entries)
            exchange = scene.session.call(UPDATE, scene.way(provider), body=body)
            refused(scene, exchange, f"{UPDATE}:{code}", [f"api_keys[{place}].api_key"], "no good key")
    exchange = scene.session.call(CREATE, body=scene.body(api_keys=good))
    scene.expect_status(exchange, (201,), "inner space", "white space inside a key is fine")
    pool.unchanged("changed")


@check("rules.json-types", "A member of the wrong JSON type is refused", variants=(CREATE, UPDATE))
def json_types(scene: Scene) -> None:
    """Send each member, and each element and member of it, as every JSON type that it is not."""
    operation, laps = scene.check.variant, scene.options.amount(1, 3, 8)
    pool = Pool(scene, scene.options.amount(8, 8, 16))
    keyed = Pool(scene, scene.options.amount(2, 7, 14), WITH_KEYS, settings=...)
    wrong: list[tuple[str, str, Any]] = []
    for member, values in WRONG_TYPES.items():
        if operation == CREATE or member not in {"name", "type"}:
            more = WRONG_ENTRIES[operation] if member == "api_keys" else ()
            wrong += [(member, f"{member}:{kind_of(value)}", value) for value in (*values, *more)]
    for number, (member, code, value) in numbered(wrong, laps):
        _wrongly_typed(scene, number, keyed if member == "api_keys" else pool, member, code, value)
    elements = (*WRONG_ELEMENTS[operation], *((None,) if scene.deployed else ()))
    for number, value in numbered(elements, laps):
        others = keyed.entries(number) if operation == UPDATE else [scene.key(), scene.key()]
        for _, entries in put_in(value, others, number, min(3, laps + 1)):
            _wrongly_typed(scene, number, keyed, "api_keys", f"api_keys[]:{kind_of(value)}", entries)
    if scene.deployed:
        texts = ("region", "model", "small_fast_model", "access_key", "access_key_secret")
        for number, name in numbered(texts, scene.options.amount(1, 4, 8)):
            value = (5, True, ["x"], {}, 0)[number % 5]
            settings = turned({**SETTINGS, "access_key": scene.key(), name: value}, number)
            _wrongly_typed(scene, number, pool, "settings", f"settings.{name}:{kind_of(value)}", settings)
    if operation == UPDATE:
        pool.unchanged(f"{operation}:changed")
        keyed.unchanged(f"{operation}:changed")


def _wrongly_typed(scene: Scene, number: int, pool: Pool, member: str, code: str, value: Any) -> None:
    """Send a member of the wrong JSON type in the surroundings of a number."""
    if scene.check.variant == CREATE:
        kinds = {"api_keys": WITH_KEYS, "settings": WITH_KEYS}.get(member)
        kind = {"type": kinds[number % len(kinds)]} if kinds else {}
        exchange = scene.session.call(CREATE, body=various(scene, number, **{**kind, member: value}))
    else:
        provider = pool.take(number)
        exchange = scene.session.call(
            UPDATE, scene.way(provider), body=beside(scene, number, provider, **{member: value})
        )
    scene.expect_status(exchange, (400,), f"{scene.check.variant}:{code}", f"{code} is none")


@check("rules.empty-patch", "A PATCH without a known member is refused", profiles=DEPLOYED)
def empty_patch(scene: Scene) -> None:
    """Send PATCHes that say nothing."""
    pool = Pool(scene, scene.options.amount(3, 8, 16))
    members = ("display_name", "base_url", "enabled", "api_keys", "settings")
    empty: dict[str, dict[str, Any]] = {
        "nothing": {},
        "unknown members": {"color": "blue"},
        "name alone": {"name": scene.session.ledger.name("renamed")},
        "type alone": {"type": "google"},
        "what the server makes": {"id": scene.session.ledger.nobody(), "created_at": "2020-01-01T00:00:00Z"},
        "nulls": dict.fromkeys(members),
        "null and unknown": {"enabled": None, "color": ["blue"]},
        **{f"{name} null": {name: None} for name in members},
    }
    for number, (code, body) in numbered(empty.items(), scene.options.amount(1, 4, 8)):
        exchange = scene.session.call(UPDATE, scene.way(pool.take(number)), body=body)
        scene.expect_status(exchange, (400,), code, "no known member")
    pool.unchanged("changed")
    exchange = scene.session.call(UPDATE, scene.way(pool.take(0)), raw=b"null")
    scene.expect_status(exchange, (400,), "null", "no known member")
