"""Faults of the shape of answers: types, formats, members that are missing, renamed or too many."""

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.values import Answer, Request

Shown = dict[str, Any]
WITH_KEY = make(api_keys=["dummy-key-0001"])
EVERY = ("list", "create", "get", "patch")


def put(name: str, value: Callable[[Shown], Any]) -> Callable[[Shown], Shown]:
    """Return what replaces one member of a shown object."""
    return lambda shown: {**shown, name: value(shown)}


def drop(name: str) -> Callable[[Shown], Shown]:
    """Return what leaves one member out."""
    return lambda shown: {member: value for member, value in shown.items() if member != name}


def rename(**names: str) -> Callable[[Shown], Shown]:
    """Return what renames members."""
    return lambda shown: {names.get(member, member): value for member, value in shown.items()}


def when(name: str, value: Any, change: Callable[[Shown], Shown]) -> Callable[[Shown], Shown]:
    """Return what changes only objects whose member has a value."""
    return lambda shown: change(shown) if shown[name] == value else shown


def _of_providers(change: Callable[[Shown], Shown], operations: tuple[str, ...]) -> type:
    class Reshaped(Api):
        def view(self, provider: Any) -> Shown:
            shown = super().view(provider)
            return change(shown) if self.request.operation in operations else shown

    return Reshaped


def _of_keys(change: Callable[[Shown], Shown]) -> type:
    class Reshaped(Api):
        def view_key(self, key: Any) -> Shown:
            return change(super().view_key(key))

    return Reshaped


