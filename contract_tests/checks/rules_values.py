"""What was sent is what is answered: defaults, every type, long and non-ASCII values, many providers."""

from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.scene import ABSENT, UNLISTED, Scene
from contract_tests.times import moment, wait_for_tick

TYPES = ("anthropic", "azure", "bedrock", "google", "openai", "openai-compat", "openrouter", "vercel")
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "us-east-1"}
TEXTS = {
    "accents": "Fournisseur à Zürich, Łódź",
    "decomposed accents": "Cafe\u0301 Zu\u0308rich",
    "right to left": "ספק בינה מלאכותית مزود الذكاء",
    "marks of direction": "\u202bמזהה\u202c \u200fא\u200e \u2067b\u2069 \ufeffc",
    "joiners and blanks of no width": "\u0646\u0645\u06cc\u200c\u062e a\u200bb\u2060c\u00add\u3000e",
    "Chinese": "人工智能提供商",
    "emoji": "Provider 🤖🧑🏽‍💻 🇺🇳",
    "quotes": "a \"b\" 'c' \\ d / e & f < g > h",
    "percent": "100 % %20 %00 ${x} {{y}}",
    "control characters": "tab\tand line\nbreak",
    "spaces at the ends": "  two  ",
    "number": "12345",
    "zero": "0",
    "null": "null",
    "pluses": "C++ & a+b %2B",
    "blanks alone": "   ",
}
URLS = {
    "plain": "https://ai.example.com",
    "slash at the end": "https://ai.example.com/",
    "http and port": "http://localhost:11434/v1",
    "address": "http://127.0.0.1:9/",
    "query": "https://ai.example.com/v1?api-version=2024-02-01&x=%20y",
    "capitals in the path": "https://ai.example.com/V1/Models",
    "fragment": "https://ai.example.com/v1#models",
    "escapes": "https://ai.example.com/a%2Fb/%C3%A9?q=%26",
    "host in capitals": "https://AI.Example.com/v1",
    "port of the scheme": "https://ai.example.com:443/v1",
    "dots and slashes in a row": "https://ai.example.com//b/./a/../c",
    "non-ASCII path": "https://ai.example.com/modèle",
    "question mark at the end": "https://ai.example.com/v1?",
    "user": "https://user:dummy@ai.example.com/v1",
}
OPEN_AS_DOCUMENTED = {"question mark at the end", "user", "blanks alone"}  # what the page alone does not settle
MOST_KEYS = 4


def more_of(scene: Scene, kind: str) -> dict[str, Any]:
    """Return what the create of a type has beyond the plain body: settings for bedrock, a key for all others."""
    return {"settings": dict(BEDROCK)} if kind == "bedrock" else {"api_keys": [scene.key()]}


def masks(scene: Scene, exchange: Exchange, count: int, code: str) -> None:
    """Make sure that an answer shows as many keys as there are."""
    keys = (exchange.provider() or {}).get("api_keys")
    found = len(keys) if isinstance(keys, list) else keys
    scene.expect(found == count, code, f"{count} keys", f"{found} keys", [exchange])


def settled_everywhere(scene: Scene, provider: dict[str, Any], why: str) -> None:
    """Make sure that a get by id, a get by name and the list all answer a provider as it must be."""
    for target in (provider["id"], provider["name"]):
        exchange = scene.session.call(GET, target)
        if scene.expect_status(exchange, (200,), "not answered", f"{why}: the provider is there"):
            scene.same(exchange, provider, why=why)
    listed = scene.listed()
    found = scene.find(listed, provider["id"])
    scene.same(listed, provider, found, why)


@check("rules.defaults", "What a create leaves out has its default", rules=("disabled-by-default", "settings-default"))
def defaults(scene: Scene) -> None:
    """Create with the required members alone, and with each optional one."""
    nothing: Any = None if scene.deployed else {}
    body = scene.body()
    expected = {**body, "enabled": False, "display_name": body["name"], "api_keys": [], "settings": nothing}
    exchange = scene.worked(scene.session.call(CREATE, body=body), 201)
    scene.same(exchange, expected, why="the default")
    settled_everywhere(scene, {**expected, "id": exchange.document["id"]}, "the default")
    for enabled in (True, False):
        made = scene.created(enabled=enabled, display_name=f"Enabled {enabled}")
        expected = {"enabled": enabled, "display_name": f"Enabled {enabled}"}
        scene.same(made, expected, why="as it was sent")
        settled_everywhere(scene, {**made.document, **expected}, "as it was sent")
    if scene.deployed:
        nulls = scene.body() | {"enabled": None, "display_name": None, "api_keys": None, "settings": None}
        exchange = scene.session.call(CREATE, body=nulls)
        if scene.expect_status(exchange, (201,), "null", "null is as good as absent"):
            expected = {"enabled": False, "display_name": nulls["name"], "api_keys": [], "settings": None}
            scene.same(exchange, expected, why="null is as good as absent")


