"""Faults thought up by somebody who did not know the suite: of what is kept, of lists, of what a PATCH refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.faults.listing import many
from tests.independent.judging import Members
from tests.independent.values import Answer, Provider, Refusal, Request

PLAIN = "sk-dummy-abcdefgh-0123456789"
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "eu-west-1", "model": "claude"}
FULL = {**BEDROCK, "access_key": "AKIADUMMY0001", "access_key_secret": "dummy-secret-0001"}
TWO = make(api_keys=["dummy-key-one", "other-key-two"])


def _adding(plain: str, **members: Any) -> Step:
    return patch(api_keys=[{"api_key": plain}], **members)


# --- what is kept


@fault("rules.name-reuse", make(), delete(), make(), delete())
class NamesAreDeletedOnce(Api):
    """The second delete of a name answers 500: what is deleted must be unique as well."""

    def op_delete(self, request: Request) -> Answer:
        gone = self.__dict__.setdefault("gone", set())
        provider = self.find(request.key)
        if provider.name in gone:
            raise Refusal(500, "duplicate key value violates a constraint")
        answer = super().op_delete(request)
        gone.add(provider.name)
        return answer


@fault("model.sequence", make(), patch(enabled=True), delete())
class ChangedCannotBeDeleted(Api):
    """A provider that was changed answers 409 to a delete: its version is another."""

    def op_delete(self, request: Request) -> Answer:
        provider = self.find(request.key)
        if provider.updated_at > provider.created_at:
            raise Refusal(409, "It was changed meanwhile.")
        return super().op_delete(request)


@fault("rules.name-reuse", make(), delete(), make(), patch(enabled=True), get("p"))
class PatchOfTheRecreatedIsLost(Api):
    """A PATCH by name of what was made anew under a name answers well, and keeps nothing."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if request.key in self.__dict__.get("gone", ()):
            self.save(before)
        return answer

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__.setdefault("gone", set()).add(provider.name)


def _changed(change: Callable[[Provider, Provider, Members], Provider]) -> type:
    class Changed(Api):
        def changed(self, provider: Provider, given: Members) -> Provider:
            return change(provider, super().changed(provider, given), given)

    return Changed


def _made(change: Callable[[Provider], Provider]) -> type:
    class Made(Api):
        def make(self, members: Members) -> Provider:
            return change(super().make(members))

    return Made


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() and text.isascii() else text