# id, sentence, change, operations, probe, check, profiles
PROVIDERS = [
    ("id-is-a-number", "Ids are numbers.", put("id", lambda s: int(s["id"][:8], 16)), EVERY, [make()],
     "schema.response", BOTH),
    ("id-lacks-dashes", "Ids are spelt without dashes.", put("id", lambda s: s["id"].replace("-", "")), EVERY, [make()],
     "schema.response", BOTH),
    ("id-has-a-prefix", "Ids carry a prefix.", put("id", lambda s: f"prov_{s['id']}"), EVERY, [make()],
     "schema.response", BOTH),
    ("enabled-is-text", "The switch is text.", put("enabled", lambda s: str(s["enabled"]).lower()), EVERY, [make()],
     "schema.response", BOTH),
    ("enabled-is-a-number", "The switch is 0 or 1.", put("enabled", lambda s: int(s["enabled"])), EVERY, [make()],
     "schema.response", BOTH),
    ("enabled-is-null-when-off", "A provider that is off shows null.", put("enabled", lambda s: s["enabled"] or None),
     EVERY, [make()], "schema.response", BOTH),
    ("enabled-is-absent-when-off", "A provider that is off does not say so.", when("enabled", False, drop("enabled")),
     EVERY, [make()], "schema.missing-member", DEPLOYED),
    ("keys-are-null-when-none", "Without keys the list of them is null.",
     put("api_keys", lambda s: s["api_keys"] or None), EVERY, [make()], "schema.response", BOTH),
    ("keys-are-absent-when-none", "Without keys the list of them is absent.", when("api_keys", [], drop("api_keys")),
     EVERY, [make()], "schema.missing-member", DEPLOYED),
    ("keys-are-a-number", "Only the number of keys is shown.", put("api_keys", lambda s: len(s["api_keys"])), EVERY,
     [make()], "schema.response", BOTH),
    ("keys-are-masks", "Keys are shown as their masks alone.",
     put("api_keys", lambda s: [k["masked"] for k in s["api_keys"]]), EVERY, [WITH_KEY], "schema.response", BOTH),
    ("keys-are-an-object", "Keys are an object by id.", put("api_keys", lambda s: {k["id"]: k for k in s["api_keys"]}),
     EVERY, [make()], "schema.response", BOTH),
    ("settings-are-absent-when-none", "Without settings the member is absent.",
     when("settings", None, drop("settings")), EVERY, [make()], "schema.missing-member", DEPLOYED),
    ("settings-are-an-empty-object-when-none", "Without settings an empty object is shown.",
     put("settings", lambda s: {} if s["settings"] is None else s["settings"]), EVERY, [make()], "schema.response",
     DEPLOYED),
    ("settings-are-text", "Settings are JSON in a text.", put("settings", lambda s: "{}"), EVERY, [make()],
     "schema.response", BOTH),
    ("settings-are-a-list", "Without settings an empty list is shown, as PHP does.",
     put("settings", lambda s: s["settings"] or []), EVERY, [make()], "schema.response", BOTH),
    ("type-has-capitals", "Types are shown in capitals.", put("type", lambda s: s["type"].upper()), EVERY, [make()],
     "schema.response", BOTH),
    ("type-is-a-number", "Types are shown by number.", put("type", lambda s: 3), EVERY, [make()], "schema.response",
     BOTH),
    ("type-openai-compat-is-renamed", "The type openai-compat is shown as openai_compat.",
     when("type", "openai-compat", put("type", lambda s: "openai_compat")), EVERY, [make(type="openai-compat")],
     "schema.response", BOTH),
    ("type-vercel-is-shown-as-openai", "The type vercel is shown as openai.",
     when("type", "vercel", put("type", lambda s: "openai")), EVERY, [make(type="vercel")], "model.sequence", BOTH),
    ("display-name-is-null-when-none", "Without a display name null is shown.",
     put("display_name", lambda s: None if s["display_name"] == s["name"] else s["display_name"]), EVERY, [make()],
     "schema.response", BOTH),
    ("display-name-is-empty-when-none", "Without a display name an empty text is shown.",
     put("display_name", lambda s: "" if s["display_name"] == s["name"] else s["display_name"]), EVERY, [make()],
     "rules.display-name", BOTH),
    ("names-are-in-camel-case", "Members are named in camel case.",
     rename(display_name="displayName", base_url="baseUrl", api_keys="apiKeys", updated_at="updatedAt"), EVERY,
     [make()], "schema.extra-member", BOTH),
    ("id-is-missing", "Providers are shown without id.", drop("id"), EVERY, [make()], "schema.missing-member", BOTH),
    ("id-is-missing-in-lists", "Lists show no ids.", drop("id"), ("list",), [get()], "schema.missing-member", BOTH),
    ("type-is-missing-in-gets", "A get does not show the type.", drop("type"), ("get",), [make(), get("p")],
     "schema.missing-member", DEPLOYED),
    ("base-url-is-missing", "Providers are shown without base URL.", drop("base_url"), EVERY, [make()],
     "schema.missing-member", DEPLOYED),
    ("updated-at-is-missing", "Providers do not show when they were changed.", drop("updated_at"), EVERY, [make()],
     "schema.missing-member", DEPLOYED),
    ("updated-at-is-missing-in-lists", "Lists do not show when providers were changed.", drop("updated_at"), ("list",),
     [get()], "schema.missing-member", BOTH),
    ("settings-are-missing-after-patches", "The answer to a PATCH shows no settings.", drop("settings"), ("patch",),
     [make(), patch(enabled=True)], "schema.missing-member", DEPLOYED),
    ("updated-at-is-null-at-first", "A provider that was never changed shows null.",
     put("updated_at", lambda s: None if s["updated_at"] == s["created_at"] else s["updated_at"]), EVERY, [make()],
     "schema.response", BOTH),
    ("provider-has-internal-members", "Providers show members of the server's table.",
     lambda s: {**s, "deleted": False, "organization_id": 1}, EVERY, [make()], "schema.extra-member", BOTH),
    ("list-entries-have-a-further-member", "Entries of a list carry a further member.", lambda s: {**s, "self": "/x"},
     ("list",), [get()], "schema.extra-member", BOTH),
    ("base-url-is-an-object", "The base URL is shown as an object.", put("base_url", lambda s: {"href": s["base_url"]}),
     EVERY, [make()], "schema.response", BOTH),
]  # fmt: skip
for _id, _sentence, _change, _operations, _probe, _check, _profiles in PROVIDERS:
    declare_as(_id, _sentence, _of_providers(_change, _operations), _check, *_probe, profiles=_profiles)

