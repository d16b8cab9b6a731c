"""The reference model: what each provider of a sequence must look like, and how an answer differs from that."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contract_tests.model.values import WITH_SETTINGS, mask
from contract_tests.times import RFC3339

Json = Any
Body = dict[str, Json]
SECRETS = ("access_key", "access_key_secret")


class _Unknown:
    """Stands for a value that the contract does not settle, or that is not believed any more; the next one is taken."""

    def __repr__(self) -> str:
        return "anything"


UNKNOWN: Any = _Unknown()


@dataclass(frozen=True)
class After:
    """Stands for a time later than another one."""

    moment: Json

    def __repr__(self) -> str:
        return f"later than {self.moment}"


@dataclass
class Key:
    """A key of a provider; what the server makes is UNKNOWN until it was seen."""

    id: Json = UNKNOWN
    masked: Json = UNKNOWN
    created_at: Json = UNKNOWN
    plain: str = ""


@dataclass(frozen=True)
class Mismatch:
    """One member of an answer that is not what the model says."""

    member: str
    expected: str
    found: Json


@dataclass
class Record:
    """One provider: the members that answers must show. `refused` tells that the last PATCH of it was refused."""

    id: Json
    name: str
    type: Json
    base_url: Json
    display_name: Json
    enabled: Json
    settings: Json
    keys: list[Key]
    created_at: Json = UNKNOWN
    updated_at: Json = UNKNOWN
    refused: bool = False
    loose: bool = False  # its keys are not believed: the next answer is taken over
    ids: set[str] = field(default_factory=set)  # of all keys that it ever had

    def disbelieve(self, member: str) -> None:
        """Take over what the next answer shows for a member, whatever it is."""
        if member == "api_keys":
            self.loose = True
        elif member not in {"id", "name"}:
            setattr(self, member, UNKNOWN)

    @property
    def has_settings(self) -> bool:
        """Whether it has bedrock settings."""
        return isinstance(self.settings, dict) and bool(self.settings)


class Model:
    """How a create and a PATCH change a provider, in the terms of a profile."""

    def __init__(self, deployed: bool) -> None:
        self.deployed = deployed

    # What requests do

    def created(self, body: Body) -> Record:
        """Return the provider that a good create makes."""
        return Record(
            UNKNOWN,
            body["name"],
            body["type"],
            body["base_url"],
            body.get("display_name") or body["name"],
            body.get("enabled") or False,
            self._settings(body.get("settings")),
            [self._new_key(plain) for plain in body.get("api_keys") or ()],
        )

    def patched(self, record: Record, body: Body) -> Record:
        """Return what a PATCH that is accepted makes of a provider."""
        after = Record(**{**vars(record), "keys": list(record.keys), "refused": False})
        after.updated_at = After(record.updated_at)
        if body.get("enabled") is not None:
            after.enabled = body["enabled"]
        if body.get("base_url") is not None:
            after.base_url = body["base_url"]
        if body.get("display_name") is not None:
            after.display_name = body["display_name"] or record.name
        if body.get("settings") is not None:
            after.settings = self._settings(body["settings"])
        if body.get("api_keys") is not None:
            after.keys = self._reconciled(record, body["api_keys"])
        return after

    def allowed(self, record: Record, body: Body) -> tuple[int, ...]:
        """Return the statuses that a PATCH, good in itself, may have for a provider."""
        settings, keys = body.get("settings"), body.get("api_keys")
        refusal = (400,) if self.deployed else (200, 400)  # the page knows nothing of these rules
        if settings is not None and record.type not in WITH_SETTINGS:
            return refusal
        if keys and (record.has_settings or settings is not None):
            return refusal
        if settings is not None and record.keys:
            return (200, 400)  # whether stored keys stand in the way of new settings is left open
        both = any("id" in entry and "api_key" in entry for entry in keys or ())
        return (200, 400) if both else (200,)

    def _new_key(self, plain: str) -> Key:
        return Key(masked=mask(plain) if self.deployed else UNKNOWN, plain=plain)

    def _reconciled(self, record: Record, entries: list[Body]) -> list[Key]:
        stored = {key.id: key for key in record.keys}
        return [
            self._new_key(entry["api_key"]) if "api_key" in entry else stored.get(entry["id"], Key(entry["id"]))
            for entry in entries
        ]

    def _settings(self, sent: Json) -> Json:
        """Return the members of settings that answers show; a member that is empty is as good as absent."""
        return readable(sent)

    # What answers show

    def differences(self, record: Record, answer: Body) -> Iterator[Mismatch]:
        """Yield the members of an answer that differ; whatever was UNKNOWN is taken over, as are those that differ."""
        for member in ("id", "name", "type", "base_url", "display_name", "enabled"):
            expected, found = getattr(record, member), answer.get(member)
            if expected is UNKNOWN or member not in {"id", "name"}:
                setattr(record, member, found)
            if expected is not UNKNOWN and (found != expected or type(found) is not type(expected)):
                yield Mismatch(member, f"{expected!r}", found)
        yield from self._times(record, answer)
        yield from self._settings_differ(record, answer)
        yield from self._keys_differ(record, answer.get("api_keys"))

    def _times(self, record: Record, answer: Body) -> Iterator[Mismatch]:
        for member in ("created_at", "updated_at"):
            expected, found = getattr(record, member), answer.get(member)
            setattr(record, member, found)
            if isinstance(expected, After):
                if expected.moment is UNKNOWN:
                    setattr(record, member, UNKNOWN)  # the answer to a PATCH was wrong before: only a get is believed
                elif not later(found, expected.moment) and (self.deployed or not within_a_tick(found, expected.moment)):
                    yield Mismatch(member, repr(expected), found)
            elif expected is not UNKNOWN and not same(found, expected):
                yield Mismatch(member, f"{expected!r}, as before", found)

    def _settings_differ(self, record: Record, answer: Body) -> Iterator[Mismatch]:
        expected, found = record.settings, answer.get("settings")
        shown = readable(found)
        record.settings = shown
        if expected is UNKNOWN:
            return
        if self.deployed or not isinstance(shown, dict):
            sound = shown == expected
        else:  # what further members an answer shows is left open
            sound = all(shown.get(name) == value for name, value in expected.items())
        if not sound:
            yield Mismatch("settings", f"{expected or 'none'}", found)

    def _keys_differ(self, record: Record, found: Json) -> Iterator[Mismatch]:
        expected = record.keys
        shown = [item if isinstance(item, dict) else {} for item in found] if isinstance(found, list) else []
        fresh = [Key(item.get("id"), item.get("masked"), item.get("created_at")) for item in shown]
        pairs = self._paired(expected, fresh)
        complete = pairs is not None and isinstance(found, list)
        for old, new in pairs or ():
            new.plain = old.plain
            taken = old.id is UNKNOWN and new.id in record.ids
            complete = complete and _like(old.id, new.id) and _like(old.masked, new.masked) and not taken
            complete = complete and (old.created_at is UNKNOWN or same(new.created_at, old.created_at))
        distinct = len({key.id for key in fresh if isinstance(key.id, str)}) == len(fresh)
        record.keys = fresh
        record.ids = record.ids | {key.id for key in fresh if isinstance(key.id, str)}
        if not complete or not distinct:
            yield Mismatch("api_keys", _described(expected), found)

    def _paired(self, expected: list[Key], found: list[Key]) -> list[tuple[Key, Key]] | None:
        """Return which key of an answer is which: in order as deployed, by id where the page settles no order."""
        if len(expected) != len(found):
            return None
        if self.deployed:
            return list(zip(expected, found, strict=True))
        known = {key.id: key for key in expected if key.id is not UNKNOWN}
        rest = [key for key in expected if key.id is UNKNOWN]
        pairs = []
        for key in found:
            old = known.pop(key.id, None) if isinstance(key.id, str) else None
            if old is None and not rest:
                return None
            pairs.append((old or rest.pop(0), key))
        return pairs


def readable(settings: Json) -> Json:
    """Return settings without secrets and without members that are empty; an empty object where there are none."""
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        return settings
    return {name: value for name, value in settings.items() if name not in SECRETS and value not in (None, "")}


def _like(expected: Json, found: Json) -> bool:
    return expected is UNKNOWN or expected == found


def _described(keys: list[Key]) -> str:
    shown = [{k: v for k, v in vars(key).items() if v is not UNKNOWN and k != "plain"} or "a new key" for key in keys]
    return f"{len(keys)} keys: {shown}" if keys else "no keys"


def _instant(value: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.upper())
    except (AttributeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def same(one: Json, other: Json) -> bool:
    """Tell whether two texts name one instant; texts that are no times must be alike."""
    first, second = _instant(one), _instant(other)
    return one == other if first is None or second is None else first == second


def within_a_tick(one: Json, other: Json) -> bool:
    """Tell whether two texts name one instant of a clock so coarse that requests follow each other within its tick."""
    match = RFC3339.fullmatch(one) if isinstance(one, str) else None
    return match is not None and len(match[2] or ".") < 4 and _instant(one) == _instant(other)


def later(one: Json, other: Json) -> bool:
    """Tell whether a text names a later instant than another; what is no time is somebody else's finding."""
    first, second = _instant(one), _instant(other)
    return first is None or second is None or first - second > timedelta(0)
