"""State over time: timestamps, all or nothing, and what one request does to another."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from contract_tests.checks.contexts import SETTINGS
from contract_tests.documents import CREATE, DELETE, GET, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene, short
from contract_tests.times import RFC3339, moment, wait_for_tick

SKEW = 300.0  # seconds between created_at and the Date header
DAY = 86400.0  # between created_at and this machine's clock, where the server says nothing of its own


@check(
    "rules.timestamps", "Times are RFC 3339; a PATCH moves updated_at and never created_at", rules=("updated-at-moves",)
)
def timestamps(scene: Scene) -> None:
    """Watch both times over a create, reads, PATCHes (one that changes nothing too) and refused requests."""
    made = scene.created(api_keys=[scene.key()])
    provider = made.document
    created = _times(scene, made, provider)
    if created is None:
        return
    first, last = created
    scene.expect(first <= last, "order", "created_at not after updated_at", [str(first), str(last)], [made])
    sent = _server_time(made)
    gap = abs((first - (sent or datetime.now(UTC))).total_seconds())
    near = f"created_at near the server's clock, {sent}" if sent else "created_at within a day of now"
    scene.expect(gap < (SKEW if sent else DAY), "clock", near, str(first), [made])
    for target in (provider["id"], provider["name"]):
        scene.same(scene.got(target), {"updated_at": provider["updated_at"]}, why="reading changes nothing")
    changes: list[dict[str, Any]] = [
        {"display_name": "One"},
        {"display_name": "One"},
        {"enabled": True},
        {"enabled": True},
        {"base_url": "https://two.example.com"},
        {"base_url": "https://two.example.com"},
        {"api_keys": []},
        {"api_keys": []},
        {"display_name": ""},
        {"display_name": ""},
    ]
    for change in changes:
        wait_for_tick(provider["updated_at"])
        exchange = scene.patched(scene.way(provider), **change)
        now = _times(scene, exchange, exchange.document)
        if now is None:
            return
        scene.expect(
            now[1] > last,
            "not moved",
            f"updated_at after {last.isoformat()}: every PATCH moves it",
            now[1].isoformat(),
            [made, exchange],
            subject=f"{UPDATE}:updated_at:still",
        )
        scene.same(exchange, {"created_at": provider["created_at"]}, why="a PATCH never moves it")
        again = scene.got(provider["id"])
        scene.same(again, {"updated_at": exchange.document["updated_at"]}, why="as the PATCH answered it")
        last, provider = now[1], exchange.document
    refused = scene.session.call(UPDATE, scene.way(provider), body={"enabled": "yes"})
    if refused.status == 400:
        scene.same(
            scene.got(provider["id"]), {"updated_at": provider["updated_at"]}, why="a refused PATCH changes nothing"
        )


@check("rules.key-times", "Keys keep their time of creation")
def key_times(scene: Scene) -> None:
    """PATCH a provider around its keys: each key's created_at is RFC 3339 and stays."""
    made = scene.created(api_keys=[scene.key()])
    keys = made.document.get("api_keys")
    if not isinstance(keys, list) or not keys or not isinstance(keys[0], dict):
        return
    _good_time(scene, made, keys[0].get("created_at"), "api_keys[].created_at")
    wait_for_tick(keys[0].get("created_at"))
    entries = [{"id": keys[0]["id"]}, {"api_key": scene.key()}]
    exchange = scene.patched(made.document["id"], api_keys=entries)
    now = {key.get("id"): key for key in exchange.document.get("api_keys") or () if isinstance(key, dict)}
    kept = now.get(keys[0]["id"])
    scene.expect(kept == keys[0], "kept", short(keys[0]), kept or "it is gone", [made, exchange])
    for key in now.values():
        _good_time(scene, exchange, key.get("created_at"), "api_keys[].created_at")
    new = [key for key in now.values() if key.get("id") != keys[0]["id"]]
    first, last = moment(keys[0].get("created_at")), moment(new[0].get("created_at")) if new else None
    if scene.deployed and first is not None and last is not None:
        later = "a new key is younger than one that was there"
        scene.expect(last > first, "new key", later, f"{last} and {first}", [made, exchange])


