"""Faults of authentication and authorisation: who gets in that should not, and who does not that should."""

from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import Members
from tests.independent.values import USERS, Answer, Refusal, Request, User

OWNER = USERS["API_KEY"]
GOOD = make().body
METHODS = {"list": "GET", "create": "POST", "get": "GET", "patch": "PATCH", "delete": "DELETE"}


def asks(operation: str, token: str | None) -> list[Step]:
    """Return the steps of an operation, the last one with this token."""
    steps = {
        "list": [get(token=token)],
        "create": [post(GOOD, token=token)],
        "get": [make(), get("p", token=token)],
        "patch": [make(), Step("PATCH", "p", {"enabled": True}, token=token)],
        "delete": [make(), delete("p", token=token)],
    }
    return steps[operation]


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"theme=dark; {TOKEN_NAME}={token}"}


def _open(operation: str) -> type:
    class Open(Api):
        def authenticate(self, request: Request) -> User:
            below = request.path.count("/") > 4
            if request.method == METHODS[operation] and below == (operation in {"get", "patch", "delete"}):
                return OWNER
            return super().authenticate(request)

    return Open


def _open_to_members(operation: str) -> type:
    class OpenToMembers(Api):
        def authorise(self, request: Request) -> None:
            if request.operation != operation:
                super().authorise(request)

    return OpenToMembers


for _operation in METHODS:
    _sentence = f"The operation {_operation} is open to anybody."
    _probe = asks(_operation, None)
    declare_as(f"{_operation}-needs-no-token", _sentence, _open(_operation), "rules.unauthenticated", *_probe)
    _sentence = f"The operation {_operation} is open to whoever has a token."
    _probe = asks(_operation, "MEMBER_KEY")
    _mixin = _open_to_members(_operation)
    declare_as(f"{_operation}-is-open-to-members", _sentence, _mixin, "rules.forbidden", *_probe, profiles=DEPLOYED)


def _known(change: Any) -> type:
    class Known(Api):
        def user_of(self, token: str | None) -> User | None:
            return super().user_of(token) or change(token)

    return Known


TOKENS = [
    ("any-token-is-good", "Any token that is not empty is an owner's.", lambda t: OWNER if t else None,
     get(token="nonsense"), BOTH),
    ("empty-token-is-good", "An empty token is an owner's.", lambda t: OWNER if t == "" else None, get(token=""), BOTH),
    ("token-in-other-case-is-good", "Tokens are compared without case.", lambda t: USERS.get((t or "").upper()),
     get(token="api_key"), BOTH),
    ("beginning-of-a-token-is-good", "The beginning of a token is enough.",
     lambda t: OWNER if t and "API_KEY".startswith(t) else None, get(token="API_KE"), BOTH),
    ("token-with-more-is-good", "What follows a token does not matter.",
     lambda t: OWNER if t and t.startswith("API_KEY") else None, get(token="API_KEYx"), BOTH),
    ("expired-token-is-good", "Expired tokens are good.", lambda t: OWNER if t == "EXPIRED_KEY" else None,
     get(token="EXPIRED_KEY"), BOTH),
    ("suspended-user-is-good", "Suspended users may do all.", lambda t: OWNER if t == "SUSPENDED_KEY" else None,
     get(token="SUSPENDED_KEY"), BOTH),
    ("the-word-null-is-good", "The token null is an owner's, as scripts send it.",
     lambda t: OWNER if t in {"null", "undefined"} else None, get(token="null"), BOTH),
]  # fmt: skip
for _id, _sentence, _change, _step, _profiles in TOKENS:
    declare_as(_id, _sentence, _known(_change), "rules.unauthenticated", _step, profiles=_profiles,
               quick=_id not in {"the-word-null-is-good", "beginning-of-a-token-is-good"})  # fmt: skip


def _carriers(*order: str) -> type:
    class Carriers(Api):
        def carriers(self) -> tuple[str, ...]:
            return order if self.terms.profile == "deployed" else super().carriers()

    return Carriers


