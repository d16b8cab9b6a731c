"""Sound variations of limits, times and ids, and of what is shown."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import make
from tests.independent.faults.catalogue import DEPLOYED, variation
from tests.independent.judging import (
    SETTINGS_SECRETS,
    Members,
)
from tests.independent.values import Key, Provider
from tests.independent.variations.common import PAGE, REGION, claude

# --- limits of values, where the page gives none ----------------------------------------------------------------------


# --- times and ids --------------------------------------------------------------------------------------------------


# open: facts: "RFC 3339, UTC, microseconds at most"; Go spells times so
@variation(make())
class TimesDropZeros(Api):
    """Times are in microseconds without zeros at their end, and without a fraction where it is zero."""

    def now(self) -> datetime:
        return self.clock()

    def stamp(self, moment: datetime) -> str:
        text = moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
        return text.rstrip("0").rstrip(".") + self.terms.zone


# open: facts: "RFC 3339, UTC": RFC 3339, 4.1 and 5.6 spell UTC Z or +00:00
@variation(make())
class TimesSpellUtcOtherwise(Api):
    """UTC is spelt +00:00 where it was Z, and Z where it was +00:00."""

    def stamp(self, moment: datetime) -> str:
        text = super().stamp(moment)
        return f"{text[:-1]}+00:00" if text.endswith("Z") else f"{text.removesuffix('+00:00')}Z"


# open: nobody says that a new provider's times are equal, or that they are those of its keys
@variation(make(api_keys=["dummy-key"]))
class EachTimeIsItsOwn(Api):
    """Each row of a create has its own time, some microseconds apart: the provider, each key, the last change."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        step = timedelta(microseconds=3)
        keys = [replace(key, created_at=key.created_at + step * n) for n, key in enumerate(new.keys, 1)]
        return replace(new, keys=tuple(keys), updated_at=new.updated_at + step * (len(keys) + 1))


# open: nobody says whose clock times are of
@variation(make())
class TheClockIsBehind(Api):
    """The server's clock is 90 seconds behind."""

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=90)


class _Seconds(Api):
    """Times in whole seconds."""

    least = timedelta(0)

    def now(self) -> datetime:
        return self.clock().replace(microsecond=0)

    def after(self, before: datetime) -> datetime:
        return max(self.now(), before + self.least)

    def stamp(self, moment: datetime) -> str:
        return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + self.terms.zone


# open: the page: string(date-time), which needs no fraction; that every PATCH moves updated_at is a deployed fact
@variation(make(), profiles=PAGE)
class TimesAreInSeconds(_Seconds):
    """Times are in whole seconds, so that a PATCH in the second of a create moves nothing."""


# open: facts: "microseconds at most; every PATCH moves updated_at": it does, by a second where the clock has not
@variation(make(), profiles=DEPLOYED)
class TimesAreInSecondsAndMove(_Seconds):
    """Times are in whole seconds, and a PATCH moves updated_at to the next one at least."""

    least = timedelta(seconds=1)


# open: the page: string(date-time): RFC 3339, 5.6 has offsets; UTC is a fact of deployed servers
@variation(make(), profiles=PAGE)
class TimesHaveAnOffset(Api):
    """Times are those of Kolkata."""

    def stamp(self, moment: datetime) -> str:
        return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(timespec="milliseconds")


# open: the page: string(date-time): RFC 3339, 5.6 has fractions of any length
@variation(make(), profiles=PAGE)
class TimesHaveNineDigits(Api):
    """Times have nine digits of a second."""

    def now(self) -> datetime:
        return self.clock()

    def stamp(self, moment: datetime) -> str:
        return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "417Z"


# open: the page: string(date-time): RFC 3339, 5.6: T and Z may be in lower case
@variation(make(), profiles=PAGE)
class TimesAreInSmallLetters(Api):
    """The letters of times are small."""

    def stamp(self, moment: datetime) -> str:
        return super().stamp(moment).lower().removesuffix("+00:00").removesuffix("z") + "z"


# open: the page: string(uuid); version 4 is a fact of deployed servers
@variation(make(api_keys=["dummy-key"]), profiles=PAGE)
class IdsAreOfVersion7(Api):
    """Ids are UUIDs of version 7."""

    def new_id(self) -> str:
        stamp, noise = int(self.clock().timestamp() * 1000), self.rng.getrandbits(74)
        return str(uuid.UUID(int=stamp << 80 | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & (1 << 62) - 1))


# open: the page: string(uuid): RFC 9562, 4: digits may be in upper case
@variation(make(api_keys=["dummy-key"]), profiles=PAGE)
class IdsAreInCapitals(Api):
    """Ids are shown in capitals."""

    def view(self, provider: Provider) -> Members:
        return {**super().view(provider), "id": provider.id.upper()}

    def view_key(self, key: Key) -> Members:
        return {**super().view_key(key), "id": key.id.upper()}


# --- what is shown --------------------------------------------------------------------------------------------------


# open: facts: settings have "optional strings"; an empty one that was sent may be shown or left out
@variation(claude({**REGION, "model": ""}), profiles=DEPLOYED)
class EmptySettingsAreShown(Api):
    """Empty texts of settings are shown as they were sent."""

    def view_settings(self, provider: Provider) -> Any:
        kept = provider.settings
        return kept and {name: value for name, value in kept.items() if name not in SETTINGS_SECRETS}


# open: facts: "_version: 1": JSON has one kind of number, and 1.0 is an integer of JSON Schema
@variation(claude(REGION), profiles=DEPLOYED)
class VersionsAreSpeltWithAFraction(Api):
    """The _version of settings is spelt 1.0, as by languages whose numbers are all floats."""

    def view_settings(self, provider: Provider) -> Any:
        shown = super().view_settings(provider)
        return shown and {**shown, "_version": 1.0}


# open: the page: masked is a string; how keys are masked is a fact of deployed servers
@variation(make(api_keys=["dummy-key-0001"]), profiles=PAGE)
class MasksAreStars(Api):
    """Masks are twelve dots of another script and the last two characters of long keys."""

    def mask(self, plain: str) -> str:
        return "•" * 12 + (plain[-2:] if len(plain) >= 12 else "")


# open: the page: masked is a string
@variation(make(api_keys=["dummy-key-0001"]), profiles=PAGE)
class MasksAreAllAlike(Api):
    """Every mask is the same word."""

    def mask(self, plain: str) -> str:
        return "[redacted]"


# open: the page gives keys no order
@variation(make(api_keys=["dummy-key-1", "other-key-0002"]), profiles=PAGE)
class KeysAreInReverse(Api):
    """The last key is shown first."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        return {**shown, "api_keys": shown["api_keys"][::-1]}