@check("rules.atomic", "A refused request changes nothing", rules=("all-or-nothing",))
def atomic(scene: Scene) -> None:
    """Send requests that are half right: the right half must not show."""
    made = scene.created(display_name="Before", enabled=False, api_keys=[scene.key(), scene.key()])
    provider = made.document
    keys: list[Any] = provider["api_keys"] if isinstance(provider.get("api_keys"), list) else []
    ghost = scene.session.ledger.nobody()
    good: dict[str, Any] = {"display_name": "After", "enabled": True, "base_url": "https://after.example.com"}
    held = [{"id": key["id"]} for key in keys[:1] if isinstance(key, dict) and "id" in key]
    faulty: dict[str, dict[str, Any]] = {
        "unknown key": {**good, "api_keys": [*held, {"id": ghost}]},
        "unknown key after a new one": {**good, "api_keys": [{"api_key": scene.key()}, {"id": ghost}]},
        "key twice": {**good, "api_keys": [*held, *held]} if held else {**good, "enabled": "yes"},
        "wrong type": {**good, "enabled": "yes"},
        "wrong type of keys": {**good, "api_keys": "none"},
    }
    if scene.deployed:
        faulty |= {
            "bad URL": {**good, "base_url": "nope"},
            "bad key": {**good, "api_keys": [*held, {"api_key": " x"}]},
            "empty entry": {**good, "api_keys": [{}]},
            "settings that do not fit": {**good, "settings": {"_type": "bedrock", "_version": 1, "region": "r"}},
            "no settings": {**good, "settings": {}},
            "bad URL beside no keys": {"base_url": "nope", "api_keys": []},
        }
    for code, body in faulty.items():
        for target in (provider["id"], provider["name"]):
            exchange = scene.session.call(UPDATE, target, body=body)
            if scene.expect_status(exchange, (400,), code, "the request is faulty"):
                scene.unchanged(provider, [exchange], f"{UPDATE}:{code}")
    if scene.deployed:
        _settings_atomic(scene)
    for code, change in (("taken name", {"name": provider["name"]}), ("wrong type", {"enabled": "yes"})):
        body = scene.body(api_keys=[scene.key()]) | change
        exchange = scene.session.call(CREATE, body=body)
        scene.expect_status(exchange, (409,) if code == "taken name" else (400,), f"{CREATE}:{code}", "it is faulty")
        scene.unchanged(provider, [exchange], f"{CREATE}:{code}")
        if code == "wrong type":
            after = scene.session.call(GET, body["name"])
            scene.expect_status(after, (404,), f"{CREATE}:{code}:made", "a refused create makes nothing")
    other = scene.created()  # what is good and comes later must not bring what was refused
    scene.unchanged(provider, [other], f"{CREATE}:later")
    scene.unchanged(provider, [scene.patched(other.document["id"], enabled=True)], f"{UPDATE}:later")
    scene.unchanged(provider, [scene.deleted(other.document["id"])], f"{DELETE}:later")
    for _ in range(2):
        listed = scene.listed()
        scene.same(listed, provider, scene.find(listed, provider["id"]), "no request changed it")


def _settings_atomic(scene: Scene) -> None:
    """Refuse good settings for what stands beside them."""
    settings: dict[str, Any] = {"_type": "bedrock", "_version": 1, "region": "us-east-1", "model": "m"}
    faulty: dict[str, dict[str, Any]] = {
        "bad URL": {"base_url": "nope"},
        "wrong type": {"enabled": "yes"},
        "wrong title": {"display_name": 5},
        "new key": {"api_keys": [{"api_key": scene.key()}]},
        "bad key": {"api_keys": [{"api_key": " x"}]},
    }
    for kind in ("bedrock", "anthropic"):
        provider = scene.created(type=kind, settings=settings).document
        for code, beside in faulty.items():
            body = {"settings": {**settings, "region": "us-west-2"}, **beside}
            exchange = scene.session.call(UPDATE, scene.way(provider), body=body)
            if scene.expect_status(exchange, (400,), f"settings:{code}", "the request is faulty"):
                scene.unchanged(provider, [exchange], f"{UPDATE}:settings:{code}")


