"""Settings, as a deployed server takes them: bedrock's alone, its secrets write-only, no keys beside them."""

from typing import Any

from contract_tests.checks.contexts import TYPES, Pool, beside, numbered, turned, various
from contract_tests.checks.rules_validation import refused
from contract_tests.checks.rules_values import settled_everywhere
from contract_tests.documents import CREATE, GET, LIST, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene
from contract_tests.times import moment, wait_for_tick

DEPLOYED = ("deployed",)
HEAD = {"_type": "bedrock", "_version": 1}
NO_SETTINGS: dict[str, dict[str, Any]] = {
    "empty": {},
    "no type": {"_version": 1, "region": "us-east-1"},
    "no version": {"_type": "bedrock", "region": "us-east-1"},
    "unknown type": {"_type": "vertex", "_version": 1},
    "type in capitals": {"_type": "Bedrock", "_version": 1, "region": "us-east-1"},
    "type with a blank": {"_type": "bedrock ", "_version": 1, "region": "us-east-1"},
    "empty type": {"_type": "", "_version": 1},
    "type of another JSON type": {"_type": ["bedrock"], "_version": 1, "region": "us-east-1"},
    "version 0": {"_type": "bedrock", "_version": 0, "region": "us-east-1"},
    "version 2": {"_type": "bedrock", "_version": 2, "region": "us-east-1"},
    "version -1": {"_type": "bedrock", "_version": -1, "region": "us-east-1"},
    "version 11": {"_type": "bedrock", "_version": 11, "region": "us-east-1"},
    "version 1.5": {"_type": "bedrock", "_version": 1.5, "region": "us-east-1"},
    "version as text": {"_type": "bedrock", "_version": "1", "region": "us-east-1"},
    "version true": {"_type": "bedrock", "_version": True, "region": "us-east-1"},
    "version in a list": {"_type": "bedrock", "_version": [1], "region": "us-east-1"},
    "null version": {"_type": "bedrock", "_version": None, "region": "us-east-1"},
    "null type": {"_type": None, "_version": 1},
    "region of another type": {**HEAD, "region": 5},
    "model of another type": {**HEAD, "region": "r", "model": ["m"]},
    "later model of another type": {**HEAD, "region": "r", "small_fast_model": False},
    "secret of another type": {**HEAD, "region": "r", "access_key_secret": 7},
}
FULL = {**HEAD, "region": "eu-central-1", "model": "some.model-v1", "small_fast_model": "some.small-model-v1"}
TAKERS = ("anthropic", "bedrock")
OTHERS = ("azure", "google", "openai", "openai-compat", "openrouter", "vercel")


def secret(scene: Scene) -> dict[str, str]:
    """Return the two write-only members, plainly dummies."""
    return {"access_key": scene.key(), "access_key_secret": scene.key()}


def bedrock(scene: Scene, kind: str = "bedrock", **settings: Any) -> Exchange:
    """Create a provider with bedrock settings."""
    return scene.created(type=kind, settings={**FULL, **secret(scene), **settings})


def hidden(scene: Scene, exchange: Exchange) -> None:
    """Make sure that the settings of an answer have no write-only member; their values are the judge's."""
    providers = exchange.listed() or [exchange.document]
    for provider in providers:
        settings = provider.get("settings")
        found = sorted({"access_key", "access_key_secret"} & set(settings)) if isinstance(settings, dict) else []
        scene.expect(
            not found,
            "member",
            "no answer carries access_key or access_key_secret, neither value nor name",
            ", ".join(found),
            [exchange],
            severity=Severity.CRITICAL,
        )