KEYS = [
    ("key-id-is-an-index", "Ids of keys are numbers as text.", put("id", lambda k: "0"), "schema.response", BOTH),
    ("key-id-is-missing", "Keys are shown without id.", drop("id"), "schema.missing-member", BOTH),
    ("key-mask-is-missing", "Keys are shown without mask.", drop("masked"), "schema.missing-member", BOTH),
    ("key-mask-is-renamed", "Masks are shown as mask.", rename(masked="mask"), "schema.extra-member", BOTH),
    ("key-time-is-missing", "Keys are shown without their time.", drop("created_at"), "schema.missing-member",
     DEPLOYED),
    ("key-time-is-a-number", "Times of keys are seconds.", put("created_at", lambda k: 1700000000), "schema.response",
     BOTH),
    ("key-has-a-further-member", "Keys carry the number of their row.", put("row", lambda k: 1), "schema.extra-member",
     BOTH),
    ("key-mask-is-null", "Masks are null.", put("masked", lambda k: None), "schema.response", BOTH),
]  # fmt: skip
for _id, _sentence, _change, _check, _profiles in KEYS:
    declare_as(_id, _sentence, _of_keys(_change), _check, WITH_KEY, profiles=_profiles)


def _of_times(spell: Callable[[datetime], Any]) -> type:
    class Spelt(Api):
        def stamp(self, moment: datetime) -> Any:
            return spell(moment)

    return Spelt


TIMES = [
    ("times-are-numbers", "Times are seconds since 1970.", lambda t: int(t.timestamp()), "schema.response", BOTH),
    ("times-are-milliseconds-as-text", "Times are milliseconds, as text.", lambda t: str(int(t.timestamp() * 1000)),
     "schema.response", BOTH),
    ("times-lack-a-zone", "Times say no zone.", lambda t: f"{t:%Y-%m-%dT%H:%M:%S}", "schema.response", BOTH),
    ("times-have-a-blank", "Times have a blank where a T belongs.", lambda t: f"{t:%Y-%m-%d %H:%M:%S}Z",
     "schema.response", BOTH),
    ("times-are-dates", "Times are dates.", lambda t: f"{t:%Y-%m-%d}", "schema.response", BOTH),
    ("times-are-those-of-http", "Times are spelt as in HTTP headers.", format_datetime, "schema.response", BOTH),
    ("times-are-local", "Times are in a zone of the server's own.", lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}+02:00",
     "rules.timestamps", DEPLOYED),
    ("times-are-in-nanoseconds", "Times have nine digits of a second.", lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}123Z",
     "rules.timestamps", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _spell, _check, _profiles in TIMES:
    declare_as(_id, _sentence, _of_times(_spell), _check, make(), profiles=_profiles)


@fault("schema.response", get())
class ListIsWrapped(Api):
    """A list comes inside an object."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, {"items": answer.data, "total": len(answer.data)})


@fault("schema.response", get())
class ListIsAnObjectByName(Api):
    """A list is an object by name."""

    def op_list(self, request: Request) -> Answer:
        return Answer(200, {shown["name"]: shown for shown in super().op_list(request).data})


@fault("schema.response", get())
class ListHoldsIds(Api):
    """A list holds ids alone."""

    def op_list(self, request: Request) -> Answer:
        return Answer(200, [shown["id"] for shown in super().op_list(request).data])


@fault("schema.response", get())
class ListEndsWithNull(Api):
    """A list has a null behind its last entry."""

    def op_list(self, request: Request) -> Answer:
        return Answer(200, [*super().op_list(request).data, None])


@fault("schema.response", make(), get("p"))
class GetAnswersAList(Api):
    """Getting one provider answers a list of one."""

    def op_get(self, request: Request) -> Answer:
        return Answer(200, [super().op_get(request).data])


@fault("schema.response", make(), get("p"))
class GetIsWrapped(Api):
    """Getting one provider answers it inside an object."""

    def op_get(self, request: Request) -> Answer:
        return Answer(200, {"provider": super().op_get(request).data})
