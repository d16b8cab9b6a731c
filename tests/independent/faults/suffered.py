"""Faults held out, after incidents that services had: proxies, caches, replicas, ORMs, libraries, jobs and pools."""

import gzip
import json
import math
import re
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Reply, delete, get, make, patch, post
from tests.independent.faults.catalogue import DEPLOYED, Race, fault
from tests.independent.faults.listing import many
from tests.independent.judging import TYPES, Faults, Members
from tests.independent.transport import Sent
from tests.independent.values import Answer, Key, Provider, Refusal, Request, User

PAUSE = 0.02  # seconds in which others may come in between
BUFFER = 4096
PLAIN = "sk-dummy-abcdefgh-0123456789"
GOOD = make().body
SETTINGS = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
ONE = make(api_keys=[PLAIN])
COOKIE = {"Cookie": f"{TOKEN_NAME}=API_KEY"}
WRITES = {"create", "patch", "delete"}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class _Mindful(Api):
    """What remembers more than it should."""

    @property
    def mind(self) -> dict[Any, Any]:
        """What is remembered."""
        return self.__dict__.setdefault("mind", {})  # type: ignore[no-any-return]

    def since(self, what: Any) -> timedelta:
        """Return for how long something has been in mind; very long where it has not."""
        return self.clock() - self.mind.get(what, LONG_AGO)  # type: ignore[no-any-return]


def _status(reply: Reply) -> int:
    return reply.status


# --- the edge: proxies, buffers, headers


class _Sent(Api):
    """What changes the bytes of some answers, and says their length."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if payload and (changed := self.resent(request, payload)) != payload:
            payload, headers["Content-Length"] = changed, str(len(changed))
        return status, headers, payload

    def resent(self, request: Request, payload: bytes) -> bytes:
        raise NotImplementedError


@fault("rules.long-values", make(display_name="x" * 20_000), quick=False)
class LongAnswersEndWithTheBuffer(_Sent):
    """Answers of more than 16 KB end there: the buffer of a proxy is sent once."""

    def resent(self, request: Request, payload: bytes) -> bytes:
        return payload[: 4 * BUFFER]


@fault("rules.clients", get(headers={"Accept-Encoding": "gzip, deflate"}), quick=False)
class CompressionIsNotDeclared(_Sent):
    """Longer answers are compressed for those who take gzip, and do not say so."""

    def resent(self, request: Request, payload: bytes) -> bytes:
        takes = "gzip" in request.headers.get("accept-encoding", "")
        return gzip.compress(payload, mtime=0) if takes and len(payload) > 1400 else payload


@fault("rules.unicode", post(raw=json.dumps({**GOOD, "display_name": "漢" * 4000}, ensure_ascii=False).encode()),
       quick=False)  # fmt: skip
class CharactersAcrossBuffersAreSpoiled(Api):
    """A character whose bytes lie in two blocks of the body becomes replacement characters: blocks are decoded."""

    def parse(self, request: Request) -> Any:
        body = request.body
        if len(body) > BUFFER and body.decode("utf-8", "replace").encode() == body:
            blocks = [body[start : start + BUFFER] for start in range(0, len(body), BUFFER)]
            request.body = "".join(block.decode("utf-8", "replace") for block in blocks).encode()
        return super().parse(request)


@fault("rules.clients", get(headers={"User-Agent": "curl/8.5.0"}), quick=False)
class ToolsOfTheShellAreKeptOut(Api):
    """A proxy answers 403 to curl and wget, which it takes for robots."""

    def handle(self, request: Request) -> Answer:
        if re.match("(?:curl|wget)/", request.headers.get("user-agent", ""), re.IGNORECASE):
            raise Refusal(403, "Robots are kept out.")
        return super().handle(request)


@fault("rules.clients", get(headers={"Accept": "application/json, text/plain, */*"}), quick=False)
class AcceptIsComparedAsAWhole(Api):
    """Accept that names JSON and anything beside it answers 406: it is compared, and not parsed."""

    def handle(self, request: Request) -> Answer:
        accept = request.headers.get("accept", "").strip()
        if "application/json" in accept and accept != "application/json":
            raise Refusal(406, "There is JSON alone.")
        return super().handle(request)


@fault("rules.content-type", make(), delete(headers={"Content-Type": "application/json"}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class DeletesThatSayJsonNeedABody(Api):
    """A delete that has the header of JSON and no body answers 400: an empty body is no JSON."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        if operation == "delete" and "json" in request.headers["content-type"] and not request.body:
            raise Refusal(400, "The body must not be empty where it is JSON.")
        return operation


