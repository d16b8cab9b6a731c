"""Guessed faults: what implementers and operators ship."""

import json
import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Race, fault
from tests.independent.judging import Faults, Members, parse_uuid
from tests.independent.transport import Sent
from tests.independent.values import NOTHING, Answer, Key, Provider, Refusal, Request

REGION = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
KEY = "dummy-key-0001"
KEYS = ["dummy-key-0001", "other-key-0002", "third-key-0003"]
READS = {"get", "list"}


def by_id(method: str = "GET", **members: Any) -> Callable[[list[Reply]], Step]:
    """Return a step on the provider that was made first, by its id."""
    return lambda seen: Step(method, seen[0].json["id"], members or None)


def rekey(*entries: Any) -> Callable[[list[Reply]], Step]:
    """Return a PATCH of the keys; a number stands for the id of that key of the provider made first."""
    return lambda seen: patch(
        api_keys=[{"id": seen[0].json["api_keys"][e]["id"]} if isinstance(e, int) else e for e in entries]
    )


class _Bent(Api):
    """What changes bodies before they are judged, or members after it."""

    def judge(self, request: Request, data: Any) -> Members:
        if isinstance(data, dict):
            data = self.before(request, dict(data))
        members = super().judge(request, data)
        return self.later(request, data, members)

    def before(self, request: Request, data: Members) -> Members:
        return data

    def later(self, request: Request, data: Members, members: Members) -> Members:
        return members


# --- HTTP and JSON


@fault("rules.not-found", make(), get("p.json"), profiles=DEPLOYED, quick=False)
class FormatSuffixesAreCutOff(Api):
    """A name with .json behind it finds the provider, as with routes of Rails and Spring."""

    def find(self, key: str) -> Provider:
        return super().find(key.removesuffix(".json"))


@fault("rules.method-not-allowed", Step("PUT"), profiles=DEPLOYED)
class AllowIsThatOfBothRoutes(Api):
    """Allow lists the methods of the collection and of its items together, whichever path is asked."""

    def route(self, request: Request) -> str:
        try:
            return super().route(request)
        except Refusal as refusal:
            if refusal.status == 405:
                refusal.headers["Allow"] = "DELETE, GET, HEAD, PATCH, POST"
            raise


@fault("rules.unicode", make(display_name="Čeština"))
class WritesCountCharactersForTheirLength(Api):
    """The Content-Length of creates and PATCHes counts characters: with text beyond ASCII the body is cut."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if request.operation in {"create", "patch"} and answer.data is not NOTHING:
            text = json.dumps(answer.data, indent=self.terms.indent, ensure_ascii=False)
            if not text.isascii():
                return status, {**headers, "Content-Length": str(len(text))}, text.encode()[: len(text)]
        return status, headers, payload


@fault("rules.unicode", make(display_name="rocket 🚀"))
class EmojiAreSentAsTwoSurrogates(Api):
    """Text beyond the basic plane is sent as in Java's modified UTF-8: two encoded surrogates, which is no UTF-8."""

    def encode(self, data: Any) -> bytes:
        text = json.dumps(data, indent=self.terms.indent, ensure_ascii=False)
        if max(text) <= "\uffff":
            return super().encode(data)

        def halves(found: re.Match[str]) -> str:
            rest = ord(found[0]) - 0x10000
            return chr(0xD800 + (rest >> 10)) + chr(0xDC00 + (rest & 0x3FF))

        return re.sub("[\U00010000-\U0010ffff]", halves, text).encode("utf-8", "surrogatepass")


@fault(
    "rules.content-type",
    Step(
        "POST",
        raw='{"type":"openai","name":"p","base_url":"https://e.com","display_name":"Café"}'.encode(),
        headers={"Content-Type": "application/json; charset=iso-8859-1"},
    ),
    profiles=DEPLOYED,
)
class BodiesAreReadInTheirCharset(Api):
    """The charset of the request's content type is believed, though bodies are JSON whatever it says."""

    def parse(self, request: Request) -> Any:
        if found := re.search(r"charset=\"?([\w-]+)", request.headers.get("content-type", "")):
            try:
                request.body = request.body.decode(found[1]).encode()
            except (LookupError, ValueError) as error:
                raise Refusal(400, "The body is not in its charset.") from error
        return super().parse(request)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@fault("rules.no-json", make(), Step("PATCH", "p", raw=b'{"display_name": "two\nlines"}'), profiles=DEPLOYED)
