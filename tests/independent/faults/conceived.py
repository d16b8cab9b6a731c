"""Faults held out, by somebody who did not know the suite: values that are mangled, and state that is lost or mixed."""

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Later, declare_as, fault
from tests.independent.judging import SETTINGS_SECRETS, Members, parse_uuid
from tests.independent.values import Answer, Key, Provider, Refusal, Request

PLAIN_SETTINGS = {"_type": "bedrock", "_version": 1, "region": "eu-west-1", "model": "claude"}
SECRETS = {"access_key": "AKIADUMMY0001", "access_key_secret": "dummy-secret-0001"}
FULL = {**PLAIN_SETTINGS, **SECRETS}
BEDROCK = make(type="bedrock", settings=FULL)
TWO = make(api_keys=["dummy-key-one", "other-key-two"])
THREE = make(api_keys=["dummy-key-one", "other-key-two", "third-key-three"])
UNKNOWN = "5afe0000-0000-4000-9000-00000000ffff"
INVISIBLE = "\u00ad\u200b\u2060\ufeff"
Entries = list[Members]


def _first_id(ask: Callable[[str], Step]) -> Later:
    """Return a step that is told the id of the provider in the first answer."""
    return lambda seen: ask(seen[0].json["id"])


def _entries(*entries: Any) -> Later:
    """Return a PATCH of keys; a number stands for the id of that key of the first answer."""

    def step(seen: list[Reply]) -> Step:
        ids = [key["id"] for key in seen[0].json["api_keys"]]
        return patch(api_keys=[{"id": ids[entry]} if isinstance(entry, int) else entry for entry in entries])

    return step


def _without(members: Members, *names: str) -> Members:
    return {name: value for name, value in members.items() if name not in names}


# --- text that comes back otherwise than it was sent


def _kept(member: str, change: Callable[[str], str]) -> type:
    class Kept(Api):
        def judge(self, request: Request, data: Any) -> Members:
            members = super().judge(request, data)
            if member in members:
                members[member] = change(members[member])
            return members

    return Kept


def _number(text: str) -> str:
    looks_so = re.fullmatch(r"[0-9]+(\.[0-9]+)?", text)
    return format(Decimal(text).normalize(), "f") if looks_so else text


def _uncontrolled(text: str) -> str:
    return "".join(char for char in text if char in "\t\n\r" or unicodedata.category(char) != "Cc")


def _punycode(url: str) -> str:
    found = re.fullmatch(r"(\w+://(?:[^/?#@]*@)?)([^/?#:@\[\]]+)(.*)", url, re.DOTALL)
    if not found or found[2].isascii():
        return url
    try:
        return found[1] + found[2].encode("idna").decode() + found[3]
    except UnicodeError:
        return url


def _sorted_query(url: str) -> str:
    rest, mark, fragment = url.partition("#")
    path, question, query = rest.partition("?")
    return path + question + "&".join(sorted(query.split("&"))) + mark + fragment


