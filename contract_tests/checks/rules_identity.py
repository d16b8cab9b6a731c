"""Names and ids: unique, stable, found by either, gone when deleted."""

import re
import uuid
from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import UNLISTED, Scene
from contract_tests.times import wait_for_tick

ITEM_OPERATIONS = (GET, UPDATE, DELETE)


@check("rules.name-unique", "No two live providers have the same name", rules=("name-unique",))
def name_unique(scene: Scene) -> None:
    """Create a name twice, in several ways, and once more after the first was changed."""
    first = scene.created(enabled=False)
    provider = first.document
    again = {
        "equal": scene.body(name=provider["name"]),
        "other members": scene.body(
            name=provider["name"], type="google", enabled=True, base_url="http://other.example"
        ),
    }
    for code, body in again.items():
        exchange = scene.session.call(CREATE, body=body)
        scene.expect_status(exchange, (409,), code, "a live provider has that name", severity=Severity.MAJOR)
    changed = scene.patched(provider["id"], display_name="Changed", enabled=True)
    exchange = scene.session.call(CREATE, body=scene.body(name=provider["name"]))
    again_taken = not scene.expect_status(exchange, (409,), "after a change", "a live provider has that name")
    scene.unchanged(changed.document, [exchange], "first changed")
    stem = scene.session.ledger.name("twins")
    for length in (33, 51, 61, 65, 101, 129) if scene.deployed else ():
        for end in "ab":
            exchange = scene.session.call(CREATE, body=scene.body(name=f"{stem}-{'t' * length}"[: length - 1] + end))
            scene.expect_status(exchange, (201,), f"twins of {length}", "they differ in their last character")
    listed = scene.listed()
    shown = scene.session.ledger.name("shown")
    scene.created(display_name=shown)
    for code, members in {"a display name": {"name": shown}, "the same display name": {"display_name": shown}}.items():
        exchange = scene.session.call(CREATE, body=scene.body(**members))
        scene.expect_status(exchange, (201,), code, "only names are unique", check="schema.positive")
    for code, text in {"another's display name": shown, "another's name": provider["name"]}.items():
        exchange = scene.session.call(UPDATE, scene.created().document["id"], body={"display_name": text})
        if scene.expect_status(exchange, (200,), code, "only names are unique", check="schema.positive"):
            scene.same(exchange, {"display_name": text}, why="as it was sent")
    count = sum(item.get("name") == provider["name"] for item in listed.listed())
    if not again_taken:
        known, wanted = UNLISTED if not count else "", "the list holds the name once"
        scene.expect(count == 1, "count", wanted, f"{count} times", [exchange, listed], subject=known)


@check("rules.name-reuse", "A deleted name may be used again, and gets a new id", rules=("name-reusable",))
def name_reuse(scene: Scene) -> None:
    """Delete a provider with keys, create its name again: nothing of the old one may show."""
    old = scene.created(api_keys=[scene.key(), scene.key()], display_name="Old", enabled=True).document
    wait_for_tick(old.get("created_at"))
    scene.session.call(CREATE, body=scene.body(name=old["name"]))  # a conflict leaves nothing behind
    scene.deleted(old["id"])
    exchange = scene.session.call(CREATE, body=scene.body(name=old["name"], type="google"))
    if not scene.expect_status(exchange, (201,), "refused", "the provider of that name was deleted"):
        return
    new = exchange.document
    scene.expect(new.get("id") != old["id"], "same id", "a new id", f"the old one, {old['id']}", [exchange])
    expected = {"api_keys": [], "display_name": old["name"], "enabled": False, "type": "google"}
    for answer in (exchange, scene.got(old["name"]), scene.got(new["id"])):
        scene.same(answer, expected, why="nothing of the deleted provider comes back")
    scene.expect(
        new.get("created_at") != old.get("created_at") or "created_at" not in old,
        "old time",
        "a time of creation of its own",
        f"created_at of the old one, {old.get('created_at')}",
        [exchange],
        subject=scene.about("created_at", ""),
    )
    for operation, body in ((GET, None), (UPDATE, {"enabled": True}), (DELETE, None)):
        gone = scene.session.call(operation, old["id"], body=body)
        scene.expect_status(gone, (404,), "old id", "the old id is nobody's, whoever has the name")
    listed = [item.get("id") for item in scene.listed().listed() if item.get("name") == old["name"]]
    known, wanted = UNLISTED if not listed else "", "the list holds the new provider alone"
    scene.expect(listed == [new["id"]], "listed", wanted, listed, [exchange], subject=known)
    for held in old.get("api_keys") or ():
        again = scene.session.call(UPDATE, new["id"], body={"api_keys": [{"id": held["id"]}]})
        scene.expect_status(again, (400,), "old key", "the key went with the old provider")
    _again_and_again(scene, old["name"])


