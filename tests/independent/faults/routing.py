"""Faults of paths and methods: 405 and Allow, unknown paths, the trailing slash, HEAD and OPTIONS."""

from tests.independent.app import Api
from tests.independent.asking import Step, get, make, post
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.transport import COLLECTION
from tests.independent.values import Answer, Refusal, Request

GOOD = {"type": "openai", "name": "p", "base_url": "https://e.com"}
SLASH = f"{COLLECTION}/"


class _Refused(Api):
    """What changes the refusal of a method."""

    def respond(self, request: Request) -> Answer:
        answer = super().respond(request)
        if answer.status == 405:
            self.not_allowed(request, answer)
        return answer

    def not_allowed(self, request: Request, answer: Answer) -> None:
        raise NotImplementedError


@fault("rules.method-not-allowed", Step("PUT"))
class NotAllowedLacksAllow(_Refused):
    """A 405 has no Allow."""

    def not_allowed(self, request: Request, answer: Answer) -> None:
        del answer.headers["Allow"]


@fault("rules.method-not-allowed", Step("PUT"))
class AllowListsTooMuch(_Refused):
    """Allow lists methods that the path refuses."""

    def not_allowed(self, request: Request, answer: Answer) -> None:
        answer.headers["Allow"] = "GET, POST, PUT, PATCH, DELETE"


@fault("rules.method-not-allowed", Step("PUT"))
class AllowOmitsPost(_Refused):
    """Allow of the collection omits POST."""

    def not_allowed(self, request: Request, answer: Answer) -> None:
        answer.headers["Allow"] = answer.headers["Allow"].replace(", POST", "")


@fault("rules.method-not-allowed", make(), Step("PUT", "p", GOOD))
class AllowOfItemsIsOfTheCollection(_Refused):
    """Allow of one provider lists the methods of the collection."""

    def not_allowed(self, request: Request, answer: Answer) -> None:
        answer.headers["Allow"] = "GET, POST"


@fault("rules.method-not-allowed", Step("PUT"))
class NotAllowedAnswers404(_Refused):
    """A method that a path does not have answers 404."""

    def not_allowed(self, request: Request, answer: Answer) -> None:
        answer.status = 404
        answer.data = {"message": "no route"}


@fault("rules.method-not-allowed", Step("DELETE"))
class NotAllowedAnswers501(_Refused):
    """A method that a path does not have answers 501."""

    def not_allowed(self, request: Request, answer: Answer) -> None:
        answer.status = 501


class _Translated(Api):
    """What takes a further method for one that there is."""

    method = ""
    taken_for = ""
    of_items = True

    def route(self, request: Request) -> str:
        if request.method == self.method and (request.path != COLLECTION) == self.of_items:
            request.method = self.taken_for
        return super().route(request)


@fault("rules.method-not-allowed", make(), Step("PUT", "p", {"enabled": True}))
class PutIsTakenForPatch(_Translated):
    """PUT changes a provider as PATCH does."""

    method, taken_for = "PUT", "PATCH"


@fault("rules.method-not-allowed", make(), Step("POST", "p", {"enabled": True}))
class PostIsTakenForPatch(_Translated):
    """POST on a provider changes it as PATCH does."""

    method, taken_for = "POST", "PATCH"


@fault("rules.method-not-allowed", Step("PUT", "", GOOD))
class PutOnTheCollectionCreates(_Translated):
    """PUT on the collection creates a provider."""

    method, taken_for, of_items = "PUT", "POST", False


@fault("rules.method-not-allowed", Step("TRACE"))
class TraceIsTakenForGet(_Translated):
    """TRACE on the collection answers the list."""

    method, taken_for, of_items = "TRACE", "GET", False


@fault("schema.server-error", Step("HEAD"))
class HeadAnswers500(Api):
    """HEAD on the collection answers 500."""

    def op_list(self, request: Request) -> Answer:
        if request.method == "HEAD":
            raise Refusal(500, "no body to write")
        return super().op_list(request)


