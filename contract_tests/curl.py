"""Reproducers: exchanges as shell command lines that run as they are, without tokens or the data of others."""

import base64
import gzip
import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from contract_tests.exchange import Exchange
from contract_tests.results import Step

LONG_BODY = 2000
SHOWN_BODY = 6000
PICK = "python3 -c 'import json, sys; print(json.load(sys.stdin){path})'"
BROWSER = "Mozilla/"
HEX = "od -An -v -tx1 | tr -d '\\n' | tr ' ' %"
HIDDEN_HEADERS = {"host", "content-length", "user-agent", "accept-encoding"}


# Other forms of a token that checks send, and the shell's way to make them of the variable that holds it.
FORMS: tuple[tuple[Callable[[str], str], str], ...] = (
    (lambda token: "".join(f"%{byte:02X}" for byte in token.encode()), f'(printf %s "${{}}" | {HEX} | tr a-f A-F)'),
    (lambda token: "".join(f"%{byte:02x}" for byte in token.encode()), f'(printf %s "${{}}" | {HEX})'),
    (lambda token: base64.b64encode(token.encode()).decode(), '(printf %s "${}" | base64 | tr -d "\\n")'),
)
# Those that shorter tokens may have in common with other text.
NEAR_FORMS: tuple[tuple[Callable[[str], str], str], ...] = (
    (lambda token: token.swapcase(), '(printf %s "${}" | tr A-Za-z a-zA-Z)'),
    (lambda token: token[::-1], '(printf %s "${}" | rev)'),
    (lambda token: token[1:], "{{{}#?}}"),
    (lambda token: token[:-1], "{{{}%?}}"),
)
TELLING = 10  # characters that a token has at least, for a part of it to be told from other text


class Redaction:
    """Replaces the tokens of a run, however they are written, by the shell variables that hold them."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self.values: dict[str, str] = {}
        for name, token in tokens.items():
            for text in (token, quote(token, safe=""), quote(token), json.dumps(token)[1:-1]):
                self.values.setdefault(text, name)
        for name, token in tokens.items():
            for change, form in (*FORMS, *(NEAR_FORMS if len(token) >= TELLING else ())):
                self.values.setdefault(change(token), form.format(name))

    def __call__(self, text: str) -> str:
        """Return the text with every token replaced by `$NAME`."""
        for value in sorted(self.values, key=len, reverse=True):
            text = text.replace(value, f"${self.values[value]}")
        return text


def shell(text: str, variables: dict[str, str]) -> str:
    """Quote a text for a POSIX shell; each value that a variable holds is written as that variable."""
    values = sorted((value for value in variables if value), key=len, reverse=True)
    if not values:
        return shlex.quote(text)
    parts = re.split("(" + "|".join(map(re.escape, values)) + ")", text)
    quoted = [f'"${variables[part]}"' if part in variables else shlex.quote(part) for part in parts if part]
    return "".join(quoted) or "''"


def steps(
    exchanges: Sequence[Exchange], base_url: str, redact: Redaction, show: Callable[[Exchange], str]
) -> tuple[Step, ...]:
    """Return the steps of a reproducer. `show` gives an answer's body as text without the data of others."""
    variables = dict(redact.values)
    made = []
    for index, exchange in enumerate(exchanges):
        later = "\n".join(text for other in exchanges[index + 1 :] for text in (other.target, _text(other.body)))
        picked = [(path, value) for path, value in _ids(exchange.json) if value in later and value not in variables]
        line = _command(exchange, base_url, variables, capture=bool(picked))
        if picked:
            answer = f"A{index + 1}"
            lines = [f"{answer}=$({line}); printf '%s\\n' \"${answer}\""]
            for path, value in picked:
                variables[value] = name = f"ID{len(variables) - len(redact.values) + 1}"
                lines.append(f'{name}=$(printf %s "${answer}" | {PICK.format(path=path)})')
            line = "\n".join(lines)
        made.append(_step(exchange, line, redact, show))
    return tuple(made)


def _step(exchange: Exchange, line: str, redact: Redaction, show: Callable[[Exchange], str]) -> Step:
    reply = exchange.reply
    sent = tuple((k, redact(v)) for k, v in exchange.headers if k.lower() not in HIDDEN_HEADERS)
    return Step(
        exchange.method,
        redact(exchange.target),
        line,
        sent,
        _cut(redact(_text(exchange.body))),
        reply.status,
        tuple((k, redact(v)) for k, v in reply.headers),
        _cut(redact(show(exchange))),
        reply.trouble and redact(reply.trouble),
        round(reply.seconds * 1000, 1),
    )


def _ids(value: Any) -> list[tuple[str, str]]:
    """Return where an answer holds ids that the server made, as Python subscripts, and the ids."""
    if not isinstance(value, dict):
        return []
    found = [('["id"]', value["id"])] if isinstance(value.get("id"), str) else []
    keys = value.get("api_keys")
    for index, key in enumerate(keys if isinstance(keys, list) else []):
        if isinstance(key, dict) and isinstance(key.get("id"), str):
            found.append((f'["api_keys"][{index}]["id"]', key["id"]))
    return found


def _command(exchange: Exchange, base_url: str, variables: dict[str, str], capture: bool) -> str:
    words = ["curl", "-sS" if capture else "-sS -i", "--globoff --path-as-is"]
    if exchange.method == "HEAD":
        words.append("--head")
    elif exchange.method != "GET" or exchange.body:
        words.append(f"-X {shlex.quote(exchange.method)}")
    words.append(shell(base_url.rstrip("/") + exchange.target, variables))
    shown = [(k, v) for k, v in exchange.headers if k.lower() not in HIDDEN_HEADERS or v.startswith(BROWSER)]
    words += [f"-H {shell(_header(k, v), variables)}" for k, v in shown]
    if not any(k.lower() == "accept" for k, _ in shown):
        words.append("-H 'Accept:'")  # curl would send one of its own
    feed, data = _data(exchange.body, variables)
    if exchange.body and not any(k.lower() == "content-type" for k, _ in exchange.headers):
        words.append("-H 'Content-Type:'")  # curl would send a type of its own
    return feed + " ".join(words) + data


def _header(name: str, value: str) -> str:
    return f"{name}: {value}" if value else f"{name};"


def _data(body: bytes, variables: dict[str, str]) -> tuple[str, str]:
    """Return what feeds a body to curl: a command before it, if any, and its option."""
    if not body:
        return "", ""
    text = _text(body)
    if len(body) > LONG_BODY:
        packed = base64.b64encode(gzip.compress(body, mtime=0)).decode()
        return f"printf %s {packed} | base64 -d | gunzip | ", " --data-binary @-"
    if text.encode() != body or "\x00" in text or text.startswith("@"):
        octal = "".join(f"\\{byte:03o}" for byte in body)
        return f"printf '{octal}' | ", " --data-binary @-"
    return "", f" --data-binary {shell(text, variables)}"


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_BODY else f"{text[:SHOWN_BODY]}… ({len(text)} characters in all)"
