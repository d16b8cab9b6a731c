"""Faults of secrets: plain texts in answers, errors and headers, and masks that show too much or too little."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import SETTINGS_SECRETS
from tests.independent.transport import Sent
from tests.independent.values import Answer, Key, Provider, Refusal, Request

PLAIN = "sk-dummy-abcdefgh-0123456789"
WITH_KEY = make(api_keys=[PLAIN])
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "eu-west-1", "access_key": "AKIADUMMY0001"}
WITH_SECRETS = make(type="bedrock", settings={**BEDROCK, "access_key_secret": "dummy-secret-0001"})


def _masked(mask: Callable[[str], str]) -> type:
    class Masked(Api):
        def mask(self, plain: str) -> str:
            told = mask(plain)
            return super().mask(plain) if told == "..?" else told

    return Masked


def _ends(plain: str, shown: int) -> str:
    return f"{plain[:shown]}...{plain[len(plain) - shown :]}"


def _by_steps(*steps: tuple[int, int]) -> Callable[[str], str]:
    def mask(plain: str) -> str:
        return _ends(plain, next((n for least, n in steps if len(plain) >= least), 0)) if plain else ""

    return mask


def _units(encoding: str, width: int) -> Callable[[str], str]:
    def mask(plain: str) -> str:
        length = len(plain.encode(encoding)) // width
        shown = next((n for least, n in ((20, 4), (10, 2), (5, 1)) if length >= least), 0)
        return _ends(plain, min(shown, len(plain)))

    return mask


def _bytes(plain: str) -> str:
    raw = plain.encode()
    shown = next((n for least, n in ((20, 4), (10, 2), (5, 1)) if len(raw) >= least), 0)
    return (raw[:shown] + b"..." + raw[len(raw) - shown :]).decode("utf-8", "replace")


# "..?" stands for the right mask.
# id, sentence, mask, keys of the probe, check, profiles, quick
MASKS = [
    ("mask-is-the-key", "Masks are the keys themselves.", lambda k: k, [PLAIN], "rules.secrets-never-leak", BOTH, True),
    ("mask-of-short-keys-is-the-key", "Keys below five characters are shown.", lambda k: k if len(k) < 5 else "..?",
     ["abcd"], "rules.mask", BOTH, True),
    ("mask-of-long-keys-is-the-key", "Keys of more than a hundred characters are shown.",
     lambda k: k if len(k) > 100 else "..?", ["dummy" * 30], "rules.secrets-never-leak", BOTH, False),
    ("mask-of-foreign-keys-is-the-key", "Keys that are not ASCII are shown.", lambda k: "..?" if k.isascii() else k,
     ["schlüssel-0001"], "rules.secrets-never-leak", BOTH, True),
    ("mask-of-keys-with-blanks-is-the-key", "Keys with a blank inside are shown.", lambda k: k if " " in k else "..?",
     ["dummy key 0001"], "rules.secrets-never-leak", BOTH, False),
    ("mask-is-base-64", "Masks are the keys in base 64.", lambda k: base64.b64encode(k.encode()).decode(), [PLAIN],
     "rules.mask", DEPLOYED, True),
    ("mask-is-reversed", "Masks are the keys read backwards.", lambda k: k[::-1], [PLAIN], "rules.mask", DEPLOYED,
     True),
    ("mask-lacks-one-character", "Masks hide one character.", lambda k: f"{k[:-1]}*", [PLAIN], "rules.mask", DEPLOYED,
     True),
    ("mask-shows-the-end-whole", "Masks hide the first four characters alone.",
     lambda k: f"...{k[4:]}" if len(k) > 4 else "..?", [PLAIN], "rules.mask", DEPLOYED, True),
    ("mask-is-stars", "Masks are stars.", lambda k: "********", [PLAIN], "rules.mask", DEPLOYED, True),
    ("mask-has-as-many-stars", "Masks have a star for each hidden character.",
     lambda k: f"{k[:4]}{'*' * (len(k) - 8)}{k[-4:]}", [PLAIN], "rules.mask", DEPLOYED, True),
    ("mask-has-an-ellipsis", "Masks have one character of three dots.",
     lambda k: f"{k[:4]}…{k[-4:]}" if len(k) >= 20 else "..?", [PLAIN], "rules.mask", DEPLOYED, True),
    ("mask-shows-the-beginning-alone", "Masks show no end.", lambda k: f"{k[:4]}..." if len(k) >= 20 else "..?",
     [PLAIN], "rules.mask", DEPLOYED, True),
    ("mask-shows-five", "Masks of long keys show five characters at each end.", _by_steps((20, 5), (10, 2), (5, 1)),
     [PLAIN], "rules.mask", DEPLOYED, True),
    ("mask-of-twenty-shows-two", "Masks of twenty characters show two at each end: 20 counts as below.",
     _by_steps((21, 4), (10, 2), (5, 1)), ["12345678901234567890"], "rules.mask", DEPLOYED, True),
    ("mask-of-nineteen-shows-four", "Masks of nineteen characters show four at each end.",
     _by_steps((19, 4), (10, 2), (5, 1)), ["1234567890123456789"], "rules.mask", DEPLOYED, True),
    ("mask-of-ten-shows-one", "Masks of ten characters show one at each end.", _by_steps((20, 4), (11, 2), (5, 1)),
     ["1234567890"], "rules.mask", DEPLOYED, True),
    ("mask-of-nine-shows-two", "Masks of nine characters show two at each end.", _by_steps((20, 4), (9, 2), (5, 1)),
     ["123456789"], "rules.mask", DEPLOYED, True),
    ("mask-of-five-shows-nothing", "Masks of five characters show nothing.", _by_steps((20, 4), (10, 2), (6, 1)),
     ["12345"], "rules.mask", DEPLOYED, True),
    ("mask-of-four-shows-one", "Masks of four characters show one at each end.", _by_steps((20, 4), (10, 2), (4, 1)),
     ["1234"], "rules.mask", DEPLOYED, True),
    ("mask-counts-bytes", "Masks count bytes.", _units("utf-8", 1), ["éééé"], "rules.mask", DEPLOYED, True),
    ("mask-counts-utf-16", "Masks count UTF-16 units, so that symbols beyond the first plane count twice.",
     _units("utf-16-le", 2), ["🔑🔒🔓🗝"], "rules.mask", DEPLOYED, False),
    ("mask-cuts-characters", "Masks cut the bytes of a key, and break its characters.", _bytes, ["鍵鍵鍵鍵鍵鍵鍵"],
     "rules.mask", DEPLOYED, True),
    ("mask-of-short-keys-is-empty", "Masks of keys below five characters are empty.",
     lambda k: "" if len(k) < 5 else "..?", ["abcd"], "rules.mask", DEPLOYED, True),
]  # fmt: skip
for _id, _sentence, _mask, _keys, _check, _profiles, _quick in MASKS:
    declare_as(_id, _sentence, _masked(_mask), _check, make(api_keys=_keys), profiles=_profiles, quick=_quick)


def _showing(operations: tuple[str, ...], condition: Callable[[Provider, int], bool]) -> type:
    class Showing(Api):
        def view(self, provider: Provider) -> dict[str, Any]:
            shown = super().view(provider)
            if self.request.operation in operations:
                for index, key in enumerate(provider.keys):
                    if condition(provider, index):
                        shown["api_keys"][index]["masked"] = key.plain
            return shown

    return Showing


EVERY = ("list", "create", "get", "patch")
SHOWN = [
    ("create-shows-keys", "The answer to a create shows the keys, as some services do once.", ("create",),
     lambda p, i: True, [WITH_KEY], True),
    ("patch-shows-keys", "The answer to a PATCH shows the keys.", ("patch",), lambda p, i: True,
     [WITH_KEY, patch(enabled=True)], True),
    ("list-shows-keys", "A list shows the keys.", ("list",), lambda p, i: True, [WITH_KEY, get()], True),
    ("get-shows-keys", "A get shows the keys.", ("get",), lambda p, i: True, [WITH_KEY, get("p")], True),
    ("second-key-is-shown", "The second key of a provider is shown.", EVERY, lambda p, i: i == 1,
     [make(api_keys=["dummy-a1", "dummy-b2"])], True),
    ("sixth-key-is-shown", "The sixth key of a provider is shown.", EVERY, lambda p, i: i == 5,
     [make(api_keys=[f"dummy-key-{n}" for n in range(6)])], False),
    ("keys-of-disabled-are-shown", "The keys of a provider that is off are shown.", EVERY, lambda p, i: not p.enabled,
     [WITH_KEY], True),
    ("keys-of-enabled-are-shown", "The keys of a provider that is on are shown.", EVERY, lambda p, i: p.enabled,
     [make(enabled=True, api_keys=[PLAIN])], True),
    ("keys-of-openrouter-are-shown", "The keys of the type openrouter are shown.", EVERY,
     lambda p, i: p.type == "openrouter", [make(type="openrouter", api_keys=[PLAIN])], False),
    ("keys-of-azure-are-shown", "The keys of the type azure are shown.", EVERY, lambda p, i: p.type == "azure",
     [make(type="azure", api_keys=[PLAIN])], False),
    ("keys-added-by-patch-are-shown", "Keys that a PATCH added are shown.", EVERY,
     lambda p, i: p.keys[i].created_at > p.created_at, [WITH_KEY, patch(api_keys=[{"api_key": "dummy-key-0002"}])],
     True),
    ("keys-of-changed-are-shown-in-lists", "A list shows the keys of providers that were changed.", ("list",),
     lambda p, i: p.updated_at > p.created_at and p.created_at.year > 2024, [WITH_KEY, patch(enabled=True), get()],
     True),
]  # fmt: skip
for _id, _sentence, _operations, _condition, _probe, _quick in SHOWN:
    declare_as(_id, _sentence, _showing(_operations, _condition), "rules.secrets-never-leak", *_probe, quick=_quick)


@fault("rules.secrets-never-leak", WITH_KEY)
class KeysHaveTheirPlainText(Api):
    """Keys have their plain text as a further member."""

    def view_key(self, key: Key) -> dict[str, Any]:
        return {**super().view_key(key), "api_key": key.plain}


@fault("rules.secrets-never-leak", WITH_KEY, patch(enabled=True))
class PatchAnswersTheRecord(Api):
    """The answer to a PATCH has the record's inner members, plain texts too."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        keys = self.providers[answer.data["id"]].keys
        return Answer(200, {**answer.data, "_secrets": [key.plain for key in keys]})


