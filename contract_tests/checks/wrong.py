"""Values that a member may not have, and their nearest neighbours that it may: what the checks of validation send."""

from typing import Any

from contract_tests.documents import CREATE, UPDATE

Json = Any

BAD_URLS = {
    "empty": "",
    "no scheme": "ai.example.com",
    "path alone": "/v1",
    "no scheme but slashes": "//ai.example.com",
    "other scheme": "ftp://ai.example.com",
    "file": "file:///etc/hosts",
    "no host": "https://",
    "no host but a path": "https:///v1",
    "no host but a port": "http://:8080",
    "one slash": "https:/ai.example.com",
    "scheme alone": "https",
    "no slashes": "https:ai.example.com",
    "blank before": " https://ai.example.com/v1",
    "blank after": "https://ai.example.com ",
    "mail": "mailto:ai@example.com",
    "script": "javascript:alert(1)",
    "data": "data:text/plain,x",
    "socket": "wss://ai.example.com",
    "words": "not a url",
    "scheme that begins with http": "httpx://ai.example.com",
    "user without a host": "https://user@/v1",
    "query without a host": "https://?region=eu",
    "blank in the host": "https://ai example.com",
    "port of letters": "https://ai.example.com:http/v1",
    "no colon": "https//ai.example.com/v1",
    "scheme that ends with http": "xhttp://ai.example.com",
    "fragment without a host": "https://#v1",
    "no scheme but a port": "ai.example.com:8443/v1",
    "no scheme but a colon": "://ai.example.com",
}
GOOD_URLS = {
    "scheme in capitals": "HTTPS://ai.example.com",
    "address": "https://[::1]:8443/v1",
    "http": "http://ai.example.com",
    "dash in the host": "https://api-eu.example.com/v1",
    "host of one word": "http://ollama:11434",
    "numbers": "http://10.0.0.7:8000/",
    "digits in the host": "https://4.ai2.example.com",
    "slash at the end": "https://ai.example.com/v1/",
    "query": "https://ai.example.com/v1?region=eu&tier=1",
    "escape": "https://ai.example.com/a%20b",
    "another URL in the path": "https://ai.example.com/to/https://b.example",
}
BAD_KEYS = {
    "empty": "",
    "space": " ",
    "space before": " {}",
    "space after": "{} ",
    "tab": "\t{}",
    "tab after": "{}\t",
    "line break": "{}\n",
    "line break before": "\n{}",
    "carriage return": "{}\r\n",
    "both ends": " {} ",
    "tab alone": "\t",
    "line break alone": "\n",
}
BAD_TYPES = ("nope", "OpenAI", "openai ", "open-ai", "gemini", "openai_compat", "OPENAI", "aws", " openai", "")
BAD_IN_NAMES = {
    "upper case": "N",
    "underscore": "_",
    "two dashes": "--",
    "space": " ",
    "dot": ".",
    "slash": "/",
    "non-ASCII letter": "é",
    "non-ASCII digit": "٣",
    "full-width letter": "ａ",
    "line break": "\n",
    "at sign": "@",
    "colon": ":",
    "plus": "+",
    "long dash": "–",
    "star": "*",
}
PLACES = ("start", "middle", "thirtieth", "last but one", "end")
LENGTHS = (8, 33, 64, 130)  # characters that names have at least, what is wrong with them left out
WRONG_TYPES: dict[str, tuple[Json, ...]] = {
    "name": (5, True, False, ["a"], {"a": 1}),
    "type": (5, False, ["openai"], {}),
    "base_url": (5, True, False, ["https://a.example"], {}),
    "display_name": (5, 0, 1.5, True, False, ["a"], [], {}),
    "enabled": ("true", "false", "", 1, 0, 1.5, [], {}),
    "api_keys": ("dummy-key", "", 5, 0, False, {}, [5], [True], [["a"]]),
    "settings": ("bedrock", "", 5, 0, True, False, []),
}
WRONG_ENTRIES: dict[str, tuple[Json, ...]] = {
    CREATE: ([{}], [{"api_key": "dummy-key"}]),
    UPDATE: (["dummy-key"], [{"id": 7}], [{"id": True}], [{"api_key": 7}], [{"api_key": ["dummy-key"]}]),
}
# One element of a list of keys that has the wrong JSON type, wherever it stands.
WRONG_ELEMENTS: dict[str, tuple[Json, ...]] = {
    CREATE: (7, True, 0, False, 1.5, [], {}, ["dummy-key"], {"api_key": "dummy-key"}, {"id": "x"}),
    UPDATE: ("dummy-key", 7, True, 0, "", [], ["dummy-key"], {"api_key": 7}, {"api_key": False}, {"api_key": []},
             {"api_key": {}}, {"id": 7}, {"id": False}, {"id": ["x"]}, {"id": {}}),
}  # fmt: skip


def bad_name(stem: str, what: str, where: str, length: int) -> str:
    """Return a name of the run that has one thing wrong at one of the places; `length` is what it has at least."""
    whole = f"{stem}-{'n' * max(4, length - len(stem) - 1)}"
    places = {"start": 0, "middle": len(stem) + 2, "thirtieth": min(30, len(whole) - 1), "last but one": len(whole) - 1}
    place = places.get(where, len(whole))
    return whole[:place] + BAD_IN_NAMES[what] + whole[place:]


def kind_of(value: Json) -> str:
    """Say what JSON type a value has, of a list with that of its elements."""
    if isinstance(value, list) and value:
        return f"array of {kind_of(value[0])}s"
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]