@fault("schema.server-error", Step("OPTIONS"))
class OptionsAnswers500(Api):
    """OPTIONS answers 500."""

    def route(self, request: Request) -> str:
        if request.method == "OPTIONS":
            raise Refusal(500, "no handler")
        return super().route(request)


@fault("rules.method-not-allowed", Step("HEAD", token=None), profiles=DEPLOYED)
class HeadNeedsNoToken(Api):
    """HEAD is answered as if anybody might ask."""

    def handle(self, request: Request) -> Answer:
        if request.method == "HEAD" and request.path == COLLECTION:
            return self.op_list(request)
        return super().handle(request)

    def authorise(self, request: Request) -> None:
        if request.method != "HEAD":
            super().authorise(request)


@fault("rules.unknown-path", get("/api/v2/nowhere"), profiles=DEPLOYED)
class UnknownPathAnswersHtml(Api):
    """An unknown path answers 404 with a page for people."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status == 404 and not request.operation:
            return Answer(404, raw=b"<h1>404</h1>", headers={"Content-Type": "text/html; charset=utf-8"})
        return super().error(request, refusal)


@fault("rules.unknown-path", get("/api/v2/nowhere"), profiles=DEPLOYED)
class UnknownPathAnswersNothing(Api):
    """An unknown path answers 404 without a body."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        return Answer(404) if refusal.status == 404 and not request.operation else super().error(request, refusal)


@fault("rules.unknown-path", get("/api/v2/nowhere"), profiles=DEPLOYED)
class UnknownPathAnswers200(Api):
    """An unknown path answers 200 and an empty object, as a front end's fallback does."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        return Answer(200, {}) if refusal.status == 404 and not request.operation else super().error(request, refusal)


@fault("rules.unknown-path", make(), get("p/keys"), profiles=DEPLOYED)
class PathsBelowAProviderAreTheProvider(Api):
    """Whatever follows a provider's path is ignored."""

    def route(self, request: Request) -> str:
        if request.path.startswith(SLASH) and request.path != SLASH:
            request.path = SLASH + request.path.removeprefix(SLASH).split("/")[0]
        return super().route(request)


class _Slash(Api):
    """What changes the collection path with a slash at its end."""

    def handle(self, request: Request) -> Answer:
        return self.slashed(request) if request.path == SLASH else super().handle(request)

    def slashed(self, request: Request) -> Answer:
        raise NotImplementedError


@fault("rules.trailing-slash", get(SLASH), profiles=DEPLOYED)
class TrailingSlashAnswers404(_Slash):
    """The collection path with a slash at its end is unknown."""

    def slashed(self, request: Request) -> Answer:
        self.authenticate(request)
        raise Refusal(404, "no route")


@fault("rules.trailing-slash", get(SLASH), profiles=DEPLOYED)
class TrailingSlashRedirects(_Slash):
    """The collection path with a slash at its end redirects to the one without."""

    def slashed(self, request: Request) -> Answer:
        return Answer(301, headers={"Location": COLLECTION})


@fault("rules.trailing-slash", post(GOOD, SLASH), profiles=DEPLOYED)
class TrailingSlashTakesNoPost(_Slash):
    """The collection path with a slash at its end lists, but does not create."""

    def slashed(self, request: Request) -> Answer:
        if request.method == "POST":
            raise Refusal(405, "no", Allow="GET")
        return Api.handle(self, request)


@fault("rules.trailing-slash", get(SLASH, token=None), profiles=DEPLOYED)
class TrailingSlashNeedsNoToken(_Slash):
    """The collection path with a slash at its end lists for anybody: the guard matches the path alone."""

    def slashed(self, request: Request) -> Answer:
        if request.method == "GET":
            return Answer(200, [self.view(provider) for provider in self.listed()])
        return Api.handle(self, request)


@fault("rules.trailing-slash", get(SLASH), profiles=DEPLOYED)
class TrailingSlashListsNothing(_Slash):
    """The collection path with a slash at its end lists nothing."""

    def slashed(self, request: Request) -> Answer:
        answer = Api.handle(self, request)
        if request.operation == "list":
            answer.data = []
        return answer
