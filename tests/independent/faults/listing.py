"""Faults of the list: order, length, and entries that are not what a get says."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.values import Answer, Provider, Request

Rows = list[Provider]
PLAIN = 6  # how many providers are there before


def many(number: int, **members: Any) -> list[Step]:
    """Return creates of as many providers."""
    return [make(f"p{index:03}", **members) for index in range(number)]


def _sorted(key: Callable[[Provider], Any]) -> Callable[[Rows], Rows]:
    return lambda rows: sorted(rows, key=key)


def _listing(change: Callable[[Rows], Rows]) -> type:
    class Listing(Api):
        def listed(self) -> Rows:
            return change(super().listed())

    return Listing


def _mixed(rows: Rows) -> Rows:
    return random.Random(len(rows)).sample(rows, len(rows))


# id, sentence, change, probe, check, quick
ROWS = [
    ("list-is-in-order-of-creation", "A list is in order of creation.", _sorted(lambda p: p.created_at),
     [make("qb"), make("qa"), get()], "rules.list-order", True),
    ("list-is-newest-first", "A list begins with what was created last.",
     lambda rows: sorted(rows, key=lambda p: p.created_at)[::-1], [make("qb"), make("qa"), get()], "rules.list-order",
     True),
    ("list-is-in-reverse", "A list is in reverse.", lambda rows: rows[::-1], [get()], "rules.list-order", True),
    ("list-is-by-id", "A list is in order of ids.", _sorted(lambda p: p.id), [get()], "rules.list-order", True),
    ("list-is-by-display-name", "A list is in order of display names.", _sorted(lambda p: p.display_name or p.name),
     [get()], "rules.list-order", True),
    ("list-is-by-type", "A list is in order of types.", _sorted(lambda p: p.type), [get()], "rules.list-order", True),
    ("list-is-latest-change-first", "A list begins with what was changed last.",
     _sorted(lambda p: -p.updated_at.timestamp()), [make("qb"), make("qa"), get()], "rules.list-order", True),
    ("list-has-enabled-first", "A list has the enabled ones first.", _sorted(lambda p: not p.enabled), [get()],
     "rules.list-order", True),
    ("list-order-ignores-dashes", "A list is in order of names without their dashes, as a locale sorts.",
     _sorted(lambda p: p.name.replace("-", "")), [make("a-z"), make("aa"), get()], "rules.list-order", False),
    ("list-order-counts-numbers", "A list is in order of the numbers in names, p9 before p10.",
     _sorted(lambda p: [(not part.isdigit(), int(part) if part.isdigit() else part) for part in _parts(p.name)]),
     [make("p9"), make("p10"), get()], "rules.list-order", False),
    ("list-order-is-by-length", "A list has shorter names first.", _sorted(lambda p: (len(p.name), p.name)), [get()],
     "rules.list-order", True),
    ("list-order-looks-at-eight-letters", "A list is in order of the first eight letters of names, then of creation.",
     lambda rows: sorted(sorted(rows, key=lambda p: p.created_at), key=lambda p: p.name[:8]),
     [make("same-name-b"), make("same-name-a"), get()], "rules.list-order", False),
    ("list-of-many-is-not-ordered", "A list of more than ten is in no order.",
     lambda rows: _mixed(rows) if len(rows) > 10 else rows, [*many(5), get()], "rules.list-order", False),
    ("list-lacks-the-disabled", "A list lacks what is off.", lambda rows: [p for p in rows if p.enabled], [get()],
     "rules.list-matches-get", True),
    ("list-lacks-the-enabled", "A list lacks what is on.", lambda rows: [p for p in rows if not p.enabled], [get()],
     "rules.list-matches-get", True),
    ("list-lacks-the-newest", "A list lacks what was created last.",
     lambda rows: [p for p in rows if p is not max(rows, key=lambda q: q.created_at)],
     [make(), get()], "rules.list-matches-get", True),
    ("list-lacks-its-first", "A list lacks its first entry.", lambda rows: rows[1:], [get()], "rules.list-matches-get",
     True),
    ("list-lacks-those-without-keys", "A list lacks what has no keys, as an inner join does.",
     lambda rows: [p for p in rows if p.keys], [get()], "rules.list-matches-get", True),
    ("list-repeats-those-with-keys", "A list has a row for each key, as a join does.",
     lambda rows: [p for p in rows for _ in range(max(1, len(p.keys)))], [get()], "rules.list-matches-get", True),
    ("list-lacks-one-type", "A list lacks the type vercel.", lambda rows: [p for p in rows if p.type != "vercel"],
     [make(type="vercel"), get()], "rules.list-matches-get", False),
    ("list-has-one-of-a-display-name", "A list has one provider of each display name.",
     lambda rows: list({p.display_name or p.name: p for p in rows}.values()), [make(display_name="Z"), get()],
     "rules.list-matches-get", False),
    ("list-ends-at-ten", "A list ends at ten.", lambda rows: rows[:10], [*many(5), get()], "rules.many-listed", True),
    ("list-ends-at-twenty", "A list ends at twenty.", lambda rows: rows[:20], [*many(15), get()], "rules.many-listed",
     True),
    ("list-ends-at-25", "A list ends at 25.", lambda rows: rows[:25], [*many(20), get()], "rules.many-listed", True),
    ("list-ends-at-30", "A list ends at 30.", lambda rows: rows[:30], [*many(25), get()], "rules.many-listed", False),
    ("list-ends-at-50", "A list ends at 50.", lambda rows: rows[:50], [*many(45), get()], "rules.many-listed", False),
    ("list-ends-at-100", "A list ends at 100.", lambda rows: rows[:100], [*many(95), get()], "rules.many-listed",
     False),
    ("list-lacks-the-eleventh", "A list lacks its eleventh entry.", lambda rows: rows[:10] + rows[11:],
     [*many(5), get()], "rules.many-listed", True),
    ("list-repeats-the-tenth", "A list of more than ten has the tenth twice, where two pages meet.",
     lambda rows: rows[:10] + rows[9:], [*many(5), get()], "rules.many-listed", True),
]  # fmt: skip


def _parts(name: str) -> list[str]:
    parts, digits = [""], False
    for char in name:
        if parts[-1] and char.isdigit() != digits:
            parts.append("")
        parts[-1] += char
        digits = char.isdigit()
    return parts


for _id, _sentence, _change, _probe, _check, _quick in ROWS:
    declare_as(_id, _sentence, _listing(_change), _check, *_probe, quick=_quick)


def _entries(change: Callable[[dict[str, Any]], dict[str, Any]]) -> type:
    class Entries(Api):
        def op_list(self, request: Request) -> Answer:
            return Answer(200, [change(shown) for shown in super().op_list(request).data])

    return Entries


ENTRIES = [
    ("list-shows-no-keys", "A list shows no provider's keys.", lambda s: {**s, "api_keys": []}, [get()], BOTH),
    ("list-shows-one-key", "A list shows the first key of each provider alone.",
     lambda s: {**s, "api_keys": s["api_keys"][:1]}, [get()], BOTH),
    ("list-shows-keys-in-reverse", "A list shows keys in reverse.", lambda s: {**s, "api_keys": s["api_keys"][::-1]},
     [get()], BOTH),
    ("list-shows-all-enabled", "A list shows every provider as on.", lambda s: {**s, "enabled": True}, [get()], BOTH),
    ("list-shows-names-for-display-names", "A list shows the name where the display name belongs.",
     lambda s: {**s, "display_name": s["name"]}, [get()], BOTH),
    ("list-shows-created-as-updated", "A list shows as changed when a provider was created.",
     lambda s: {**s, "updated_at": s["created_at"]}, [get()], BOTH),
    ("list-shows-no-settings", "A list shows no provider's settings.", lambda s: {**s, "settings": None}, [get()],
     DEPLOYED),
    ("list-shows-a-slash-behind-urls", "A list shows base URLs with a slash at their end.",
     lambda s: {**s, "base_url": s["base_url"].rstrip("/") + "/"}, [get()], BOTH),
    ("list-shows-stars-for-masks", "A list shows stars where masks belong.",
     lambda s: {**s, "api_keys": [{**key, "masked": "***"} for key in s["api_keys"]]}, [get()], BOTH),
]  # fmt: skip
for _id, _sentence, _shown, _probe, _profiles in ENTRIES:
    declare_as(_id, _sentence, _entries(_shown), "rules.list-matches-get", *_probe, profiles=_profiles)


@fault("rules.many-listed", *many(10), make("last"))
class OnlySixteenFit(Api):
    """There is room for sixteen providers; further creates are refused."""

    def op_create(self, request: Request) -> Answer:
        if len(self.providers) >= PLAIN + 10:
            return Answer(409, {"message": "the limit is reached"})
        return super().op_create(request)


@fault("rules.many-listed", *many(11), get("p000"))
class EleventhCreateForgetsTheFirst(Api):
    """The eleventh create forgets the first."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        made = self.__dict__.setdefault("made", [])
        made.append(answer.data["id"])
        if len(made) > 10 and (first := self.providers.get(made.pop(0))):
            self.remove(first)
        return answer