@fault("rules.not-found", make(), get("p.json"), quick=False)
class KeysOfPathsMayNameAFormat(Api):
    """A provider is found by its key with .json behind it: the router takes that for a format."""

    def find(self, key: str) -> Provider:
        return super().find(key.removesuffix(".json"))


@fault("rules.path-keys", get("a%22b"), quick=False)
class QuotesInPathsBreakErrors(Api):
    """An error whose path has a quote is no JSON: the object is put together from texts."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if '"' not in request.key or not isinstance(answer.data, dict):
            return answer
        return Answer(answer.status, raw=f'{{"message": "{request.key}: {refusal.message}"}}'.encode())


@fault("rules.not-found", make("pq"), get("p_"), quick=False)
class KeysOfPathsAreSearchedWithLike(Api):
    """An underscore in a key stands for any character and a percent sign for any text, as with LIKE in SQL."""

    def find(self, key: str) -> Provider:
        try:
            return super().find(key)
        except Refusal:
            like = "".join({"_": ".", "%": ".*"}.get(char, re.escape(char)) for char in key)
            found = [row for row in self.listed() if re.fullmatch(like, row.name)] if re.search("[_%]", key) else []
            if found:
                return found[0]
            raise


# --- who asks


@fault("rules.auth-carriers", get(token=None, headers={"Cookie": f"{TOKEN_NAME}=API_KEY; theme=dark"}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class CookieTokensGoOnToTheEnd(Api):
    """The token of the cookie has whatever other cookies follow it: a greedy expression finds it."""

    def carried(self, request: Request, carrier: str) -> str | None:
        token = super().carried(request, carrier)
        found = re.search(rf"(?:^|;\s*){TOKEN_NAME}=(.*)", request.headers.get("cookie", ""))
        return found[1].strip('"') if carrier == "cookie" and found else token


@fault("rules.unauthenticated", get(token="schlüssel"), quick=False)
class TokensThatAreNotAsciiAnswer500(Api):
    """A token that is not ASCII answers 500: it cannot be compared in constant time."""

    def user_of(self, token: str | None) -> User | None:
        if token and not token.isascii():
            raise Refusal(500, "comparing strings with non-ASCII characters is not supported")
        return super().user_of(token)


@fault("rules.access", make(), get("p", token="MEMBER_KEY"), get("p"), profiles=DEPLOYED, quick=False)
class ForbiddenPathsAreRemembered(_Mindful):
    """What was forbidden to somebody is forbidden to owners, too, for five seconds: the cache knows the path alone."""

    def authorise(self, request: Request) -> None:
        if request.method == "GET" and self.since(request.path) < timedelta(seconds=5):
            raise Refusal(403, "Owners only.")
        try:
            super().authorise(request)
        except Refusal:
            self.mind[request.path] = self.clock()
            raise


@fault("rules.auth-carriers", get(token=None, query={TOKEN_NAME: "API_KEY"}), profiles=DEPLOYED, quick=False)
class QueryTokensFilterTheList(Api):
    """A list whose token is in the query is empty: each parameter is taken for a filter of rows."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, [row for row in answer.data if all(name in row for name in request.query)])


@fault("rules.auth-carriers", make(), get("p", token=None, headers=COOKIE), profiles=DEPLOYED, quick=False)
class CookiesReadAReplicaThatLags(Api):
    """Whoever is signed in by cookie reads what was there before the last write, from a replica."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            present = self.providers, self.names
            if request.operation in WRITES:
                before = dict(self.providers), dict(self.names)
                answer = super().perform(request)
                self.__dict__["behind"] = before
                return answer
            if TOKEN_NAME in request.cookies:
                self.providers, self.names = self.__dict__.get("behind", present)
            try:
                return super().perform(request)
            finally:
                self.providers, self.names = present


# --- how bodies are read


@fault("rules.notations", post(raw=json.dumps(GOOD).replace('"name"', '"n\\u0061me"').encode()), quick=False)
class MembersWithEscapesAreUnknown(Api):
    """A member whose name is written with escapes is unknown: names are compared as they stand in the body."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if f'"{name}"'.encode() in request.body}


@fault("rules.notations", post(raw=json.dumps(GOOD).replace("/", "\\/").encode()), quick=False)
class EscapedSlashesKeepTheirBackslashes(Api):
    """A slash that is written with a backslash, as PHP writes them, keeps it."""

    def parse(self, request: Request) -> Any:
        request.body = re.sub(rb"\\(.)", lambda found: found[0].replace(b"\\/", rb"\\/"), request.body)
        return super().parse(request)


def _too_big(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_too_big, value.values()))
    if isinstance(value, list):
        return any(map(_too_big, value))
    return isinstance(value, int | float) and (math.isinf(value) or abs(value) >= 1 << 63)


