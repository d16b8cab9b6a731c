"""Faults thought up by somebody who did not know the suite: of bodies, errors and secrets, once more."""

import json
import re
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.imagined import GOOD, ONE, PLAIN, SLASH, UNKNOWN_ID, _Lenient, _plain
from tests.independent.judging import CREATE_MEMBERS, Faults, Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request


@fault("rules.trailing-slash", get(SLASH, token="MEMBER_KEY"), profiles=DEPLOYED, quick=False)
class TrailingSlashIsOpenToMembers(_Lenient):
    """The collection path with a slash at its end is open to whoever has a token."""

    def lets(self, request: Request) -> bool:
        return request.path == SLASH


@fault("rules.access", make(enabled=True), Step("PATCH", "p", {"enabled": False}, token="MEMBER_KEY"),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class MembersMaySwitchOff(_Lenient):
    """Whoever is no owner may switch a provider off."""

    def lets(self, request: Request) -> bool:
        return request.operation == "patch" and request.data == {"enabled": False}


@fault("rules.access", delete("nobody", token="MEMBER_KEY"), profiles=DEPLOYED, quick=False)
class MembersDeleteTheUnknown(Api):
    """A delete of an unknown provider by somebody who is no owner answers 204."""

    def op_delete(self, request: Request) -> Answer:
        try:
            return super().op_delete(request)
        except Refusal as refusal:
            if refusal.status == 404 and request.user and not request.user.owner:
                return Answer(204)
            raise


@fault("schema.server-error", post({}, token="MEMBER_KEY"), profiles=DEPLOYED, quick=False)
class FaultyBodiesOfMembersAnswer500(Api):
    """A faulty body of somebody who is no owner answers 500."""

    def judge(self, request: Request, data: Any) -> Members:
        try:
            return super().judge(request, data)
        except Refusal:
            if request.user and not request.user.owner:
                raise Refusal(500, "no owner in context") from None
            raise


# --- how bodies are read


@fault("rules.notations", post(raw=b"\n" + json.dumps(GOOD).encode()), quick=False)
class JsonMayHaveNothingBeforeIt(Api):
    """A body that begins with white space is refused."""

    def parse(self, request: Request) -> Any:
        if request.body[:1].isspace():
            raise Refusal(400, "Request body must be valid JSON.")
        return super().parse(request)


@fault("rules.notations", post(GOOD, headers={"Transfer-Encoding": "chunked"}), quick=False)
class ChunkedBodiesAreEmpty(Api):
    """A body that comes in chunks is taken for empty."""

    def read(self, environ: Members) -> Request:
        request = super().read(environ)
        if "transfer-encoding" in request.headers:
            request.body = b""
        return request


LATIN = Step("POST", "", raw=json.dumps({**GOOD, "display_name": "Größe"}, ensure_ascii=False).encode(),
             headers={"Content-Type": "application/json; charset=iso-8859-1"})  # fmt: skip


@fault("rules.notations", LATIN, profiles=DEPLOYED, quick=False)
class CharsetsOfBodiesAreFollowed(Api):
    """A body that says it is in ISO-8859-1 is read so instead of as JSON."""

    def parse(self, request: Request) -> Any:
        if "8859-1" in request.headers["content-type"]:
            request.body = request.body.decode("latin-1").encode()
        return super().parse(request)


@fault("model.drill", make(display_name="a 😀"), quick=False)
class EscapedSymbolsAreRefused(Api):
    """A body with a symbol beyond the first plane as two escapes is refused, one as it stands is not."""

    def parse(self, request: Request) -> Any:
        if re.search(rb"(?i)\\ud[89ab]", request.body):
            raise Refusal(400, "Request body must be valid JSON.")
        return super().parse(request)


@fault("rules.unknown-members", make(further={"a": [1]}), profiles=DEPLOYED, quick=False)
class UnknownListsAndObjectsAreRefused(Api):
    """Unknown members are ignored where they are plain, and refused where they are lists or objects."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if any(isinstance(value, list | dict) for name, value in data.items() if name not in CREATE_MEMBERS):
            raise Refusal(400, "Some member is not known.")
        return members


@fault("rules.notations", make(type="bedrock", settings={"region": "eu-west-1", "_version": 1, "_type": "bedrock"}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class SettingsMustBeginWithTheirType(Api):
    """Settings are refused where _type is not their first member."""

    def judge_settings(self, value: Members) -> Faults:
        late = next(iter(value), "_type") != "_type"
        return super().judge_settings(value) or ([("settings", "_type must come first")] if late else [])


@fault("schema.server-error", make(type=["openai"]), quick=False)
class ListsForTypesAnswer500(Api):
    """A type that is a list or an object answers 500: it cannot be looked up."""

    def wrong_types(self, data: Members, known: dict[str, type]) -> Faults:
        if "type" in known and isinstance(data.get("type"), list | dict):
            raise Refusal(500, "unhashable type")
        return super().wrong_types(data, known)


class _Parsed(Api):
    """What takes some bodies for others."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        return self.taken(request.operation, data) if isinstance(data, dict) else data

    def taken(self, operation: str, data: Members) -> Members:
        raise NotImplementedError


@fault("rules.json-types", make(enabled=True), patch(enabled=[]), quick=False)
class EmptyListsSwitchOff(_Parsed):
    """A PATCH takes an empty list or object for false."""

    def taken(self, operation: str, data: Members) -> Members:
        return {**data, "enabled": False} if operation == "patch" and data.get("enabled") in ([], {}) else data


@fault("rules.json-types", make(api_keys=[[PLAIN]]), quick=False)
class ListsOfKeysAreFlattened(_Parsed):
    """A list among the keys of a create is taken for the keys in it."""

    def taken(self, operation: str, data: Members) -> Members:
        keys = data.get("api_keys")
        if operation != "create" or not isinstance(keys, list):
            return data
        flat = [key for entry in keys for key in (entry if isinstance(entry, list) else [entry])]
        return {**data, "api_keys": flat}


@fault("schema.server-error", make(), patch(enabled=True, api_keys=None), profiles=DEPLOYED, quick=False)
class NullKeysOfAPatchAnswer500(_Parsed):
    """A PATCH with null for keys answers 500."""

    def taken(self, operation: str, data: Members) -> Members:
        if operation == "patch" and data.get("api_keys", ()) is None:
            raise Refusal(500, "null is not iterable")
        return data


@fault("rules.defaults", make(display_name=None), profiles=DEPLOYED, quick=False)
class NullDisplayNamesBecomeAWord(_Parsed):
    """A create with null for the display name is called null."""

    def taken(self, operation: str, data: Members) -> Members:
        if operation == "create" and data.get("display_name", "") is None:
            return {**data, "display_name": "null"}
        return data


@fault("rules.json-body", post(raw=b"{"), get(), quick=False)
class WhatFollowsNoJsonIsRefused(Api):
    """The request after one whose body is no JSON answers 400, too: the reader is not reset."""

    def perform(self, request: Request) -> Answer:
        if self.__dict__.pop("spoilt", False):
            raise Refusal(400, "Request body must be valid JSON.")
        return super().perform(request)

    def parse(self, request: Request) -> Any:
        try:
            return super().parse(request)
        except Refusal:
            self.__dict__["spoilt"] = True
            raise


# --- errors


@fault("rules.error-shape", make(type="x"), quick=False)
class ValidationsEndWithNull(Api):
    """Validations have a null behind their last entry."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if isinstance(answer.data, dict) and "validations" in answer.data:
            answer.data["validations"].append(None)
        return answer


@fault("schema.response", make(type="x", base_url=...), quick=False)
class FurtherValidationsHaveNoDetail(Api):
    """From the second entry on validations have null for a detail."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if isinstance(answer.data, dict):
            for entry in answer.data.get("validations", [])[1:]:
                entry["detail"] = None
        return answer


@fault("rules.validation-fields", make(api_keys=["dummy-1", " dummy-2"]), profiles=DEPLOYED, quick=False)
class IndicesCountFaultyKeysAlone(Api):
    """The indices of faulty keys of a create count the faulty ones, not all."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return [(f"api_keys[{number}]", why) for number, (_, why) in enumerate(super().judge_api_keys(value))]


@fault("rules.validation-fields", ONE,
       lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}, {"api_key": ""}]),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class IndicesOfNewKeysSkipTheKept(Api):
    """The indices of new keys of a PATCH do not count the entries that keep a key."""

    def judge_entries(self, entries: list[Members]) -> Faults:
        faults: Faults = []
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            before = entries[:index] if "id" in entry else [other for other in entries[:index] if "id" not in other]
            faults += self.judge_entry(f"api_keys[{len(before)}]", entry, seen)
        return faults


@fault("rules.validation-fields", make(type="bedrock", api_keys=[PLAIN]), profiles=DEPLOYED, quick=False)
class LackOfSettingsHidesTheKeys(Api):
    """Where the type bedrock comes without settings and with keys the keys are not told."""

    def judge_bedrock(self, members: Members) -> Faults:
        faults = super().judge_bedrock(members)
        return faults[:1] if members.get("type") == "bedrock" else faults


@fault("rules.validation-fields", post({"type": "openai", "base_url": "no"}), profiles=DEPLOYED, quick=False)
class MissingMembersAreToldTwice(Api):
    """A member that is missing is told twice: as missing, and as an empty text that is not good."""

    def judge_create(self, members: Members) -> Faults:
        faults = super().judge_create(members)
        return [*faults, *((name, "must not be empty") for name in self.required() if name not in members)]


# --- secrets


class _Quoting(Api):
    """What quotes something in the message of some refusals."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if quoted := self.quoted(request, refusal):
            refusal.message = f"{refusal.message} ({quoted})"
        return super().error(request, refusal)

    def quoted(self, request: Request, refusal: Refusal) -> str:
        raise NotImplementedError

    def asked_for(self, request: Request) -> Provider | None:
        """Return the provider that a path names, if it is there."""
        return self.find_by_id(self.parse_id(request.key) or "") or self.find_by_name(request.key)


@fault("rules.secrets-never-leak", ONE, make(), quick=False)
class ConflictsQuoteTheKeysThatAreThere(_Quoting):
    """A 409 quotes the keys of the provider that has the name."""

    def quoted(self, request: Request, refusal: Refusal) -> str:
        return _plain(self.find_by_name(request.data["name"])) if refusal.status == 409 else ""


@fault("rules.secrets-never-leak", ONE, patch(api_keys=[{"id": UNKNOWN_ID}]), quick=False)
class UnknownKeyIdsAreToldTheKnownKeys(_Quoting):
    """An id that is no key of a provider is answered with the keys that it has, in plain text."""

    def quoted(self, request: Request, refusal: Refusal) -> str:
        unknown = any("no key of this" in why for _, why in refusal.faults)
        return _plain(self.asked_for(request)) if unknown else ""


@fault("rules.secrets-never-leak", ONE, delete(token="MEMBER_KEY"), profiles=DEPLOYED, quick=False)
class ForbiddenDeletesQuoteTheKeys(_Quoting):
    """A 403 to a delete quotes the keys of the provider."""

    def quoted(self, request: Request, refusal: Refusal) -> str:
        forbidden = refusal.status == 403 and request.operation == "delete"
        return _plain(self.asked_for(request)) if forbidden else ""


@fault("rules.secrets-never-leak", ONE,
       lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"], "api_key": "dummy-key-new"}]),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class EntriesWithBothAreQuoted(Api):
    """An entry with both an id and a plain text is quoted in what is told about it."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        faults = super().judge_entry(place, entry, seen)
        return [(field, f"{why}, is {entry}" if field == place and entry else why) for field, why in faults]


@fault("rules.secrets-never-leak", make(api_keys=[{"api_key": PLAIN}]), quick=False)
class KeysOfAWrongTypeAreQuoted(_Quoting):
    """Keys of the wrong JSON type are quoted in what is told about them."""

    def judge(self, request: Request, data: Any) -> Members:
        self.__dict__["judged"] = data
        return super().judge(request, data)

    def quoted(self, request: Request, refusal: Refusal) -> str:
        wrong = refusal.status == 400 and "wrong JSON type" in refusal.message
        return str(self.__dict__["judged"].get("api_keys", "")) if wrong else ""


@fault("rules.secrets-never-leak", post({**GOOD, "api_keys": [PLAIN]}, SLASH), profiles=DEPLOYED, quick=False)
class TrailingSlashShowsNewKeys(Api):
    """A create at the collection path with a slash at its end shows its keys."""

    def view_key(self, key: Key) -> Members:
        shown = super().view_key(key)
        return {**shown, "masked": key.plain} if (self.request.method, self.request.path) == ("POST", SLASH) else shown