@check("rules.cross-talk", "A request changes the provider that it names, and no other")
def cross_talk(scene: Scene) -> None:
    """Change and delete providers beside others whose names begin alike; the others stay as they were."""
    stem = scene.session.ledger.name("talk")
    names = [stem, f"{stem}-a", f"{stem}0", f"{stem}-a-b"]
    key = scene.key()  # one key of all: theirs to have, and to lose, one by one
    creates = [
        scene.created(name=name, display_name=f"Is {name}", enabled=index % 2 == 0, api_keys=[key, scene.key()])
        for index, name in enumerate(names)
    ]
    made = {name: one.document for name, one in zip(names, creates, strict=True)}
    ids = [held.get("id") for one in made.values() for held in one.get("api_keys") or () if isinstance(held, dict)]
    found = f"{len(set(map(str, ids)))} ids of {len(ids)} keys"
    scene.expect(len(set(map(str, ids))) == len(ids), "key ids", "an id of its own for each key", found, creates)
    for index, name in enumerate(names):
        target = made[name]["id"] if index % 2 else name
        change = {"display_name": f"Now {name}", "enabled": index % 2 == 1}
        scene.patched(target, **change, api_keys=[])
        exchange = scene.patched(target, api_keys=[{"api_key": key}]) if index % 2 else scene.got(target)
        made[name] = exchange.document
        scene.same(exchange, {"name": name, "display_name": f"Now {name}"}, why="it was named")
        for other in names:
            scene.unchanged(made[other], [exchange], f"{UPDATE}:another changed")
    for name in names:
        removed = made.pop(name)
        gone = scene.deleted(name if len(made) % 2 else removed["id"])
        for live in made.values():
            scene.unchanged(live, [gone], f"{DELETE}:another changed")
    _alike(scene)


def _alike(scene: Scene) -> None:
    """Change one of some providers that have the same of everything but the name, a member at a time."""
    same = {"type": "bedrock", "settings": dict(SETTINGS), "display_name": "Alike", "base_url": "https://alike.example"}
    first, *others = [scene.created(**same).document for _ in range(3)]
    changes: list[dict[str, Any]] = [
        {"settings": {**SETTINGS, "region": "us-east-1"}},
        {"display_name": "Alone"},
        {"enabled": True},
        {"base_url": "https://alone.example"},
    ]
    for change in changes:
        exchange = scene.patched(scene.way(first), **change)
        for other in others:
            scene.unchanged(other, [exchange], f"{UPDATE}:one that was alike changed")


def _times(scene: Scene, exchange: Exchange, provider: dict[str, Any]) -> tuple[datetime, datetime] | None:
    found = [_good_time(scene, exchange, provider.get(name), name) for name in ("created_at", "updated_at")]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def _good_time(scene: Scene, exchange: Exchange, value: Any, name: str) -> datetime | None:
    time_of = moment(value)
    said, known = f"{name} is RFC 3339", f"answer:{name}"
    if not scene.expect(time_of is not None, f"format:{name}", said, value, [exchange], subject=known):
        return None
    if scene.deployed and time_of is not None:
        match = RFC3339.fullmatch(str(value))
        zone, fraction = (match[3], match[2] or "") if match else ("", "")
        utc = zone in {"Z", "z", "+00:00"}
        scene.expect(utc, f"zone:{name}", f"{name} in UTC", value, [exchange], severity=Severity.MINOR)
        few = len(fraction) <= 7
        scene.expect(
            few, f"digits:{name}", f"{name} to the microsecond at most", value, [exchange], severity=Severity.MINOR
        )
    return time_of


def _server_time(exchange: Exchange) -> datetime | None:
    value = exchange.reply.header("date")
    try:
        found = parsedate_to_datetime(value) if value else None
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo else None