def _again_and_again(scene: Scene, name: str) -> None:
    """Change, delete and create one name more often: no life of it shows in a later one."""
    known: dict[str, Any] = {"api_keys": [], "display_name": name, "enabled": False, "type": "anthropic"}
    known |= {"settings": None} if scene.deployed else {}
    less = {"_type": "bedrock", "_version": 1, "region": "us-east-1"}
    full = {**less, "model": "claude", "small_fast_model": "haiku"}
    for number in range(2):
        changed = scene.patched(name, display_name=f"Life {number}", enabled=True, base_url="https://life.example.com")
        again = scene.got(changed.document["id"])
        scene.same(again, {"display_name": f"Life {number}", "enabled": True}, why="as the PATCH by name left it")
        scene.deleted(name)
        scene.expect_status(scene.session.call(GET, name), (404,), "deleted again", "it was deleted")
        for settings in (full, less)[number:] if scene.deployed else ():
            held = scene.created(name=name, type="bedrock", settings=settings)
            scene.same(held, {"settings": settings}, why="as it was sent")
            scene.deleted(name)
        made = scene.created(name=name, type="anthropic")
        for answer in (made, scene.got(name)):
            scene.same(answer, known, why="nothing of the deleted provider comes back")


@check("rules.name-immutable", "The name never changes")
def name_immutable(scene: Scene) -> None:
    """PATCH a `name` beside a known member: it is ignored (or, as documented, refused)."""
    provider = scene.created().document
    body = {"name": scene.session.ledger.name("renamed"), "display_name": "Kept"}
    exchange = scene.session.call(UPDATE, provider["id"], body=body)
    allowed = (200,) if scene.deployed else (200, 400)
    if scene.expect_status(exchange, allowed, "status", "an unknown member is ignored"):
        again = scene.got(provider["id"])
        scene.same(again, {"name": provider["name"]}, why="a name never changes")
        scene.expect_status(scene.session.call(GET, body["name"]), (404,), "new name", "nobody has that name")


@check("rules.id-format", "Ids of providers and keys are UUIDs, each its own")
def id_format(scene: Scene) -> None:
    """Create several providers with keys; every id is a UUID (version 4 as deployed) that no other has."""
    made = [scene.created(api_keys=[scene.key(), scene.key()]) for _ in range(3)]
    ids: list[str] = []
    for exchange in made:
        provider = exchange.document
        keys: list[Any] = provider["api_keys"] if isinstance(provider.get("api_keys"), list) else []
        for value in (provider.get("id"), *(key.get("id") for key in keys if isinstance(key, dict))):
            version = _version(value)
            scene.expect(version is not None, "no uuid", "a UUID in its usual form", value, [exchange])
            if scene.deployed and version is not None and value == provider.get("id"):
                scene.expect(version == 4, "version", "a UUID of version 4", value, [exchange])
            ids.append(str(value))
    twice = sorted({value for value in ids if ids.count(value) > 1})
    scene.expect(not twice, "twice", "each id once", f"{', '.join(twice)} twice", made, severity=Severity.CRITICAL)