@check("rules.settings", "Bedrock settings are kept as sent", variants=("anthropic", "bedrock"), profiles=DEPLOYED)
def settings_kept(scene: Scene) -> None:
    """Create with full and with partial settings, PATCH with others: the non-secret members are replaced."""
    kind = scene.check.variant
    bystander = bedrock(scene, kind).document
    made = bedrock(scene, kind)
    scene.same(made, {"settings": FULL, "api_keys": []}, why="as it was sent")
    provider = made.document
    settled_everywhere(scene, {**provider, "settings": FULL}, "as it was sent")
    for code, settings in {
        "region alone": {**HEAD, "region": "us-east-1"},
        "models": {**HEAD, "region": "us-west-2", "model": "m", "small_fast_model": "s"},
        "secrets cleared": {**HEAD, "region": "us-west-2", "access_key": "", "access_key_secret": ""},
        "non-ASCII": {**HEAD, "region": "us-east-1", "model": "modèle-模型"},
        "capitals and blanks": {**HEAD, "region": "EU West-1", "model": " Some.Model ", "small_fast_model": "S M"},
        "long": {**HEAD, "region": "r" * 300, "model": "m" * 2000},
    }.items():
        wait_for_tick(provider.get("updated_at"))
        exchange = scene.patched(scene.way(provider), settings=settings)
        before, after = moment(provider.get("updated_at")), moment(exchange.document.get("updated_at"))
        moved = before is None or after is None or after > before
        scene.expect(
            moved,
            "not moved",
            "every PATCH moves updated_at",
            str(after),
            [exchange],
            check="rules.timestamps",
            subject=f"{UPDATE}:updated_at:still",
        )
        provider = {**provider, "updated_at": exchange.document.get("updated_at")}
        shown = {name: value for name, value in settings.items() if not name.startswith("access_")}
        scene.same(exchange, {"settings": shown}, why=f"the PATCH replaces them ({code})")
        settled_everywhere(scene, {**exchange.document, "settings": shown}, f"the PATCH replaced them ({code})")
    scene.unchanged(bystander, [], "bystander")
    if kind == "anthropic":
        plain = scene.created(type=kind, api_keys=[scene.key()]).document
        exchange = scene.patched(plain["id"], api_keys=[], settings=dict(FULL))
        scene.same(exchange, {"settings": FULL, "api_keys": []}, why="the keys give way to settings")
    current = scene.got(provider["id"]).document
    bodies: dict[str, dict[str, Any]] = {"absent": {"enabled": True}, "null": {"enabled": False, "settings": None}}
    for code, body in bodies.items():
        exchange = scene.patched(scene.way(provider), **body)
        scene.same(exchange, {"settings": current["settings"]}, why=f"{code} settings leave them alone")
    scene.same(scene.got(provider["id"]), {"settings": current["settings"]}, why="they were left alone")


@check("rules.settings-least", "Each of the three members is enough for bedrock", profiles=DEPLOYED)
def settings_least(scene: Scene) -> None:
    """Create bedrock providers with one of region, access_key and access_key_secret; anthropic needs none."""
    for member in ("region", "access_key", "access_key_secret"):
        value = "us-east-1" if member == "region" else scene.key()
        exchange = scene.session.call(CREATE, body=scene.body(type="bedrock", settings={**HEAD, member: value}))
        scene.expect_status(exchange, (201,), member, f"{member} is enough")
    for member in ("access_key", "access_key_secret"):
        settings = {**HEAD, "region": "", "model": "", member: scene.key()}
        exchange = scene.session.call(CREATE, body=scene.body(type="bedrock", settings=settings))
        scene.expect_status(exchange, (201,), f"{member}, no region", f"{member} is enough")
    exchange = scene.session.call(CREATE, body=scene.body(type="anthropic", settings=dict(HEAD)))
    if scene.expect_status(exchange, (201,), "anthropic", "anthropic needs none of them"):
        scene.same(exchange, {"settings": HEAD}, why="as it was sent")
    for kind in ("openai", "anthropic"):
        body = {**scene.body(type=kind), "settings": None}
        exchange = scene.session.call(CREATE, body=body)
        if scene.expect_status(exchange, (201,), f"{kind}:null", "null stands for no settings"):
            scene.same(exchange, {"settings": None}, why="null stands for no settings")


@check(
    "rules.settings-secrets",
    "No answer carries the secrets of settings",
    rules=("secrets-are-write-only",),
    profiles=DEPLOYED,
)
def settings_secrets(scene: Scene) -> None:
    """Send secrets in good and in refused requests; every answer is searched for their names and values."""
    session = scene.session
    made = bedrock(scene)
    provider = made.document
    answers = [made, session.call(GET, provider["id"]), session.call(GET, provider["name"]), session.call(LIST)]
    changes: list[dict[str, Any]] = [{**FULL, **secret(scene)}, {**HEAD, "region": "r"}, {**FULL, "access_key": ""}]
    for settings in changes:
        answers.append(session.call(UPDATE, scene.way(provider), body={"settings": settings}))
        answers.append(session.call(GET, provider["id"]))
    faulty: list[dict[str, Any]] = [
        scene.body(type="openai", settings={**FULL, **secret(scene)}),
        scene.body(type="bedrock", name=provider["name"], settings={**FULL, **secret(scene)}),
        scene.body(type="bedrock", settings={**FULL, **secret(scene), "_version": 2}),
        scene.body(type="bedrock", settings={**FULL, **secret(scene)}, api_keys=[scene.key()]),
        scene.body(type="bedrock", settings={**FULL, **secret(scene)}, base_url=""),
        scene.body(type="bedrock", settings={**FULL, **secret(scene), "region": 5}),
        scene.body(type="bedrock", settings={**FULL, "access_key": {"value": scene.key()}}),
    ]
    for body in faulty:
        session.call(CREATE, body=body)
        change = {name: body[name] for name in ("settings", "base_url") if name in body}
        session.call(UPDATE, scene.way(provider), body={**change, "enabled": 5})
        session.call(UPDATE, session.ledger.nobody(), body=change)
        for principal in ("nobody", "other") if scene.options.token is not None else ():
            session.call(CREATE, body=body, principal=principal)
            session.call(UPDATE, scene.way(provider), body=change, principal=principal)
    for exchange in answers:
        hidden(scene, exchange)


