"""More sound variations of errors, access, times, ids and values."""

import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, get, make, patch, post
from tests.independent.faults.catalogue import DEPLOYED, variation
from tests.independent.judging import BEDROCK_TYPES, CREATE_MEMBERS, PATCH_MEMBERS, TYPES, Faults, Members, parse_uuid
from tests.independent.values import Answer, Provider, Refusal, Request
from tests.independent.variations.common import PAGE, PUT, REGION, claude

# --- errors ---------------------------------------------------------------------------------------------------------


# open: facts: "the literal wording of a message or detail is not part of either contract"
@variation(get("nobody"))
class MessagesRepeatTheRequest(Api):
    """Messages repeat method and path, also those of what was deleted."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if isinstance(answer.data, dict):
            answer.data["message"] += f" ({request.method} {request.path})"
        return answer


# open: facts: both "bedrock settings together with a non-empty api_keys" and "type: bedrock created with non-empty
# api_keys" are faults; "all are reported together, one entry per fault"
@variation(make(type="bedrock", settings=REGION, api_keys=["dummy-key"]), profiles=DEPLOYED)
class BothFaultsOfBedrockKeysAreTold(Api):
    """A create of type bedrock with settings and keys has two faults: keys for that type, settings beside keys."""

    def judge_bedrock(self, members: Members) -> Faults:
        faults = super().judge_bedrock(members)
        if members.get("type") == "bedrock" and members.get("settings") is not None and members.get("api_keys"):
            faults.append(("settings", "cannot be used together with api_keys"))
        return faults


# open: facts: settings are a fault where the "type is neither anthropic nor bedrock": an unknown one is neither
@variation(make(type="nope", settings=REGION), profiles=DEPLOYED)
class SettingsFitNoUnknownType(Api):
    """Bedrock settings with an unknown type, or none, are told to be a fault beside that of the type."""

    def judge_bedrock(self, members: Members) -> Faults:
        kind, settings = members.get("type"), members.get("settings")
        told = super().judge_bedrock(members)
        if settings is not None and settings.get("_type") == "bedrock" and kind not in {*TYPES, *BEDROCK_TYPES}:
            told.append(("settings", "cannot be used with that type"))
        return told


# open: facts: "all validation faults of one request are reported together", and those of JSON types may be among them
@variation(post({"enabled": "yes", "type": "nope"}), profiles=DEPLOYED)
class TypesAndValuesAreJudgedTogether(Api):
    """Wrong JSON types and the faults of the other members are told in one answer."""

    def judge(self, request: Request, data: Any) -> Members:
        creating = request.operation == "create"
        known = CREATE_MEMBERS if creating else PATCH_MEMBERS
        if isinstance(data, dict) and (wrong := self.wrong_types(data, known)):
            spoilt = {re.split(r"[.\[]", name)[0] for name, _ in wrong}
            members = {name: data[name] for name in known if data.get(name) is not None and name not in spoilt}
            others = self.judge_create(members) if creating else self.judge_patch(members)
            self.refuse(wrong + [(name, why) for name, why in others if re.split(r"[.\[]", name)[0] not in spoilt])
        return super().judge(request, data)


# open: facts: "405 with Allow; its body is left open"
@variation(PUT, profiles=DEPLOYED)
class MethodNotAllowedIsOtherJson(Api):
    """The body of a 405 is JSON, and no error object."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        return replace(answer, data={"error": ["method", 405]}) if answer.status == 405 else answer


# open: the page has no errors, and gives checks no order
@variation(make(), make(type="nope"), profiles=PAGE)
class ConflictsComeBeforeFaults(Api):
    """A create with the name of a live provider gets 409 whatever else is wrong with it."""

    def judge(self, request: Request, data: Any) -> Members:
        if request.operation == "create" and isinstance(data, dict) and isinstance(data.get("name"), str):
            self.check_unique(data["name"])
        return super().judge(request, data)