def _leaky(status: int, method: str = "") -> type:
    class Leaky(Api):
        def error(self, request: Request, refusal: Refusal) -> Answer:
            answer = super().error(request, refusal)
            if answer.status == status and method in {"", request.method} and request.body:
                answer.data["detail"] = f"cannot process {request.body.decode('utf-8', 'replace')}"
            return answer

    return Leaky


LEAKS = [
    ("faulty-body-is-echoed", "A 400 quotes the body, keys too.", 400, "", [make(type="x", api_keys=[PLAIN])]),
    ("faulty-patch-is-echoed", "A 400 to a PATCH quotes the body, keys too.", 400, "PATCH",
     [make(), patch(enabled="x", api_keys=[{"api_key": PLAIN}])]),
    ("conflict-is-echoed", "A 409 quotes the body, keys too.", 409, "", [make(), make(api_keys=[PLAIN])]),
    ("not-found-is-echoed", "A 404 to a PATCH quotes the body, keys too.", 404, "PATCH",
     [patch("nobody", api_keys=[{"api_key": PLAIN}])]),
    ("unauthenticated-is-echoed", "A 401 quotes the body, keys too.", 401, "",
     [Step("PATCH", "p", {"api_keys": [{"api_key": PLAIN}]}, token=None)]),
]  # fmt: skip
for _id, _sentence, _status, _method, _probe in LEAKS:
    declare_as(_id, _sentence, _leaky(_status, _method), "rules.secrets-never-leak", *_probe)


