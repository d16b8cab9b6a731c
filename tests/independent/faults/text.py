"""Faults of text: values that come back otherwise than they were sent."""

import html
import unicodedata
from collections.abc import Callable
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, make, patch
from tests.independent.faults.catalogue import declare_as
from tests.independent.judging import Members
from tests.independent.values import Request

LONG = "d" * 300
MARKS = "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069"


def _kept(member: str, change: Callable[[str], str], operation: str) -> type:
    class Kept(Api):
        def judge(self, request: Request, data: Any) -> Members:
            members = super().judge(request, data)
            if isinstance(members.get(member), str) and operation in {"", request.operation}:
                members[member] = change(members[member])
            return members

    return Kept


def titled(text: str) -> list[Step]:
    return [make(display_name=text)]


def at(url: str) -> list[Step]:
    return [make(base_url=url)]


def _title(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


# id, sentence, member, operation (empty: both), change, probe, check, quick
ROWS = [
    ("display-name-is-trimmed", "A display name loses the blanks at its ends.", "display_name", "", str.strip,
     titled(" One "), "rules.unicode", False),
    ("display-name-blanks-are-joined", "Blanks in a row become one in a display name.", "display_name", "",
     lambda t: " ".join(t.split(" ")) if "  " not in t else " ".join(t.split()), titled("a  b"), "rules.unicode",
     False),
    ("display-name-is-ascii", "What is not ASCII becomes a question mark in a display name.", "display_name", "",
     lambda t: t.encode("ascii", "replace").decode(), titled("Ü"), "rules.unicode", True),
    ("display-name-is-latin-1", "What is not Latin-1 becomes a question mark in a display name.", "display_name", "",
     _title, titled("ключ"), "rules.unicode", True),
    ("display-name-is-decoded-twice", "A display name is decoded twice.", "display_name", "",
     lambda t: t.encode().decode("latin-1") if not t.isascii() else t, titled("Ü"), "rules.unicode", True),
    ("display-name-loses-symbols", "A display name loses symbols beyond the first plane, as utf8 of MySQL does.",
     "display_name", "", lambda t: "".join(c for c in t if ord(c) <= 0xFFFF), titled("key 🔑"), "rules.unicode", True),
    ("display-name-ends-at-a-symbol", "A display name ends at its first symbol beyond the first plane.", "display_name",
     "", lambda t: t[: next((i for i, c in enumerate(t) if ord(c) > 0xFFFF), len(t))], titled("a🔑b"), "rules.unicode",
     True),
    ("display-name-is-composed", "A display name is put into normal form C.", "display_name", "",
     lambda t: unicodedata.normalize("NFC", t), titled("e\u0301"), "rules.unicode", False),
    ("display-name-is-decomposed", "A display name is put into normal form D.", "display_name", "",
     lambda t: unicodedata.normalize("NFD", t), titled("é"), "rules.unicode", True),
    ("display-name-is-compatible", "A display name is put into normal form KC.", "display_name", "",
     lambda t: unicodedata.normalize("NFKC", t), titled("ﬁ½"), "rules.unicode", False),
    ("display-name-loses-marks-of-direction", "A display name loses marks of direction.", "display_name", "",
     lambda t: t.translate(dict.fromkeys(map(ord, MARKS))), titled("\u202bמזהה\u202c"), "rules.unicode", False),
    ("display-name-from-right-to-left-is-reversed", "A display name of a script from right to left is reversed.",
     "display_name", "", lambda t: t[::-1] if any(unicodedata.bidirectional(c) in {"R", "AL"} for c in t) else t,
     titled("مزود"), "rules.unicode", True),
    ("display-name-loses-joiners", "A display name loses joiners of no width.", "display_name", "",
     lambda t: t.replace("\u200d", ""), titled("👩\u200d💻"), "rules.unicode", False),
    ("display-name-is-escaped", "A display name is escaped for HTML.", "display_name", "", html.escape,
     titled("A & <B>"), "rules.unicode", True),
    ("display-name-loses-tags", "A display name loses what looks like tags.", "display_name", "",
     lambda t: t.replace("<", "").replace(">", ""), titled("a <b> c"), "rules.unicode", False),
    ("display-name-quotes-are-doubled", "Quotes are doubled in a display name.", "display_name", "",
     lambda t: t.replace("'", "''"), titled("it's"), "rules.unicode", False),
    ("display-name-backslashes-are-eaten", "Backslashes are lost in a display name.", "display_name", "",
     lambda t: t.replace("\\", ""), titled("a\\b"), "rules.unicode", False),
    ("display-name-newlines-become-blanks", "Newlines become blanks in a display name.", "display_name", "",
     lambda t: t.replace("\n", " "), titled("a\nb"), "rules.unicode", False),
    ("display-name-has-capitals", "Words of a display name get capitals.", "display_name", "", str.title,
     titled("one two"), "model.sequence", True),
    ("display-name-is-cut-at-32", "A display name is cut after 32 characters.", "display_name", "", lambda t: t[:32],
     titled(LONG), "rules.long-values", True),
    ("display-name-is-cut-at-64", "A display name is cut after 64 characters.", "display_name", "", lambda t: t[:64],
     titled(LONG), "rules.long-values", True),
    ("display-name-is-cut-at-128", "A display name is cut after 128 characters.", "display_name", "", lambda t: t[:128],
     titled(LONG), "rules.long-values", True),
    ("display-name-is-cut-at-255", "A display name is cut after 255 characters.", "display_name", "", lambda t: t[:255],
     titled(LONG), "rules.long-values", False),
    ("display-name-is-cut-at-255-bytes", "A display name is cut after 255 bytes.", "display_name", "",
     lambda t: t.encode()[:255].decode("utf-8", "ignore"), titled("é" * 200), "rules.long-values", False),
    ("display-name-of-a-patch-is-ascii", "What is not ASCII becomes a question mark in the display name of a PATCH.",
     "display_name", "patch", lambda t: t.encode("ascii", "replace").decode(), [make(), patch(display_name="Ü")],
     "rules.unicode", True),
    ("display-name-of-a-patch-is-cut-at-64", "The display name of a PATCH is cut after 64 characters.", "display_name",
     "patch", lambda t: t[:64], [make(), patch(display_name=LONG)], "rules.long-values", True),
    ("base-url-gets-a-slash", "A base URL gets a slash at its end.", "base_url", "", lambda u: u.rstrip("/") + "/",
     at("https://e.com/v1"), "rules.base-url-kept", True),
    ("base-url-loses-its-slash", "A base URL loses the slash at its end.", "base_url", "", lambda u: u.rstrip("/"),
     at("https://e.com/v1/"), "rules.base-url-kept", True),
    ("base-url-is-in-small-letters", "A base URL is kept in small letters.", "base_url", "", str.lower,
     at("https://e.com/V1"), "rules.base-url-kept", True),
    ("base-url-loses-its-query", "A base URL loses its query.", "base_url", "", lambda u: u.split("?")[0],
     at("https://e.com/v1?a=b"), "rules.base-url-kept", True),
    ("base-url-loses-its-fragment", "A base URL loses its fragment.", "base_url", "", lambda u: u.split("#")[0],
     at("https://e.com/v1#a"), "rules.base-url-kept", False),
    ("base-url-loses-a-usual-port", "A base URL loses the usual port of its scheme.", "base_url", "",
     lambda u: u.replace(":443", ""), at("https://e.com:443/v1"), "rules.base-url-kept", False),
    ("base-url-loses-its-path", "A base URL loses its path.", "base_url", "", lambda u: "/".join(u.split("/")[:3]),
     at("https://e.com/v1"), "rules.base-url-kept", True),
    ("base-url-becomes-https", "A base URL of http becomes one of https.", "base_url", "",
     lambda u: u.replace("http://", "https://"), at("http://e.com"), "rules.base-url-kept", True),
    ("base-url-is-decoded", "Escapes of a base URL are decoded.", "base_url", "", lambda u: u.replace("%20", " "),
     at("https://e.com/a%20b"), "rules.base-url-kept", False),
    ("base-url-dots-are-followed", "Dots in the path of a base URL are followed.", "base_url", "",
     lambda u: u.replace("/a/..", ""), at("https://e.com/a/../b"), "rules.base-url-kept", False),
    ("base-url-is-cut-at-255", "A base URL is cut after 255 characters.", "base_url", "", lambda u: u[:255],
     at(f"https://e.com/{'a' * 300}"), "rules.base-url-kept", True),
    ("base-url-of-a-patch-gets-a-slash", "The base URL of a PATCH gets a slash at its end.", "base_url", "patch",
     lambda u: f"{u}/", [make(), patch(base_url="https://f.com/v1")], "rules.base-url-kept", True),
    ("names-are-cut-at-32", "A name is cut after 32 characters.", "name", "", lambda n: n[:32], [make("p" * 40)],
     "rules.long-values", True),
    ("names-are-cut-at-63", "A name is cut after 63 characters.", "name", "", lambda n: n[:63], [make("p" * 70)],
     "rules.long-values", False),
]  # fmt: skip
for _id, _sentence, _member, _operation, _change, _probe, _check, _quick in ROWS:
    declare_as(_id, _sentence, _kept(_member, _change, _operation), _check, *_probe, quick=_quick)


def _cut_keys(change: Callable[[str], str]) -> type:
    class CutKeys(Api):
        def mask(self, plain: str) -> str:
            return super().mask(change(plain))

    return CutKeys


KEYS = [
    ("keys-are-cut-at-128", "Keys are cut after 128 characters, which their masks show.", lambda k: k[:128],
     "k" * 150 + "end!"),
    ("keys-are-cut-at-64", "Keys are cut after 64 characters, which their masks show.", lambda k: k[:64],
     "k" * 80 + "end!"),
    ("keys-lose-what-is-not-ascii", "Keys lose what is not ASCII, which their masks show.",
     lambda k: k.encode("ascii", "ignore").decode(), "schlüssel-dummy-ö"),
]  # fmt: skip
for _id, _sentence, _change, _key in KEYS:
    declare_as(
        _id, _sentence, _cut_keys(_change), "rules.mask", make(api_keys=[_key]), profiles=("deployed",), quick=False
    )
