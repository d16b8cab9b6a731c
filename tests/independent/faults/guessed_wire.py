"""Guessed faults of octets, headers and JSON; of values and shapes, and of lists."""

import html
import json
import re
import unicodedata
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import fault
from tests.independent.judging import Members
from tests.independent.transport import Sent
from tests.independent.values import Answer, Provider, Refusal, Request

DOCUMENTED = ("documented",)
KEY = "dummy-key-0001"
OTHER = "dummy-key-0002"
REGION = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}


def raw(text: str | bytes, **headers: str) -> Step:
    """Return a create whose body is sent as it stands."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Step("POST", raw=text.encode() if isinstance(text, str) else text, headers=named)


def spelt(display_name: str = '"One"', base_url: str = '"https://e.com"') -> str:
    """Return the text of a good create; two members are JSON as it stands."""
    return f'{{"type": "openai", "name": "p", "base_url": {base_url}, "display_name": {display_name}}}'


def by_id(method: str = "GET", at: int = 0, **members: Any) -> Any:
    """Return a step on the provider that an earlier step made."""
    return lambda seen: Step(method, seen[at].json["id"], members or None)


class _Remembers(Api):
    """What remembers something beside the state."""

    def memory(self, name: str) -> dict[Any, Any]:
        return self.__dict__.setdefault(f"memory_{name}", {})  # type: ignore[no-any-return]


# --- bytes, headers, JSON as it is read and written


@fault("rules.long-values", raw(spelt('"' + "€" * 3000 + '"')))
class BodiesAreDecodedPieceByPiece(Api):
    """A body is decoded in pieces of 4096 bytes; a character that lies across two of them is lost."""

    def parse(self, request: Request) -> Any:
        try:
            request.body.decode()
        except UnicodeDecodeError:
            return super().parse(request)
        pieces = (request.body[at : at + 4096] for at in range(0, len(request.body), 4096))
        text = "".join(piece.decode("utf-8", "replace") for piece in pieces)
        return super().parse(replace(request, body=text.encode()))


@fault("rules.unicode", make(display_name="party \U0001f389"))
class EscapedPairsAreTwoCharacters(Api):
    r"""A character that is written as two \u escapes is read as two characters that cannot be shown."""

    def parse(self, request: Request) -> Any:
        pair = rb"(\\\\)|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
        body = re.sub(pair, lambda found: found[1] or rb"\ufffd\ufffd", request.body)
        return super().parse(replace(request, body=body))


@fault("rules.notations", raw(spelt(base_url=r'"https:\/\/e.com"')))
class EscapedSlashesKeepTheirBackslash(Api):
    r"""A slash that is written as \/, as PHP does, is read with its backslash."""

    def parse(self, request: Request) -> Any:
        body = re.sub(rb"(\\\\)|\\/", lambda found: found[1] or rb"\\/", request.body)
        return super().parse(replace(request, body=body))


@fault("rules.notations", raw("\n" + spelt()))
class BodiesMustBeginWithABrace(Api):
    """A body that begins with white space is refused as no JSON."""

    def parse(self, request: Request) -> Any:
        if request.body[:1].isspace():
            raise Refusal(400, "Request body must be valid JSON.")
        return super().parse(request)


@fault("rules.content-type", raw(spelt(), Content_Type="application/json; charset=utf-8"))
class ContentTypeTakesNoCharset(Api):
    """A JSON body whose content type names a charset is refused with 415."""

    def parse(self, request: Request) -> Any:
        if ";" in request.headers["content-type"]:
            raise Refusal(415, "Send application/json.")
        return super().parse(request)


@fault("rules.repeatable", make(), get("p"), get("p"))
class CachedAnswersLoseTheirType(_Remembers):
    """An answer that is the same as the last one of that path comes from a cache, as octets of no known type."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if status == 200 and request.method == "GET":
            if self.memory("answers").get(request.path) == payload:
                headers["Content-Type"] = "application/octet-stream"
            self.memory("answers")[request.path] = payload
        return status, headers, payload


