"""Faults for two conditions at once, III: of settings, and of how a request is written."""

import json
import re
from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.settings import BEDROCK, REGION, WHOLE, bedrock, claude
from tests.independent.judging import Faults, Members
from tests.independent.values import Answer, Provider, Refusal, Request

KEY = "dummy-key-0001"

# --- settings ---------------------------------------------------------------------------------------------------------


@fault(
    "rules.cross-talk",
    claude(REGION),
    make("q", type="anthropic", settings=REGION),
    patch("q", settings={**BEDROCK, "region": "r2"}),
    get("p"),
)
class EqualSettingsAreShared(Api):
    """A PATCH of settings changes all providers that had the same."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        for row in self.listed():
            if before.settings and "settings" in request.data and row.settings == before.settings:
                self.save(replace(row, settings=self.find(request.key).settings))
        return answer


@fault("rules.absent-members", claude(REGION), patch(api_keys=[]))
class PatchOfNoKeysRemovesSettings(Api):
    """A PATCH with an empty list of keys removes the settings."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, settings=None) if change.get("api_keys") == [] and "settings" not in change else new


@fault("rules.settings", claude({**REGION, "model": "anthropic.claude-v2:1"}))
class ModelsEndAtTheirColon(Api):
    """The model of settings is shown up to its last colon."""

    def view_settings(self, provider: Provider) -> Any:
        shown = super().view_settings(provider)
        if shown and isinstance(shown.get("model"), str) and ":" in shown["model"]:
            return {**shown, "model": shown["model"].rpartition(":")[0]}
        return shown


@fault("rules.settings", claude(WHOLE), patch(settings={**BEDROCK, "access_key": "AKIADUMMY"}), profiles=DEPLOYED)
class SettingsWithANewSecretKeepTheRest(Api):
    """Settings of a PATCH that bring a secret keep the stored members that they do not mention."""

    def merge_settings(self, stored: Any, new: Members) -> Members:
        merged = super().merge_settings(stored, new)
        return {**(stored or {}), **merged} if new.get("access_key") or new.get("access_key_secret") else merged


@fault("rules.settings", claude(WHOLE), patch(settings={**REGION, "model": ""}), profiles=DEPLOYED)
class EmptyTextsOfSettingsKeepTheStored(Api):
    """An empty model or region in the settings of a PATCH leaves the stored one."""

    def merge_settings(self, stored: Any, new: Members) -> Members:
        kept = {n: stored[n] for n in ("region", "model") if stored and new.get(n) == "" and n in stored}
        return {**super().merge_settings(stored, new), **kept}


@fault("rules.settings", bedrock({**BEDROCK, "access_key": "AKIADUMMY"}), profiles=DEPLOYED)
class CredentialsAloneAreShownAsNull(Api):
    """Settings that hold nothing but secrets are shown as null."""

    def view_settings(self, provider: Provider) -> Any:
        shown = super().view_settings(provider)
        return shown if shown and shown.keys() - {"_type", "_version"} else None


@fault("rules.settings", claude({"region": "eu-west-1", **BEDROCK}), profiles=DEPLOYED)
class TheTypeOfSettingsMustComeFirst(Api):
    """Settings whose first member is not _type are refused."""

    def judge_settings(self, value: Members) -> Faults:
        first = next(iter(value), "_type") == "_type"
        return super().judge_settings(value) or ([] if first else [("settings", "_type must be the first member")])


@fault("rules.bedrock-keys", claude(api_keys=[KEY]), patch(settings=REGION, api_keys=[]), profiles=DEPLOYED)
class SettingsDoNotComeInPlaceOfKeys(Api):
    """A PATCH that removes all keys and brings settings is refused for the keys that it removes."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        super().judge_fit(provider, change)
        if "settings" in change and provider.keys:
            raise Refusal(400, "There are keys.")


# --- how it is written ------------------------------------------------------------------------------------------------


@fault("rules.notations", make(), Step("PATCH", "p", raw=b'{"\\u0065nabled": true, "display_name": "x"}'))
class EscapedNamesOfMembersAreUnknown(Api):
    """A member whose name is written with escapes is taken for an unknown one."""

    def parse(self, request: Request) -> Any:
        value = super().parse(request)
        text = request.body.decode()
        return {n: v for n, v in value.items() if f'"{n}"' in text} if isinstance(value, dict) else value


@fault("rules.unicode", make(), patch(display_name="a \U0001f600"))
class PatchReadsEscapedPairsAsTwo(Api):
    """A PATCH takes the escaped surrogate pair of one character for two unknown ones."""

    def parse(self, request: Request) -> Any:
        value = super().parse(request)
        if request.method != "PATCH":
            return value
        pair = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
        return json.loads(pair.sub("\ufffd\ufffd", request.body.decode()))


@fault("rules.clients", get(headers={"Cookie": "theme=dark"}))
class OtherCookiesHideTheHeader(Api):
    """The token of the header is not seen where there are cookies, though of other names."""

    def carried(self, request: Request, carrier: str) -> str | None:
        if carrier == "header" and request.cookies:
            return None
        return super().carried(request, carrier)


@fault("rules.auth-carriers", get(token=None, headers={
    "Cookie": "old_coder_session_token=x; coder_session_token=API_KEY"}), profiles=DEPLOYED)  # fmt: skip
class CookiesWhoseNamesEndAlikeAreTaken(Api):
    """A cookie whose name ends with that of the session's is taken for it if it comes first."""

    def carried(self, request: Request, carrier: str) -> str | None:
        found = re.search("coder_session_token=([^;]*)", request.headers.get("cookie", ""))
        return found[1].strip('" ') if carrier == "cookie" and found else super().carried(request, carrier)


def capitals(seen: list[Reply]) -> Step:
    """Return a delete by the id in capitals of what was made first."""
    return delete(seen[0].json["id"].upper())


@fault("rules.lookup", make(), capitals, get("p"), profiles=DEPLOYED)
class DeleteByAnIdInCapitalsDoesNothing(Api):
    """A delete by an id in capitals answers 204, and leaves the provider there."""

    def op_delete(self, request: Request) -> Answer:
        kept = self.find(request.key)
        answer = super().op_delete(request)
        if self.parse_id(request.key) and request.key != request.key.lower():
            self.save(kept)
        return answer