class LineBreaksInsideTextAreJson(Api):
    """Raw control characters inside a JSON text are taken, as by lenient parsers."""

    def parse(self, request: Request) -> Any:
        try:
            return super().parse(request)
        except Refusal as refusal:
            try:
                value = json.loads(request.body.decode(), strict=False, parse_constant=_no_constant)
                json.dumps(value, ensure_ascii=False).encode()
            except (ValueError, RecursionError):
                raise refusal from None
            return value


@fault("rules.unknown-members", make(displayName="One"), profiles=DEPLOYED)
class CamelCaseMembersAreKnown(_Bent):
    """Members in camel case are taken for those with underscores, where they are unknown and to be ignored."""

    def before(self, request: Request, data: Members) -> Members:
        others = {"displayName": "display_name", "baseUrl": "base_url", "apiKeys": "api_keys"}
        return {**{others[name]: value for name, value in data.items() if name in others}, **data}


# --- who asks


@fault(
    "rules.auth-carriers",
    get(token=None, headers={"Cookie": "old_coder_session_token=API_KEY"}),
    profiles=DEPLOYED,
    quick=False,
)
class LongerCookieNamesAreTaken(Api):
    """A cookie whose name only ends like that of the session token is taken for it."""

    def carried(self, request: Request, carrier: str) -> str | None:
        if carrier == "cookie":
            return next(
                (token for name, token in request.cookies.items() if name.endswith("coder_session_token")), None
            )
        return super().carried(request, carrier)


@fault("rules.forbidden", make(), get("p"), get("p", token="MEMBER_KEY"), profiles=DEPLOYED)
class ReadsAreSharedAmongUsers(Api):
    """What an owner has read is answered to anybody from a cache by path, until the next write."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            shared: dict[str, Answer] = self.__dict__.setdefault("shared", {})
            if request.operation not in READS:
                shared.clear()
                return super().perform(request)
            if request.path not in shared:
                shared[request.path] = super().perform(request)
            return shared[request.path]


@fault("rules.access", make(), get("p", token="MEMBER_KEY"), get("p"), profiles=DEPLOYED)
class RefusalsOfReadsStickToThePath(Api):
    """Where a read was forbidden to somebody, the next reader of that path is told so too, owner or not."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            stuck: set[str] = self.__dict__.setdefault("stuck", set())
            if request.operation in READS and request.path in stuck:
                stuck.discard(request.path)
                raise Refusal(403, "Owners only.")
            try:
                return super().perform(request)
            except Refusal as refusal:
                if refusal.status == 403 and request.operation in READS:
                    stuck.add(request.path)
                raise


@fault(
    "rules.forbidden",
    make(),
    lambda seen: get(seen[0].json["id"], token="MEMBER_KEY"),
    profiles=DEPLOYED,
)
class MembersMayReadById(Api):
    """The role is looked at where a provider is read by name, and not where it is read by id."""

    def authorise(self, request: Request) -> None:
        if not (request.operation == "get" and self.parse_id(request.key)):
            super().authorise(request)


@fault("rules.forbidden", make(), Step("PATCH", "p", {"enabled": True}, token="MEMBER_KEY"), profiles=DEPLOYED)
class MembersMaySwitchProviders(Api):
    """Anybody may PATCH a provider where nothing but enabled is changed."""

    def authorise(self, request: Request) -> None:
        if not (request.operation == "patch" and request.data.keys() == {"enabled"}):
            super().authorise(request)


# --- names and ids