@check("rules.display-name", "An empty display name is answered as the name", rules=("display-name-falls-back",))
def display_name(scene: Scene) -> None:
    """Create with an empty one, set it, change it, clear it, set it again."""
    made = scene.created(display_name="")
    provider = made.document
    name = provider["name"]
    scene.same(made, {"display_name": name}, why="an empty one falls back to the name")
    settled_everywhere(scene, {**provider, "display_name": name}, "an empty one falls back to the name")
    for text in ("First", "Second", "", "Third", ""):
        exchange = scene.patched(provider["id"], display_name=text)
        why = "as it was sent" if text else "an empty one clears it"
        scene.same(exchange, {"display_name": text or name}, why=why)
        again = scene.got(provider["id"])
        scene.same(again, {"display_name": text or name}, why=why)


@check("rules.every-type", "Providers of every type live the same life", variants=TYPES)
def every_type(scene: Scene) -> None:
    """Create, read, change twice, disable and delete a provider of one type; each answer is as it must be."""
    kind = scene.check.variant
    body = scene.body(type=kind, display_name="Höhe ⇧", enabled=True, **more_of(scene, kind))
    made = scene.worked(scene.session.call(CREATE, body=body), 201)
    plain = {name: value for name, value in body.items() if name not in {"api_keys", "settings"}}
    scene.same(made, plain, why="as it was sent")
    provider = made.document
    masks(scene, made, len(body.get("api_keys", ())), f"{CREATE}:keys")
    settled_everywhere(scene, {**provider, **plain}, "as it was created")
    kept = {name: provider.get(name) for name in ("id", "name", "type", "created_at", "api_keys", "settings")}
    current = {**plain}
    for change in (
        {"display_name": "Tiefe ⇩"},
        {"base_url": "https://second.example.com/v2"},
        {"enabled": False},
        {"display_name": "", "enabled": True},
        {"enabled": False, "base_url": "http://third.example.com"},
    ):
        wait_for_tick(provider.get("updated_at"))
        exchange = scene.patched(provider["id"], **change)
        before, after = moment(provider.get("updated_at")), moment(exchange.document.get("updated_at"))
        moved = before is None or after is None or after > before
        found = f"updated_at is {exchange.document.get('updated_at')}"
        why = "every PATCH moves updated_at"
        scene.expect(moved, "not moved", why, found, [made, exchange], subject=f"{UPDATE}:updated_at:still")
        provider = {**provider, "updated_at": exchange.document.get("updated_at")}
        current |= change | ({"display_name": provider["name"]} if change.get("display_name") == "" else {})
        scene.same(exchange, {**kept, **current}, why="as the PATCH left it")
        settled_everywhere(scene, {**exchange.document, **kept, **current}, "as the PATCH left it")
    scene.deleted(provider["id"])
    exchange = scene.session.call(GET, provider["id"])
    scene.expect_status(exchange, (404,), "deleted", "it was deleted")


@check("rules.unicode", "Text of every script is kept as it was sent", variants=TEXTS)
def unicode_text(scene: Scene) -> None:
    """Send one text as display name by a create and by a PATCH; every answer has it code point for code point."""
    if not scene.deployed and scene.check.variant in OPEN_AS_DOCUMENTED:
        return
    text = TEXTS[scene.check.variant]
    made = scene.created(display_name=text)
    scene.same(made, {"display_name": text}, why="as it was sent")
    settled_everywhere(scene, {**made.document, "display_name": text}, "as it was sent")
    other = scene.created(display_name="plain").document
    exchange = scene.patched(other["id"], display_name=text)
    scene.same(exchange, {"display_name": text}, why="as it was sent")
    settled_everywhere(scene, {**exchange.document, "display_name": text}, "as it was sent")


@check("rules.base-url-kept", "A base URL is kept as it was sent", variants=URLS)
def base_url_kept(scene: Scene) -> None:
    """Send one URL by a create and by a PATCH."""
    url = URLS[scene.check.variant]
    made = scene.session.call(CREATE, body=scene.body(base_url=url))
    if made.status == 400 and not url.isascii():
        return  # strictly it is no URL (RFC 3986, 2); a server that takes it keeps it
    if not scene.deployed and scene.check.variant in OPEN_AS_DOCUMENTED:
        if made.document.get("base_url") == url:  # it need not be taken as it is; all answers agree where it is
            settled_everywhere(scene, made.document, "as its create answered it")
        return
    scene.worked(made, 201)
    scene.same(made, {"base_url": url}, why="as it was sent")
    other = scene.created().document
    exchange = scene.patched(other["id"], base_url=url)
    scene.same(exchange, {"base_url": url}, why="as it was sent")
    settled_everywhere(scene, {**exchange.document, "base_url": url}, "as it was sent")