KEPT: list[tuple[str, str, type, list[Step], str, tuple[str, ...]]] = [
    ("keys-of-a-patch-displace-the-rest", "A PATCH with keys changes nothing else.",
     _changed(lambda old, new, given: replace(old, updated_at=new.updated_at, keys=new.keys)
              if "api_keys" in given else new), [make(), _adding("dummy-key", enabled=True)], "model.sequence", BOTH),
    ("patch-without-keys-turns-them", "A PATCH without keys turns their order.",
     _changed(lambda old, new, given: new if "api_keys" in given else replace(new, keys=new.keys[::-1])),
     [TWO, patch(enabled=True)], "rules.absent-members", DEPLOYED),
    ("patch-of-base-url-removes-keys", "A PATCH of the base URL removes the keys, which were for the old one.",
     _changed(lambda old, new, given: replace(new, keys=()) if "base_url" in given else new),
     [TWO, patch(base_url="https://f.com")], "rules.absent-members", BOTH),
    ("patch-of-base-url-switches-off", "A PATCH of the base URL switches the provider off until it was looked at.",
     _changed(lambda old, new, given: replace(new, enabled=False) if "base_url" in given else new),
     [make(enabled=True), patch(base_url="https://f.com")], "rules.absent-members", BOTH),
    ("patch-cuts-created-at", "A PATCH cuts created_at to whole minutes.",
     _changed(lambda old, new, given: replace(new, created_at=new.created_at.replace(second=0, microsecond=0))),
     [make(), patch(enabled=True)], "rules.timestamps", BOTH),
    ("patch-of-settings-leaves-updated-at", "A PATCH of settings alone does not move updated_at.",
     _changed(lambda old, new, given: replace(new, updated_at=old.updated_at) if set(given) == {"settings"} else new),
     [make(type="bedrock", settings=BEDROCK), patch(settings=FULL)], "rules.timestamps", DEPLOYED),
    ("display-name-of-blanks-is-none", "A display name of blanks alone is none.",
     _made(lambda new: replace(new, display_name="" if new.display_name.isspace() else new.display_name)),
     [make(display_name="  ")], "rules.unicode", DEPLOYED),
    ("display-name-zero-is-none", "The display name 0 is none.",
     _made(lambda new: replace(new, display_name="" if new.display_name == "0" else new.display_name)),
     [make(display_name="0")], "rules.unicode", BOTH),
    ("display-name-null-is-none", "The display name null is none.",
     _made(lambda new: replace(new, display_name="" if new.display_name == "null" else new.display_name)),
     [make(display_name="null")], "rules.unicode", BOTH),
    ("display-name-of-digits-is-a-number", "A display name of digits is shown as a number.",
     _made(lambda new: replace(new, display_name=_number(new.display_name))), [make(display_name="007")],
     "schema.response", BOTH),
    ("display-name-pluses-become-blanks", "Pluses become blanks in a display name.",
     _made(lambda new: replace(new, display_name=new.display_name.replace("+", " "))), [make(display_name="C++")],
     "rules.unicode", BOTH),
    ("display-name-percents-are-decoded", "Escapes of URLs are decoded in a display name.",
     _made(lambda new: replace(new, display_name=new.display_name.replace("%20", " ").replace("%25", "%"))),
     [make(display_name="100%25 sure")], "rules.unicode", BOTH),
    ("base-url-host-is-in-small-letters", "The host of a base URL is kept in small letters.",
     _made(lambda new: replace(new, base_url="/".join(
         part.lower() if place == 2 else part for place, part in enumerate(new.base_url.split("/"))))),
     [make(base_url="https://Api.Example.com/V1")], "rules.base-url-kept", DEPLOYED),
    ("base-url-slashes-are-joined", "Slashes in a row become one in the path of a base URL.",
     _made(lambda new: replace(new, base_url=new.base_url[:8] + new.base_url[8:].replace("//", "/"))),
     [make(base_url="https://e.com//v1")], "rules.base-url-kept", DEPLOYED),
    ("base-url-loses-a-bare-question-mark", "A base URL loses a question mark at its end.",
     _made(lambda new: replace(new, base_url=new.base_url.removesuffix("?"))), [make(base_url="https://e.com/v1?")],
     "rules.base-url-kept", DEPLOYED),
    ("google-has-its-own-base-url", "The type google gets its maker's base URL.",
     _made(lambda new: replace(new, base_url="https://google.example") if new.type == "google" else new),
     [make(type="google")], "rules.every-type", BOTH),
    ("openai-compat-keeps-no-keys", "The type openai-compat keeps no keys.",
     _made(lambda new: replace(new, keys=()) if new.type == "openai-compat" else new),
     [make(type="openai-compat", api_keys=["dummy-key"])], "rules.every-type", BOTH),
]  # fmt: skip
for _id, _sentence, _mixin, _probe, _check, _profiles in KEPT:
    declare_as(_id, _sentence, _mixin, _check, *_probe, profiles=_profiles, quick=False)


@fault("rules.cross-talk", make(), make("q"), delete("q"), get("p"))
class DeleteTouchesAllTimes(Api):
    """A delete moves updated_at of every provider."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in list(self.providers.values()):
            self.save(replace(row, updated_at=self.after(row.updated_at)))


@fault("rules.timestamps", make(), get(), get("p"))
class ListMovesUpdatedAt(Api):
    """A list moves updated_at of all that it shows."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        for row in list(self.providers.values()):
            self.save(replace(row, updated_at=self.after(row.updated_at)))
        return answer