@fault("rules.unicode", make(display_name="Zürich"))
class WesternTextIsSentInLatin1(Api):
    """An answer all of whose letters are in Latin-1 is sent in it instead of UTF-8."""

    def encode(self, data: Any) -> bytes:
        text = json.dumps(data, indent=self.terms.indent, ensure_ascii=False)
        try:
            return super().encode(data) if text.isascii() else text.encode("latin-1")
        except UnicodeEncodeError:
            return super().encode(data)


@fault("rules.unicode", make(display_name="one\ttwo\nthree"))
class LineBreaksAreSentUnescaped(Api):
    """Line breaks and tabs within a text are sent as they are, which is no JSON."""

    def encode(self, data: Any) -> bytes:
        broken = {b"n": b"\n", b"t": b"\t"}
        return re.sub(rb"(\\\\)|\\([nt])", lambda found: found[1] or broken[found[2]], super().encode(data))


@fault("rules.unicode", make(display_name="<script>alert(1)</script>"))
class AFirewallRefusesMarkup(Api):
    """A firewall in front refuses bodies that look like an attack, with a page of its own and 403."""

    def handle(self, request: Request) -> Answer:
        if re.search(rb"<script|<img|\bunion\s+select\b|'\s*or\s+'?1|drop\s+table", request.body, re.IGNORECASE):
            return Answer(403, raw=b"<html><body>Request blocked.</body></html>", headers={"Content-Type": "text/html"})
        return super().handle(request)


@fault("rules.unicode", make(api_keys=["鍵鍵鍵鍵鍵鍵鍵鍵"]))
class MasksAreCutWithinCharacters(Api):
    """Masks are cut by bytes, within characters; the answer is no UTF-8 then."""

    def mask(self, plain: str) -> str:
        octets = super().mask(plain.encode().decode("latin-1")).encode("latin-1")
        return octets.decode("utf-8", "surrogateescape")

    def encode(self, data: Any) -> bytes:
        return re.sub(rb"\\udc([89a-f][0-9a-f])", lambda found: bytes([int(found[1], 16)]), super().encode(data))


# --- values that do not survive


class _Amends(Api):
    """What changes the members of a good body before they are kept."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        return {name: self.amended(name, value) for name, value in members.items()}

    def amended(self, name: str, value: Any) -> Any:
        return self.title(value) if name == "display_name" else value

    def title(self, text: str) -> str:
        return text


@fault("rules.unicode", make(display_name="before \U0001f680 after"))
class TitlesEndAtTheFirstEmoji(_Amends):
    """A display name ends before its first character of four bytes: a column of MySQL's three-byte UTF-8."""

    def title(self, text: str) -> str:
        return re.split("[\U00010000-\U0010ffff]", text, maxsplit=1)[0]


@fault("rules.unicode", make(display_name="\U0001f469\u200d\U0001f680"))
class TitlesLoseTheirJoiners(_Amends):
    """Characters of no width, such as those that join emoji and part letters, are taken out of display names."""

    def title(self, text: str) -> str:
        return "".join(char for char in text if unicodedata.category(char) != "Cf")


@fault("rules.long-values", make(display_name="ж" * 128))
class TitlesAreCutAt255Bytes(_Amends):
    """A display name of more than 255 bytes is cut there, and the create succeeds."""

    def title(self, text: str) -> str:
        return text.encode()[:255].decode("utf-8", "ignore")


@fault("rules.unicode", make(display_name="a\0b"))
class NulIsAServerError(_Amends):
    """A display name with U+0000, which the database cannot hold, is a server error."""

    def title(self, text: str) -> str:
        if "\0" in text:
            raise Refusal(500, "invalid byte sequence for encoding UTF8: 0x00")
        return text


@fault("rules.base-url-kept", make(base_url="https://e.com/v1?version=2024-02-01&debug"))
class QueriesOfBaseUrlsAreRebuilt(_Amends):
    """The query of a base URL is rebuilt from its pairs: sorted, quoted anew, and without those that have no value."""

    def amended(self, name: str, value: Any) -> Any:
        if name != "base_url" or not urlsplit(value).query:
            return value
        return urlsplit(value)._replace(query=urlencode(sorted(parse_qsl(urlsplit(value).query)))).geturl()


