"""Sound variations of JSON as it is written and read."""

import json
import random
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import get, make, post
from tests.independent.faults.catalogue import DEPLOYED, variation
from tests.independent.judging import (
    CREATE_MEMBERS,
    PATCH_MEMBERS,
    SETTINGS_SECRETS,
    Faults,
    Members,
)
from tests.independent.values import Refusal, Request
from tests.independent.variations.common import GOOD, PAGE, REGION, Wire, claude

# --- JSON -----------------------------------------------------------------------------------------------------------


def _escaped(value: Any) -> str:
    if isinstance(value, str):
        units = value.encode("utf-16-be").hex()
        return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'
    if isinstance(value, dict):
        return "{" + ",".join(f"{_escaped(name)}:{_escaped(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_escaped, value)) + "]"
    return json.dumps(value)


# open: RFC 8259, 7: any character may be escaped
@variation(get())
class JsonEscapesEveryCharacter(Api):
    """Every character of every text, names of members too, is escaped."""

    def encode(self, data: Any) -> bytes:
        return _escaped(data).encode("ascii")


# open: RFC 8259, 2, 7 and 8.1: white space around tokens and unescaped UTF-8 are JSON
@variation(get())
class JsonIsIndentedAndNotEscaped(Api):
    """JSON is indented by tabs, with white space around, and nothing is escaped that need not be."""

    def encode(self, data: Any) -> bytes:
        text = json.dumps(data, ensure_ascii=False, indent="\t", separators=(" ,", " : "))
        return f"\r\n {text} \r\n\n".encode()


# open: RFC 8259, 7: a solidus may be escaped, as PHP does; the likes of < > & too, as Go does
@variation(get())
class JsonEscapesForHtml(Api):
    """Slashes and the signs of HTML are escaped."""

    def encode(self, data: Any) -> bytes:
        text = super().encode(data).decode("ascii").replace("/", "\\/")
        return "".join(f"\\u{ord(c):04x}" if c in "<>&'" else c for c in text).encode("ascii")


def _shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: _shuffled(value[name]) for name in names}
    return [_shuffled(item) for item in value] if isinstance(value, list) else value


# open: RFC 8259, 1: an object is an unordered collection
@variation(get())
class MembersAreInRandomOrder(Api):
    """Members are in another order each time, as maps of some languages are."""

    def encode(self, data: Any) -> bytes:
        return super().encode(_shuffled(data))


# --- reading bodies -------------------------------------------------------------------------------------------------


# open: openapi: 413 "the body is larger than the server takes"; 64 KiB is more than any provider needs
@variation(make(display_name="x" * 70000))
class BodiesAreLimited(Api):
    """A body of more than 64 KiB gets 413."""

    def parse(self, request: Request) -> Any:
        if len(request.body) > 1 << 16:
            raise Refusal(413, "At most 64 KiB.")
        return super().parse(request)


# open: RFC 9110, 15.5.14: a server may refuse a body that it has not read, and close; the page gives no order of checks
@variation(make(display_name="x" * 200000), profiles=PAGE)
class LargeBodiesAreRefusedUnread(Wire):
    """A body that is announced to be of more than 128 KiB gets 413 before it is read, and the connection is closed."""

    unread = 1 << 17

    def parse(self, request: Request) -> Any:
        if len(request.body) > self.unread:
            raise Refusal(413, "Too large.")
        return super().parse(request)


# open: RFC 9110, 4.1 and 15.5.15, RFC 6585, 5: limits from 8000 octets on are usual, and have their statuses
@variation(get("a" * 9000))
class HeadsAreLimited(Api):
    """A path of more than 8000 bytes gets 414, headers of more than 16 KiB get 431, to those who may ask at all."""

    def route(self, request: Request) -> str:
        if len(request.path.encode()) > 8000:
            raise Refusal(414, "That is a long path.")
        if sum(len(name) + len(value) for name, value in request.headers.items()) > 1 << 14:
            raise Refusal(431, "These are long headers.")
        return super().route(request)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Members:
    if len(dict(pairs)) != len(pairs):
        raise Refusal(400, "A member is there twice.")
    return dict(pairs)


# open: RFC 8259, 4: what happens with names that are not unique is unpredictable; many report an error
@variation(post(raw=b'{"type":"openai","name":"p","name":"p","base_url":"https://e.com"}'))
class DuplicateMembersAreRefused(Api):
    """A body with a member twice gets 400."""

    def parse(self, request: Request) -> Any:
        value = super().parse(request)
        json.loads(request.body, object_pairs_hook=_no_duplicates)
        return value


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