@fault("rules.secrets-never-leak", make(api_keys=[" dummy-key-0001"]), profiles=DEPLOYED)
class SpacedKeysAreQuoted(Api):
    """A key with white space at an end is quoted in what is told about it."""

    def judge_api_keys(self, value: list[str]) -> list[tuple[str, str]]:
        return [(name, f"{why}: {value[int(name[9:-1])]!r}") for name, why in super().judge_api_keys(value)]


@fault("rules.secrets-never-leak", WITH_KEY)
class KeysAreInAHeader(Api):
    """The answer to a create has the keys in a header for debugging."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if status == 201 and request.data.get("api_keys"):
            headers["X-Debug-Body"] = json.dumps(request.data)
        return status, headers, payload


@fault("rules.secrets-never-leak", WITH_KEY, make(api_keys=[PLAIN]), quick=True)
class ConflictHasKeysInAHeader(Api):
    """A 409 has the keys in a header."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if status == 409:
            headers["X-Rejected"] = json.dumps(request.data)
        return status, headers, payload


@fault("rules.secrets-never-leak", make(api_keys=[PLAIN]), get("p"))
class UntitledProvidersShowAKey(Api):
    """A provider without display name and with keys shows its first key instead."""

    def view_display_name(self, provider: Provider) -> str:
        if not provider.display_name and provider.keys and self.request.operation == "get":
            return provider.keys[0].plain
        return super().view_display_name(provider)


