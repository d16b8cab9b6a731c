"""Sound variations of errors."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import get, make, patch, post
from tests.independent.faults.catalogue import DEPLOYED, variation
from tests.independent.judging import (
    Faults,
    Members,
)
from tests.independent.values import Answer, Key, Provider, Refusal, Request
from tests.independent.variations.common import NOBODY, PAGE, REGION, claude

# --- errors ---------------------------------------------------------------------------------------------------------


class _Errors(Api):
    """What changes error objects."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if isinstance(answer.data, dict):
            answer.data = self.told(request, refusal, dict(answer.data))
        return answer

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        raise NotImplementedError


# open: facts: "the literal wording of a message or detail is not part of either contract"
@variation(get("nobody"))
class MessagesAreLongAndForeign(_Errors):
    """Messages and details are long, in several lines, and in another script."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        text = f'エラー「{refusal.status}」が発生しました。\n\t"もう一度" お試しください 🙏 \\o/ </p>\r\n'
        for entry in data.get("validations", []):
            entry["detail"] = text
        return {**data, "message": text * 20, "detail": text}


# open: facts: "detail (string, optional)"
@variation(get("nobody"))
class ErrorsHaveNoDetail(_Errors):
    """Errors have no detail."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        data.pop("detail")
        return data


# open: facts: "validations (array, optional)": an array may be empty; "message only" cases are 400 and left as they are
@variation(get("nobody"))
class ErrorsHaveEmptyLists(_Errors):
    """Errors but 400 have empty details and lists of validations where there is nothing to tell."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        return data if refusal.status == 400 else {"validations": [], **data, "detail": ""}


# open: facts: "validations (array, optional)" in every error answer; idOrName is the page's name of what is at fault
@variation(get("nobody"))
class NotFoundNamesTheParameter(_Errors):
    """A 404 of an item has a validation of idOrName."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        if refusal.status == 404 and request.key:
            data["validations"] = [{"field": "idOrName", "detail": "unknown"}]
        return data


# open: facts: "create: a live provider of that name: 409", and no field; validations are optional
@variation(make(), make())
class ConflictsNameNoMember(_Errors):
    """A 409 has a message alone."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        return {"message": "Taken."} if refusal.status == 409 else data


# open: facts: "reported together, one entry per fault", in no order
@variation(post({"type": "nope"}))
class ValidationsAreInReverse(_Errors):
    """The last fault is told first."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        return {**data, "validations": data["validations"][::-1]} if "validations" in data else data


# open: "all faults together" is a fact of deployed servers; the page says nothing of errors
@variation(post({"type": "nope"}), profiles=PAGE)
class TheFirstFaultAloneIsTold(_Errors):
    """Of several faults the first is told alone."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        return {**data, "validations": data["validations"][:1]} if "validations" in data else data


# open: the documented document: of an error, message alone is required
@variation(post({"type": "nope"}), profiles=PAGE)
class NoMembersAreNamed(_Errors):
    """Errors have a message and nothing else."""

    def told(self, request: Request, refusal: Refusal, data: Members) -> Members:
        return {"message": data["message"]}


# open: facts give "a member of the wrong JSON type" 400 and no field; naming it is what validations are for
@variation(make(enabled="yes"), profiles=DEPLOYED)
class WrongTypesAreNamed(Api):
    """A 400 for a wrong JSON type names the member."""

    def __init__(self, *given: Any) -> None:
        self.terms = replace(self.terms, name_decoding_faults=True)
        super().__init__(*given)


# open: page says nothing of errors: "cannot be decoded" may be all that is told
@variation(make(enabled="yes"), profiles=PAGE)
class WrongTypesAreNotNamed(Api):
    """A 400 for a wrong JSON type has a message alone."""

    def __init__(self, *given: Any) -> None:
        self.terms = replace(self.terms, name_decoding_faults=False)
        super().__init__(*given)


# open: facts give {}, an unknown _type and another _version 400, and no field; decoders of variants fail as a whole
@variation(claude({}), profiles=DEPLOYED)
class MalformedSettingsAreNotNamed(Api):
    """Settings whose _type or _version is wrong get 400 without a field, but for the type bedrock."""

    def judge_create(self, members: Members) -> Faults:
        return self.silenced(members, super().judge_create(members))

    def judge_patch(self, members: Members) -> Faults:
        return self.silenced(members, super().judge_patch(members))

    def silenced(self, members: Members, faults: Faults) -> Faults:
        """Return the faults but that of the shape of settings; refuse where there was no other."""
        others = [told for told in faults if not (told[0] == "settings" and told[1].startswith(("_type", "_version")))]
        if members.get("type") == "bedrock" or others == faults:
            return faults
        if not others:
            raise Refusal(400, "These settings cannot be read.")
        return others


# open: facts: "an id that is not a key of this provider: 400; nothing changes", and no field
@variation(make(), patch(api_keys=[{"id": NOBODY}]))
class UnknownKeysAreNotNamed(Api):
    """A 400 for the id of a key that the provider has not has a message alone."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        try:
            return super().merge_keys(provider, entries, moment)
        except Refusal as refusal:
            raise Refusal(400, "Some key is none of this provider.") from refusal


# open: facts: "bedrock settings together with a non-empty api_keys: 400", and no field; either member is at fault
@variation(claude(REGION, api_keys=["dummy-key"]), profiles=DEPLOYED)
class KeysBesideSettingsAreBlamed(Api):
    """Where settings and keys come together, api_keys is named."""

    def judge_bedrock(self, members: Members) -> Faults:
        return [("api_keys" if "together" in why else name, why) for name, why in super().judge_bedrock(members)]


# open: facts: "which of 400, 403 and 404 wins for a non-owner's faulty one is left open"
@variation(post({}, token="MEMBER_KEY"), profiles=DEPLOYED)
class NonOwnersAreRefusedFirst(Api):
    """Who is no owner gets 403 whatever was asked for."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        self.authorise(request)
        return operation