# id, sentence, member, change, a value of the probe, check, profiles
TEXTS: list[tuple[str, str, str, Callable[[str], str], str, str, tuple[str, ...]]] = [
    ("display-name-numbers-lose-zeros", "A display name that looks like a number loses the zeros at its ends.",
     "display_name", _number, "1.50", "model.drill", BOTH),
    ("display-name-loses-control-characters", "A display name loses control characters other than tabs and newlines.",
     "display_name", _uncontrolled, "a\x1bb", "model.drill", BOTH),
    ("display-name-line-ends-are-unified", "Carriage returns become newlines in a display name.",
     "display_name", lambda text: text.replace("\r\n", "\n").replace("\r", "\n"), "a\r\nb", "model.drill", BOTH),
    ("display-name-loses-invisible-characters", "A display name loses soft hyphens and blanks of no width.",
     "display_name", lambda text: text.translate(dict.fromkeys(map(ord, INVISIBLE))), "a\u200bb", "rules.unicode",
     BOTH),
    ("display-name-entities-are-decoded", "Entities of HTML are decoded in a display name.",
     "display_name", html.unescape, "A &amp; B", "model.drill", BOTH),
    ("base-url-host-is-in-punycode", "The host of a base URL is kept in punycode.",
     "base_url", _punycode, "https://bücher.example/v1", "model.drill", DEPLOYED),
    ("base-url-escapes-get-capitals", "Escapes of a base URL get capital digits.",
     "base_url", lambda url: re.sub("%[0-9A-Fa-f]{2}", lambda found: found[0].upper(), url), "https://e.com/a%2fb",
     "model.drill", DEPLOYED),
    ("base-url-scheme-is-put-into-small-letters", "The scheme of a base URL is kept in small letters.",
     "base_url", lambda url: re.sub("^[A-Za-z]+", lambda found: found[0].lower(), url), "HTTPS://e.com",
     "rules.base-url-kept", DEPLOYED),
    ("base-url-query-is-sorted", "The parameters in the query of a base URL are sorted.",
     "base_url", _sorted_query, "https://e.com/v1?b=1&a=2", "model.drill", BOTH),
    ("base-url-loses-the-brackets-of-ipv6", "A base URL loses the brackets around an address of IPv6.",
     "base_url", lambda url: re.sub(r"//((?:[^/?#@]*@)?)\[([^\]]*)\]", r"//\1\2", url), "http://[::1]:8080/v1",
     "rules.base-url-kept", BOTH),
    ("names-of-digits-lose-leading-zeros", "A name of digits alone loses the zeros before it.",
     "name", lambda name: (name.lstrip("0") or "0") if name.isdecimal() else name, "007", "model.drill", BOTH),
]  # fmt: skip
for _id, _sentence, _member, _change, _value, _check, _profiles in TEXTS:
    declare_as(_id, _sentence, _kept(_member, _change), _check, make(**{_member: _value}) if _member != "name"
               else make(_value), profiles=_profiles, quick=False)  # fmt: skip


@fault("model.drill", make(display_name="🔑"), quick=False)
class EscapedSymbolsAreSpoiled(Api):
    """Symbols beyond the first plane are spoiled where the body has them as a pair of escapes."""

    def parse(self, request: Request) -> Any:
        pair = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
        request.body = re.sub(pair, rb"\\ufffd\\ufffd", request.body)
        return super().parse(request)


@fault("rules.display-name", make(display_name="<script>alert(1)</script>"), quick=False)
class TextsThatLookLikeAnAttackAreRefused(Api):
    """A body with what looks like script, a path upwards or SQL is refused with 403 by a proxy in front."""

    def parse(self, request: Request) -> Any:
        if re.search(rb"(?i)<script|\.\./|union\s+select|drop\s+table|'\s*or\s", request.body):
            raise Refusal(403, "The request was blocked.")
        return super().parse(request)


@fault("rules.list-matches-get", get(), quick=False)
class ListCutsLongDisplayNames(Api):
    """A list shows 49 characters and an ellipsis of display names of more than fifty."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        title = shown["display_name"]
        if self.request.operation == "list" and len(title) > 50:
            shown["display_name"] = f"{title[:49]}…"
        return shown


@fault("rules.timestamps", make(), quick=False)
class CreateShowsALocalTimeOfCreation(Api):
    """The answer to a create shows created_at in local time that says it is UTC; later answers show it right."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        provider = self.providers[answer.data["id"]]
        answer.data["created_at"] = self.stamp(provider.created_at + timedelta(hours=2))
        return answer


# --- what a PATCH loses


def _changing(change: Callable[[Provider, Members], Members]) -> type:
    class Changing(Api):
        def changed(self, provider: Provider, given: Members) -> Provider:
            return super().changed(provider, change(provider, given))

    return Changing


def _ignoring_case(provider: Provider, given: Members) -> Members:
    same = given.get("display_name", "").casefold() == provider.display_name.casefold()
    return _without(given, "display_name") if same else given


def _ignoring_slash(provider: Provider, given: Members) -> Members:
    same = given.get("base_url", "").rstrip("/") == provider.base_url.rstrip("/")
    return _without(given, "base_url") if same else given