@check("rules.id-stable", "The ids of a provider and of its keys never change")
def id_stable(scene: Scene) -> None:
    """Read and change a provider: ids and times of creation stay as its create answered them."""
    provider = scene.created(api_keys=[scene.key()]).document
    stable = {name: provider.get(name) for name in ("id", "name", "type", "created_at", "api_keys")}
    for exchange in (
        scene.got(provider["id"]),
        scene.got(provider["name"]),
        scene.patched(provider["id"], enabled=True),
        scene.got(provider["id"]),
        scene.patched(provider["name"], display_name="Second"),
        scene.patched(provider["id"], base_url="https://third.example.com"),
        scene.got(provider["name"]),
    ):
        scene.same(exchange, stable, why="as the create answered it")
    listed = scene.listed()
    scene.same(listed, stable, scene.find(listed, provider["id"]), "as the create answered it")


def _names_like_ids(scene: Scene) -> None:
    """Get providers whose names are as long as an id, with and without its dashes."""
    for length in (32, 36):  # as long as an id with and without its dashes
        name = f"{scene.session.ledger.name('l')}-{'y' * length}"[:length]
        made = scene.created(name=name)
        if made.ok and made.document.get("name") == name:
            exchange = scene.session.call(GET, name)
            scene.expect_status(exchange, (200,), f"name of {length}", "a provider of that name was just created")


@check("rules.lookup", "The path takes the id or the name", rules=("found-by-id-or-name",))
def lookup(scene: Scene) -> None:
    """Get, change and delete by id and by name, by an id in upper case and in the other ways to write a UUID."""
    provider = scene.created().document
    identifier = provider["id"]
    by_id, by_name = scene.session.call(GET, identifier), scene.session.call(GET, provider["name"])
    for code, exchange in (("get by id", by_id), ("get by name", by_name)):
        if scene.expect_status(exchange, (200,), code, "the provider was just created"):
            scene.same(exchange, provider, why="as its create answered it")
    _names_like_ids(scene)
    forms = {"upper case": identifier.upper()}
    if scene.deployed:
        forms |= {
            "urn": f"urn:uuid:{identifier}",
            "braces": f"{{{identifier}}}",
            "no dashes": identifier.replace("-", ""),
        }
    for code, form in forms.items() if scene.deployed else ():
        exchange = scene.session.call(GET, form)
        if scene.expect_status(exchange, (200,), f"id in {code}", "what parses as a UUID is an id"):
            scene.same(exchange, {"id": identifier})
    for code, target in (("id", identifier), ("name", provider["name"])):
        exchange = scene.session.call(UPDATE, target, body={"display_name": f"By {code}"})
        if scene.expect_status(exchange, (200,), f"update by {code}", "the provider is there"):
            scene.same(exchange, {"id": identifier, "display_name": f"By {code}"})
    if scene.deployed:
        exchange = scene.session.call(UPDATE, identifier.upper(), body={"enabled": True})
        if scene.expect_status(exchange, (200,), "update by id in upper case", "what parses as a UUID is an id"):
            scene.same(exchange, {"id": identifier, "enabled": True})
            scene.same(scene.got(identifier), {"enabled": True}, why="the PATCH by its id in upper case said so")
    _odd_names(scene)
    other = scene.created().document
    scene.expect_status(scene.session.call(DELETE, other["name"]), (204,), "delete by name", "the provider is there")
    third = scene.created().document
    target = third["id"].upper() if scene.deployed else third["id"]
    scene.expect_status(scene.session.call(DELETE, target), (204,), "delete by id", "the provider is there")
    for gone in (other, third):
        exchange = scene.session.call(GET, gone["id"])
        scene.expect_status(exchange, (404,), "deleted by either", "the provider was deleted")
    scene.expect_status(scene.session.call(GET, identifier), (200,), "another deleted", "it was not deleted")


