"""Which web pages may call the mocked API (the Fetch standard, section 3.2), and preflights right for every path."""

import re
from collections.abc import Iterable, Mapping

from mockserver.engine.contract import Contract
from mockserver.engine.messages import Request, Response

__all__ = ["Cors", "is_loopback_origin"]

_LOOPBACK = re.compile(
    r"https?://(localhost|[a-z0-9-]+(\.[a-z0-9-]+)*\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?",
    re.IGNORECASE,
)
_ALWAYS_EXPOSED = ("Allow", "Location", "Preference-Applied", "Retry-After")
_MAX_AGE = "600"


def is_loopback_origin(origin: str) -> bool:
    """Whether an origin is of a page that this machine serves."""
    return _LOOPBACK.fullmatch(origin) is not None


class Cors:
    """Decides about origins: those of loopback, and those that were allowed; ``*`` allows all."""

    def __init__(self, contract: Contract, allowed: Iterable[str] = ()) -> None:
        self._contract = contract
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)
        names = {
            name
            for plan in contract.plans.values()
            for spec in plan.operation.responses.values()
            for name in spec.raw.get("headers", {})
        }
        self._exposed = ", ".join(sorted({*_ALWAYS_EXPOSED, *names}))

    def allows(self, origin: str) -> bool:
        """Whether pages of an origin may call."""
        return "*" in self._allowed or origin.lower() in self._allowed or is_loopback_origin(origin)

    def headers(self, origin: str) -> list[tuple[str, str]]:
        """Return what an answer to a page must say; the origin is named, so that cookies may be sent."""
        if not self.allows(origin):
            return [("Vary", "Origin")]
        return [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Expose-Headers", self._exposed),
            ("Vary", "Origin"),
        ]

    @staticmethod
    def is_preflight(request: Request, headers: Mapping[str, str]) -> bool:
        """Whether a browser asks what it may send."""
        return request.method == "OPTIONS" and "access-control-request-method" in headers

    def preflight(self, request: Request, origin: str) -> Response:
        """Answer a preflight; it needs no token, and for a page that may not call it says so."""
        vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        if not self.allows(origin):
            return Response(403, [("Vary", vary)], b"")
        found = self._contract.router.match(request.path)
        # Let a page send its request to a path that is not there, so that it can read the 404.
        methods = found[0].allow if found else request.headers.get("access-control-request-method", "")
        headers = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Max-Age", _MAX_AGE),
            ("Vary", vary),
        ]
        asked = request.headers.get("access-control-request-headers")
        if asked:
            headers.insert(3, ("Access-Control-Allow-Headers", asked))
        return Response(204, headers, b"")
