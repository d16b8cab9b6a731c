"""Faults at the edges: bytes on the wire, text, notations, who asks, secrets, faults of bodies, races."""

import contextlib
import gzip
import json
import re
import time
import unicodedata
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Race, declare_as, fault
from tests.independent.judging import Faults, Members
from tests.independent.transport import COLLECTION, Sent
from tests.independent.values import USERS, Answer, Key, Provider, Refusal, Request, User

KEY = "dummy-key-0001"
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "r"}


@fault("rules.clients", Step("POST", "", make(display_name="x" * 5000).body, headers={"Accept-Encoding": "gzip"}))
class LargeAnswersAreZippedInSilence(Api):
    """Answers of more than 4096 bytes are compressed where gzip is accepted, but no header says so."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if "gzip" in request.headers.get("accept-encoding", "") and len(payload) > 4096:
            payload = gzip.compress(payload, mtime=0)
            headers["Content-Length"] = str(len(payload))
        return status, headers, payload


@fault("rules.unicode", make(), Step("PATCH", "p", raw='{"display_name": "Zoë"}'.encode()))
class PatchReadsLatin1(Api):
    """A PATCH reads text that is not escaped as Latin-1; a create reads it as UTF-8."""

    def parse(self, request: Request) -> Any:
        if request.operation == "patch":
            request.body = request.body.decode("latin-1").encode()
        return super().parse(request)


@fault("rules.json-body", Step("POST", raw=json.dumps(make().body).encode() + b" x"), profiles=DEPLOYED)
class TextBehindTheBodyIsIgnored(Api):
    """A create reads the first JSON value of its body, and ignores what else is there."""

    def parse(self, request: Request) -> Any:
        if request.operation == "create":
            text = request.body.decode("utf-8", "replace")
            with contextlib.suppress(ValueError):
                request.body = text[: json.JSONDecoder().raw_decode(text)[1]].encode()
        return super().parse(request)


@fault("rules.unknown-path", make(), get("p/keys"), profiles=DEPLOYED)
class DeeperPathsAnswerTheProvider(Api):
    """A GET of a path below a provider answers that provider."""

    def route(self, request: Request) -> str:
        if request.method == "GET" and (found := re.match(f"{COLLECTION}/[^/]+(?=/)", request.path)):
            request.path = found[0]
        return super().route(request)


class _Sent(Api):
    """What judges a body that is not quite the one that was sent."""

    def judge(self, request: Request, data: Any) -> Members:
        return super().judge(request, self.heard(request.operation, data) if isinstance(data, dict) else data)

    def heard(self, operation: str, data: Members) -> Members:
        return data


def _of_text(member: str, operations: tuple[str, ...], change: Any) -> type:
    class Heard(_Sent):
        def heard(self, operation: str, data: Members) -> Members:
            good = operation in operations and isinstance(data.get(member), str)
            return {**data, member: change(data[member])} if good else data

    return Heard


_ANY = ("create", "patch")
for _id, _sentence, _mixin, _probe, _check, _profiles in [
    ("titles-are-composed", "Display names are kept in the normal form C of Unicode.",
     _of_text("display_name", _ANY, lambda t: unicodedata.normalize("NFC", t)),
     [make(display_name="Zoe\u0308")], "rules.unicode", DEPLOYED),
    ("titles-end-before-an-emoji", "A display name ends where its first character beyond the basic plane is.",
     _of_text("display_name", _ANY, lambda t: re.split("[\U00010000-\U0010ffff]", t)[0]),
     [make(display_name="One 😀 two")], "rules.unicode", BOTH),
    ("title-null-is-none", "The display name null, a text, is taken for none.",
     _of_text("display_name", _ANY, lambda t: "" if t == "null" else t), [make(display_name="null")],
     "rules.unicode", BOTH),
    ("patched-title-of-blanks-is-none", "A PATCH to a display name of blanks clears it.",
     _of_text("display_name", ("patch",), lambda t: t if t.strip() else ""),
     [make(display_name="One"), patch(display_name="  ")], "rules.unicode", DEPLOYED),
    ("patched-title-is-cut", "A PATCH cuts display names to 128 characters; a create does not.",
     _of_text("display_name", ("patch",), lambda t: t[:128]), [make(), patch(display_name="x" * 129)],
     "rules.long-values", BOTH),
    ("patch-drops-the-query", "A PATCH drops the query of a base URL; a create keeps it.",
     _of_text("base_url", ("patch",), lambda t: t.partition("?")[0]),
     [make(), patch(base_url="https://e.com/v1?version=2")], "rules.base-url-kept", BOTH),
]:  # fmt: skip
    declare_as(_id, _sentence, _mixin, _check, *_probe, profiles=_profiles)


@fault("rules.json-types", make(), patch(enabled=0))
class PatchTakesZeroForFalse(_Sent):
    """A PATCH takes the numbers 0 and 1 for false and true."""

    def heard(self, operation: str, data: Members) -> Members:
        value = data.get("enabled")
        return {**data, "enabled": bool(value)} if operation == "patch" and value in (0, 1) else data


@fault("model.drill", make(api_keys=["dummy,key-0001"]))
class KeysAreSplitAtCommas(_Sent):
    """A key with a comma is kept as two: keys are one text in the database."""

    def heard(self, operation: str, data: Members) -> Members:
        keys = data.get("api_keys")
        good = operation == "create" and isinstance(keys, list) and all(isinstance(key, str) for key in keys)
        return {**data, "api_keys": ",".join(keys).split(",")} if good and keys else data


@fault("rules.nothing-said", make(enabled=True), patch(enabled=None, display_name="One"), profiles=DEPLOYED)
class NullBesideOthersSwitchesOff(_Sent):
    """A PATCH of other members with null for the switch switches the provider off."""

    def heard(self, operation: str, data: Members) -> Members:
        rest = any(value is not None for value in data.values())
        return {**data, "enabled": False} if operation == "patch" and rest and data.get("enabled", 0) is None else data


@fault("rules.unknown-members", make(id="57a41e70-0000-4000-8000-00000000abcd"), profiles=DEPLOYED)
class CreateTakesAnId(Api):
    """A create takes the id that its body brings."""

    def make(self, members: Members) -> Provider:
        new, told = super().make(members), json.loads(self.request.body).get("id")
        free = isinstance(told, str) and self.parse_id(told) == told and told not in self.providers
        return replace(new, id=told) if free else new


@fault("rules.base-url-kept", make(base_url="https://e.com/?a=1&b=2"), get())
class ListEscapesAmpersands(Api):
    """Lists show ampersands as HTML does."""

    def op_list(self, request: Request) -> Answer:
        rows = super().op_list(request).data
        return Answer(200, [{**row, "base_url": row["base_url"].replace("&", "&amp;")} for row in rows])


@fault("schema.response", make(display_name="42"))
class TitleOfDigitsIsANumber(Api):
    """A display name of digits is shown as a number."""

    def view_display_name(self, provider: Provider) -> Any:
        title = super().view_display_name(provider)
        return int(title) if re.fullmatch(r"[1-9][0-9]{0,8}", title) else title


@fault("rules.list-order", make("p-z"), make("pa"), get(), profiles=DEPLOYED)
class OrderSkipsDashes(Api):
    """Lists are ordered as if names had no dashes, as a database's collation does."""

    def listed(self) -> list[Provider]:
        return sorted(super().listed(), key=lambda row: row.name.replace("-", ""))


