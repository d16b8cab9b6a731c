"""Faults of the status line: the right answer under the wrong number."""

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.values import NOTHING, Answer, Refusal, Request

# id, sentence, operation (empty: any), right status, wrong status, probe, check, profiles
ROWS = [
    ("create-answers-200", "A create answers 200.", "create", 201, 200, [make()], "schema.status", BOTH),
    ("create-answers-202", "A create answers 202.", "create", 201, 202, [make()], "schema.status", BOTH),
    ("list-answers-206", "A list answers 206.", "list", 200, 206, [get()], "schema.status", BOTH),
    ("get-answers-203", "A get answers 203.", "get", 200, 203, [make(), get("p")], "schema.status", BOTH),
    ("patch-answers-201", "A PATCH answers 201.", "patch", 200, 201, [make(), patch(enabled=True)], "schema.status",
     BOTH),
    ("patch-answers-202", "A PATCH answers 202.", "patch", 200, 202, [make(), patch(enabled=True)], "schema.status",
     BOTH),
    ("delete-answers-202", "A delete answers 202.", "delete", 204, 202, [make(), delete()], "schema.status", BOTH),
    ("conflict-answers-400", "A taken name answers 400.", "create", 409, 400, [make(), make()], "rules.name-unique",
     BOTH),
    ("conflict-answers-422", "A taken name answers 422.", "create", 409, 422, [make(), make()], "rules.name-unique",
     BOTH),
    ("conflict-answers-500", "A taken name answers 500, as a failed insert does.", "create", 409, 500, [make(), make()],
     "rules.name-unique", BOTH),
    ("faulty-body-answers-422", "A faulty body answers 422.", "", 400, 422, [make(type="x")], "schema.status", BOTH),
    ("faulty-patch-answers-500", "A faulty PATCH answers 500.", "patch", 400, 500, [make(), patch(enabled="x")],
     "schema.server-error", BOTH),
    ("anonymous-answers-403", "Without a token the answer is 403.", "", 401, 403, [get(token=None)],
     "rules.unauthenticated", BOTH),
    ("anonymous-answers-404", "Without a token the answer is 404.", "", 401, 404, [get(token=None)],
     "rules.unauthenticated", BOTH),
    ("member-answers-401", "Whoever is no owner gets 401.", "", 403, 401, [get(token="MEMBER_KEY")], "rules.forbidden",
     DEPLOYED),
    ("member-answers-404", "Whoever is no owner gets 404.", "", 403, 404, [get(token="MEMBER_KEY")], "rules.forbidden",
     DEPLOYED),
    ("unknown-provider-answers-400", "An unknown provider answers 400.", "get", 404, 400, [get("nobody")],
     "rules.not-found", BOTH),
    ("unknown-provider-answers-410", "An unknown provider answers 410.", "", 404, 410, [get("nobody")],
     "rules.not-found", BOTH),
    ("unknown-provider-answers-500", "Getting an unknown provider answers 500.", "get", 404, 500, [get("nobody")],
     "schema.server-error", BOTH),
    ("patch-of-unknown-answers-400", "Patching an unknown provider answers 400.", "patch", 404, 400,
     [patch("nobody", enabled=True)], "rules.not-found", BOTH),
    ("errors-answer-200", "Every refusal of a body is sent with 200.", "create", 400, 200, [make(type="x")],
     "schema.status", BOTH),
]  # fmt: skip


def _renumbered(operation: str, right: int, wrong: int) -> type:
    class Renumbered(Api):
        def finish(self, request: Request, answer: Answer) -> Answer:
            if answer.status == right and operation in {"", request.operation}:
                answer.status = wrong
            return super().finish(request, answer)

    return Renumbered


for _id, _sentence, _operation, _right, _wrong, _probe, _check, _profiles in ROWS:
    declare_as(_id, _sentence, _renumbered(_operation, _right, _wrong), _check, *_probe, profiles=_profiles)


@fault("rules.not-found", get("nobody"))
class UnknownProviderAnswersNull(Api):
    """Getting an unknown provider answers 200 and null."""

    def op_get(self, request: Request) -> Answer:
        try:
            return super().op_get(request)
        except Refusal as refusal:
            if refusal.status == 404:
                return Answer(200, None)
            raise


@fault("schema.status", delete("nobody"))
class DeleteOfUnknownAnswers204(Api):
    """Deleting what is not there answers 204."""

    def op_delete(self, request: Request) -> Answer:
        try:
            return super().op_delete(request)
        except Refusal as refusal:
            if refusal.status == 404:
                return Answer(204)
            raise


@fault("schema.status", patch("nobody", enabled=True))
class PatchOfUnknownAnswers204(Api):
    """Patching what is not there answers 204."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 404:
                return Answer(204)
            raise


@fault("schema.status", make(), patch(enabled=True))
class PatchAnswers204(Api):
    """A PATCH answers 204 and nothing."""

    def op_patch(self, request: Request) -> Answer:
        super().op_patch(request)
        return Answer(204)


@fault("schema.status", make(), delete())
class DeleteAnswersProvider(Api):
    """A delete answers 200 with what was deleted."""

    def op_delete(self, request: Request) -> Answer:
        shown = self.view(self.find(request.key))
        super().op_delete(request)
        return Answer(200, shown)


@fault("schema.response", make())
class CreateAnswersNothing(Api):
    """A create answers 201 without a body."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        answer.data = NOTHING
        return answer


@fault("schema.status", make())
class CreateRedirects(Api):
    """A create answers 303 and sends the client to the new provider."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        return Answer(303, NOTHING, answer.headers)


@fault("schema.server-error", get("nobody%00"), profiles=DEPLOYED)
class MalformedKeyAnswers500(Api):
    """What can be no id and no name answers 500."""

    def parse_id(self, key: str) -> str | None:
        if not key.replace("-", "").isalnum():
            raise Refusal(500, "unexpected end of input")
        return super().parse_id(key)


@fault("rules.not-found", get("Not_A_Name"), profiles=DEPLOYED)
class MalformedKeyAnswers404(Api):
    """What can be no id and no name answers 404, as an unknown one."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.key and answer.status == 400 and not request.data:
            answer.status = 404
        return super().finish(request, answer)


@fault("rules.body-before-lookup", patch("nobody", enabled="x"), profiles=DEPLOYED)
class PatchLooksUpBeforeTheBody(Api):
    """A faulty PATCH of an unknown provider answers 404: the provider is looked up before the body is judged."""

    def judge(self, request: Request, data: object) -> dict[str, object]:
        if request.operation == "patch":
            self.find(request.key)
        return super().judge(request, data)