@fault("rules.many-listed", *many(10), make("last", display_name="Last"), quick=False)
class EleventhCreateLosesItsDisplayName(Api):
    """From the eleventh create on the display name is lost."""

    def make(self, members: dict[str, Any]) -> Provider:
        new = super().make(members)
        return replace(new, display_name="") if self.tally("make") > 10 else new


@fault("rules.list-order", *many(2), patch("p000", enabled=True), get())
class PatchMovesToTheEndOfTheList(Api):
    """A provider that was changed comes last in the list."""

    def save(self, provider: Provider) -> None:
        if provider.id in self.providers:
            self.__dict__["moved"] = provider.id
        super().save(provider)

    def listed(self) -> Rows:
        return sorted(super().listed(), key=lambda row: row.id == self.__dict__.get("moved"))


@fault("rules.list-matches-get", make(), make("q"), delete("q"), make("q"), get(), quick=False)
class RecreatedIsNotListed(Api):
    """A provider that is made anew under a name of before is not listed."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__.setdefault("hidden", set()).add(provider.name)

    def listed(self) -> Rows:
        return [row for row in super().listed() if row.name not in self.__dict__.get("hidden", ())]


def _first_key(seen: list[Reply]) -> Step:
    return get(seen[0].json["api_keys"][0]["id"])


@fault("rules.lookup", make(api_keys=["dummy-key-0001"]), _first_key, quick=False)
class KeyIdsFindTheirProvider(Api):
    """The id of a key finds its provider."""

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or next((p for p in self.listed() if any(k.id == key for k in p.keys)), None)