def _settings(
    change: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]], operations: tuple[str, ...] = EVERY
) -> type:
    class Settings(Api):
        def view_settings(self, provider: Provider) -> Any:
            shown = super().view_settings(provider)
            stored = {name: (provider.settings or {}).get(name) for name in SETTINGS_SECRETS}
            if shown is None or self.request.operation not in operations or not any(stored.values()):
                return shown
            return {**shown, **change(shown, {name: value for name, value in stored.items() if value})}

    return Settings


SECRETS = [
    ("settings-show-secrets", "Settings show their secrets.", lambda s, k: k, EVERY, [WITH_SECRETS]),
    ("settings-show-the-access-key", "Settings show the access key, and hide its secret.",
     lambda s, k: {n: v for n, v in k.items() if n == "access_key"}, EVERY, [WITH_SECRETS]),
    ("settings-show-secrets-as-null", "Settings show the names of secrets, with null.", lambda s, k: dict.fromkeys(k),
     EVERY, [WITH_SECRETS]),
    ("settings-show-secrets-as-empty", "Settings show the names of secrets, with empty texts.",
     lambda s, k: dict.fromkeys(k, ""), EVERY, [WITH_SECRETS]),
    ("settings-show-secrets-as-stars", "Settings show the names of secrets, with stars.",
     lambda s, k: dict.fromkeys(k, "***"), EVERY, [WITH_SECRETS]),
    ("settings-show-masked-secrets", "Settings show their secrets masked.",
     lambda s, k: {n: _ends(v, 2) for n, v in k.items()}, EVERY, [WITH_SECRETS]),
    ("settings-show-secrets-in-lists", "Settings show their secrets in lists alone.", lambda s, k: k, ("list",),
     [WITH_SECRETS, get()]),
    ("settings-show-secrets-after-patches", "Settings show their secrets in the answer to a PATCH.", lambda s, k: k,
     ("patch",), [WITH_SECRETS, patch(enabled=True)]),
    ("settings-show-secrets-once", "Settings show their secrets in the answer to a create.", lambda s, k: k,
     ("create",), [WITH_SECRETS]),
    ("settings-show-secrets-under-other-names", "Settings show the access key under another name.",
     lambda s, k: {"accessKeyId": k.get("access_key", "")}, EVERY, [WITH_SECRETS]),
]  # fmt: skip
for _id, _sentence, _change, _operations, _probe in SECRETS:
    declare_as(_id, _sentence, _settings(_change, _operations), "rules.settings-secrets", *_probe, profiles=DEPLOYED)


@fault("rules.settings-secrets", make(type="openai", settings=BEDROCK), profiles=DEPLOYED)
class RefusedSettingsAreQuoted(Api):
    """Settings that are refused are quoted, secrets too."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status == 400 and b"access_key" in request.body:
            refusal.args = (f"{refusal.message} {request.body.decode()}",)
            refusal.message = str(refusal)
        return super().error(request, refusal)