@fault("rules.name-pattern", make("p-q"), make("pq"), profiles=DEPLOYED)
class DashesDoNotTellNamesApart(Api):
    """A name that differs from another's in dashes alone is taken."""

    def check_unique(self, name: str) -> None:
        super().check_unique(next((n for n in self.names if n.replace("-", "") == name.replace("-", "")), name))


@fault("rules.name-pattern", make("1"), get("1"))
class NameOfDigitsIsARow(Api):
    """A key of digits is the number of a row before it is a name."""

    def op_get(self, request: Request) -> Answer:
        rows = list(self.providers)
        if re.fullmatch("[0-9]{1,3}", request.key) and int(request.key) < len(rows):
            request.key = rows[int(request.key)]
        return super().op_get(request)


@fault("rules.lookup", make("q"), lambda r: make(r[0].json["id"]), lambda r: get(r[0].json["id"]),
       profiles=DEPLOYED)  # fmt: skip
class NameComesBeforeId(Api):
    """A provider whose name is another's id is found in its place."""

    def find_by_id(self, key: str) -> Provider | None:
        return self.find_by_name(key) or super().find_by_id(key)


@fault("rules.lookup", make(), lambda r: delete(r[0].json["id"].upper()), get("p"), profiles=DEPLOYED)
class DeleteByIdInCapitalsIsNotDone(Api):
    """A delete by an id in capitals answers 204, and deletes nothing."""

    def remove(self, provider: Provider) -> None:
        if self.request.key != provider.id.upper():
            super().remove(provider)