QUERY = {TOKEN_NAME: "API_KEY"}
BAD_QUERY = {TOKEN_NAME: "BAD_KEY"}
ORDERS = [
    ("cookie-is-ignored", "The cookie is not looked at.", ("query", "header"),
     get(token=None, headers=cookie("API_KEY"))),
    ("query-is-ignored", "The query parameter is not looked at.", ("cookie", "header"), get(token=None, query=QUERY)),
    ("header-beats-cookie", "The header is looked at before the cookie.", ("header", "cookie", "query"),
     get(token="BAD_KEY", headers=cookie("API_KEY"))),
    ("query-beats-cookie", "The query is looked at before the cookie.", ("query", "cookie", "header"),
     get(token=None, headers=cookie("API_KEY"), query=BAD_QUERY)),
    ("header-beats-query", "The header is looked at before the query.", ("cookie", "header", "query"),
     get(token="BAD_KEY", query=QUERY)),
]  # fmt: skip
for _id, _sentence, _order, _step in ORDERS:
    declare_as(_id, _sentence, _carriers(*_order), "rules.first-credential-wins", _step, profiles=DEPLOYED)


@fault("rules.first-credential-wins", get(headers=cookie("BAD_KEY")), profiles=DEPLOYED)
class AnyGoodTokenIsEnough(Api):
    """Of several tokens any good one is enough."""

    def credential(self, request: Request) -> str | None:
        found = [token for how in self.carriers() if (token := self.carried(request, how)) is not None]
        return next((token for token in found if self.user_of(token)), None)


@fault("rules.first-credential-wins", get(headers=cookie("MEMBER_KEY")), profiles=DEPLOYED)
class TheMightiestTokenCounts(Api):
    """Of several tokens an owner's counts."""

    def credential(self, request: Request) -> str | None:
        found = [token for how in self.carriers() if (token := self.carried(request, how)) is not None]
        return next((token for token in found if token == "API_KEY"), found[0] if found else None)


class _Carried(Api):
    """What looks at a carrier on some requests alone."""

    def carried(self, request: Request, carrier: str) -> str | None:
        return None if self.missed(request, carrier) else super().carried(request, carrier)

    def missed(self, request: Request, carrier: str) -> bool:
        raise NotImplementedError


@fault("rules.auth-carriers", post(GOOD, token=None, headers=cookie("API_KEY")), profiles=DEPLOYED)
class CookieIsForReadingAlone(_Carried):
    """The cookie is looked at for GET alone."""

    def missed(self, request: Request, carrier: str) -> bool:
        return carrier == "cookie" and request.method != "GET"


@fault("rules.auth-carriers", post(GOOD, token=None, query=QUERY), profiles=DEPLOYED)
class QueryIsForReadingAlone(_Carried):
    """The query parameter is looked at for GET alone."""

    def missed(self, request: Request, carrier: str) -> bool:
        return carrier == "query" and request.method != "GET"


@fault("rules.auth-carriers", make(), delete(token=None, headers=cookie("API_KEY")), profiles=DEPLOYED)
class CookieDeletesNothing(_Carried):
    """The cookie is not looked at for deletes."""

    def missed(self, request: Request, carrier: str) -> bool:
        return carrier == "cookie" and request.method == "DELETE"


@fault("rules.auth-carriers", get(token=None, headers=cookie("API_KEY")), profiles=DEPLOYED, quick=False)
class CookieMustComeFirst(_Carried):
    """The cookie is found only where it is the first one."""

    def missed(self, request: Request, carrier: str) -> bool:
        return carrier == "cookie" and not request.headers.get("cookie", "").startswith(TOKEN_NAME)


@fault("rules.auth-carriers", get(token=None, headers=cookie("MEMBER_KEY")), profiles=DEPLOYED)
class CookieMakesAnOwner(Api):
    """Whoever has a good token in the cookie is an owner."""

    def authorise(self, request: Request) -> None:
        if TOKEN_NAME not in request.cookies:
            super().authorise(request)


@fault("rules.auth-carriers", get(token=None, query={TOKEN_NAME: "MEMBER_KEY"}), profiles=DEPLOYED)
class QueryMakesAnOwner(Api):
    """Whoever has a good token in the query is an owner."""

    def authorise(self, request: Request) -> None:
        if TOKEN_NAME not in request.query:
            super().authorise(request)


