"""Turn what schemathesis generates into what may be sent: names, keys, hosts and path values that harm nobody.

Each change keeps a valid value valid and an invalid one invalid, so that the verdict on the answer stays what it was.
"""

import re
from typing import Any
from urllib.parse import unquote

from schemathesis.core import NotSet
from schemathesis.generation.case import Case

from contract_tests.documents import CREATE, DELETE, GET, UPDATE
from contract_tests.ledger import Ledger
from contract_tests.openness import SETTINGS, calmed, is_deployed, is_plain_target, settled, unmasked
from contract_tests.scene import Scene
from contract_tests.schemathesis_bridge.book import Book
from contract_tests.session import DUMMY, UNSAFE

Json = Any
HOST = re.compile(r"(?i)(https?://(?:[^/?#@\s]*@)?)([^/?#@:\[\]\s]+)")
SECRETS = ("access_key", "access_key_secret")
ALIVE = 12  # providers that a check keeps: enough for a list worth looking at, few enough to be quick


class Steering:
    """Steers the cases of one check; `follow` tells that path values come from links, and stay where they may."""

    def __init__(self, scene: Scene, book: Book, follow: bool = False) -> None:
        self.scene = scene
        self.book = book
        self.follow = follow
        self.ledger: Ledger = scene.session.ledger
        self.plain = ""  # the id of a provider without settings
        self.bedrock = ""  # the id of a provider with bedrock settings
        self._turn = 0

    def prepare(self) -> None:
        """Make the providers that item operations are tried on."""
        self.plain = self._make(api_keys=[self.scene.key()])
        if is_deployed(self.scene.contract):
            self.bedrock = self._make(type="anthropic", settings=dict(SETTINGS))

    def steer(self, case: Case[Any]) -> None:
        """Change a case in place, so that it can be sent."""
        self._turn += 1
        if not isinstance(case.body, NotSet):
            case.body = self._body(case.method, self._calmed(case))
        if case.path_parameters:
            name, value = next(iter(case.path_parameters.items()))
            case.path_parameters = {**case.path_parameters, name: self._target(case, value)}

    def tidy(self) -> None:
        """Remove the oldest providers where there are many; not those that links may lead to."""
        if not self.follow:
            self._remove([one for one in self.book.live if one not in {self.plain, self.bedrock}][:-ALIVE])

    def clear(self) -> None:
        """Remove everything that the check made so far."""
        self._remove(list(self.book.live))

    def _remove(self, ids: list[str]) -> None:
        for provider_id in ids:
            if self.scene.session.remove(provider_id):
                self.ledger.live.pop(provider_id, None)
            self.book.live.pop(provider_id)

    # Bodies

    def _calmed(self, case: Case[Any]) -> Json:
        """Return the body of a case with what would hide the server's judgement of it left out.

        Of the valid bodies that the contract leaves open, two of three are made plain.
        """
        contract, operation = self.scene.contract, case.operation.definition.raw.get("operationId")
        if not isinstance(case.body, dict) or operation not in {CREATE, UPDATE}:
            return case.body
        if case.method != case.operation.method.upper():
            return case.body
        if not contract.is_valid(contract.operations[operation].body_pointer, case.body):
            return unmasked(contract, operation, case.body)
        if self._turn % 3 == 0 or settled(contract, operation, case.body):
            return case.body
        return calmed(contract, operation, case.body, self._turn)

    def _body(self, method: str, body: Json) -> Json:
        if not isinstance(body, dict):
            return body
        made = without_dummies(body)
        if method == "POST" and isinstance(made.get("name"), str):
            made["name"] = f"{self.ledger.name('s')}-{made['name']}"
        if isinstance(made.get("base_url"), str):
            made["base_url"] = HOST.sub(r"\1\2.example", made["base_url"], count=1)
        if isinstance(made.get("api_keys"), list):
            made["api_keys"] = [_entry(entry) for entry in made["api_keys"]]
        if isinstance(made.get("settings"), dict):
            texts = {name: value for name, value in made["settings"].items() if name in SECRETS}
            made["settings"] = {**made["settings"], **{name: _key(value) for name, value in texts.items()}}
        return made

    # Path values

    def _target(self, case: Case[Any], value: Json) -> Json:
        unsafe = case.method in UNSAFE
        value = without_dummies(value)
        text = unquote(str(value))
        if self.follow:
            return self.ledger.nobody() if unsafe and not self.ledger.may_change(text) else value
        negative = not isinstance(value, str) or not is_plain_target(text)
        if case.method.lower() != case.operation.method.lower():
            return self.plain or self.ledger.nobody()  # another method: only of what is there, 405 is certain
        if negative and not (unsafe and not self.ledger.may_change(text)):
            return self._meant(case, value)
        return self._own(case)

    def _meant(self, case: Case[Any], value: Json) -> Json:
        """Keep a value that is no name or id where the document does not allow it, or now and then."""
        if is_deployed(self.scene.contract) or self._turn % 4 == 0:
            return value
        return self._own(case)

    def _own(self, case: Case[Any]) -> str:
        operation = case.operation.definition.raw.get("operationId")
        if self.scene.options.read_only:
            return next(iter(self.ledger.strangers), "") or self.ledger.nobody()
        if operation == DELETE:
            return (self._turn % 2 and self._make()) or self.ledger.nobody()
        if self._turn % 5 == 0:
            return self.ledger.nobody()
        if operation == UPDATE and isinstance(case.body, dict) and case.body.get("settings") is not None:
            return self.bedrock or self.plain or self.ledger.nobody()
        if operation == GET and self._turn % 2:
            return str(self.book.live.get(self.plain, {}).get("name") or self.plain) or self.ledger.nobody()
        return self.plain or self.ledger.nobody()

    def _make(self, **members: Json) -> str:
        exchange = self.scene.session.call(CREATE, body=self.scene.body(**members))
        self.book.learn(exchange, None)
        provider = exchange.provider() or {}
        return provider["id"] if isinstance(provider.get("id"), str) else ""


def without_dummies(value: Json) -> Json:
    """Return a value in which no text looks like a key of this package: Hypothesis takes texts of the code, too."""
    if isinstance(value, str):
        return value.replace(DUMMY, "plain-")
    if isinstance(value, dict):
        return {name: without_dummies(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_dummies(inner) for inner in value]
    return value


def _entry(entry: Json) -> Json:
    if isinstance(entry, dict):
        return {**entry, "api_key": _key(entry["api_key"])} if "api_key" in entry else entry
    return _key(entry)


def _key(value: Json) -> Json:
    """Make a valid key a dummy that everybody sees is one; an invalid one stays as it is, and is no key to anything."""
    return f"{DUMMY}{value}" if isinstance(value, str) and value and value == value.strip() else value