@check("rules.long-values", "Long values are kept whole")
def long_values(scene: Scene) -> None:
    """Send long names, display names, URLs and keys, and many keys; nothing may be cut."""
    stem = scene.session.ledger.name("long")
    name = f"{stem}-{'x' * 250}"[:250]
    text, url = "Länge " * 800, f"https://ai.example.com/{'p' * 4000}"
    keys = [f"{scene.key()}{'k' * 4000}"] + [scene.key() for _ in range(24)]
    more = [f"{scene.key()}{'l' * 4000}" for _ in range(36)]  # more than a hundred thousand octets
    made = scene.session.call(CREATE, body=scene.body(name=name, display_name=text, base_url=url, api_keys=keys + more))
    if made.status == 413:  # so much need not be taken
        made = scene.session.call(CREATE, body=scene.body(name=name, display_name=text, base_url=url, api_keys=keys))
    else:
        keys += more
    scene.worked(made, 201)
    expected = {"name": name, "display_name": text, "base_url": url}
    scene.same(made, expected, why="as it was sent")
    masks(scene, made, len(keys), "keys")
    settled_everywhere(scene, {**made.document, **expected}, "as it was sent")
    exchange = scene.patched(name, display_name=text + "!", base_url=f"{url}q")
    scene.same(exchange, {"display_name": text + "!", "base_url": f"{url}q"}, why="as it was sent")
    masks(scene, exchange, len(keys), "keys after a PATCH")
    for ahead in range(3):  # characters of several octets, across the bounds of whatever buffers there are
        text = "x" * ahead + "€𝔸" * 4000
        scene.same(scene.patched(name, display_name=text), {"display_name": text}, why="as it was sent")
    long = [scene.created(display_name="long " * 2500).document for _ in range(scene.options.amount(8, 24, 96))]
    listed = scene.listed()
    shown = {item.get("id"): item for item in listed.listed()}
    for one in long:
        scene.same(listed, one, shown.get(one["id"]), "a list of many octets is whole")


@check("rules.absent-members", "A PATCH leaves alone what it does not name")
def absent_members(scene: Scene) -> None:
    """Change one member at a time; every other one, and every other provider, stays as it was."""
    bystander = scene.created(display_name="Bystander", enabled=True, api_keys=[scene.key()]).document
    for enabled in (True, False):
        start = scene.created(display_name="Start ✓", enabled=enabled, api_keys=[scene.key(), scene.key()])
        provider = start.document
        for change in (
            {"display_name": "Changed"},
            {"base_url": "https://changed.example.com"},
            {"enabled": not enabled},
            {"enabled": enabled},
            {"display_name": "Changed again"},
        ):
            exchange = scene.patched(provider["id"], **change)
            expected = {name: value for name, value in provider.items() if name not in {"updated_at", *change}}
            scene.same(exchange, {**expected, **change}, why=f"the PATCH names {', '.join(change)} alone")
            again = scene.got(provider["id"])
            scene.same(again, {**expected, **change}, why=f"the PATCH named {', '.join(change)} alone")
            provider = {**provider, **change}
        if scene.deployed:
            body = {"display_name": None, "base_url": None, "api_keys": None, "settings": None, "enabled": True}
            exchange = scene.session.call(UPDATE, provider["id"], body=body)
            if scene.expect_status(exchange, (200,), "null", "null is as good as absent"):
                same = {name: value for name, value in provider.items() if name != "updated_at"}
                scene.same(exchange, {**same, "enabled": True}, why="null is as good as absent")
            for member in ("enabled", "base_url", "api_keys", "settings"):
                now = scene.got(provider["id"]).document
                same = {name: value for name, value in now.items() if name not in {"updated_at", "display_name"}}
                exchange = scene.patched(provider["id"], display_name="Beside", **{member: None})
                why = f"{member}: null is as good as absent"
                scene.same(exchange, {**same, "display_name": "Beside"}, why=why)
        scene.unchanged(bystander, [], "bystander")


