"""Tables of values, a row for each way in which servers mangle or refuse one; every row is used, none left to luck."""

import re
from typing import Any

from contract_tests.model.values import bedrock
from contract_tests.openness import NAME, ODD_TEXT, PLAIN_URL

Json = Any

NUMBERS = (
    "0", "00", "007", "1.50", "1.0", "-1", "+5", "1e3", "0x1F", "1_000", "1,000", "12345678901234567890", ".5",
    "5.", "NaN",
    "Infinity", "٣", "½", "0.10", "0123", "1e400",
)  # fmt: skip
WORDS = (
    "null", "undefined", "None", "nil", "true", "True", "FALSE", "yes", "off", "[]", "{}", "[object Object]",
    "openai",
    "string", "deleted",
)  # fmt: skip
DATES = ("2024-01-01", "2019-08-24T14:15:22Z", "1/2/2024", "12:30")
BLANKS = (
    " before", "behind ", "two  inside", "\ttab", "a\tb\t", "a\nb", "a\r\nb", "a\rb", "line end\n", "\n\n",
    "\u00a0no break\u00a0", "a\u2028b\u2029c", "\u3000wide\u2003", "   ", "\u00a0",
)  # fmt: skip
CONTROLS = ("a\x1b[1mb", "a\x00b", "a\x7fb", "a\x85b", "a\x08b\x0c", "\x01", "a\x1fb")
MARKUP = (
    "A &amp; B", "&lt;b&gt;", "&#65;&#x42;", "&nbsp;&eacute;", "<b>bold</b>", "<!-- c -->", "<![CDATA[x]]>",
    "a < b > c",
    "<script>alert(1)</script>", "# head\n* item", "[a](b)", "**bold** _it_", "\\(x\\)",
)  # fmt: skip
ATTACKS = (
    "../../etc/passwd", "' OR '1'='1", "x'; DROP TABLE t; --", "1 UNION SELECT 2", "%s%n%d", "${jndi:x}", "{{7*7}}",
    "`id` $(id) $HOME", "=1+1", "@cmd", "\\\\host\\share", "C:\\temp\\new", "a|b;c&d", "*?[a-z]", "-rf",
    "javascript:x",
)  # fmt: skip
QUOTES = ('"', "'", "\\", "\\n\\t", "\\u0041 \\x41", "“curly” ‘too’ «and» „more“", 'a"b\\"c', "''", '""', "it's", "a\\")
PERCENTS = ("100%", "%20", "%2F%2f", "%25", "%zz", "a+b c", "?q=1&r=2#f", "%C3%A9", "=?utf-8?Q?a?=", "a=b;c=d")
SCRIPTS = (
    "\u00e9 \u00c5", "e\u0301 A\u030a", "\u212b \u2126", "ﬁ ﬂ", "① ² ™", "ｆｕｌｌ ｗｉｄｔｈ", "ß ẞ ſ", "İ ı I i",
    "Σ σ ς",
    "ǅ ǆ", "zero\u200bwidth\u2060", "join\u200der\u200cs", "soft\u00adhyphen", "\ufeffmark", "\u202eleft\u202c",
    "\u2066set apart\u2069", "\u200eleft\u200fright", "😀", "👨‍👩‍👧‍👦 family", "🇩🇪🇫🇷", "1️⃣ ❤️ ❤", "𝔘𝔫𝔦 𠀀 𐍈",
    "👍🏽", "ก็ ำ", "क्षि", "각 \u1100\u1161\u11a8", "z\u0334\u0322\u031b", "Ⅷ № €", "– — ‐ − …", "\ufffd",
    "עברית עִבְרִית",
    "العربية ـ", "中文，标点。", "日本語 ｶﾅ", "Ελληνικά ά ά", "кириллица й", "ﷺ", "🄰🅱️", "\ue000", "\U0010fffd",
    "\ufffe",
)  # fmt: skip
CASES = ("lower", "UPPER", "MiXeD cAsE", "camelCase", "snake_case", "kebab-case", "Title Case", "a.b.c", "ÄÖÜ äöü")
LIKE_IDS = (
    "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8",
    "6ba7b8109dad41d180b400c04fd430c8",
    "someone@example.com", "https://example.com/?a=b", "/api/v2/ai/providers", "...", "****", "a...b", "N/A", "-",
    "_",
)  # fmt: skip
SIZES = (
    1, 2, 3, 15, 16, 17, 20, 24, 25, 30, 31, 32, 33, 40, 48, 49, 50, 51, 60, 63, 64, 65, 80, 99, 100, 101, 120, 127,
    128, 129, 140, 150, 160, 190, 199, 200, 201, 250, 254, 255, 256, 257, 300, 500, 511, 512, 513, 1000, 1023, 1024,
    1025, 2000, 4096, 5000,
)  # fmt: skip
FEW_SIZES = (1, 2, 17, 33, 51, 65, 101, 129, 256, 257, 513, 1025, 4096)