@check("rules.settings-shape", "Settings need a known type and version", profiles=DEPLOYED)
def settings_shape(scene: Scene) -> None:
    """Create and PATCH with settings that are none, where there are some already and where there are not."""
    pool = Pool(scene, scene.options.amount(4, 8, 12), TAKERS)
    places = scene.options.amount(1, 2, 2)
    for number, (code, settings) in numbered(NO_SETTINGS.items(), scene.options.amount(1, 3, 8)):
        for kind in TAKERS if scene.options.effort != "quick" else TAKERS[number % 2 :][:1]:
            body = various(scene, number, type=kind, settings=turned(settings, number))
            scene.expect_status(scene.session.call(CREATE, body=body), (400,), f"{CREATE}:{code}", "no settings")
        for place in range(places):
            provider = pool.take(number + place)
            body = beside(scene, number, provider, settings=settings)
            exchange = scene.session.call(UPDATE, scene.way(provider), body=body)
            scene.expect_status(exchange, (400,), f"{UPDATE}:{code}", "these are no settings")
            scene.unchanged(provider, [exchange], "changed")
    for number, kind in enumerate(TYPES):
        if kind != "bedrock":
            settings = {"_type": kind, "_version": 1}
            exchange = scene.session.call(CREATE, body=various(scene, number, type=kind, settings=settings))
            scene.expect_status(exchange, (400,), f"{CREATE}:its own type", "there are no settings of that type")
    provider = pool.take(0)
    exchange = scene.session.call(
        UPDATE, scene.way(provider), body={"settings": {**HEAD, "region": "us-west-2"}, "base_url": "nope"}
    )
    refused(scene, exchange, f"{UPDATE}:good", ["base_url"], "the base URL is none")
    scene.unchanged(provider, [exchange], "changed")


