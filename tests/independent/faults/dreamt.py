"""Faults held out, by somebody who went through page and table sentence by sentence and did not know the suite."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from tests.independent.app import Api
from tests.independent.asking import Step, get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Later, declare_as, fault
from tests.independent.judging import BEDROCK_TYPES, Faults, Members, parse_uuid
from tests.independent.values import Answer, Key, Provider, Refusal, Request

TYPED = {"_type": "bedrock", "_version": 1}
SETTINGS = {**TYPED, "region": "eu-west-1", "model": "claude"}
BEDROCK = make(type="bedrock", settings=SETTINGS)
ONE = make(api_keys=["dummy-key-one"])
LONG = "n" * 60


def _keep(of: int = 0, **further: Any) -> Later:
    """Return a PATCH that keeps the first key of an answer, with further members in its entry."""
    return lambda seen: patch(api_keys=[{"id": seen[of].json["api_keys"][0]["id"], **further}])


# --- what a body is read as


def _reading(change: Callable[[Request, Members], Members]) -> type:
    class Reading(Api):
        def parse(self, request: Request) -> Any:
            data = super().parse(request)
            return change(request, data) if isinstance(data, dict) else data

    return Reading


CAMELS = {"displayName": "display_name", "baseUrl": "base_url", "apiKeys": "api_keys"}


def _from_camels(request: Request, data: Members) -> Members:
    return {**{CAMELS[name]: value for name, value in data.items() if name in CAMELS}, **data}


def _ones_opened(request: Request, data: Members) -> Members:
    texts = ("type", "name", "display_name", "base_url")
    ones = {n: data[n][0] for n in texts if isinstance(data.get(n), list) and len(data[n]) == 1}
    return {**data, **ones}


def _dashed_type(request: Request, data: Members) -> Members:
    kind = data.get("type")
    return {**data, "type": kind.replace("_", "-")} if isinstance(kind, str) else data


def _filled(entry: Any) -> Any:
    if isinstance(entry, dict) and entry.get("id") != entry.get("api_key"):
        return {name: value for name, value in entry.items() if not (name in {"id", "api_key"} and value == "")}
    return entry


def _filled_entries(request: Request, data: Members) -> Members:
    entries = data.get("api_keys")
    is_patch = request.operation == "patch" and isinstance(entries, list)
    return {**data, "api_keys": [_filled(entry) for entry in entries]} if is_patch and entries else data


# id, sentence, change, probe, check, profiles
READING: list[tuple[str, str, Any, list[Step | Later], str, tuple[str, ...]]] = [
    ("members-in-camel-case-are-taken", "Members in camel case are taken, though they are unknown.",
     _from_camels, [make(displayName="One")], "rules.unknown-members", DEPLOYED),
    ("lists-of-one-text-are-texts", "A list of one text is taken for the text where a text belongs.",
     _ones_opened, [make(display_name=["One"])], "rules.json-types", BOTH),
    ("types-may-have-underscores", "A type may have an underscore for its dash, as names of constants do.",
     _dashed_type, [make(type="openai_compat")], "rules.type-known", BOTH),
    ("empty-texts-in-entries-are-absent", "An id or a plain text that is empty does not count beside the other one.",
     _filled_entries, [ONE, _keep(api_key="")], "rules.key-entry-one", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _change, _probe, _check, _profiles in READING:
    declare_as(_id, _sentence, _reading(_change), _check, *_probe, profiles=_profiles, quick=False)


@fault("rules.json-body", post(json.dumps(make().body)), quick=False)
class BodiesEncodedTwiceAreTaken(Api):
    """A body that is a text with JSON in it is decoded once more, and taken."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if isinstance(data, str):
            request.body = data.encode()
            return super().parse(request)
        return data


@fault("rules.long-values", make(display_name="x" * 4096), quick=False)
class BodiesAreReadToFourKibibytes(Api):
    """A body is read at once into a buffer of 4096 bytes; of a longer one the rest is lost, and it is no JSON."""

    def parse(self, request: Request) -> Any:
        request.body = request.body[:4096]
        return super().parse(request)


@fault("rules.unknown-members", make(), make("q"),
       lambda seen: patch("q", id=seen[0].json["id"], enabled=True), profiles=DEPLOYED, quick=False)  # fmt: skip
class PatchGoesToTheIdOfItsBody(Api):
    """A PATCH whose body has the id of another provider changes that one: the body is laid over the path."""

    def op_patch(self, request: Request) -> Answer:
        wanted = self.parse(request).get("id")
        if isinstance(wanted, str) and self.find_by_id(parse_uuid(wanted) or ""):
            request.key = wanted
        return super().op_patch(request)