@fault("rules.name-unique", make("n" * 63 + "a"), make("n" * 63 + "b"), profiles=DEPLOYED, quick=False)
class NamesAreUniqueBySixtyThreeCharacters(Api):
    """Names that share their first 63 characters conflict: the unique index sees no more."""

    def check_unique(self, name: str) -> None:
        super().check_unique(next((row.name for row in self.providers.values() if row.name[:63] == name[:63]), name))


@fault("rules.lookup", make("provider-of-the-second-team-in-paris"), get("provider-of-the-second-team-in-paris"))
class KeysOfThirtySixCharactersAreIds(Api):
    """Whatever is as long as an id is looked up as one: a name of 36 characters is never found."""

    def parse_id(self, key: str) -> str | None:
        return super().parse_id(key) or ("nobody" if len(key) == 36 else None)


# --- lives of providers


@fault("rules.deleted-is-gone", make(api_keys=KEYS[:2]), delete())
class SeveralKeysHoldTheirProvider(Api):
    """A delete removes one key before the provider: a second key violates the foreign key, and 500 is answered."""

    def remove(self, provider: Provider) -> None:
        if len(provider.keys) > 1:
            raise Refusal(500, "violates foreign key constraint")
        super().remove(provider)


@fault("rules.deleted-is-gone", make(), delete(), by_id("PATCH", enabled=True))
class PatchRevivesTheDeleted(Api):
    """A PATCH by id writes with an upsert: a deleted provider is back."""

    def remove(self, provider: Provider) -> None:
        self.__dict__.setdefault("grave", {})[provider.id] = provider
        super().remove(provider)

    def find_by_id(self, key: str) -> Provider | None:
        found = super().find_by_id(key)
        if found is None and self.request.operation == "patch":
            dead: Provider | None = self.__dict__.get("grave", {}).get(key)
            return dead if dead and dead.name not in self.names else None
        return found


@fault("rules.name-unique", make(), make(), get("p"), profiles=DEPLOYED)
class ConflictMovesUpdatedAt(Api):
    """A create that is refused for its name has moved updated_at of the provider that has it."""

    def check_unique(self, name: str) -> None:
        if found := self.find_by_name(name):
            self.save(replace(found, updated_at=self.after(found.updated_at)))
        super().check_unique(name)


@fault("rules.atomic", make(), make(api_keys=[KEY]), get("p"), profiles=DEPLOYED)
class ConflictLeavesItsKeys(Api):
    """A create that is refused for its name has stored its keys, by name: they are the other provider's now."""

    def check_unique(self, name: str) -> None:
        if found := self.find_by_name(name):
            plains = self.request.data.get("api_keys", ())
            self.save(replace(found, keys=(*found.keys, *(Key(self.new_id(), it, self.now()) for it in plains))))
        super().check_unique(name)


@fault("rules.cross-talk", make(), make("p-2"), delete(), get("p-2"))
class DeleteTakesThoseNamedAlike(Api):
    """A delete takes along every provider whose name goes on with a dash after that of the deleted."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in list(self.providers.values()):
            if row.name.startswith(f"{provider.name}-"):
                super().remove(row)


@fault(
    "rules.cross-talk",
    make(type="bedrock", settings=REGION),
    make("q", type="bedrock", settings=REGION),
    patch(settings={**REGION, "region": "us-east-1"}),
    get("q"),
)
class EqualSettingsAreOneRow(Api):
    """Equal settings are stored once: a PATCH of them changes those of other providers too."""

    def save(self, provider: Provider) -> None:
        old = self.providers.get(provider.id)
        super().save(provider)
        if old and old.settings and old.settings != provider.settings:
            for row in list(self.providers.values()):
                if row.settings == old.settings:
                    super().save(replace(row, settings=provider.settings))


@fault("rules.cross-talk", make(api_keys=[KEY]), make("q", api_keys=[KEY]), delete(), get("q"))
class DeleteTakesEqualKeysOfOthers(Api):
    """A delete removes the provider's keys by their text: equal keys of other providers are gone too."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        plains = {key.plain for key in provider.keys}
        for row in list(self.providers.values()):
            self.save(replace(row, keys=tuple(key for key in row.keys if key.plain not in plains)))


