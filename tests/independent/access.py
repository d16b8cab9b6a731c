"""Who asks, and whether they may: tokens and their carriers, the owner role."""

from tests.independent.terms import Terms
from tests.independent.values import USERS, Refusal, Request, User

TOKEN_NAME = "coder_session_token"
HEADER = "coder-session-token"


class Access:
    """Authentication and authorisation. Seams for faults: ``carried``, ``credential``, ``user_of``, ``authorise``."""

    terms: Terms

    def authenticate(self, request: Request) -> User:
        """Return the user of the request's token, or refuse with 401."""
        user = self.user_of(self.credential(request))
        if user is None:
            raise Refusal(401, "Sign in first.")
        return user

    def credential(self, request: Request) -> str | None:
        """Return the first token that is found; a later one never counts."""
        return next((token for how in self.carriers() if (token := self.carried(request, how)) is not None), None)

    def carriers(self) -> tuple[str, ...]:
        """Return where tokens are looked for, in order."""
        return self.terms.carriers

    def carried(self, request: Request, carrier: str) -> str | None:
        """Return the token that one carrier holds."""
        if carrier == "cookie":
            return request.cookies.get(TOKEN_NAME)
        if carrier == "query":
            return request.query.get(TOKEN_NAME, [None])[0]
        return request.headers.get(HEADER)

    def user_of(self, token: str | None) -> User | None:
        """Return whom a token belongs to; an expired one and one of a suspended user belong to nobody."""
        user = USERS.get(token or "")
        return None if user is None or user.expired or user.suspended else user

    def authorise(self, request: Request) -> None:
        """Refuse with 403 whoever is no owner, where owners alone may ask."""
        if self.terms.owners_only and not (request.user and request.user.owner):
            raise Refusal(403, "Owners only.")
