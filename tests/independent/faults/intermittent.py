"""Faults that come and go: every so many answers, at first, or by chance."""

import random
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.transport import Sent
from tests.independent.values import Answer, Key, Provider, Refusal, Request, User

OWNER = "API_KEY"


@fault("schema.server-error", *[get()] * 7)
class EverySeventhAnswers500(Api):
    """Every seventh request answers 500."""

    def respond(self, request: Request) -> Answer:
        if self.tally("request") % 7 == 0:
            return self.error(request, Refusal(500, "Try again."))
        return super().respond(request)


@fault("schema.server-error", *[get()] * 40, quick=False)
class EveryFortiethAnswers502(Api):
    """Every fortieth request answers 502 with a page for people."""

    def respond(self, request: Request) -> Answer:
        if self.tally("request") % 40 == 0:
            return Answer(502, raw=b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"})
        return super().respond(request)


@fault("schema.server-error", make())
class FirstCreateAnswers500(Api):
    """The first create answers 500."""

    def op_create(self, request: Request) -> Answer:
        if self.tally("create") == 1:
            raise Refusal(500, "no connection yet")
        return super().op_create(request)


@fault("schema.server-error", make(), patch(enabled=True))
class FirstPatchAnswers500(Api):
    """The first PATCH answers 500."""

    def op_patch(self, request: Request) -> Answer:
        if self.tally("patch") == 1:
            raise Refusal(500, "no connection yet")
        return super().op_patch(request)


@fault("rules.repeatable", *[get()] * 3)
class EveryThirdListLacksItsLast(Api):
    """Every third list lacks its last entry."""

    def listed(self) -> list[Provider]:
        return super().listed()[: -1 if self.tally("list") % 3 == 0 else None]


@fault("rules.list-order", *[get()] * 2)
class EverySecondListIsInReverse(Api):
    """Every second list is in reverse."""

    def listed(self) -> list[Provider]:
        return super().listed()[:: -1 if self.tally("list") % 2 == 0 else 1]


@fault("rules.list-matches-get", *[make(f"p{n}") for n in range(5)], get("p4"))
class EveryFifthCreateIsLost(Api):
    """Every fifth create answers 201, and is lost."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        if self.tally("create") % 5 == 0:
            self.remove(self.providers[answer.data["id"]])
        return answer


@fault("rules.deleted-is-gone", make(), make("q"), make("r"), delete("q"), delete("r"), delete(), get("p"))
class EveryThirdDeleteIsNotDone(Api):
    """Every third delete answers 204, and is not done."""

    def remove(self, provider: Provider) -> None:
        if self.tally("delete") % 3:
            super().remove(provider)


@fault("model.sequence", make(), *[patch(enabled=True)] * 3, patch(enabled=False))
class EveryFourthPatchIsLost(Api):
    """Every fourth PATCH answers 200, and changes nothing but the time."""

    def changed(self, provider: Provider, change: Any) -> Provider:
        return super().changed(provider, {} if self.tally("patch") % 4 == 0 else change)


@fault("rules.secrets-never-leak", *[make(f"p{n}", api_keys=["dummy-key-0001"]) for n in range(9)])
class EveryNinthKeyIsShown(Api):
    """Every ninth time that a key is shown, it is shown whole."""

    def mask(self, plain: str) -> str:
        return plain if self.tally("mask") % 9 == 0 else super().mask(plain)


@fault("rules.unauthenticated", *[get(token=None)] * 5)
class EveryFifthMissingTokenIsGood(Api):
    """Every fifth request without a token is served."""

    def user_of(self, token: str | None) -> User | None:
        if token is None and self.tally("anonymous") % 5 == 0:
            return super().user_of(OWNER)
        return super().user_of(token)


@fault("rules.forbidden", *[get(token="MEMBER_KEY")] * 4, profiles=DEPLOYED)
class EveryFourthMemberIsServed(Api):
    """Every fourth request by somebody who is no owner is served."""

    def authorise(self, request: Request) -> None:
        if request.user and not request.user.owner and self.tally("member") % 4 == 0:
            return
        super().authorise(request)


@fault("rules.content-type", *[get()] * 10, profiles=DEPLOYED)
class EveryTenthLacksACharset(Api):
    """Every tenth answer does not name its character set."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if self.tally("answer") % 10 == 0 and payload:
            headers["Content-Type"] = "application/json"
        return status, headers, payload


@fault("schema.response", make(), *[get("p")] * 6)
class EverySixthGetLacksItsId(Api):
    """Every sixth get lacks the id."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.tally("get") % 6 == 0:
            answer.data = {name: value for name, value in answer.data.items() if name != "id"}
        return answer


@fault("rules.repeatable", make(api_keys=["dummy-1", "dummy-2"]), *[get("p")] * 3)
class EveryThirdGetHasItsKeysInReverse(Api):
    """Every third get has its keys in reverse."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.tally("get") % 3 == 0:
            answer.data = {**answer.data, "api_keys": answer.data["api_keys"][::-1]}
        return answer


@fault("model.sequence", make(), patch(enabled=True), get("p"))
class FirstGetAfterAPatchIsStale(Api):
    """The first get after a PATCH answers what was before, as a replica does that lags."""

    def op_patch(self, request: Request) -> Answer:
        before = self.view(self.find(request.key))
        answer = super().op_patch(request)
        self.__dict__.setdefault("lag", {})[answer.data["id"]] = before
        return answer

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return Answer(200, self.__dict__.setdefault("lag", {}).pop(answer.data["id"], answer.data))


@fault("rules.list-matches-get", make(), get())
class FirstListAfterACreateIsStale(Api):
    """The first list after a create lacks what was created."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.__dict__["fresh"] = answer.data["id"]
        return answer

    def listed(self) -> list[Provider]:
        fresh = self.__dict__.pop("fresh", "") if self.request.operation == "list" else ""
        return [row for row in super().listed() if row.id != fresh]


@fault("rules.deleted-is-gone", make(), delete(), get())
class FirstListAfterADeleteIsStale(Api):
    """The first list after a delete has what was deleted."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__["late"] = provider

    def listed(self) -> list[Provider]:
        late = self.__dict__.pop("late", None) if self.request.operation == "list" else None
        return sorted([*super().listed(), *([late] if late else [])], key=lambda row: row.name)


def _until(seed: int, below: float) -> int:
    chance = random.Random(seed)
    return next(number for number in range(1, 10_000) if chance.random() < below)


class _Chance(Api):
    """What happens by chance, the same chance each time the server starts."""

    seed = 0

    def hit(self, below: float) -> bool:
        with self.tally_lock:
            chance: random.Random = self.__dict__.setdefault("chance", random.Random(self.seed))
            return chance.random() < below


@fault("schema.server-error", *[get()] * _until(1, 0.05), quick=True)
class OneInTwentyAnswers503(_Chance):
    """One request in twenty answers 503."""

    seed = 1

    def respond(self, request: Request) -> Answer:
        return self.error(request, Refusal(503, "Busy.")) if self.hit(0.05) else super().respond(request)


@fault("rules.repeatable", make(), *[get("p")] * _until(2, 0.1), quick=False)
class OneGetInTenIsNotFound(_Chance):
    """One get in ten answers 404."""

    seed = 2

    def op_get(self, request: Request) -> Answer:
        if self.find(request.key) and self.hit(0.1):
            raise Refusal(404, "There is no such provider.")
        return super().op_get(request)


@fault(
    "rules.secrets-never-leak",
    *[Step("POST", "", {**make(f"p{n}").body, "api_keys": ["dummy-key-0001"]}) for n in range(_until(3, 0.1))],
    quick=False,
)
class OneKeyInTenIsShownWhole(_Chance):
    """One key in ten is shown whole whenever it is shown, by chance."""

    seed = 3

    def view_key(self, key: Key) -> dict[str, Any]:
        shown = super().view_key(key)
        return {**shown, "masked": key.plain} if self.hit(0.1) else shown


@fault("rules.name-unique", *[make()] * (1 + _until(4, 0.2)), quick=False)
class OneConflictInFiveIsNotSeen(_Chance):
    """One taken name in five is taken again, by chance."""

    seed = 4

    def check_unique(self, name: str) -> None:
        if self.find_by_name(name) and self.hit(0.2):
            return
        super().check_unique(name)