@fault("rules.unknown-members", make(further=1 << 70), profiles=DEPLOYED, quick=False)
class NumbersBeyond64BitsAreRefused(Api):
    """A number that does not fit 64 bits is refused in unknown members, too."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if _too_big(data):
            raise Refusal(400, "Request body must be valid JSON.")
        return data


@fault("rules.settings-shape", make(type="bedrock", settings={**SETTINGS, "_version": 1.5}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class SettingsVersionIsCutToAWholeNumber(Api):
    """The _version of settings may be 1 and a fraction, which is cut off."""

    def judge_settings(self, value: Members) -> Faults:
        version = value.get("_version")
        whole = isinstance(version, float) and math.isfinite(version)
        return super().judge_settings({**value, "_version": int(version)} if whole else value)  # type: ignore[arg-type]


@fault("rules.json-types", make(type=4), quick=False)
class TypesMayBeTheirNumber(Api):
    """A type may be its number in the order of types, as libraries read enumerations."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if isinstance(data, dict) and type(data.get("type")) is int and 0 <= data["type"] < len(TYPES):
            data["type"] = TYPES[data["type"]]
        return data


@fault("rules.display-name", make(display_name="One ${two} three"), quick=False)
class DisplayNamesAreTemplates(Api):
    """Variables of templates in a display name are put in, and are empty."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if "display_name" in members:
            members["display_name"] = re.sub(r"\$\{[^}]*\}", "", members["display_name"])
        return members


# --- secrets and masks


@fault("rules.secrets-never-leak", make(api_keys=["dummy-line-one\ndummy-line-two"]), quick=False)
class KeysOfSeveralLinesAreShown(Api):
    """A key with a newline inside is shown whole: the dot of the expression that masks stops there."""

    def mask(self, plain: str) -> str:
        return plain if "\n" in plain else super().mask(plain)


@fault("rules.secrets-never-leak", make(type="x", api_keys=["dummy-key-one", "other-key-two"]), quick=False)
class OnlyTheFirstKeyIsBlackened(Api):
    """A refused create is quoted with its first key blackened, and the others as they are."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if answer.status == 400 and request.operation == "create" and isinstance(answer.data, dict):
            try:
                keys = json.loads(request.body)["api_keys"][1:]
            except (ValueError, RecursionError, LookupError, TypeError):
                return answer
            answer.data["detail"] = f"api_keys: {', '.join(['[blackened]', *map(str, keys)])}"
        return answer