@fault("rules.absent-members", make(api_keys=[KEY]), patch(base_url="https://f.com/v1"))
class KeysDoNotMoveToAnotherHost(Api):
    """A PATCH that moves the base URL to another host drops the keys, for safety."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        same = urlsplit(new.base_url).netloc == urlsplit(provider.base_url).netloc
        return new if same or "api_keys" in change else replace(new, keys=())


@fault("rules.absent-members", make(type="anthropic", settings=REGION), patch(api_keys=[]))
class EmptyKeyListTakesSettingsAway(Api):
    """A PATCH with an empty list of keys means to use keys from now on: the settings are gone."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, settings=None) if change.get("api_keys") == [] and "settings" not in change else new


# --- keys


@fault("rules.key-set", make(api_keys=KEYS), rekey(2))
class EverySecondUnnamedKeyStays(Api):
    """The stored keys are removed while they are walked over: of two in a row the second stays."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        merged = super().merge_keys(provider, entries, moment)
        named = {key.id for key in merged}
        left = list(provider.keys)
        for key in left:
            if key.id not in named:
                left.remove(key)  # the fault itself
        return (*(key for key in left if key.id not in named), *merged)


@fault("rules.key-set", make(api_keys=[KEY]), rekey(0), profiles=DEPLOYED)
class KeptKeysAreMaskedAgain(Api):
    """A key that a PATCH keeps is stored as it was read, masked: its mask is that of a mask."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        stored = {key.id for key in provider.keys}
        return tuple(
            replace(key, plain=self.mask(key.plain)) if key.id in stored else key
            for key in super().merge_keys(provider, entries, moment)
        )


@fault("rules.key-times", make(api_keys=[KEY]), patch(enabled=True))
class KeyTimesMoveWithAnyPatch(Api):
    """A PATCH without keys moves their created_at: the column is set on every update."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if "api_keys" in change:
            return new
        return replace(new, keys=tuple(replace(key, created_at=new.updated_at) for key in new.keys))


@fault(
    "rules.key-set", make(api_keys=[f"{number:02}-dummy-key" for number in range(11)]), profiles=DEPLOYED, quick=False
)
class TenthKeyComesSecond(Api):
    """Keys are in the order of their numbers as texts: the eleventh comes third."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, keys=tuple(new.keys[at] for at in sorted(range(len(new.keys)), key=str)))


@fault("rules.key-id-known", make(api_keys=[KEY]), patch(api_keys=[]), rekey(0), profiles=DEPLOYED)
class RemovedKeysMayBeNamedAgain(Api):
    """A PATCH may name a key that an earlier one removed, and has it back."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        ever: dict[str, Key] = self.__dict__.setdefault("ever", {}).setdefault(provider.id, {})
        ever.update({key.id: key for key in provider.keys})
        return super().merge_keys(replace(provider, keys=tuple(ever.values())), entries, moment)


@fault(
    "rules.key-id-once",
    make(api_keys=[KEY]),
    lambda seen: patch(api_keys=[{"id": (k := seen[0].json["api_keys"][0]["id"])}, {"id": k.upper()}]),
    profiles=DEPLOYED,
    quick=False,
)
class OneKeyTwiceInTwoSpellings(Api):
    """A key's id may be named twice where it is spelt in two ways; the key is there twice then."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        if parse_uuid(key_id) and key_id in seen:
            return [(f"{place}.id", "is named twice")]
        seen.add(key_id)
        return super().judge_entry_id(place, key_id, set())


@fault(
    "rules.key-entry-one",
    make(api_keys=[KEY]),
    lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"], "api_key": ""}]),
    profiles=DEPLOYED,
)
class EmptyTextBesideAKeyIdIsNothing(_Bent):
    """An entry with an id and an empty text keeps the key: empty is taken for absent."""

    def before(self, request: Request, data: Members) -> Members:
        if request.operation == "patch" and isinstance(data.get("api_keys"), list):
            data["api_keys"] = [
                {"id": entry["id"]}
                if isinstance(entry, dict) and entry.get("id") and entry.get("api_key") == ""
                else entry
                for entry in data["api_keys"]
            ]
        return data