def _odd_names(scene: Scene) -> None:
    """Look up names that could be taken for something else: numbers, UUIDs, titles.

    A UUID in lower case is as good a name as any, and yet no way to a provider that is called so: its id alone is.
    """
    number, nobody = str(scene.random.randrange(10**6)), scene.session.ledger.nobody()
    made = scene.created_unmarked(number)
    if made is not None and made.ok:
        exchange = scene.session.call(GET, number)
        if scene.expect_status(exchange, (200,), "name of digits", "digits are a name, too"):
            scene.same(exchange, {"id": made.document.get("id")})
    for code, name in {"dashes": nobody, "no dashes": nobody.replace("-", "")}.items() if scene.deployed else ():
        made = scene.created_unmarked(name)
        if made is None or not scene.expect_status(
            made, (201,), f"spelt as a UUID, {code}", "a good name", check="rules.name-pattern"
        ):
            continue
        for operation, body in ((GET, None), (UPDATE, {"enabled": True}), (DELETE, None)):
            by_name = scene.session.call(operation, name, body=body)
            scene.expect_status(by_name, (404,), "name that parses as a UUID", "what parses as a UUID is an id")
        by_id = scene.session.call(GET, made.document.get("id", ""))
        if scene.expect_status(by_id, (200,), "id of a name that parses as a UUID", "it was just created"):
            scene.same(by_id, {"name": name}, why="as it was sent")
    titled = scene.created(display_name=scene.session.ledger.name("title")).document
    exchange = scene.session.call(GET, titled["display_name"])
    scene.expect_status(exchange, (404,), "display name", "a display name is no name")


@check("rules.not-found", "What nobody has is answered with 404", variants=ITEM_OPERATIONS)
def not_found(scene: Scene) -> None:
    """Ask for ids and names that nobody has; a malformed one is 400 as deployed."""
    operation, ledger = scene.check.variant, scene.session.ledger
    made = scene.created(api_keys=[scene.key()]).document
    keys = made.get("api_keys") or [{"id": ledger.nobody()}]
    body = {"display_name": "Nobody"} if operation == UPDATE else None
    unknown = {
        "id": ledger.nobody(),
        "name": ledger.name("nobody"),
        "nil id": "00000000-0000-0000-0000-000000000000" if operation == GET else ledger.nobody(),
        "longer name": f"{made['name']}0",
        "shorter name": made["name"][:-1].rstrip("-"),
        "id of a key": keys[0]["id"],
    }
    if operation == GET:
        identifier = made["id"]
        unknown["id that ends otherwise"] = identifier[:-1] + ("0" if identifier[-1] != "0" else "1")
        unknown["id that begins otherwise"] = ("0" if identifier[0] != "0" else "1") + identifier[1:]
    for code, target in unknown.items():
        exchange = scene.session.call(operation, target, body=body)
        scene.expect_status(exchange, (404,), f"{operation}:{code}", "nobody has it")
    malformed = {
        "upper case": f"{made['name']}-X",
        "name in upper case": made["name"].upper(),
        "underscore": f"{ledger.prefix}a_b",
        "double dash": f"{ledger.prefix}-a",
        "trailing dash": ledger.prefix,
        "leading dash": f"-{ledger.prefix}a",
        "dot": f"{ledger.prefix}a.b",
        "space": f"{made['name']} ",
        "non-ASCII": f"{ledger.prefix}é",
        "half an id": f"{made['id'][:-1]}" + "-",
        "escaped once more": f"%{ord(made['name'][0]):02x}{made['name'][1:]}",
    }
    for code, target in malformed.items():
        if operation != GET and not ledger.may_change(target):
            continue
        exchange = scene.session.call(operation, target, body=body)
        allowed = (400,) if scene.deployed else (400, 404)
        why = "it is neither a UUID nor a name" if scene.deployed else "nobody has it"
        scene.expect_status(exchange, allowed, f"{operation}:malformed:{code}", why)
    scene.unchanged(made, [], f"{operation}:changed")


