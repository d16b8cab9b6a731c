"""Leave a server as it was found: remember what was there, remove what was made, and tell the two apart."""

from typing import Any

from contract_tests.documents import LIST
from contract_tests.errors import HarmSeen
from contract_tests.exchange import Exchange
from contract_tests.findings import Departure
from contract_tests.ledger import identity
from contract_tests.results import Severity
from contract_tests.session import Session

CLOSE_WATCH = 200  # strangers up to which the list is compared after every check that writes
LOOKED_INTO = 20  # strangers that are also read one by one, at the end
AT_ONCE = 2  # of these, how many are read after a check, in turns
TRIES = 3
GIVE_UP = 3  # requests in a row without an answer after which nothing more is removed


class Guardian:
    """Watches what was there before a run, and removes what the run made."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.seen = False  # whether the list could be read before anything was made
        self._details: dict[str, Any] = {}
        self._turn = 0  # of the details, which is read next

    def look_around(self) -> None:
        """Write down what is there before anything is made."""
        session = self.session
        listed = session.list_providers()
        self.seen = listed is not None
        session.ledger.remember_strangers(listed or ())
        for provider_id in list(session.ledger.strangers)[:LOOKED_INTO]:
            self._details[provider_id] = self._detail(provider_id)

    def after_check(self) -> None:
        """Remove what the check made, and stop the run where others' data changed. Raises :class:`HarmSeen`."""
        self._tell_unasked()
        self.remove_made()
        if len(self.session.ledger.strangers) <= CLOSE_WATCH:
            self.stop_at_harm(AT_ONCE)

    def _tell_unasked(self) -> None:
        """Record creates of the check that were refused and made something all the same."""
        session = self.session
        refused = {
            one.sent["name"]: one
            for one in session.trail
            if one.method == "POST"
            and isinstance(one.sent, dict)
            and isinstance(one.sent.get("name"), str)
            and 400 <= (one.status or 0) < 500
            and one.reply.trouble is None
        }
        answered = [one for one in session.trail if one.method == "POST" and one.ok]
        named = [
            one.get("name") for answer in answered for one in (answer.document, answer.sent) if isinstance(one, dict)
        ]
        made = {name for name in named if isinstance(name, str)}
        if not refused.keys() - made:
            return
        for provider in session.list_providers() or ():
            name = provider.get("name") if isinstance(provider, dict) else None
            if isinstance(name, str) and name in refused and name not in made and session.ledger.made(provider):
                exchange = refused[name]
                session.ledger.remember(provider)
                session.recorder.add(
                    Departure(
                        "rules.atomic",
                        f"made:{exchange.status}",
                        "A refused request changes something",
                        "a refused create makes nothing",
                        f"after the {exchange.status}, a provider {name!r} is there",
                        Severity.CRITICAL if exchange.status in {401, 403} else Severity.MAJOR,
                        "openapi/rules.yaml, rule all-or-nothing",
                        (exchange.operation,) if exchange.operation else (),
                    ),
                    [exchange],
                    session.check,
                )

    def stop_at_harm(self, most: int = LOOKED_INTO) -> None:
        """Raise :class:`HarmSeen`, with a finding recorded, if anything changed that the run did not make.

        Besides the list, at most `most` of the providers that were there are read.
        """
        changed = self._changes(most)
        if changed:
            self.session.recorder.add(
                Departure(
                    "aftermath.strangers",
                    "changed",
                    "Providers that the run did not make were changed",
                    "what a request does not name stays as it is",
                    "; ".join(changed),
                    Severity.CRITICAL,
                    "safety of the data that was there before",
                ),
                [one for one in self.session.trail if one.method in {"POST", "PUT", "PATCH", "DELETE"}][-5:],
            )
            raise HarmSeen(f"providers that this run did not make were changed: {'; '.join(changed)}")

    def _changes(self, most: int) -> list[str]:
        """Describe what became of the providers that were there before; empty where all are as they were."""
        if not self.seen or not self.session.ledger.strangers:
            return []
        known = list(self._details)
        read = [known[(self._turn + offset) % len(known)] for offset in range(min(most, len(known)))]
        self._turn += len(read)
        changed: list[str] = []
        for _ in range(TRIES):  # a list that is wrong now and then is a finding of its own, not harm
            changed = self._compare(read)
            if not changed:
                return []
        return changed

    def newcomers(self) -> int:
        """Count the providers that appeared meanwhile and that this run did not make."""
        ledger = self.session.ledger
        return sum(
            not ledger.made(provider) and identity(provider) not in ledger.strangers
            for provider in self.session.list_providers() or ()
            if isinstance(provider, dict)
        )

    def clean(self) -> list[str]:
        """Remove everything that this run made; return what could not be removed, in sentences."""
        if self.session.options.read_only:
            return []
        self.session.strikes = 0  # once more, even if the server had ceased to answer
        left = self.remove_made()
        listed = [item for item in self.session.list_providers() or () if self.session.ledger.made(item)]
        for provider in listed:
            self.session.ledger.remember(provider)  # made although its create was not answered as one
            if self._remove(provider):
                continue
            left[str(provider.get("id"))] = str(provider.get("name"))
        after = self.session.list_providers()
        if after is not None:
            still = {str(item.get("id")) for item in after if self.session.ledger.made(item)}
            left = {provider_id: name for provider_id, name in left.items() if provider_id in still}
        return [
            f"could not remove the provider {name!r} ({provider_id}) that this run made; "
            f"try: contract-tests clean {self.session.redact(self.session.options.base_url)} --run "
            f"{self.session.ledger.run_id}"
            for provider_id, name in left.items()
        ]

    def remove_made(self) -> dict[str, str]:
        """Remove what is known to be there of what this run made; return the names of what stays, by id."""
        ledger = self.session.ledger
        left = {}
        if ledger.astray:
            for provider in filter(ledger.made, self.session.list_providers() or ()):
                if identity(provider) is None:
                    self._remove(provider)
                ledger.remember(provider)
            ledger.astray = False
        for provider_id, name in list(ledger.live.items()):
            if self.session.strikes < GIVE_UP and self.session.remove(provider_id):
                ledger.live.pop(provider_id)
            else:
                left[provider_id] = name
        return left

    def _remove(self, provider: dict[str, Any]) -> bool:
        """Remove a provider that a list shows, by its name where its id is none. Tells whether it is gone."""
        target = identity(provider) or str(provider.get("name"))
        return self.session.ledger.may_change(target) and self.session.remove(target)

    def _compare(self, read: list[str]) -> list[str]:
        """Describe what the list shows to be changed, and reading some of the providers."""
        exchange = self.session.list_quietly()
        if exchange is None:
            return []
        now = {identity(item): item for item in exchange.listed()}
        changed = []
        for provider_id, before in self.session.ledger.strangers.items():
            name = before.get("name")
            if provider_id not in now:
                if self._detail(provider_id) is None:
                    changed.append(f"{name!r} is gone")
                else:
                    self._tell_unlisted(exchange)
            elif now[provider_id] != before:
                if self._detail(provider_id) == before:
                    continue
                members = sorted(k for k in {*before, *now[provider_id]} if before.get(k) != now[provider_id].get(k))
                changed.append(f"{name!r} has other {', '.join(members)}")
        for provider_id in read:
            before, after = self._details[provider_id], self._detail(provider_id)
            if before is not None and after is not None and after != before:
                changed.append(f"{self.session.ledger.strangers[provider_id].get('name')!r} is answered otherwise")
        return list(dict.fromkeys(changed))

    def _tell_unlisted(self, exchange: Exchange) -> None:
        """Record that the list is wrong, which is no harm: it lacks a provider that is there."""
        self.session.recorder.add(
            Departure(
                "rules.list-matches-get",
                "lacks another's",
                "The list lacks a provider that is there",
                "every live provider is listed",
                "one that was there before the run, and still is, is not listed",
                Severity.MAJOR,
                "page, 'List AI providers'",
                (LIST,),
            ),
            [exchange],
            self.session.check,
        )

    def _detail(self, provider_id: str) -> Any:
        return self.session.peek(provider_id)