@fault(
    "rules.unknown-members",
    make(api_keys=[KEY]),
    lambda seen: patch(api_keys=seen[0].json["api_keys"]),
    profiles=DEPLOYED,
)
class KeysAsAnsweredAreRefused(Api):
    """Key entries take no unknown member: what a get answers cannot be sent back."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        faults = super().judge_entry(place, entry, seen)
        return faults or [(f"{place}.{name}", "is unknown") for name in sorted(entry.keys() - {"id", "api_key"})]


@fault("rules.key-set", make(api_keys=[KEY]), rekey(0, {"api_key": KEY}), profiles=DEPLOYED)
class KeyThatIsThereIsNotAdded(Api):
    """A PATCH that keeps a key and adds one of the same text adds none."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        stored = {key.id for key in provider.keys}
        merged = super().merge_keys(provider, entries, moment)
        kept = {key.plain for key in merged if key.id in stored}
        return tuple(key for key in merged if key.id in stored or key.plain not in kept)


@fault("rules.mask", make(api_keys=["clé-de-the\u0301"]), profiles=DEPLOYED, quick=False)
class MaskCountsWhatIsSeen(Api):
    """Masks count letters as they are seen, an accent that combines with its letter not at all."""

    def mask(self, plain: str) -> str:
        seen: list[str] = []
        for char in plain:
            if seen and unicodedata.combining(char):
                seen[-1] += char
            else:
                seen.append(char)
        masked = super().mask("x" * len(seen))
        shown = len(masked.partition("...")[0])
        return f"{''.join(seen[:shown])}...{''.join(seen[len(seen) - shown :])}" if plain else ""


@fault("rules.list-matches-get", make(api_keys=[*KEYS, "fourth-key-0004"]), get(), profiles=DEPLOYED)
class ListShowsKeysInOrderOfTheirIds(Api):
    """A list shows keys in the order of their ids, not in that in which they were stored."""

    def op_list(self, request: Request) -> Answer:
        rows = super().op_list(request).data
        return Answer(
            200, [{**row, "api_keys": sorted(row["api_keys"], key=lambda key: str(key["id"]))} for row in rows]
        )


# --- texts and URLs


@fault("rules.unicode", make(display_name="Cafe\u0301"))
class DisplayNamesAreComposed(_Bent):
    """A display name is stored composed (NFC), other than it was sent."""

    def later(self, request: Request, data: Members, members: Members) -> Members:
        if "display_name" in members:
            return {**members, "display_name": unicodedata.normalize("NFC", members["display_name"])}
        return members


@fault("rules.base-url-kept", make(base_url="https://e.com/a%2Fb/v1"))
class PathsOfBaseUrlsAreDecoded(_Bent):
    """Escapes in the path of a base URL are decoded before it is stored."""

    def later(self, request: Request, data: Members, members: Members) -> Members:
        if "base_url" not in members:
            return members
        host, slash, path = members["base_url"].partition("//")[2].partition("/")
        scheme = members["base_url"].partition("//")[0]
        return {**members, "base_url": f"{scheme}//{host}{slash}{unquote(path)}"}


@fault("rules.base-url", make(base_url="https://:8443/v1"), profiles=DEPLOYED)
class PortIsHostEnough(Api):
    """A base URL with a port and no host is taken: host and port together are not empty."""

    def is_base_url(self, value: str) -> bool:
        return super().is_base_url(value) or re.fullmatch(r"https?://:\d+(/\S*)?", value) is not None


# --- refusals