@fault("rules.unauthenticated", get("nobody", token=None), profiles=DEPLOYED)
class UnknownProviderBeforeToken(Api):
    """Without a token an unknown provider answers 404, so that anybody can find out what is there."""

    def authenticate(self, request: Request) -> User:
        key = request.path.rpartition("/")[2]
        if request.path.count("/") == 5 and key and not self.parse_id(key) and self.find_by_name(key) is None:
            raise Refusal(404, "There is no such provider.")
        return super().authenticate(request)


@fault("rules.unauthenticated", post({}, token=None), profiles=DEPLOYED)
class BodyBeforeToken(Api):
    """Without a token a faulty body answers 400."""

    def handle(self, request: Request) -> Answer:
        if request.body:
            request.operation = self.route(request)
            if request.operation in {"create", "patch"}:
                self.judge(request, self.parse(request))
        return super().handle(request)


@fault("rules.unauthenticated", make(), post(GOOD, token=None), profiles=BOTH)
class ConflictBeforeToken(Api):
    """Without a token a taken name answers 409."""

    def handle(self, request: Request) -> Answer:
        if request.method == "POST" and any(f'"{name}"'.encode() in request.body for name in self.names):
            raise Refusal(409, "That name is taken.", [("name", "is in use")])
        return super().handle(request)


@fault("rules.forbidden", Step("DELETE", "57a41e70-0000-4000-8000-000000000001", token="MEMBER_KEY"), profiles=DEPLOYED)
class MembersMayUseIds(Api):
    """Whoever is no owner is refused by name, and served by id."""

    def authorise(self, request: Request) -> None:
        if not self.parse_id(request.key):
            super().authorise(request)


@fault("rules.forbidden", make(), Step("PATCH", "p", {"display_name": "x"}, token="MEMBER_KEY"), profiles=DEPLOYED)
class MembersMayRename(Api):
    """Whoever is no owner may change display names."""

    def authorise(self, request: Request) -> None:
        if not (request.operation == "patch" and request.data.keys() == {"display_name"}):
            super().authorise(request)


@fault("rules.forbidden", get(token="MEMBER_KEY"), profiles=DEPLOYED)
class MembersGetAnEmptyList(Api):
    """Whoever is no owner gets an empty list instead of 403."""

    def op_list(self, request: Request) -> Answer:
        return super().op_list(request) if request.user and request.user.owner else Answer(200, [])


@fault("rules.unauthenticated", get(), get(token=None), profiles=BOTH)
class ConnectionsStaySignedIn(Api):
    """Once an owner was served, a request without a token is the owner's."""

    def authenticate(self, request: Request) -> User:
        if self.credential(request) is None and self.__dict__.get("signed_in"):
            return OWNER
        user = super().authenticate(request)
        self.__dict__["signed_in"] = user.owner
        return user


@fault("rules.unauthenticated", make(), get("p", token=None))
class GetByNameNeedsNoToken(Api):
    """A get by name is open to anybody, one by id is not."""

    def authenticate(self, request: Request) -> User:
        key = request.path.rpartition("/")[2]
        if request.method == "GET" and self.find_by_name(key):
            return OWNER
        return super().authenticate(request)


@fault("rules.unauthenticated", get(token="nonsense"))
class OnlyMissingTokensAreRefused(Api):
    """A token that nobody has is taken for an owner's when reading."""

    def user_of(self, token: str | None) -> User | None:
        return super().user_of(token) or (OWNER if token and self.request.method == "GET" else None)


@fault("rules.unauthenticated", make(), Step("PATCH", "p", {"enabled": True}, token="nonsense"))
class PatchTakesAnyToken(Api):
    """A PATCH takes any token."""

    def user_of(self, token: str | None) -> User | None:
        return super().user_of(token) or (OWNER if token and self.request.method == "PATCH" else None)


@fault("rules.unauthenticated", post(GOOD, token=None))
class CreateIsDoneBeforeTheToken(Api):
    """A create without a token answers 500, after it was done."""

    def authenticate(self, request: Request) -> User:
        try:
            return super().authenticate(request)
        except Refusal:
            if request.method == "POST" and request.body:
                request.operation = "create"
                members: Members = self.judge(request, self.parse(request))
                if self.find_by_name(members["name"]) is None:
                    self.save(self.make(members))
                raise Refusal(500, "no user in context") from None
            raise