# open: RFC 8259, 9: an implementation may set limits on the depth of nesting
@variation(make(more=json.loads("[" * 200 + "]" * 200)))
class DeepNestingIsRefused(Api):
    """A body that is nested deeper than 64 gets 400."""

    def parse(self, request: Request) -> Any:
        value = super().parse(request)
        if _depth(value) > 64:
            raise Refusal(400, "That is too deep.")
        return value


# open: RFC 8259, 8.2: lone surrogates are unpredictable; Go makes U+FFFD of them
@variation(post(raw=json.dumps({**GOOD, "display_name": "a\ud800z"}).encode()))
class LoneSurrogatesAreReplaced(Api):
    """A lone surrogate in a body becomes U+FFFD."""

    def parse(self, request: Request) -> Any:
        try:
            text = json.dumps(json.loads(request.body), ensure_ascii=False)
        except (ValueError, RecursionError):
            return super().parse(request)
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return super().parse(replace(request, body=whole.encode()) if whole != text else request)


# open: RFC 8259, 8.1: a parser may ignore a byte order mark
@variation(post(raw=b"\xef\xbb\xbf" + json.dumps(GOOD).encode()))
class ByteOrderMarksArePassedOver(Api):
    """A byte order mark before the body is passed over."""

    def parse(self, request: Request) -> Any:
        return super().parse(replace(request, body=request.body.removeprefix(b"\xef\xbb\xbf")))


# open: RFC 8259, 9: a parser may accept extensions; the page says nothing of what is no JSON; Go's decoder does this
@variation(post(raw=json.dumps(GOOD).encode() + b" and so on"), profiles=PAGE)
class TrailingTextIsPassedOver(Api):
    """What follows the JSON of a body is not read."""

    def parse(self, request: Request) -> Any:
        try:
            text = request.body.decode().lstrip(" \t\r\n")
            _, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return super().parse(request)
        return super().parse(replace(request, body=text[:end].encode()))


# open: the page says nothing of unknown members, nor of the case of known ones; Go's decoder does this
@variation(post({"Type": "openai", "NAME": "p", "base_URL": "https://e.com"}), profiles=PAGE)
class MembersAreFoundInAnyCase(Api):
    """Members of bodies are found whatever their case."""

    def judge(self, request: Request, data: Any) -> Members:
        if isinstance(data, dict):
            data = {**{name.lower(): value for name, value in data.items() if name.lower() not in data}, **data}
        return super().judge(request, data)


# open: the page says nothing of members that it does not list
@variation(make(colour="red"), profiles=PAGE)
class StrangeMembersAreRefused(Api):
    """A body with a member that the page does not list gets 400."""

    def judge(self, request: Request, data: Any) -> Members:
        known = CREATE_MEMBERS if request.operation == "create" else PATCH_MEMBERS
        if isinstance(data, dict) and (strange := data.keys() - known):
            raise Refusal(400, "Some member is unknown.", [(name, "is unknown") for name in sorted(strange)])
        return super().judge(request, data)


# open: the page gives members one type each, and does not say that a null is refused
@variation(make(display_name=None), profiles=PAGE)
class NullsAreAbsent(Api):
    """A null is as good as an absent member."""

    def __init__(self, *given: Any) -> None:
        self.terms = replace(self.terms, nulls=True)
        super().__init__(*given)


# open: facts give null to whole members; inside entries and settings the deployed document has plain strings
@variation(claude({**REGION, "model": None}), profiles=DEPLOYED)
class NullsInsideAreRefused(Api):
    """A null inside settings or a key's entry gets 400."""

    def wrong_settings(self, settings: Members) -> Faults:
        nulls = [name for name in ("region", "model", "small_fast_model", *SETTINGS_SECRETS) if name in settings]
        return super().wrong_settings(settings) + [("settings", f"{n} is null") for n in nulls if settings[n] is None]

    def wrong_entries(self, entries: list[Any], *, plain: bool) -> Faults:
        faults = super().wrong_entries(entries, plain=plain)
        for index, entry in enumerate(entries):
            if isinstance(entry, dict) and not plain:
                nulls = [name for name in ("id", "api_key") if name in entry and entry[name] is None]
                faults += [(f"api_keys[{index}].{name}", "is null") for name in nulls]
        return faults


# open: "request Content-Type: not checked" is a fact of deployed servers; the page's samples send application/json
@variation(post(GOOD, headers={"Content-Type": "text/plain"}), profiles=PAGE)
class OtherContentTypesAreRefused(Api):
    """A body that is said to be no JSON gets 415."""

    def parse(self, request: Request) -> Any:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise Refusal(415, "Send JSON.")
        return super().parse(request)