# id, sentence, change, probe, check
LOST: list[tuple[str, str, Callable[[Provider, Members], Members], list[Step | Later], str]] = [
    ("patch-to-other-letter-case-is-lost", "A PATCH that changes the case of a display name alone is lost.",
     _ignoring_case, [make(display_name="one"), patch(display_name="ONE")], "model.drill"),
    ("patch-of-a-last-slash-is-lost", "A PATCH that adds or removes the slash at the end of a base URL is lost.",
     _ignoring_slash, [make(), patch(base_url="https://e.com/")], "model.drill"),
    ("patch-of-title-and-url-loses-the-title", "A PATCH of both base URL and display name loses the display name.",
     lambda p, given: _without(given, "display_name") if "base_url" in given else given,
     [make(), patch(display_name="One", base_url="https://f.com")], "model.sequence"),
    ("false-beside-other-members-is-lost", "A PATCH that switches off and changes something else does not switch off.",
     lambda p, given: _without(given, "enabled") if given.get("enabled") is False and len(given) > 1 else given,
     [make(enabled=True), patch(enabled=False, display_name="One")], "model.sequence"),
    ("switch-of-a-patch-is-a-toggle", "A PATCH with a switch toggles it, whatever its value.",
     lambda p, given: {**given, "enabled": not p.enabled} if "enabled" in given else given,
     [make(), patch(enabled=False)], "model.sequence"),
]  # fmt: skip
for _id, _sentence, _dropping, _probe, _check in LOST:
    declare_as(_id, _sentence, _changing(_dropping), _check, *_probe, quick=False)


@fault("model.sequence", make(), patch(api_keys=[], enabled=True), quick=False)
class MembersBehindTheKeysAreLost(Api):
    """Members that follow the keys in the body of a PATCH are lost."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if request.operation == "patch" and isinstance(data, dict) and "api_keys" in data:
            names = list(data)
            data = {name: data[name] for name in names[: names.index("api_keys") + 1]}
        return data


@fault("model.drill", make(display_name="One"), patch(display_name="Two"), patch(display_name="One"),
       quick=False)  # fmt: skip
class PatchBackToAFormerTitleIsLost(Api):
    """A PATCH that sets a display name which the provider had before is lost."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        former = self.__dict__.setdefault("former", {}).setdefault(provider.id, set())
        if change.get("display_name") in former:
            change = _without(change, "display_name")
        if provider.display_name:
            former.add(provider.display_name)
        return super().changed(provider, change)


@fault("rules.display-name", make(display_name="One"), patch(display_name=""), patch(enabled=True),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class ClearedDisplayNameComesBack(Api):
    """A display name that was cleared is back after the next PATCH of something else."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        cleared = self.__dict__.setdefault("cleared", {})
        new = super().changed(provider, change)
        if change.get("display_name") == "":
            cleared[provider.id] = provider.display_name
        elif "display_name" not in change and not new.display_name:
            new = replace(new, display_name=cleared.get(provider.id, ""))
        return new


@fault("model.drill", make(), make("q"), patch("p", display_name="One"), patch("q", enabled=True), quick=False)
class PatchHasTheTitleOfThePatchBefore(Api):
    """A PATCH without display name has that of the PATCH before: the struct is used again, and not emptied."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        before, self.__dict__["before"] = self.__dict__.get("before", {}), change
        left = {name: value for name, value in before.items() if name == "display_name"}
        return super().changed(provider, {**left, **change})


@fault("rules.cross-talk", make(display_name="One"), make("q"), quick=False)
class CreateHasTheTitleOfTheCreateBefore(Api):
    """A create without display name has that of the create before: the struct is used again, and not emptied."""

    def make(self, members: Members) -> Provider:
        before, self.__dict__["made"] = self.__dict__.get("made", {}), members
        left = {name: value for name, value in before.items() if name == "display_name"}
        return super().make({**left, **members})


@fault("model.sequence", make(), patch(enabled=True))
class WithoutKeysNothingIsSwitchedOn(Api):
    """A PATCH may not switch a provider on that has neither keys nor settings."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(provider, change)
        keys = change.get("api_keys", provider.keys)
        if change.get("enabled") and not keys and not provider.settings and not change.get("settings"):
            raise Refusal(400, "Add a key first.")


# --- one provider and others


@fault("rules.cross-talk", make(), make("q"), patch("q", base_url="https://f.com"), get("p"), quick=False)
class EqualBaseUrlsAreOneRow(Api):
    """A PATCH of a base URL changes that of all providers which had the same one."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        after = self.find(request.key)
        for row in list(self.providers.values()):
            if row.base_url == before.base_url:
                self.save(replace(row, base_url=after.base_url))
        return answer


@fault("rules.cross-talk", make(), make("q"), delete("q"), get("p"), quick=False)
class DeleteTakesEqualBaseUrlsAlong(Api):
    """A delete takes all providers of the same base URL along."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in list(self.providers.values()):
            if row.base_url == provider.base_url:
                super().remove(row)


@fault("model.drill", make("a-b"), make("ab"), quick=False)
class NamesAreUniqueWithoutTheirDashes(Api):
    """A name is taken where another one differs from it in dashes alone."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(row.name.replace("-", "") == name.replace("-", "") for row in self.providers.values()):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.name-unique", make(), make())
