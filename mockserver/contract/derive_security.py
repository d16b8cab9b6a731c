"""Code samples to servers, security schemes and sent headers.

OpenAPI 3.1, sections 4.8.5 (Server Object) and 4.8.27 (Security Scheme Object). A header of the sample that is not
about content negotiation is a credential where its value is the generator's placeholder or its name says so.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from mockserver.contract.derive_names import camel
from mockserver.contract.page import CodeSample, PageOperation

__all__ = ["Credential", "credentials", "query_values", "sent_headers", "server_of"]

_PLACEHOLDER = re.compile(r"^[<{$]?(?:API_?KEY|[A-Z_]*(?:TOKEN|SECRET|PASSWORD|API_KEY))[>}]?$")
_NAME = re.compile(
    r"(?:^|[-_])(?:token|auth|authorization|secret|session|api-?key|apikey|credentials?)(?:$|[-_])", re.I
)
_PLAIN = {"accept", "content-type", "content-length", "host", "user-agent", "connection", "accept-encoding"}
_BASE = re.compile(r"https?://[^\s{}\"<>|\\^`\[\]?#]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """A security scheme that a sample shows: its name in the document, and the object."""

    name: str
    scheme: dict[str, Any]
    header: str = ""


def credentials(operation: PageOperation) -> list[Credential]:
    """Return the credentials that the operation's code sample sends."""
    sample = operation.sample
    if sample is None:
        return []
    listed = {item.row.name.lower() for item in operation.parameters if item.where in ("header", "query", "cookie")}
    found = [
        credential
        for name, value in sample.headers
        if (credential := _header_credential(name, value, name.lower() in listed))
    ]
    for name, value in query_values(sample):
        if _PLACEHOLDER.match(value) and name.lower() not in listed:
            found.append(Credential(_scheme_name(name), {"type": "apiKey", "in": "query", "name": name}))
    return list({credential.name: credential for credential in found}.values())


def _header_credential(name: str, value: str, listed: bool) -> Credential | None:
    low = name.lower()
    if low == "authorization":
        word = value.partition(" ")[0].lower()
        if word in ("bearer", "basic", "digest"):
            return Credential(f"{word.capitalize()}Auth", {"type": "http", "scheme": word}, name)
        return Credential("Authorization", {"type": "apiKey", "in": "header", "name": name}, name)
    if low == "cookie":
        cookie = value.partition("=")[0].strip()
        scheme = {"type": "apiKey", "in": "cookie", "name": cookie}
        return Credential(_scheme_name(cookie), scheme, name) if cookie else None
    if low in _PLAIN:
        return None
    if _PLACEHOLDER.match(value) or (_NAME.search(name) and not listed):
        return Credential(_scheme_name(name), {"type": "apiKey", "in": "header", "name": name}, name)
    return None


def _scheme_name(name: str) -> str:
    """Return ``Coder-Session-Token`` as ``CoderSessionToken``."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = camel(words) if words else "key"
    return joined[0].upper() + joined[1:]


def sent_headers(sample: CodeSample) -> list[tuple[str, str]]:
    """Return the headers of a sample that are neither about content nor credentials."""
    return [
        (name, value)
        for name, value in sample.headers
        if name.lower() not in _PLAIN and not _header_credential(name, value, listed=False)
    ]


def query_values(sample: CodeSample) -> list[tuple[str, str]]:
    """Return the query parameters of a sample's URL, decoded."""
    query = sample.url.partition("#")[0].partition("?")[2]
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs if name]


def server_of(operation: PageOperation) -> str:
    """Return the server's URL that the sample shows: its URL without the operation's path, or nothing."""
    if operation.sample is None:
        return ""
    url = operation.sample.url.partition("#")[0].partition("?")[0]
    if not url.endswith(operation.path):
        return ""
    base = url[: -len(operation.path)]
    return base if _BASE.fullmatch(base) else ""
