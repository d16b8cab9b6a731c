"""Faults held out, by somebody who did not know the suite: values that are mangled, and state that is lost or mixed."""

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Later, declare_as, fault
from tests.independent.judging import Members
from tests.independent.values import Answer, Provider, Refusal, Request

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