@check("rules.deleted-is-gone", "What was deleted is gone from every answer")
def deleted_is_gone(scene: Scene) -> None:
    """Delete one of three providers: it is gone by every way, and the others are as they were."""
    before, provider, after = (scene.created(api_keys=[scene.key()]).document for _ in range(3))
    gone = scene.deleted(provider["id"])
    scene.expect(not gone.reply.body, "body", "no body", f"{len(gone.reply.body)} bytes", [gone])
    for _ in range(2):
        for code, target in (("id", provider["id"]), ("name", provider["name"])):
            exchange = scene.session.call(GET, target)
            scene.expect_status(exchange, (404,), f"get by {code}", "it was deleted")
            exchange = scene.session.call(UPDATE, target, body={"enabled": True})
            scene.expect_status(exchange, (404,), f"update by {code}", "it was deleted")
            exchange = scene.session.call(DELETE, target)
            scene.expect_status(exchange, (404,), f"delete by {code}", "it was deleted")
        listed = scene.listed()
        scene.expect(
            scene.find(listed, provider["id"]) is None, "listed", "a list without it", "it is listed", [gone, listed]
        )
        for other in (before, after):
            scene.same(listed, other, scene.find(listed, other["id"]), "another provider was deleted")
            scene.unchanged(other, [gone], "another changed")
    held = provider["api_keys"][0]["id"] if provider.get("api_keys") else None
    if held:
        exchange = scene.session.call(UPDATE, before["id"], body={"api_keys": [{"id": held}]})
        scene.expect_status(exchange, (400,), "key of the deleted", "the key went with its provider")
        scene.unchanged(before, [exchange], "key taken over")


@check("rules.list-matches-get", "A list holds what gets answer")
def list_matches_get(scene: Scene) -> None:
    """Create, change and delete; each entry of the list equals what a get by id and by name answers."""
    made = [
        scene.created(enabled=True, api_keys=[scene.key()]).document,
        scene.created(enabled=False, display_name="Disabled").document,
        scene.created(type="anthropic", display_name="Ünïcödé").document,
    ]
    scene.patched(made[0]["id"], display_name="Changed", api_keys=[])
    scene.patched(made[1]["id"], enabled=True)
    listed = scene.listed()
    for provider in made:
        shown = scene.find(listed, provider["id"])
        for target in (provider["id"], provider["name"]):
            exchange = scene.got(target)
            if shown is None:
                what = f"{provider['name']} is not"
                scene.depart("missing", "every live provider is listed", what, [listed], subject=UNLISTED)
                break
            answer = exchange.document
            differ = sorted(key for key in {*shown, *answer} if shown.get(key) != answer.get(key))
            known = tuple(f"{one}:member:{name}" for one in (LIST, GET) for name in differ)
            other = f"other {', '.join(differ)}"
            scene.expect(not differ, "differs", "the same provider", other, [exchange, listed], subject=known)


@check("rules.list-order", "The list is ordered by name, and holds every provider", rules=("list-is-ordered",))
def list_order(scene: Scene) -> None:
    """Create names out of order, with display names the other way round, change and delete some.

    Ascending is by code point.
    """
    stem = scene.session.ledger.name("order")
    words = ["m", "b", "zz", "a", "bb", "y1", "0", "z", "b-a", "b0", "a-z"]
    for index, word in enumerate(words):
        shown = {"display_name": f"{len(words) - index} {word}", "enabled": index % 2 == 0}
        scene.created(name=f"{stem}x{word}", type=("openai", "google")[index % 2], **shown)
    scene.created(name=f"0-{stem}x")
    scene.created(name=f"zzz-{stem}x")
    expected = sorted([*(f"{stem}x{word}" for word in words), f"0-{stem}x", f"zzz-{stem}x"])
    for code in ("created", "changed", "deleted"):
        listed = scene.listed()
        found = [item.get("name") for item in listed.listed() if f"{stem}x" in str(item.get("name"))]
        whole = sorted(map(str, found)) == expected
        known = UNLISTED if set(map(str, found)) < set(expected) else ""
        scene.expect(whole, f"{code}:complete", ", ".join(expected), found, [listed], subject=known)
        scene.expect(
            found == expected or not whole,
            f"{code}:order",
            f"by name ascending: {', '.join(expected)}",
            ", ".join(map(str, found)),
            [listed],
            subject=f"{LIST}:order",
        )
        if code == "created":
            scene.patched(expected[2], display_name="0 first", enabled=False)
            scene.patched(expected[0], display_name="zzz last", enabled=True)
        elif code == "changed":
            for place in (4, 0):
                scene.deleted(expected.pop(place))


def _version(value: object) -> int | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return None
    return uuid.UUID(value).version or 0