@fault("rules.key-id-once", make(api_keys=[KEY]),
       lambda r: patch(api_keys=[{"id": how(r[0].json["api_keys"][0]["id"])} for how in (str.lower, str.upper)]),
       profiles=DEPLOYED)  # fmt: skip
class OneIdInTwoSpellingsIsTwo(Api):
    """A key can be named twice, once in small letters and once in capitals."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        faults = super().judge_entry_id(place, key_id, set())
        faults += [(f"{place}.id", "is named twice")] if key_id in seen else []
        seen.add(key_id)
        return faults


@fault("rules.settings-secrets", make(type="bedrock", settings={**BEDROCK, "access_key": "DUMMY"}),
       patch(settings={**BEDROCK, "access_key": ""}), profiles=DEPLOYED)  # fmt: skip
class ClearedSecretIsNamed(Api):
    """Settings whose access key was cleared show it, empty."""

    def view_settings(self, provider: Provider) -> Any:
        shown = super().view_settings(provider)
        return {**shown, "access_key": ""} if (provider.settings or {}).get("access_key") == "" else shown


@fault("rules.settings", make(type="bedrock", settings=BEDROCK), patch(settings={**BEDROCK, "region": "s"}),
       profiles=DEPLOYED)  # fmt: skip
class SettingsOfADisabledOneAreNotKept(Api):
    """A PATCH of the settings of a provider that is off answers 200, and does not change them."""

    def merge_settings(self, stored: Members | None, new: Members) -> Members:
        enabled = self.request.operation != "patch" or self.find(self.request.key).enabled
        return super().merge_settings(stored, new) if enabled or not stored else stored


@fault("rules.mask", make(api_keys=["😀😁😂"]), profiles=DEPLOYED)
class MaskOfFewCountsUtf16(Api):
    """Keys are measured in the units of UTF-16 when they are masked, as Java and JavaScript do."""

    def mask(self, plain: str) -> str:
        units = len(plain.encode("utf-16-le")) // 2
        return f"{plain[:1]}...{plain[-1:]}" if len(plain) < 5 <= units else super().mask(plain)


@fault("rules.name-pattern", make("p٣"), profiles=DEPLOYED)
class NamesTakeDigitsOfAllScripts(Api):
    """Names may hold the digits of any script."""

    def judge_name(self, value: str) -> Faults:
        return super().judge_name(re.sub(r"\d", "0", value))


@fault("rules.secrets-never-leak", make(), make(api_keys=[KEY]), profiles=DEPLOYED)
class ConflictQuotesTheRow(Api):
    """The answer to a create of a taken name quotes what could not be inserted, its keys too."""

    def check_unique(self, name: str) -> None:
        if self.find_by_name(name):
            raise Refusal(409, f"Cannot insert {json.dumps(self.request.data)}: {name} exists.")


@fault("rules.unauthenticated", get(token="api_key"))
class TokensIgnoreCase(Api):
    """Tokens are compared without regard to case."""

    def user_of(self, token: str | None) -> User | None:
        return super().user_of(token.upper() if token else token)


@fault("rules.unauthenticated", get(token="API_KEY-x"))
class LongerTokensAreGood(Api):
    """A token is good when it begins with a good one."""

    def user_of(self, token: str | None) -> User | None:
        return super().user_of(next((known for known in USERS if token and token.startswith(known)), token))


@fault("rules.unauthenticated", *[get(token="EXPIRED_KEY")] * 2, profiles=DEPLOYED)
class ExpiredTokenIsGoodTheSecondTime(Api):
    """A token is remembered before it is seen to be expired, and good from then on."""

    def user_of(self, token: str | None) -> User | None:
        if token == "EXPIRED_KEY" and self.tally(token) > 1:
            return USERS[token]
        return super().user_of(token)


@fault("rules.forbidden", make(), Step("PATCH", "p", {"display_name": "x"}, token="MEMBER_KEY"), profiles=DEPLOYED)
class MembersMayRetitle(Api):
    """Whoever is no owner may PATCH the display name alone."""

    def authorise(self, request: Request) -> None:
        if request.operation != "patch" or list(request.data) != ["display_name"]:
            super().authorise(request)


@fault("rules.body-before-lookup", patch("nobody", api_keys=[{}]), profiles=DEPLOYED)
class EntriesAreJudgedAfterTheLookup(Api):
    """A PATCH of an unknown provider whose key entries are bad answers 404."""

    def judge_entries(self, entries: list[Members]) -> Faults:
        faults = super().judge_entries(entries)
        if faults:
            self.find(self.request.key)
        return faults


@fault("rules.validation-fields", make(api_keys=["dummy-key-1", ""]), profiles=DEPLOYED)
class BadKeysAreNumberedAmongThemselves(Api):
    """The index of a bad key counts the bad ones alone."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return [(f"api_keys[{n}]", why) for n, (_, why) in enumerate(super().judge_api_keys(value))]


