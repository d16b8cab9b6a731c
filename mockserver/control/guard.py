"""Who may use the control API: callers on this machine, or whoever has the token; never a web page of another origin.

A page that a browser shows can send requests to this machine, and, by pointing a name of its own at a loopback
address, even read the answers. So the name that a caller used for the server (``Host``) and the page that sent it
(``Origin``, ``Sec-Fetch-Site``) are looked at, besides the address that it comes from.
"""

import hmac
import ipaddress
import re

from mockserver.engine.messages import Request
from mockserver.engine.problems import Problem

__all__ = ["Guard"]

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\s/@]+)(?::(?P<port>[0-9]{1,5}))?")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Guard:
    """Lets a request pass or refuses it. With a token, the token counts, and not the caller's address."""

    def __init__(self, token: str = "") -> None:
        self._token = token.encode()

    def check(self, request: Request, *, page: bool = False) -> None:
        """Raise :class:`Problem` (401, 403) for a request that may not use the control API.

        A ``page`` holds no data, and needs no token: a browser could not send one with it.
        """
        headers = request.headers
        host = headers.get("host", "")
        if self._token and page:
            pass
        elif self._token:
            kind, _, sent = headers.get("authorization", "").partition(" ")
            good = hmac.compare_digest(sent.strip().encode("utf-8", "surrogateescape"), self._token)
            if kind.lower() != "bearer" or not good:
                raise Problem(
                    "unauthenticated",
                    "The control API needs its token.",
                    "Send Authorization: Bearer TOKEN, with the token that the mock was started with.",
                )
        else:
            if not _is_loopback(request.client) or any(name in headers for name in _FORWARDED):
                _refuse("only callers on the same machine may use it", "Start the mock with --control-token.")
            if not _is_loopback_name(host):
                _refuse(f"it is not called {host[:80]!r}", "Use 127.0.0.1 or localhost, or start with --control-token.")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}".lower(), f"https://{host}".lower()}:
            _refuse(f"the page {origin[:80]!r} is of another origin", "Only the mock's own pages may use it.")
        elsewhere = origin is None and not page
        if elsewhere and headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            _refuse("a page of another origin sent this", "Only the mock's own pages may use it.")


def _refuse(why: str, hint: str) -> None:
    raise Problem("forbidden", f"The control API is closed to this request: {why}.", hint)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _is_loopback_name(host: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