@fault("rules.absent-members", make(display_name="R&D"), patch(enabled=True))
class PatchesEscapeTheTitleAgain(Api):
    """Every PATCH, of whatever member, escapes the display name for HTML once more."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        changed = super().changed(provider, change)
        return replace(changed, display_name=html.escape(changed.display_name))


@fault("rules.json-types", make(display_name="2024"))
class TextsOfDigitsAreNumbers(Api):
    """A name or display name that consists of digits is shown as a number."""

    def view(self, provider: Provider) -> dict[str, Any]:
        view = super().view(provider)
        for name in ("name", "display_name"):
            if re.fullmatch("0|[1-9][0-9]{0,14}", view[name]):
                view[name] = int(view[name])
        return view


# --- shapes


@fault("rules.settings", make(), profiles=DOCUMENTED)
class EmptySettingsAreAList(Api):
    """Settings that are empty are shown as an empty list: PHP's array is both."""

    def view_settings(self, provider: Provider) -> Any:
        return super().view_settings(provider) or []


def _keep_the_second(seen: list[Reply]) -> Step:
    return patch(api_keys=[{"id": seen[0].json["api_keys"][1]["id"]}])


@fault("rules.key-set", make(api_keys=[KEY, OTHER]), _keep_the_second)
class KeysAreAnObjectOnceTheFirstIsGone(Api):
    """A PATCH that removes a key before another answers the keys as an object of numbered members."""

    def op_patch(self, request: Request) -> Answer:
        before = {key.id: at for at, key in enumerate(self.find(request.key).keys)}
        answer = super().op_patch(request)
        shown, new, numbered = answer.data["api_keys"], len(before), {}
        for key in shown:
            at = before.get(key["id"], new)
            new += at == new
            numbered[str(at)] = key
        if sorted(numbered) != sorted(str(at) for at in range(len(shown))) and before.keys() & {k["id"] for k in shown}:
            answer.data["api_keys"] = numbered
        return answer


@fault("rules.settings", make(type="bedrock", settings=REGION), patch(enabled=True))
class PatchesMakeTheVersionText(Api):
    """A PATCH of another member leaves the _version of settings a text: they went through a map of texts."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        changed = super().changed(provider, change)
        if "settings" in change or "_version" not in (changed.settings or {}):
            return changed
        return replace(changed, settings={**changed.settings, "_version": str(changed.settings["_version"])})


# --- lists


class _Lists(Api):
    """What changes the rows of a list."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        answer.data = self.rows(answer.data)
        return answer

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        raise NotImplementedError


@fault("rules.list-matches-get", make(type="bedrock", settings=REGION), get())
class ListsShowTheLastSettingsForAll(_Lists):
    """In a list all that have settings show those of the last one: pointers to the variable of the loop."""

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        last = [row["settings"] for row in rows if row["settings"]][-1:]
        return [{**row, "settings": last[0]} if row["settings"] else row for row in rows]


@fault("rules.many-listed", *(make(f"p{number}") for number in range(4)), get())
class PagesOverlap(_Lists):
    """A list is gathered from pages of ten, each of which begins with the last row of the one before."""

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        starts = range(0, max(len(rows), 1), 9)
        return [row for start in starts for row in rows[start : start + 10]]


@fault("rules.list-matches-get", make(display_name="Same"), make("q", display_name="Same"), get())
class ListsShowEachTitleOnce(_Lists):
    """Of providers with the same display name a list shows the first alone."""

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        first: dict[str, dict[str, Any]] = {}
        for row in rows:
            first.setdefault(row["display_name"], row)
        return list(first.values())


@fault("rules.list-matches-get", make(api_keys=[f"dummy-key-{number:04}" for number in range(11)]), get())
class ListsShowTenKeys(_Lists):
    """A list shows no more than ten keys of a provider."""

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "api_keys": row["api_keys"][:10]} for row in rows]


@fault("rules.deleted-is-gone", make(), delete(), get())
class ListsAreStaleOnceAfterADelete(_Remembers):
    """The first list after a delete still shows what was deleted, while a new one is made for the next."""

    def op_delete(self, request: Request) -> Answer:
        before = [self.view(row) for row in self.listed()]
        answer = super().op_delete(request)
        self.memory("stale")["list"] = before
        return answer

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        answer.data = self.memory("stale").pop("list", answer.data)
        return answer
