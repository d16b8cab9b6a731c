"""Text that came from a server under test, made fit to be shown: no control characters, no endless values."""

import dataclasses
import re
from typing import Any, TypeVar
from urllib.parse import urlsplit

__all__ = ["cleaned", "cut", "escaped", "harmless", "number", "one_line", "plural", "seconds", "without_credentials"]

T = TypeVar("T")

# Control characters (a terminal obeys them), bidirectional and invisible format characters (people are misled by
# them), lone surrogates and noncharacters (XML and UTF-8 refuse them). Joiners stay: scripts and emoji need them.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


def escaped(text: str) -> str:
    r"""Write each character of a text as JSON would escape it: `\u001b`; what is in a JSON string keeps its meaning."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def harmless(text: str) -> str:
    r"""Make what a terminal would obey, or nobody would see, visible as `\uXXXX`; lines and tabs stay."""
    return _HARMFUL.sub(lambda found: escaped(found[0]), text.replace("\r\n", "\n"))


def without_credentials(url: str) -> str:
    """Leave user name and password out of a URL; text that is no URL is returned as it is."""
    try:
        place = urlsplit(url).netloc
    except ValueError:
        return url
    user, at, host = place.rpartition("@")
    return url.replace(f"{user}@", "***@", 1) if at and host else url


def cleaned(value: T) -> T:
    """Return a copy of a value, such as a run, in which every text is harmless and no target holds a password."""
    return _clean(value)  # type: ignore[no-any-return]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        # An enumeration's member stays what it is: its text is ours.
        return harmless(value) if type(value) is str else value
    if isinstance(value, tuple | list):
        return type(value)(map(_clean, value))
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {field.name: _clean(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if {"target", "run_id"} <= changes.keys():
            changes["target"] = without_credentials(changes["target"])
        return dataclasses.replace(value, **changes)
    return value


def cut(text: str, limit: int) -> str:
    """Cut a text after `limit` characters, and say how many are left out."""
    left_out = len(text) - limit
    return text if left_out <= 0 else f"{text[:limit]}… ({plural(left_out, 'character')} more)"


def one_line(text: str, limit: int = 1000) -> str:
    """Put a text on one line, its white space collapsed, at most about `limit` characters long."""
    return cut(" ".join(text.split()), limit)


def number(value: int) -> str:
    """Write a whole number with a comma every three digits."""
    return f"{value:,}"


def plural(count: int, noun: str) -> str:
    """Count a noun: `1 check`, `1,204 checks`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def seconds(value: float) -> str:
    """Write a duration for people: `35 ms`, `9.8 s`, `2 min 5 s`."""
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 99.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"
