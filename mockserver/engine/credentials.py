"""Who asks? Credentials found where the contract's security schemes say (OpenAPI 3.1, section 4.8.30)."""

from mockserver.engine.exchange import Exchange, Principal
from mockserver.engine.messages import Request
from mockserver.engine.operations import SecurityScheme
from mockserver.engine.plans import parse_cookies, parse_query
from mockserver.engine.problems import Problem

__all__ = ["authenticate"]


def authenticate(exchange: Exchange) -> None:
    """Find out who asks: 401 without a good credential, 403 without the roles that the operation needs."""
    missing_role = False
    request = exchange.request
    for option, roles in exchange.planned.security:
        if not option:
            return
        principal: Principal | None = None
        present = False
        for name, scheme in option:
            credential = _credential(scheme, request)
            if credential is None:
                break
            present = True
            principal = exchange.identity.principal(name, credential)
            if principal is None:
                break
        else:
            if principal is not None:
                exchange.principal = principal
                if principal.roles >= roles:
                    return
                missing_role = True
        if present and exchange.contract.first_credential_wins:
            break
    if missing_role:
        raise Problem("forbidden", "Forbidden.", "You lack a role that this operation needs.")
    carriers = _carriers(exchange)
    raise Problem("unauthenticated", "You must be authenticated.", f"Send a valid session token: {carriers}.")


def _credential(scheme: SecurityScheme | None, request: Request) -> str | None:
    """Return the credential that a request carries for a scheme, or ``None``."""
    if scheme is None:
        return None
    if scheme.where == "header":
        return request.headers.get(scheme.param.lower())
    if scheme.where == "query":
        values = parse_query(request.query).get(scheme.param) if request.query else None
        return values[0] if values else None
    if scheme.where == "cookie":
        header = request.headers.get("cookie")
        values = parse_cookies(header).get(scheme.param) if header else None
        return values[0] if values else None
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == scheme.where and value else None


def _carriers(exchange: Exchange) -> str:
    schemes = exchange.contract.document.security_schemes
    names = dict.fromkeys(name for option in exchange.operation.security for name in option if name in schemes)
    return " or ".join(f"{schemes[name].where} {schemes[name].param}" for name in names)