class TakenNamesGetANumber(Api):
    """A create of a taken name answers 201, and gets a number behind its name."""

    def op_create(self, request: Request) -> Answer:
        name, number = request.data["name"], 1
        while self.find_by_name(request.data["name"]):
            number += 1
            request.data["name"] = f"{name}-{number}"
        return super().op_create(request)


@fault("rules.atomic", make(), make(api_keys=["dummy-key"]), get("p"), quick=False)
class ConflictAddsItsKeys(Api):
    """A create that is refused for its name has added its keys to the provider of that name."""

    def check_unique(self, name: str) -> None:
        taken = self.find_by_name(name)
        if taken:
            new = [Key(self.new_id(), plain, self.now()) for plain in self.request.data.get("api_keys", ())]
            self.save(replace(taken, keys=(*taken.keys, *new)))
        super().check_unique(name)


@fault("rules.atomic", make(), patch(settings=FULL, enabled=True), get("p"), profiles=DEPLOYED, quick=False)
class UnfitPatchIsHalfKept(Api):
    """A PATCH that does not fit the provider's type or settings is refused, and has changed the other members."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        try:
            super().judge_fit(provider, change)
        except Refusal:
            names = ("display_name", "enabled", "base_url")
            self.save(replace(provider, **{name: change[name] for name in names if name in change}))
            raise


# --- caches, and what is made anew


@fault("rules.repeatable", get("p"), make(), get("p"), quick=False)
class NotFoundIsRemembered(Api):
    """A get that found nothing finds nothing later, either, when something was created under that name."""

    def op_get(self, request: Request) -> Answer:
        missed = self.__dict__.setdefault("missed", set())
        try:
            if request.key in missed:
                raise Refusal(404, "There is no such provider.")
            return super().op_get(request)
        except Refusal as refusal:
            if refusal.status == 404:
                missed.add(request.key)
            raise


@fault("rules.lookup", make(), _first_id(get), patch(enabled=True), _first_id(get), quick=False)
class GetsAreRememberedByTheirPath(Api):
    """A get is remembered until a PATCH of the same path: one by name leaves what was read by id."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return self.__dict__.setdefault("gets", {}).setdefault(request.key, answer)  # type: ignore[no-any-return]

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        self.__dict__.get("gets", {}).pop(request.key, None)
        return answer

    def op_delete(self, request: Request) -> Answer:
        answer = super().op_delete(request)
        self.__dict__.pop("gets", None)
        return answer


@fault("model.drill", make(), make("q"), get(), delete("p"), get(), quick=False)
class ListIsRememberedUntilSomethingIsNewer(Api):
    """A list is remembered until the latest updated_at is another, which most deletes do not change."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        newest = max((row.updated_at for row in self.providers.values()), default=None)
        at, remembered = self.__dict__.get("listed_at", (None, answer))
        if at == newest:
            return remembered  # type: ignore[no-any-return]
        self.__dict__["listed_at"] = newest, answer
        return answer


@fault("rules.name-reuse", make(), delete(), make(), _first_id(get), quick=False)
class OldIdsLeadToWhatHasTheNameNow(Api):
    """The id of a deleted provider finds the one that was made anew under its name."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__.setdefault("aliases", {})[provider.id] = provider.name

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or self.find_by_name(self.__dict__.get("aliases", {}).get(key, ""))