def sized(length: int, letters: str = "abcdefgh jklmnopqrstuvw.") -> str:
    """Return a text of that many characters, which does not end in a blank, and whose ends tell where it was cut."""
    return (letters * (length // len(letters) + 1))[: length - 1] + "z"


def texts(*, every: bool) -> list[str]:
    """Return texts for a display name: of all kinds and lengths, or of all kinds and fewer lengths."""
    kinds = (NUMBERS, WORDS, DATES, BLANKS, CONTROLS, MARKUP, ATTACKS, QUOTES, PERCENTS, SCRIPTS, CASES, LIKE_IDS)
    lengths = [sized(length) for length in (SIZES if every else FEW_SIZES)]
    wide = [sized(64, "äöüß"), sized(128, "é"), sized(86, "語"), sized(64, "😀"), sized(300, "ж ")]
    return list(dict.fromkeys([*(text for kind in kinds for text in kind), *lengths, *wide]))


NEAR_TEXTS = (
    "ALPHA BETA", "alpha beta", "alpha Beta", "Alpha Beta ", " Alpha Beta", "Alpha  Beta", "AlphaBeta", "Alpha-Beta",
    "Alpha_Beta", "Alpha\u00a0Beta", "Alpha\tBeta", "Alpha\nBeta", "Alpha Bet", "Alpha Betaa", "Älpha Beta", "Alpha",
    "A\u0308lpha Beta", "Alpha Beta\u200b", "Alpha Beta.", "Alpha, Beta", '"Alpha Beta"', "Beta Alpha", "Αlpha Beta",
    "1", "1.0", "01", "1", "true", "null", "0", "<Alpha Beta>", "Alpha+Beta", "Alpha%20Beta", "Alpha Beta 2",
)  # fmt: skip
NEAR_TEXT = "Alpha Beta"  # what each of them is near to

HOST = "https://ai.example.com"
URLS = (
    *(f"{HOST}{rest}" for rest in (
        "", "/", "//", "/v1", "/v1/", "/v1//", "/V1/Models", "/a/./b/../c", "/.", "/v1?", "/v1#", "/v1#part", "?a=1",
        "/v1?b=2&a=1", "/v1?a=2&a=1", "/v1?a=&b", "/v1?&&a=1", "/v1?a=b=c", "/v1?q=x+y%20z", "/v1?a=1;b=2", "/v1;p=1",
        "/a%2fb", "/a%2Fb", "/%7euser/%41", "/%e2%82%ac", "/v1?x=%2f%3d", "/v1?u=https://e.com/p", "/~user/(a)/*!$,'",
        "/@scope/a:b", "/a_b-c.d", "/v1?z", "/openai/deployments/gpt-4?api-version=2024-02-01", "/a%20b", "/a%25b",
        "/modèle", "/v1?q=ä", "/<b>", '/"q"', "/{id}", "/a|b", "/v1?x[]=1", "/v1#a?b", "/index.html", "/0", "/null",
    )),
    "http://ai.example.com", "http://127.0.0.1:8081", "http://localhost:11434/v1", "http://localhost",
    "http://e.com:80",
    "https://ai.example.com:443/v1", "https://ai.example.com:8443", "http://ai.example.com:65535/", "http://a.b:1",
    "http://[::1]", "http://[::1]:8080/v1", "https://[2001:db8::1]/", "https://[2001:DB8:0:0::A]:9000/v1",
    "HTTPS://ai.example.com/v1", "Http://ai.example.com", "https://AI.Example.COM/v1", "https://bücher.example/v1",
    "https://xn--bcher-kva.example/v1", "https://api-eu.my-host.example.com", "https://a--b.example",
    "https://0.example",
    "https://ai.example.com./v1", "https://intranet/v1", "https://a_b.example.com", "https://www.example.com",
    "https://user@ai.example.com", "https://user:dummy@ai.example.com:8443/v1", "https://:dummy@ai.example.com",
    "https://10.0.0.1", "https://010.0.0.1/", "https://123/", "https://host.docker.internal:1234", "https://例え.jp/",
    "https://e.co", f"{HOST}/{'p' * 240}", f"{HOST}/{'q' * 2100}", f"https://{'h' * 63}.example.com",
    f"https://{'.'.join(['sub'] * 20)}.example.com/v1", f"{HOST}/v1?k={'v' * 500}",
)  # fmt: skip
NEAR_URL = f"{HOST}/v1"  # what each of these is near to
NEAR_URLS = (
    f"{HOST}/v1/", f"{HOST}/V1", f"{HOST}//v1", "HTTPS://ai.example.com/v1", "https://AI.example.com/v1",
    f"{HOST}/v1#a",
    f"{HOST}:443/v1", "http://ai.example.com/v1", f"{HOST}/v1?", f"{HOST}/v1?a=1&b=2", f"{HOST}/v1?b=2&a=1", HOST,
    f"{HOST}/", f"{HOST}/%761", f"{HOST}/./v1", "https://www.ai.example.com/v1", f"{HOST}./v1", f"{HOST}/v2",
    f"{HOST}/v1/x", "https://user@ai.example.com/v1", f"{HOST}/v1?a=%2f", f"{HOST}/v1?a=%2F", f"{HOST}/v11",
    f"{HOST}/v",
    "https://ai.example.org/v1", "https://ai-example.com/v1", f"{HOST}:8443/v1",
)  # fmt: skip
# What the page alone does not say to be kept letter by letter: spellings that mean the same to whoever reads a URL.
OTHER_SPELLINGS = re.compile(
    r"[A-Z].*://.*|[^:]+://([^/?#]*@|[^/?#]*[^\x00-\x7f]|.*\[.*[A-Z]).*|.*[?#]|.*%([a-f].|.[a-f]|[47]).*"
)

KEY_TEXTS = (
    *("d", "du", "dum", "dumm", "dummy", "dummyk", "dummy-key", "dummykey9", "dummy-key0", "dummy-key-19-chars."),
    "dummy-key-20-chars..", "dummy-key-21-chars...", "dummy-" + "k" * 58, "dummy-" + "k" * 250, "dummy-" + "k" * 2100,
    "dummy key of words", "dummy  two", "dum my", "a dummy key b", "dummy\ttab-in-it", "dummy\nline-in-it",
    "ZHVtbXkta2V5LTE==", "ZHVtbXk=", "ZHVtbXk/dummy+Key", "00000000-0000-4000-8000-000000000000", "0000000000000000",
    "0123456789", "00dummy00", "1.50", "null", "true", "Bearer dummy-token", "sk-ant-api03-dummy",
    "sk-proj-dummy_DUMMY",
    "AKIADUMMYDUMMY", "AIzaDummyDummyDummy", "DUMMY-UPPER-CASE-KEY", "dummy.jwt.like-one", "dummy:with:colons",
    "{dummy}",
    "dummy/with/slashes", "dummy?a=b&c=d#e", "dummy%20%2F%", "dummy\\n\\u0041", "'dummy'quotes'", '"dummy"quotes"',
    "...",
    "****", "dummy...dummy", "du...my", '{"dummy": 1}', "<dummy>&amp;</dummy>", "dummy-ключ-αβγ", "ключ",
    "dummy-e\u0301",
    "dummy-\u00e9", "dummy-\u200bwidth", "dummy-🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑", "🔑🔑", "🔑dummy-key🔑",
    "dummy-日本語の鍵", "-dummy-",
    "_dummy_", "=dummy=", "+dummy+", "~dummy~!@#$^&*()", "dummy-שלום", "$DUMMY", "${DUMMY}", "dummy;--",
    "dummy,key,with,commas", "dummy, key", "dummy;key;of;parts", "dummy|key|of|parts", "dummy\u2028of\u2029lines",
)  # fmt: skip
SETTING_TEXTS = (
    "claude", "anthropic.claude-v2:1", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "a/b/c", "a:b", ":a", "a:",
    "a@b",
    "arn:aws:bedrock:us-east-1:000000000000:inference-profile/x", "us-gov-west-1", "UPPER", "MiXed", "0", "007",
    "1.50",
    "null", "true", "a b", "a  b", "a\\b", 'a"b', "it's", "%2F%20", "a+b", "a?b=c#d", "&amp;", "<b>", "a.b_c",
    "e\u0301",
    "é", "модель", "模型", "🤖", "latest", "-", "*", "a,b;c", "eu-north-1", "default", "none", sized(64), sized(129),
    sized(256), sized(600), "a\tb", "~/x", "..", "$x {y}", "=a", "a\u200bb", "x" * 40, "İ ß", "v1", "2024-01-01",
)  # fmt: skip
NAME_ENDS = (
    "a", "0", "00", "007", "a-b", "ab", "a-bc", "abc", "a-b-c", "ab-c", "a1", "a-1", "a-01", "1e5", "null", "true",
    "openai", "providers", "deadbeef", "0-0", "9-a", "list", "default", "q" * 64, "r-" * 40 + "r", "s" * 190,
)  # fmt: skip


def odd_names(number: int) -> tuple[str, ...]:
    """Return names that cannot carry the mark of a run: those that servers may take for something else."""
    return (
        f"00{number}", f"{number}", f"0{number:x}a", f"{number:x}cafe", f"dead-{number:x}", f"{number}e5",
    f"0x{number}",
        f"{number:08x}-beef", f"a{number}", f"{number}a", f"1-{number}",
        f"{number:x}-b-c-d-e", f"{number:012x}", f"{number:024x}", "q", "7", "00", "openai", "bedrock", "azure",
        "openai-compat", "null", "true", "undefined", "new", "me", "providers", "ai", "api", "v2", "all", "default",
        "id", "name", "none", "self", "search", "count", "anthropic", "google", "openrouter", "vercel", "keys", "www",
        "constructor", "prototype", "length", "admin", "root", "test", "nul", "index", "create", "edit", "delete",
        "status", "health", "models", "types", "batch", "import", "export", "true-1", "select", "nan", "infinity",
    )  # fmt: skip


def settings_of(number: int) -> dict[str, Json]:
    """Return bedrock settings whose three texts are the rows of the table from that one on."""
    region, model, small = (SETTING_TEXTS[(number + step) % len(SETTING_TEXTS)] for step in (0, 17, 31))
    made = {"region": region, "model": model, "small_fast_model": small}
    return bedrock(**dict(list(made.items())[: 1 + number % 3]))


# What is open


def may_be_refused(body: dict[str, Json], *, deployed: bool) -> bool:
    """Tell whether a right server may refuse a body for a text in it that not every store, or reader, can take.

    As documented, a server may have a rule of its own on URLs and names; what it takes it keeps.
    """
    held = body.get("settings") if isinstance(body.get("settings"), dict) else {}
    found = [body.get("display_name"), *(held or {}).values(), *_key_texts(body.get("api_keys"))]
    if any(ODD_TEXT.search(re.sub(r"[\t\n\r]", "", text)) for text in found if isinstance(text, str)):
        return True
    url, name = body.get("base_url"), body.get("name")
    if isinstance(url, str) and not (PLAIN_URL.fullmatch(url) or (deployed and url.isascii() and not _quoted(url))):
        return True
    return not deployed and isinstance(name, str) and NAME.fullmatch(name) is None


def kept_as_sent(body: dict[str, Json], *, deployed: bool) -> bool:
    """Tell whether the profile says that what a body sets comes back letter by letter."""
    if deployed:
        return True
    url, title = body.get("base_url"), body.get("display_name")
    odd = isinstance(url, str) and OTHER_SPELLINGS.fullmatch(url) is not None
    return not odd and not (isinstance(title, str) and title and not title.strip())


def _quoted(url: str) -> bool:
    """Tell whether a URL has characters that RFC 3986 wants to be escaped."""
    return re.search(r"[\x00-\x20<>\"{}|\\^`\[\]]", re.sub(r"^[^:]+://(?:[^/?#@]*@)?\[[^\]]*\]", "", url)) is not None


def _key_texts(keys: Json) -> list[Json]:
    entries = keys if isinstance(keys, list) else []
    return [entry.get("api_key") if isinstance(entry, dict) else entry for entry in entries]