@fault("rules.unknown-members", make(), patch(api_keys=[{"api_key": KEY}]), profiles=DEPLOYED)
class PatchTimesKeysLocally(Api):
    """The answer to a PATCH shows the times of keys in a zone of the server's own, the same instants."""

    def view_key(self, key: Key) -> Members:
        local = key.created_at.astimezone(timezone(timedelta(hours=2))).isoformat()
        return {**super().view_key(key), **({"created_at": local} if self.request.operation == "patch" else {})}


class _AtOnce(Api):
    """What does some operations without waiting for others."""

    loose = ("patch",)

    def perform(self, request: Request) -> Answer:
        how = getattr(self, f"op_{request.operation}")
        return how(request) if request.operation in self.loose else super().perform(request)  # type: ignore[no-any-return]


@fault("rules.concurrency", Race([make()], [patch(enabled=True), patch(display_name="x")], get("p"),
       lambda r: (r.json["enabled"], r.json["display_name"])))  # fmt: skip
class PatchesAtOnceLoseMembers(_AtOnce):
    """Of PATCHes of different members at the same time the last to end undoes the others."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        time.sleep(0.01)
        return new


@fault("rules.concurrency", Race([], [make(f"p{n}") for n in range(4)], get(), lambda r: len(r.json)))
class CreatesAtOnceLoseProviders(_AtOnce):
    """Of creates at the same time the last to end undoes the others: the whole collection is written back."""

    loose = ("create",)

    def save(self, provider: Provider) -> None:
        if not hasattr(self.local, "request") or self.request.operation != "create":
            return super().save(provider)
        providers, names = dict(self.providers), dict(self.names)
        time.sleep(0.01)
        self.providers = {**providers, provider.id: provider}
        self.names = {**names, provider.name: provider.id}
        return None


@fault("rules.concurrency", Race([make()], [delete(token="MEMBER_KEY"), *[get()] * 6], get("p"), lambda r: r.status),
       profiles=DEPLOYED)  # fmt: skip
class UserIsSharedAtOnce(Api):
    """Whoever asks while an owner does may be taken for that owner: the user is kept for all requests."""

    def authenticate(self, request: Request) -> User:
        user = self.__dict__["user"] = super().authenticate(request)
        time.sleep(0 if user.owner else 0.01)
        return self.__dict__["user"]  # type: ignore[no-any-return]