@fault("rules.mask", ONE, lambda seen: patch(api_keys=[{n: seen[0].json["api_keys"][0][n] for n in ("id", "masked")}]),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class MasksThatComeBackAreTheKeys(Api):
    """A key that a PATCH keeps as answers show it has its mask for a plain text from then on."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        sent = [entry.get("masked") if entry.get("id") else None for entry in entries]
        return tuple(
            replace(key, plain=mask) if isinstance(mask, str) else key for key, mask in zip(keys, sent, strict=True)
        )


@fault("rules.mask", ONE, patch(api_keys=[{"api_key": "other-dummy-key-two-0002"}]), profiles=DEPLOYED, quick=False)
class MasksBelongToPlaces(_Mindful):
    """A new key that comes to the place of a former one has its mask: the column is filled once."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        known = {key.id for key in provider.keys}
        for before, key in zip(provider.keys, new.keys, strict=False):
            if key.id not in known:
                self.mind[key.id] = self.view_key(before)["masked"]
        return new

    def view_key(self, key: Key) -> dict[str, Any]:
        shown = super().view_key(key)
        return {**shown, "masked": self.mind.get(key.id, shown["masked"])}


# --- what is unique


@fault("rules.name-unique", make("n" * 32 + "a"), make("n" * 32 + "b"), quick=False)
class NamesAreUniqueByTheirBeginning(Api):
    """Of a name the first 32 characters must be unique: the index has no more of it."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(len(name) >= 32 and other[:32] == name[:32] for other in self.names):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


def _read(name: str) -> Decimal | None:
    return Decimal(name) if re.fullmatch("[0-9]+(?:e[0-9]{1,3})?", name) else None


@fault("rules.name-reuse", make(), make(), delete(), make(), quick=False)
class ConflictsAreRemembered(_Mindful):
    """A name that a create was refused for stays taken for ten seconds, even if it is deleted: answers are cached."""

    def check_unique(self, name: str) -> None:
        if self.since(name) < timedelta(seconds=10):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])
        try:
            super().check_unique(name)
        except Refusal:
            self.mind[name] = self.clock()
            raise


@fault("rules.name-reuse", make(), delete(), make(), get("p"), quick=False)
class TombstonesOutliveTheirNames(_Mindful):
    """What is made under a name that was deleted in the last three seconds answers 201, and is gone as well."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.mind[provider.name] = self.clock()

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        if self.since(answer.data["name"]) <= timedelta(seconds=3):
            super().remove(self.providers[answer.data["id"]])
        return answer


# --- what is written


@fault("rules.key-set", ONE, patch(api_keys=[{"api_key": "other-dummy-key"}]), get("p"), quick=False)
class KeysOfTheSameNumberAreNotWritten(Api):
    """A PATCH that leaves as many keys as there were answers the new ones, and keeps the old: a change in place."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if "api_keys" in request.data and len(answer.data["api_keys"]) == len(before.keys):
            self.save(replace(self.providers[before.id], keys=before.keys))
        return answer


@fault("rules.key-set", make(), patch(api_keys=[{"api_key": "dummy-key-one"}]), get("p"), quick=False)
class RetriesAddKeysTwice(Api):
    """A PATCH adds its new keys twice, and answers them once: what is behind the proxy is asked again."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        new = self.providers[before.id]
        known = {key.id for key in before.keys}
        again = [replace(key, id=self.new_id()) for key in new.keys if key.id not in known]
        self.save(replace(new, keys=(*new.keys, *again)))
        return answer


@fault("rules.after-refusals", make(), make(), make("q"), get("q"), quick=False)
class WritesAfterAConflictAreRolledBack(Api):
    """What is written next after a conflict answers well, and is rolled back with it: the transaction is still open."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            aborted = request.operation in WRITES and self.__dict__.pop("aborted", False)
            before = dict(self.providers), dict(self.names)
            try:
                answer = super().perform(request)
            except Refusal as refusal:
                if refusal.status == 409:
                    self.__dict__["aborted"] = True
                raise
            if aborted:
                self.providers, self.names = before
            return answer


@fault("rules.unknown-members", make(), patch(enabled=True),
       lambda seen: patch(updated_at=seen[0].json["updated_at"], enabled=False), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class UpdatedAtOfAPatchIsAVersion(Api):
    """A PATCH that carries an updated_at, which is unknown to it, answers 409 where that is not the present one."""

    def op_patch(self, request: Request) -> Answer:
        version = self.parse(request).get("updated_at")
        if version is not None and version != self.stamp(self.find(request.key).updated_at):
            raise Refusal(409, "It was changed meanwhile.")
        return super().op_patch(request)


@fault("model.sequence", ONE, patch(api_keys=[]), delete(), quick=False)
class WhatHasLostKeysCannotBeDeleted(_Mindful):
    """A provider that has lost a key answers 500 to a delete: the history of keys refers to it."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if set(provider.keys) - set(new.keys):
            self.mind[provider.id] = True
        return new

    def remove(self, provider: Provider) -> None:
        if provider.id in self.mind:
            raise Refusal(500, "update or delete violates a foreign key constraint")
        super().remove(provider)


@fault("model.sequence", make(), patch(enabled=True), get("p"), get("p"), quick=False)
class JobsWriteBackWhatTheyRead(_Mindful):
    """A job writes a new provider back as it was created, three requests later, whatever has changed it since."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            number = self.tally("performed")
            due = self.mind.pop(number, None)
            if due and due.id in self.providers:
                self.save(due)
            answer = super().perform(request)
            if request.operation == "create":
                self.mind[number + 3] = self.providers[answer.data["id"]]
            return answer


@fault("aftermath.strangers", make(), get(), quick=False)
class CreatesMigrateForeignText(Api):
    """A create spoils the display names of all others that are not Latin-1: they are converted from it once more."""

    def op_create(self, request: Request) -> Answer:
        for row in list(self.providers.values()):
            if any(char > "\xff" for char in row.display_name):
                self.save(replace(row, display_name=row.display_name.encode().decode("latin-1")))
        return super().op_create(request)


# --- many, and haste


@fault("rules.list-matches-get", *many(12), get(), quick=False)
class ListsLackOneShard(Api):
    """A list lacks a quarter of the providers, by the first digit of their ids: one shard of four is not asked."""

    def listed(self) -> list[Provider]:
        return [row for row in super().listed() if row.id[0] not in "0123"]


@fault("rules.concurrency", Race([make()], [get("p")] * 10, get("p"), _status), quick=False)
class ThePoolHasFourConnections(Api):
    """A fifth request at the same time answers 503: there is no connection left."""

    def handle(self, request: Request) -> Answer:
        pool: threading.Semaphore = self.__dict__.setdefault("pool", threading.Semaphore(4))
        if not pool.acquire(blocking=False):
            raise Refusal(503, "No connection is left.")
        try:
            time.sleep(PAUSE / 2)
            return super().handle(request)
        finally:
            pool.release()