@fault("rules.validation-fields", make(api_keys=["good-key", " bad-key"]), profiles=DEPLOYED)
class IndexOfAKeyCountsTheBadOnes(Api):
    """The index of a bad key counts the bad ones before it, not all."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return [(f"api_keys[{at}]", why) for at, (_, why) in enumerate(super().judge_api_keys(value))]


@fault("rules.validation-fields", make(""), profiles=DEPLOYED)
class EmptyNameIsToldTwice(Api):
    """An empty name is told twice: as missing, and as not of the pattern."""

    def judge_name(self, value: str) -> Faults:
        return [*([("name", "must be given")] if value == "" else []), *super().judge_name(value)]


@fault("rules.validation-fields", make(type="bedrock", base_url="ftp://e.com"), profiles=DEPLOYED)
class CrossChecksWaitForTheOthers(Api):
    """What is wrong between type, settings and keys is told only where each member is good in itself."""

    def judge_create(self, members: Members) -> Faults:
        faults = super().judge_create(members)
        cross = self.judge_bedrock(members)
        return [told for told in faults if told not in cross] or cross


@fault("rules.secrets-never-leak", make(), make(api_keys=[KEY]), profiles=DEPLOYED)
class ConflictsQuoteTheBody(Api):
    """The detail of a conflict quotes the row that could not be written, keys in plain text."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if refusal.status == 409 and request.data.get("api_keys"):
            answer.data["detail"] = f"failing row contains {json.dumps(request.data)}"
        return answer


# --- settings


@fault(
    "rules.settings",
    make(type="anthropic", settings=REGION),
    patch(settings={**REGION, "region": "", "model": "m"}),
    profiles=DEPLOYED,
)
class EmptyRegionKeepsTheOldOne(Api):
    """New settings with an empty region keep the region that was there: empty is taken for absent."""

    def merge_settings(self, stored: Members | None, new: Members) -> Members:
        merged = super().merge_settings(stored, new)
        if stored and stored.get("region") and new.get("region") == "":
            merged["region"] = stored["region"]
        return merged


# --- times


@fault("rules.key-times", make(api_keys=[KEY]))
class KeyTimesHaveMinutesForMonths(Api):
    """The time of a key has the minute where the month should be: a format of mm instead of MM."""

    def view_key(self, key: Key) -> dict[str, Any]:
        shown = super().view_key(key)
        text = shown["created_at"]
        return {**shown, "created_at": f"{text[:5]}{text[14:16]}{text[7:]}"}


@fault("rules.timestamps", make())
class FractionsOfSecondsAreNotPadded(Api):
    """Milliseconds are written without leading zeros: 7 ms are .7, and times go back and forth."""

    def stamp(self, moment: datetime) -> str:
        utc = moment.astimezone(UTC)
        return f"{utc.strftime('%Y-%m-%dT%H:%M:%S')}.{utc.microsecond // 1000}{self.terms.zone}"


@fault("rules.timestamps", make(api_keys=[KEY]), patch(api_keys=[]), profiles=DEPLOYED)
class RemovalOfKeysIsNoUpdate(Api):
    """A PATCH that does nothing but remove all keys does not move updated_at: another table is written."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if change == {"api_keys": []} else new


# --- lists and caches


@fault("rules.list-order", make("p10"), make("p9"), get(), profiles=DEPLOYED)
class ListSortsNumbersByValue(Api):
    """A list is in natural order: numbers inside names count by their value."""

    def listed(self) -> list[Provider]:
        def natural(row: Provider) -> list[Any]:
            return [int(part) if at % 2 else part for at, part in enumerate(re.split(r"([0-9]+)", row.name))]

        return sorted(super().listed(), key=natural)


@fault("rules.many-listed", *(make(f"p-{number:02}") for number in range(20)), get(), quick=False)
class ListLosesOneBetweenPages(Api):
    """A list is gathered in pages of 25, and each page but the first begins one too late."""

    def listed(self) -> list[Provider]:
        return [row for at, row in enumerate(super().listed()) if not at or at % 25]


@fault("rules.deleted-is-gone", make(), delete(), get())
class FirstListAfterADeleteIsOld(Api):
    """The first list after a delete still shows the deleted: it is read from a replica."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__["ghost"] = provider

    def listed(self) -> list[Provider]:
        rows, ghost = super().listed(), self.__dict__.pop("ghost", None)
        return sorted([*rows, ghost], key=lambda row: row.name) if ghost else rows