@check(
    "rules.settings-fit-type",
    "Only anthropic and bedrock take bedrock settings",
    rules=("settings-fit-type",),
    profiles=DEPLOYED,
)
def settings_fit_type(scene: Scene) -> None:
    """Create and PATCH every other type with bedrock settings: on and off, with keys and without, beside others."""
    for number, kind in numbered(OTHERS, scene.options.amount(2, 6, 12)):
        settings = ({**FULL}, {**HEAD}, {**HEAD, **secret(scene)}, {**HEAD, "region": ""})[number % 4]
        keys = [scene.key()] if number % 3 == 2 else ...
        exchange = scene.session.call(CREATE, body=various(scene, number, type=kind, settings=settings, api_keys=...))
        refused(scene, exchange, f"{CREATE}:{kind}", ["settings"], f"{kind} takes no bedrock settings")
        body = various(scene, number, type=kind, enabled=number % 2 == 0, api_keys=keys)
        provider = scene.worked(scene.session.call(CREATE, body=body), 201).document
        others: tuple[dict[str, Any], ...] = ({}, {"enabled": True}, {"enabled": False}, {"api_keys": []})
        change = turned({**others[(number + number // 4) % 4], "settings": settings}, number)
        exchange = scene.session.call(UPDATE, scene.way(provider), body=change)
        if scene.expect_status(exchange, (400,), f"{UPDATE}:{kind}", f"{kind} takes no bedrock settings"):
            told = exchange.json.get("validations") if isinstance(exchange.json, dict) else None
            scene.expect(
                not told,
                f"{UPDATE}:more than a message",
                "a message, and no entry for a member",
                f"validations: {told}",
                [exchange],
                check="rules.validation-fields",
                severity=Severity.MINOR,
            )
        scene.unchanged(provider, [exchange], f"{UPDATE}:changed")


@check("rules.bedrock-settings", "A bedrock provider needs bedrock settings that say something", profiles=DEPLOYED)
def bedrock_settings(scene: Scene) -> None:
    """Create bedrock providers without settings, and with settings whose three members are all empty."""
    wrong: dict[str, Any] = {
        "absent": ...,
        "null": None,
        "bare": dict(HEAD),
        "model alone": {**HEAD, "model": "m", "small_fast_model": "s"},
        "all empty": {**HEAD, "region": "", "access_key": "", "access_key_secret": ""},
        "empty and a model": {**HEAD, "region": "", "model": "m"},
        "unknown member": {**HEAD, "zone": "eu"},
    }
    for number, (code, settings) in numbered(wrong.items(), scene.options.amount(1, 3, 8)):
        body = various(scene, number, type="bedrock", settings=settings, api_keys=...)
        exchange = scene.session.call(CREATE, body=body)
        refused(scene, exchange, code, ["settings"], "one of region, access_key, access_key_secret is needed")


@check(
    "rules.bedrock-keys",
    "There are no keys beside bedrock settings",
    rules=("no-keys-beside-bedrock",),
    profiles=DEPLOYED,
)
def bedrock_keys(scene: Scene) -> None:
    """Create and PATCH with both, and PATCH keys onto a provider that has bedrock settings; no keys are fine."""
    for number in range(scene.options.amount(2, 4, 8)):
        kind = TAKERS[number % 2]
        keys = [scene.key() for _ in range(1 + number % 3)]
        exchange = scene.session.call(
            CREATE, body=various(scene, number, type=kind, settings=dict(FULL), api_keys=keys)
        )
        if kind == "bedrock":
            refused(scene, exchange, f"{CREATE}:{kind}", ["api_keys"], "bedrock takes no keys", also=["settings"])
        else:
            scene.expect_status(exchange, (400,), f"{CREATE}:{kind}", "bedrock settings take no keys")
        exchange = scene.session.call(CREATE, body=various(scene, number, type=kind, settings=dict(FULL), api_keys=[]))
        scene.expect_status(exchange, (201,), f"{CREATE}:{kind}:no keys", "an empty list is fine")
    for number, (code, provider) in numbered(with_settings(scene).items(), scene.options.amount(1, 2, 6)):
        entries = [{"api_key": scene.key()} for _ in range(1 + number % 2)]
        stranger = {"id": scene.session.ledger.nobody()}
        changes: dict[str, dict[str, Any]] = {
            "keys alone": {"api_keys": entries},
            "keys and more": {"api_keys": entries, "display_name": "Changed", "enabled": False},
            "both": {"api_keys": entries, "settings": dict(FULL)},
            "key of nobody": {"api_keys": [*entries, stranger][number % 2 :]},
        }
        for what, body in changes.items():
            exchange = scene.session.call(UPDATE, scene.way(provider), body=turned(body, number))
            scene.expect_status(exchange, (400,), f"{UPDATE}:{code}:{what}", "bedrock settings take no keys")
        scene.unchanged(provider, [], f"{UPDATE}:changed")
        exchange = scene.session.call(UPDATE, scene.way(provider), body={"api_keys": [], "enabled": True})
        if scene.expect_status(exchange, (200,), f"{UPDATE}:{code}:no keys", "an empty list is fine"):
            provider.update(exchange.document)
    plain = scene.created(type="anthropic", api_keys=[scene.key(), scene.key()]).document
    kept = [{"id": key["id"]} for key in plain.get("api_keys") or ()]
    lists: dict[str, list[dict[str, Any]]] = {"new": [{"api_key": scene.key()}], "one kept": kept[:1], "all kept": kept}
    lists["kept and new"] = [*kept, {"api_key": scene.key()}]
    for number, (code, several) in enumerate(lists.items()):
        body = turned({"settings": dict(FULL), "api_keys": several, "enabled": True}, number)
        exchange = scene.session.call(UPDATE, scene.way(plain), body=body)
        scene.expect_status(exchange, (400,), f"{UPDATE}:anthropic:both, {code}", "bedrock settings take no keys")
    scene.unchanged(plain, [], f"{UPDATE}:changed")


def with_settings(scene: Scene) -> dict[str, dict[str, Any]]:
    """Return providers that have bedrock settings, by the way in which these came."""
    found = {f"{kind} by create": bedrock(scene, kind).document for kind in TAKERS}
    late = scene.created(type="anthropic").document
    found["by PATCH"] = scene.patched(late["id"], settings=dict(FULL)).document
    keyed = scene.created(type="anthropic", api_keys=[scene.key()]).document
    found["in place of keys"] = scene.patched(keyed["id"], settings=dict(FULL), api_keys=[]).document
    again = bedrock(scene, "anthropic").document
    scene.patched(again["id"], settings={**HEAD, "region": "us-west-2"})
    found["replaced"] = scene.patched(again["name"], enabled=True).document
    return found
