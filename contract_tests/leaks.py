"""Plain texts of keys in answers: as they were sent, and in the disguises in which servers let them slip."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from contract_tests.exchange import Exchange
from contract_tests.findings import Departure
from contract_tests.results import Severity

DUMMY = "dummy-"  # how the keys start that checks make
PART = 12  # characters of a long key's start that no answer has, whatever else it holds
LONG = 24
# Ways to write a secret that give it away all the same; each of them keeps the start or the end of DUMMY together.
DISGUISES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("as it was sent", str),
    ("in other case", str.swapcase),
    ("backwards", lambda text: text[::-1]),
    ("in base 64", lambda text: base64.b64encode(text.encode()).decode().rstrip("=")[:-1]),
    ("in hexadecimal digits", lambda text: text.encode().hex()),
)
MARKS = tuple(change(DUMMY).lower() for _, change in DISGUISES[2:])


@lru_cache(maxsize=4096)
def _forms(secret: str) -> tuple[tuple[str, str], ...]:
    """Return the forms of a secret in small letters, with what each of them is called."""
    return tuple((name, change(secret).lower()) for name, change in DISGUISES if name != "in other case")


class Secrets:
    """The plain texts that a run has sent, in their order; those that start as dummies do apart from the others."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._dummies: dict[str, None] = {}
        self._others: dict[str, None] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Note a text that no answer may hold."""
        (self._dummies if secret.startswith(DUMMY) else self._others).setdefault(secret)

    def __iter__(self) -> Iterator[str]:
        return iter((*self._others, *self._dummies))

    def possible(self, text: str) -> tuple[str, ...]:
        """Return those that a text in small letters may hold."""
        marked = any(mark in text for mark in (DUMMY, *MARKS))
        return tuple(self) if marked else tuple(self._others)


def leaks(exchange: Exchange, where: tuple[str, ...], secrets: Secrets) -> Iterator[Departure]:
    """Yield a departure where an answer holds a secret in any form, or an error answer a part of one."""
    body = exchange.reply.body.decode("utf-8", "replace")
    if "\\" in body and exchange.json:
        body += json.dumps(exchange.json, ensure_ascii=False)  # escapes hide nothing
    heads = "\n".join(f"{name}: {value}" for name, value in exchange.reply.headers)
    places = {"the body": body.lower(), "a header": heads.lower()}
    error = (exchange.status or 0) >= 400
    for place, text in places.items():
        found = _found(text, secrets.possible(text), error)
        if found is not None:
            secret, how = found
            kind = "error answer" if error else "answer"
            yield Departure(
                "rules.secrets-never-leak",
                f"{kind}:{place}",
                "A secret that was sent comes back in plain text",
                "no answer carries a key or secret in plain text",
                f"{place} of a {exchange.status} answer carries the key {secret!r} {how}",
                Severity.CRITICAL,
                "rule keys-are-masked",
                where,
            )
            return


def _found(text: str, secrets: tuple[str, ...], error: bool) -> tuple[str, str] | None:
    """Return the secret that a text in small letters holds, and in which form; None where it holds none."""
    for secret in secrets:
        for how, form in _forms(secret):
            if form in text:
                return secret, how
        if error and len(secret) >= LONG and secret[:PART].lower() in text:
            return secret, "in part"
    return None