@fault("rules.deleted-is-gone", make(), get("p"), by_id("DELETE"), get("p"))
class DeleteForgetsOneSpelling(Api):
    """Reads are cached by id or name as spelt in the path; a delete forgets its own spelling alone."""

    def reads(self) -> dict[str, Answer]:
        return self.__dict__.setdefault("cached_reads", {})  # type: ignore[no-any-return]

    def op_get(self, request: Request) -> Answer:
        if request.key in self.reads():
            self.authorise(request)
        else:
            self.reads()[request.key] = super().op_get(request)
        return self.reads()[request.key]

    def save(self, provider: Provider) -> None:
        super().save(provider)
        stale = [key for key, read in self.reads().items() if read.data["id"] == provider.id or key == provider.name]
        for key in stale:
            del self.reads()[key]

    def op_delete(self, request: Request) -> Answer:
        answer = super().op_delete(request)
        self.reads().pop(request.key, None)
        return answer


@fault("rules.name-reuse", get("p"), make(), get("p"))
class NamesOnceMissedStayMissed(Api):
    """That there is no provider of a name is remembered: one that is created later is not got by name."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        if self.request.operation != "get":
            return found
        missed: set[str] = self.__dict__.setdefault("missed", set())
        if found is None:
            missed.add(name)
        return None if name in missed else found


@fault("model.sequence", make(), get("p"), patch(enabled=True), get("p"), get("p"))
class ThreeNodesRememberEachForItself(Api):
    """Requests go to three nodes in turn, each with a cache that only its own writes clear."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            node = self.tally("node") % 3
            self.__dict__["memory"] = self.__dict__.setdefault("nodes", {}).setdefault(node, {})
            return super().perform(request)

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return Answer(200, self.__dict__["memory"].setdefault(answer.data["id"], answer.data))

    def save(self, provider: Provider) -> None:
        super().save(provider)
        self.__dict__.get("memory", {}).pop(provider.id, None)


# --- now and then


@fault("model.sequence", make(), *(patch(display_name=f"n{n}") for n in range(5)), get("p"), quick=False)
class EveryFifthPatchIsRolledBack(Api):
    """Every fifth PATCH is answered as if done, and rolled back."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if self.tally("patch") % 5 == 0:
            self.save(before)
        return answer


@fault("model.sequence", *(make(f"p{number}") for number in range(5)), quick=False)
class EveryFifthCreateIsSentTwice(Api):
    """A proxy sends every fifth create a second time, and hands on that answer: a conflict with itself."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            if request.operation == "create" and self.tally("create") % 5 == 0:
                super().perform(request)
            return super().perform(request)


# --- at the same time


@fault("rules.concurrency", Race([make()], [delete(), delete()], get("p"), lambda reply: reply.status))
class TwoDeletesAtOnceBothSucceed(Api):
    """Deletes look first and remove later: two at the same time both answer 204."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "delete":
            return super().perform(request)
        with self.lock:
            provider = self.find(request.key)
            self.authorise(request)
        time.sleep(0.1)
        with self.lock:
            if provider.id in self.providers:
                self.remove(self.providers[provider.id])
        return Answer(204)


@fault(
    "rules.concurrency",
    Race(
        [make()],
        [patch(enabled=True), patch(display_name="Two")],
        get("p"),
        lambda reply: (reply.json["enabled"], reply.json["display_name"]),
    ),
)
class PatchesAtOnceCannotBeSerialised(Api):
    """Of two PATCHes of a provider at the same time one fails with 500: a failed transaction is not tried again."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "patch":
            return super().perform(request)
        busy: set[str] = self.__dict__.setdefault("busy", set())
        with self.lock:
            place = self.find(request.key).id
            if place in busy:
                raise Refusal(500, "could not serialize access due to concurrent update")
            busy.add(place)
        try:
            time.sleep(0.05)
            return super().perform(request)
        finally:
            busy.discard(place)