@fault("rules.many-listed", *many(24), make("p024", api_keys=["dummy-key"]), quick=False)
class TwentyFifthKeepsNoKeys(Api):
    """From the twenty-fifth create on keys are not kept."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, keys=()) if self.tally("create") > 24 else new


@fault("rules.list-matches-get", get(), make(), get())
class ListIsRememberedForAWhile(Api):
    """A list is remembered for three seconds."""

    def op_list(self, request: Request) -> Answer:
        self.authorise(request)
        when, rows = self.__dict__.get("shelf", (None, None))
        if when is None or (self.now() - when).total_seconds() > 3:
            when, rows = self.__dict__["shelf"] = (self.now(), super().op_list(request).data)
        return Answer(200, rows)


def _listing(change: Callable[[list[Members]], list[Members]]) -> type:
    class Listing(Api):
        def op_list(self, request: Request) -> Answer:
            answer = super().op_list(request)
            return replace(answer, data=change(answer.data))

    return Listing


def _shifted(rows: list[Members]) -> list[Members]:
    keys = [row["api_keys"] for row in rows]
    return [{**row, "api_keys": theirs} for row, theirs in zip(rows, [*keys[1:], keys[0]], strict=True)]


LISTING: list[tuple[str, str, Callable[[list[Members]], list[Members]], list[Step], str]] = [
    ("list-has-digits-last", "A list has letters before digits.",
     lambda rows: sorted(rows, key=lambda row: [(char.isdigit(), char) for char in row["name"]]),
     [make("1a"), get()], "rules.list-order"),
    ("list-lacks-the-untitled", "A list lacks what has no display name.",
     lambda rows: [row for row in rows if row["display_name"] != row["name"] or "stranger" in row["name"]],
     [make(), get()], "rules.list-matches-get"),
    ("list-escapes-display-names", "A list escapes ampersands in display names.",
     lambda rows: [{**row, "display_name": row["display_name"].replace("&", "&amp;")} for row in rows],
     [make(display_name="R&D"), get()], "rules.unicode"),
    ("list-cuts-created-at", "A list cuts created_at to whole minutes.",
     lambda rows: [{**row, "created_at": row["created_at"][:17] + "00" + row["created_at"][19:]} for row in rows],
     [get()], "rules.list-matches-get"),
    ("list-shows-keys-of-the-next", "A list shows the keys of the next provider.", _shifted, [get()],
     "rules.list-matches-get"),
    ("list-of-the-changed-is-doubled", "A list has what was changed twice.",
     lambda rows: [row for row in rows for _ in range(1 + (row["updated_at"] > row["created_at"] > "2026"))],
     [make(), patch(enabled=True), get()], "rules.list-matches-get"),
]  # fmt: skip
for _id, _sentence, _change, _probe, _check in LISTING:
    _profiles = DEPLOYED if _check == "rules.list-order" else BOTH
    declare_as(_id, _sentence, _listing(_change), _check, *_probe, profiles=_profiles, quick=False)


def _refused(status: int, condition: Callable[[Api, Provider, Members], Any]) -> type:
    class Refused(Api):
        def judge_fit(self, provider: Provider, change: Members) -> None:
            super().judge_fit(provider, change)
            if condition(self, provider, change):
                raise Refusal(status, "That cannot be done.")

    return Refused


REFUSED: list[tuple[str, str, int, Callable[[Api, Provider, Members], Any], list[Step], str, tuple[str, ...]]] = [
    ("patch-of-the-same-answers-304", "A PATCH of what is there already answers 304.", 304,
     lambda api, old, given: given == {"enabled": old.enabled}, [make(), patch(enabled=False)], "schema.status", BOTH),
    ("patch-of-the-same-is-refused", "A PATCH of what is there already is refused.", 400,
     lambda api, old, given: given == {"base_url": old.base_url}, [make(), patch(base_url="https://e.com")],
     "rules.timestamps", BOTH),
    ("fifth-patch-of-a-provider-answers-500", "The fifth PATCH of a provider answers 500.", 500,
     lambda api, old, given: api.tally(old.id) == 5, [make(), *[patch(enabled=True)] * 5], "schema.server-error", BOTH),
    ("display-names-of-others-are-refused", "A PATCH may not set the display name of another provider.", 409,
     lambda api, old, given: any(row.display_name == given.get("display_name", "") != "" and row is not old
                                 for row in api.providers.values()),
     [make(display_name="One"), make("q"), patch("q", display_name="One")], "rules.display-name", BOTH),
    ("keys-do-not-give-way-to-settings", "Settings are refused in the PATCH that removes the keys.", 400,
     lambda api, old, given: old.keys and given.get("settings"),
     [make(type="anthropic", api_keys=["dummy-key"]), patch(api_keys=[], settings=BEDROCK)], "rules.bedrock-keys",
     DEPLOYED),
    ("azure-needs-a-base-url-again", "A PATCH of the type azure needs a base URL.", 400,
     lambda api, old, given: old.type == "azure" and "base_url" not in given, [make(type="azure"), patch(enabled=True)],
     "rules.every-type", BOTH),
    ("keys-of-others-are-refused", "A PATCH may not add a key that another provider has.", 409,
     lambda api, old, given: {entry.get("api_key") for entry in given.get("api_keys", ())} - {None}
     & {key.plain for row in api.providers.values() if row is not old for key in row.keys},
     [make(api_keys=[PLAIN]), make("q"), patch("q", api_keys=[{"api_key": PLAIN}])], "rules.cross-talk", BOTH),
]  # fmt: skip
for _id, _sentence, _status, _condition, _probe, _check, _profiles in REFUSED:
    declare_as(_id, _sentence, _refused(_status, _condition), _check, *_probe, profiles=_profiles, quick=False)