# open: facts: "bedrock settings together with a non-empty api_keys, on PATCH: 400", and no field: it may be named
@variation(claude(REGION), patch(api_keys=[{"api_key": "dummy-key"}]), profiles=DEPLOYED)
class KeysBesideSettingsAreBlamedOnPatch(Api):
    """A PATCH that would bring settings and keys together is told which of its members does."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        try:
            super().judge_fit(provider, change)
        except Refusal as refusal:
            blamed = "api_keys" if change.get("api_keys") else "settings"
            told = [(blamed, "excludes the other")] if "keys" in refusal.message else []
            raise Refusal(400, refusal.message, told) from None

    def judge_emptiness(self, data: Members, members: Members) -> None:
        try:
            super().judge_emptiness(data, members)
        except Refusal as refusal:
            told = [("api_keys", "excludes settings")] if members else []
            raise Refusal(400, refusal.message, told) from None


# --- access ---------------------------------------------------------------------------------------------------------


# open: facts: "where a session token is looked for, first found wins": an empty text is no token that could be found
@variation(get(headers={"Cookie": "coder_session_token="}), profiles=DEPLOYED)
class EmptyTokensArePassedOver(Api):
    """A cookie, parameter or header without a value is as good as none, and the next place is looked at."""

    def carried(self, request: Request, carrier: str) -> str | None:
        return super().carried(request, carrier) or None


# --- times and ids --------------------------------------------------------------------------------------------------


# open: facts: "UUID v4, server-made", which leaves 122 bits open
@variation(make(api_keys=["dummy-key"]))
class IdsHaveDigitsAlone(Api):
    """Ids are of version 4, and have no letters."""

    def new_id(self) -> str:
        digits = self.rng.choices("0123456789", k=32)
        return str(uuid.UUID("".join([*digits[:12], "4", *digits[13:16], self.rng.choice("89"), *digits[17:]])))


# open: the page: string(uuid); RFC 9562, 5.8: version 8 has bits of one's own
@variation(make(api_keys=["dummy-key"]), profiles=PAGE)
class IdsAreCounted(Api):
    """Ids are UUIDs of version 8 that differ in their last digits alone."""

    def new_id(self) -> str:
        return f"00000000-0000-8000-8000-{self.tally('ids'):012x}"


# open: nobody says that the server's clock goes as fast as that of the client; clocks are corrected
@variation(make())
class TheClockIsSetForward(Api):
    """The clock is set forward by a second whenever it is looked at, up to four minutes."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=min(self.tally("now"), 240))


# open: nobody says that a later create has a later time; facts: every PATCH moves updated_at, which it does here
@variation(make())
class TheClockIsSetBack(Api):
    """The clock is set back by a second whenever it is looked at; a PATCH still moves updated_at on."""

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=min(self.tally("now"), 240))


# open: the page: string(date-time): RFC 3339, 5.6 has offsets, and nobody says that they are all the same
@variation(make(), profiles=PAGE)
class TimesHaveOffsetsOfTheirOwn(Api):
    """Times of creation are those of Kiritimati, times of change those of Los Angeles."""

    def view(self, provider: Provider) -> Members:
        east, west = timezone(timedelta(hours=14)), timezone(-timedelta(hours=8))
        return {
            **super().view(provider),
            "created_at": provider.created_at.astimezone(east).isoformat(),
            "updated_at": provider.updated_at.astimezone(west).isoformat(),
        }


# --- what is taken and shown ----------------------------------------------------------------------------------------


_P = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_N = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_URL = re.compile(
    rf"https?://(?:(?:{_N}|:)*@)?(?:\[[0-9A-Fa-f:.]+\]|{_N}+)(?::\d*)?(?:/{_P}*)*(?:\?(?:{_P}|[/?])*)?(?:\#(?:{_P}|[/?])*)?",
    re.IGNORECASE | re.ASCII,
)


# open: facts: "absolute URL with a host": RFC 3986 has neither the likes of %zz < > | \ in it, nor what is not ASCII
@variation(make(base_url="https://e.com/%zz"), profiles=DEPLOYED)
class UrlsAreJudgedByTheStandard(Api):
    """A base URL with broken escapes or characters that RFC 3986 does not have in that place gets 400."""

    def is_base_url(self, value: str) -> bool:
        return super().is_base_url(value) and _URL.fullmatch(value) is not None


def _braced(seen: list[Reply]) -> Step:
    return get("{" + seen[0].json["id"].replace("-", "") + "}")


# open: facts: "anything that parses as a UUID is an id", by no stated parser; that of Python takes these, too
@variation(make(), _braced, profiles=DEPLOYED)
class IdsHaveMoreNotations(Api):
    """An id is found in braces without dashes, and with urn:uuid: before either."""

    def parse_id(self, key: str) -> str | None:
        bare = key[9:] if key[:9].lower() == "urn:uuid:" else key
        return super().parse_id(key) or parse_uuid(bare[1:-1] if bare[:1] == "{" and bare[-1:] == "}" else bare)