@check("rules.many-listed", "More than a page's worth of providers is listed, each whole")
def many_listed(scene: Scene) -> None:
    """Create many providers, list them all, read each, change and delete some: none may be lost or mixed up."""
    count = scene.options.amount(30, 120, 300)
    stem = scene.session.ledger.name("many")
    made: dict[str, dict[str, Any]] = {}
    for index in range(count):
        name = f"{stem}x{index:04d}"
        members: dict[str, Any] = {
            "type": ("openai", "google", "anthropic", "azure")[index % 4],
            "display_name": f"N° {index}",
            "enabled": index % 3 == 0,
            "base_url": f"https://n{index}.example.com",
        }
        keys = [scene.key() for _ in range(index % 5)] if index % 5 < MOST_KEYS else []
        exchange = scene.created(name=name, **members, api_keys=keys)
        scene.same(exchange, {"name": name, **members}, why="as it was sent")
        masks(scene, exchange, len(keys), f"{CREATE}:keys")
        made[name] = {"name": name, **members, "id": exchange.document["id"]}
        if index in {9, 10, 11, 24, 25, 26, 49, 50, 51, 99, 100, 101, count - 1}:
            _all_there(scene, made, stem)
    for index, provider in enumerate(list(made.values())):
        exchange = scene.session.call(GET, provider["id"] if index % 2 else provider["name"])
        if scene.expect_status(exchange, (200,), "not answered", "it was created and not deleted"):
            scene.same(exchange, provider, why="as it was created")
    for index, (name, provider) in enumerate(list(made.items())):
        if index % 10 == 1:
            made[name]["display_name"] = f"Changed {index}"
            exchange = scene.patched(provider["id"], display_name=f"Changed {index}")
            scene.same(exchange, provider, why="as the PATCH left it")
        elif index % 10 == 2:
            scene.deleted(name)
            made.pop(name)
    _all_there(scene, made, stem)


def _all_there(scene: Scene, made: dict[str, dict[str, Any]], stem: str) -> None:
    listed = scene.listed()
    found = [item for item in listed.listed() if str(item.get("name")).startswith(f"{stem}x")]
    names = [item["name"] for item in found]
    missing = [name for name in made if name not in names]
    more = [name for name in names if name not in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    expected = f"all {len(made)} providers of this check, once each"
    for code, wrong in (("missing", missing), ("resurrected", more), ("twice", twice)):
        what, known = f"{code}: {len(wrong)}, such as {', '.join(wrong[:3])}", UNLISTED if code == "missing" else ""
        scene.expect(not wrong, code, expected, what, [listed], subject=known)
    shown, subject = ", ".join(names[:40]), f"{LIST}:order"
    scene.expect(names == sorted(names), "order", "ordered by name ascending", shown, [listed], subject=subject)
    for item in found:
        if item["name"] in made:
            scene.same(listed, made[item["name"]], item, "as it was created or last changed")


@check("rules.repeatable", "The same request has the same answer, however often it is asked")
def repeatable(scene: Scene) -> None:
    """Read one provider, the list, a missing one and a refused one over and over: one answer each."""
    provider = scene.created(display_name="Steady", api_keys=[scene.key()]).document
    ghost = scene.session.ledger.nobody()
    rounds = scene.options.amount(12, 40, 150)
    for _ in range(rounds):
        for code, target in (("by id", provider["id"]), ("by name", provider["name"])):
            exchange = scene.session.call(GET, target)
            if scene.expect_status(exchange, (200,), code, "it is there"):
                scene.same(exchange, provider, why="nothing changed it")
        listed = scene.session.call(LIST)
        if scene.expect_status(listed, (200,), "list", "a list is always answered"):
            found = scene.find(listed, provider["id"])
            other, known = found or "not listed", scene.changed(LIST, provider, found)
            scene.expect(found == provider, "listed", "the provider as it is", other, [listed], subject=known)
        scene.expect_status(scene.session.call(GET, ghost), (404,), "missing", "nobody has it")
        unknown = scene.session.call(GET, provider["id"], principal="nobody")
        if scene.options.token is not None:
            scene.expect_status(unknown, (401,), "unauthenticated", "no token was sent")
        made = scene.session.call(CREATE, body=scene.body())
        if scene.expect_status(made, (201,), "create", "a new name") and made.provider():
            changed = scene.session.call(UPDATE, made.document.get("id", ghost), body={"enabled": True})
            if scene.expect_status(changed, (200,), "update", "it was just created"):
                scene.same(changed, {"enabled": True, "id": made.document.get("id", ABSENT)})
            gone = scene.session.call(DELETE, made.document.get("id", ghost))
            scene.expect_status(gone, (204,), "delete", "it was just created")