@fault("model.sequence", make(enabled=True), patch(enabled=False), quick=False)
class PatchOfEmptyValuesAloneIsRefused(Api):
    """A PATCH that has only false, an empty text or an empty list is refused as one that says nothing."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        super().judge_emptiness(data, members)
        if members and not any(members.values()):
            raise Refusal(400, "There is nothing to change.")


@fault("rules.absent-members", make(), patch(settings=None, enabled=True), profiles=DEPLOYED, quick=False)
class NullSettingsMustFitTheType(Api):
    """A PATCH with null for settings is refused where the type can have none."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(provider, change)
        if "settings" in self.parse(self.request) and provider.type not in BEDROCK_TYPES:
            raise Refusal(400, f"A provider of type {provider.type} has no bedrock settings.")


# --- base URLs and names


@fault("rules.base-url-kept", make(base_url="https://e.com/@team/v1"), quick=False)
class BaseUrlLosesWhatIsBeforeALaterAtSign(Api):
    """A base URL with an at sign in its path loses all before it, host too, as if that were a user."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if "base_url" in members:
            members["base_url"] = re.sub(r"^(\w+://)[^@/]*/.*@(?=.)", r"\1", members["base_url"])
        return members


@fault("rules.base-url", make(base_url="https://e.com/v1?next=https://f.com"), profiles=DEPLOYED, quick=False)
class BaseUrlMayHoldNoOtherUrl(Api):
    """A base URL may not have another URL in its path or query: a second scheme is looked for anywhere."""

    def judge_base_url(self, value: str) -> Faults:
        return super().judge_base_url(value) or ([("base_url", "is two URLs")] if value.count("://") > 1 else [])


@fault("rules.base-url", make(base_url="https://e.com/v1"), patch(base_url="/v2"), profiles=DEPLOYED, quick=False)
class PathsInAPatchAreJoinedToTheBaseUrl(Api):
    """A PATCH takes a path for a base URL, and joins it to the one that is there."""

    def judge(self, request: Request, data: Any) -> Members:
        value = data.get("base_url") if request.operation == "patch" and isinstance(data, dict) else None
        if isinstance(value, str) and re.match("/[^/]", value):
            stored = self.find_by_id(parse_uuid(request.key) or "") or self.find_by_name(request.key)
            data = {**data, "base_url": urljoin(stored.base_url, value)} if stored else data
        return super().judge(request, data)


@fault("rules.long-values", make(f"{LONG}-a"), make(f"{LONG}-b"), profiles=DEPLOYED, quick=False)
class NamesAreUniqueInTheirFirstSixtyCharacters(Api):
    """Of names two may not have the same first sixty characters: the index ends there."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(row.name[:60] == name[:60] for row in self.providers.values()):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.lookup", make("n" * 36), get("n" * 36), quick=False)
class NamesAsLongAsIdsAreTakenForIds(Api):
    """A name of 36 characters is looked for among the ids."""

    def parse_id(self, key: str) -> str | None:
        return super().parse_id(key) or (key if len(key) == 36 else None)


@fault("rules.path-keys", make(), get("p.json"), profiles=DEPLOYED, quick=False)
class KeysOfPathsMayHaveASuffix(Api):
    """What follows a dot at the end of a path is a format, so that p.json finds p."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        request.key = re.sub(r"(?<=.)\.[a-z]+$", "", request.key)
        return operation


@fault("rules.path-keys", make("pqr"), get("p%25"), profiles=DEPLOYED, quick=False)
class KeysOfPathsAreWildcards(Api):
    """A name is looked up with LIKE, so that percent signs and underscores of a path stand for anything."""

    def find(self, key: str) -> Provider:
        if "%" in key or "_" in key:
            like = re.escape(key).replace("%", ".*").replace("_", ".")
            if found := next((row for row in self.listed() if re.fullmatch(like, row.name)), None):
                return found
        return super().find(key)


# --- keys


@fault("model.drill", ONE, _keep(masked="du...ne"), profiles=DEPLOYED, quick=False)
class KeptKeysBecomeTheirMasks(Api):
    """A key that is kept by an entry as it was read, mask and all, is from then on its mask."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        masks = [entry.get("masked") for entry in entries]
        pairs = zip(keys, masks, strict=True)
        return tuple(replace(key, plain=mask) if isinstance(mask, str) else key for key, mask in pairs)


@fault("rules.key-set", make(), patch(api_keys=[{"api_key": "dummy-key-one"}]), _keep(of=1), quick=False)
class KeysAddedByAPatchCannotBeKept(Api):
    """The id of a key that a PATCH has added is not known to the next PATCH; that of a create's key is."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        added = self.__dict__.setdefault("added", set())
        if any(parse_uuid(entry.get("id") or "") in added for entry in entries):
            raise Refusal(400, "Some members cannot be accepted.", [("api_keys", "has an id that is unknown")])
        keys = super().merge_keys(provider, entries, moment)
        added |= {key.id for key in keys} - {key.id for key in provider.keys}
        return keys