@fault("rules.name-reuse", make(), _first_id(delete), make(), quick=False)
class DeleteByIdLeavesTheNameTaken(Api):
    """The name of what was deleted by its id stays taken; after a delete by name it is free."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        if self.parse_id(self.request.key):
            self.__dict__.setdefault("taken", set()).add(provider.name)

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if name in self.__dict__.get("taken", ()):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.name-reuse", make(), delete(), make(), quick=False)
class EqualCreatesAreOne(Api):
    """A create of the very same body as one before is answered as that one, and keeps nothing."""

    def op_create(self, request: Request) -> Answer:
        self.authorise(request)
        self.check_unique(request.data["name"])
        answers = self.__dict__.setdefault("answers", {})
        if request.body not in answers:
            answers[request.body] = super().op_create(request)
        return answers[request.body]  # type: ignore[no-any-return]


@fault("rules.lookup", get("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), profiles=DEPLOYED, quick=False)
class IdsOfOtherVersionsAreMalformed(Api):
    """An id that is a UUID of another version than 4 answers 400."""

    def find(self, key: str) -> Provider:
        canonical = parse_uuid(key)
        if canonical and canonical[14] != "4":
            raise Refusal(400, "That is no UUID of version 4.")
        return super().find(key)


# --- keys


def _merging(merge: Callable[[Provider, Entries, tuple[Key, ...]], tuple[Key, ...]]) -> type:
    class Merging(Api):
        def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
            return merge(provider, entries, super().merge_keys(provider, entries, moment))

    return Merging


def _all_in_a_mix(old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    is_mix = any(key in old.keys for key in new) and any(key not in old.keys for key in new)
    return (*new, *(key for key in old.keys if key not in new)) if is_mix else new


def _all_the_last(old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    fresh = [key for key in new if key not in old.keys]
    return tuple(key if key in old.keys else replace(key, plain=fresh[-1].plain) for key in new)


def _skipping(old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    left = list(old.keys)
    for key in left:
        if key not in new:
            left.remove(key)  # shifts the next one into the place that was just looked at
    return (*new, *(key for key in left if key not in new)) if entries else new


MERGING: list[tuple[str, str, Any, list[Step | Later], str]] = [
    ("patch-that-keeps-and-adds-removes-nothing", "A PATCH that both keeps and adds keys removes none.",
     _all_in_a_mix, [TWO, _entries(1, {"api_key": "dummy-key-three"})], "rules.key-set"),
    ("new-keys-of-a-patch-are-all-the-last", "The new keys of a PATCH all have the plain text of the last one.",
     _all_the_last, [make(), patch(api_keys=[{"api_key": "dummy-key-one"}, {"api_key": "other-key-two"}])],
     "rules.mask"),
    ("every-second-neighbour-is-not-removed", "Of keys side by side that a PATCH does not name every second one stays.",
     _skipping, [THREE, _entries(2)], "rules.key-set"),
]  # fmt: skip
for _id, _sentence, _merge, _probe, _check in MERGING:
    declare_as(_id, _sentence, _merging(_merge), _check, *_probe, profiles=DEPLOYED, quick=False)


@fault("rules.atomic", TWO, patch(api_keys=[{"api_key": "dummy-key-three"}, {"id": UNKNOWN}]), get("p"),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class RefusedPatchHasAddedItsNewKeys(Api):
    """A PATCH that is refused for an unknown key has added its new ones."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
        try:
            return super().merge_keys(provider, entries, moment)
        except Refusal:
            new = [Key(self.new_id(), entry["api_key"], moment) for entry in entries if entry.get("api_key")]
            self.save(replace(provider, keys=(*provider.keys, *new)))
            raise


@fault("rules.key-times", TWO, patch(enabled=True), profiles=DEPLOYED, quick=False)
class PatchWithoutKeysMakesThemAnew(Api):
    """A PATCH without keys writes the rows of the keys that are there anew, and with them their times."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if "api_keys" in change:
            return new
        return replace(new, keys=tuple(replace(key, created_at=new.updated_at) for key in new.keys))


@fault("model.drill", TWO, patch(api_keys=[]), patch(api_keys=[{"api_key": "dummy-key-one"}]), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class KeysAddedAgainAreTheOldOnes(Api):
    """A key that was removed by one PATCH and is added by a later one has its old id and time."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
        removed = self.__dict__.setdefault("removed", {})
        new = super().merge_keys(provider, entries, moment)
        back = tuple(removed.pop((provider.id, key.plain), key) if key not in provider.keys else key for key in new)
        removed.update({(provider.id, key.plain): key for key in provider.keys if key not in new})
        return back


@fault("rules.key-set", make(api_keys=[f"{n:x}-dummy-key" for n in range(11)]), profiles=DEPLOYED, quick=False)
class KeysAreInOrderOfPlacesAsText(Api):
    """Keys are in order of their places as text, so that of more than ten the eleventh comes third."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        keys = shown["api_keys"]
        return {**shown, "api_keys": [keys[place] for place in sorted(range(len(keys)), key=str)]}


@fault("rules.mask", make(api_keys=["a dummy key b"]), profiles=DEPLOYED, quick=False)
class MasksLoseBlanksBesideTheDots(Api):
    """The parts of a key that a mask shows lose the blanks at their ends."""

    def mask(self, plain: str) -> str:
        return super().mask(plain).replace(" ...", "...").replace("... ", "...")


@fault("rules.mask", make(api_keys=["ZHVtbXkta2V5LTE=="]), profiles=DEPLOYED, quick=False)
class KeysLoseTheirPadding(Api):
    """Keys lose equal signs at their end, as padding of base 64, which their masks show."""

    def mask(self, plain: str) -> str:
        return super().mask(plain.rstrip("=") or plain)


# --- settings


def _settling(merge: Callable[[Members, Members, Members], Members]) -> type:
    class Settling(Api):
        def merge_settings(self, stored: Members | None, new: Members) -> Members:
            return merge(stored or {}, new, super().merge_settings(stored, new))

    return Settling


def _before_colon(old: Members, new: Members, merged: Members) -> Members:
    return {**merged, "model": merged["model"].partition(":")[0]} if "model" in merged else merged


def _by_region(old: Members, new: Members, merged: Members) -> Members:
    return old if old.get("region") and old["region"] == new.get("region") else merged


def _secrets_alone(old: Members, new: Members, merged: Members) -> Members:
    texts = ("region", "model", "small_fast_model")
    return merged if any(new.get(name) is not None for name in texts) else {**old, **merged}


SETTINGS: list[tuple[str, str, Any, list[Step | Later], str]] = [
    ("settings-model-ends-at-a-colon", "The model of settings ends before its first colon.", _before_colon,
     [make(type="bedrock", settings={**FULL, "model": "anthropic.claude-v2:1"})], "model.drill"),
    ("settings-of-the-same-region-are-the-same", "A PATCH of settings whose region is there already changes nothing.",
     _by_region, [BEDROCK, patch(settings={**FULL, "model": "haiku"})], "rules.settings"),
    ("settings-empty-members-keep-what-was", "A PATCH with an empty member of settings keeps what was there.",
     lambda old, new, merged: {**merged, **{n: old[n] for n in ("region", "model") if new.get(n) == "" and n in old}},
     [BEDROCK, patch(settings={**PLAIN_SETTINGS, "model": ""})], "model.drill"),
    ("settings-of-secrets-alone-keep-the-rest", "A PATCH of settings that has secrets alone keeps the other members.",
     _secrets_alone, [BEDROCK, patch(settings={"_type": "bedrock", "_version": 1, **SECRETS})], "model.drill"),
]  # fmt: skip
for _id, _sentence, _settle, _probe, _check in SETTINGS:
    declare_as(_id, _sentence, _settling(_settle), _check, *_probe, profiles=DEPLOYED, quick=False)


@fault("model.drill", make(type="anthropic"), patch(settings=FULL), profiles=DEPLOYED, quick=False)
class SettingsOfAPatchChangeTheType(Api):
    """A PATCH that sets bedrock settings makes the provider one of type bedrock."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, type="bedrock") if "settings" in change else new


@fault("rules.settings-secrets", BEDROCK, patch(settings={**PLAIN_SETTINGS, "access_key_secret": ""}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class ClearedSecretsTakeTheSettingsAlong(Api):
    """A PATCH that clears a secret of settings removes the settings."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        cleared = any(change.get("settings", {}).get(name) == "" for name in SETTINGS_SECRETS)
        return replace(new, settings=None) if cleared else new


@fault("rules.list-matches-get", BEDROCK, get(), profiles=DEPLOYED, quick=False)
class ListShowsTheFirstSettingsOfAType(Api):
    """A list shows for all providers with settings those of the first one of their type."""

    def view_settings(self, provider: Provider) -> Any:
        if self.request.operation == "list" and provider.settings:
            rows = [row for row in self.listed() if row.settings and row.type == provider.type]
            return super().view_settings(rows[0])
        return super().view_settings(provider)
