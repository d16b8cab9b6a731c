"""The catalogue of all kinds of changes: what each says, and what it usually means for clients and for servers."""

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.contract.diff_model import Severity

__all__ = ["CATALOGUE", "USUAL", "Usual"]

_B: Severity = "breaking"
_R: Severity = "risky"
_H: Severity = "harmless"


class Usual(NamedTuple):
    """The verdict of a kind where nothing about the single case says otherwise."""

    sentence: str
    clients: Severity
    why_clients: str
    servers: Severity
    why_servers: str


_SAME = "nothing about requests and answers depends on it"
_SENDS = "what such a client sends and understands is unchanged"
_MAY = "a server that does not use it still satisfies the contract"
_REFUSE = "it should now be refused, and tests may send it"
_NOT_DECIDED = "not decided: people must judge it"

USUAL: Mapping[str, Usual] = {
    # the document
    "documentation-changed": Usual("A description, summary, title, tag or example changed.", _H, _SAME, _H, _SAME),
    "openapi-version-changed": Usual("The document names another OpenAPI version.", _H, _SAME, _H, _SAME),
    "dialect-changed": Usual("Another JSON Schema dialect applies.", _R, _NOT_DECIDED, _R, _NOT_DECIDED),
    "extension-changed": Usual("An extension (x-...) was added, removed or changed.", _H, _SAME, _H, _SAME),
    "server-added": Usual("A server address was added.", _H, _SENDS, _R, "the API is to be offered there too"),
    "server-removed": Usual("A server address was removed.", _R, "the address may be in use", _H, _MAY),
    "base-path-changed": Usual(
        "No server address keeps its path.",
        _B,
        "its requests go to the old path",
        _B,
        "it answers the old path",
    ),
    "webhook-changed": Usual(
        "A webhook was added, removed or changed (not classified).", _R, _NOT_DECIDED, _R, _NOT_DECIDED
    ),
    "callback-changed": Usual(
        "A callback was added, removed or changed (not classified).", _R, _NOT_DECIDED, _R, _NOT_DECIDED
    ),
    # operations
    "operation-added": Usual("An operation was added.", _H, "it is not called yet", _B, "it must be implemented"),
    "operation-removed": Usual("An operation was removed.", _B, "its calls find nothing", _H, _MAY),
    "operation-moved": Usual(
        "An operation (same operationId) has another method or path.",
        _B,
        "it calls the old place",
        _B,
        "it answers at the old place",
    ),
    "operation-id-changed": Usual("The operationId changed.", _H, "only generated code names it", _H, _SAME),
    "deprecated": Usual("Something was marked deprecated.", _H, "it still works; plan to leave it", _H, _SAME),
    "no-longer-deprecated": Usual("Something is no longer marked deprecated.", _H, _SENDS, _H, _SAME),
    # security
    "security-added": Usual(
        "Credentials became necessary.", _B, "it sends no credentials", _B, "it must check credentials"
    ),
    "security-removed": Usual(
        "Credentials are no longer necessary.", _H, _SENDS, _B, "it refuses requests without credentials"
    ),
    "security-alternative-added": Usual(
        "Another way to authenticate was added.", _H, _SENDS, _B, "it refuses the new credentials"
    ),
    "security-alternative-removed": Usual(
        "A way to authenticate was removed.", _B, "its credentials are refused", _R, _REFUSE
    ),
    "security-scope-added": Usual(
        "An authentication needs more scopes.", _B, "its tokens may lack the scope", _R, _REFUSE
    ),
    "security-scope-removed": Usual(
        "An authentication needs fewer scopes.", _H, _SENDS, _B, "it refuses tokens without the scope"
    ),
    "security-scheme-changed": Usual(
        "Credentials are carried in another way.",
        _B,
        "it sends them the old way",
        _B,
        "it reads them the old way",
    ),
    # parameters
    "path-parameter-renamed": Usual("A path parameter has another name.", _H, "no request shows it", _H, _SAME),
    "optional-parameter-added": Usual(
        "An optional parameter was added.", _H, "it may be left out", _B, "it must be accepted and acted upon"
    ),
    "required-parameter-added": Usual(
        "A required parameter was added.", _B, "its requests lack it", _B, "it must be read and demanded"
    ),
    "parameter-removed": Usual(
        "A parameter was removed.", _R, "sent on, it may be ignored or refused", _H, "it is no longer sent"
    ),
    "required-parameter-removed": Usual(
        "A required parameter was removed.",
        _R,
        "sent on, it may be ignored or refused",
        _B,
        "it refuses requests without it",
    ),
    "parameter-moved": Usual(
        "A parameter is carried elsewhere (query, header, cookie).",
        _B,
        "it sends it in the old place",
        _B,
        "it reads it in the old place",
    ),
    "parameter-renamed": Usual(
        "A parameter, otherwise unchanged, has another name.",
        _B,
        "it sends the old name",
        _B,
        "it reads the old name",
    ),
    "parameter-became-required": Usual(
        "An optional parameter became required.",
        _B,
        "requests without it are refused",
        _R,
        "requests without it should now be refused, and tests may send them",
    ),
    "parameter-became-optional": Usual(
        "A required parameter became optional.", _H, _SENDS, _B, "it refuses requests without it"
    ),
    "parameter-style-changed": Usual(
        "A parameter is written in another style (style, explode, ...).",
        _B,
        "it writes the old style",
        _B,
        "it reads the old style",
    ),
    # request bodies
    "optional-request-body-added": Usual(
        "An optional request body was added.",
        _H,
        "it may be left out",
        _B,
        "it must be accepted and acted upon",
    ),
    "required-request-body-added": Usual(
        "A required request body was added.", _B, "its requests have none", _B, "it must be read and demanded"
    ),
    "request-body-removed": Usual(
        "The request body was removed.",
        _R,
        "sent on, it may be ignored or refused",
        _H,
        "it is no longer sent",
    ),
    "required-request-body-removed": Usual(
        "The request body, once required, was removed.",
        _R,
        "sent on, it may be ignored or refused",
        _B,
        "it refuses requests without it",
    ),
    "request-body-became-required": Usual(
        "The request body became required.", _B, "requests without it are refused", _R, _REFUSE
    ),
    "request-body-became-optional": Usual(
        "The request body became optional.", _H, _SENDS, _B, "it refuses requests without it"
    ),
    "request-media-type-added": Usual("A media type for requests was added.", _H, _SENDS, _B, "it does not accept it"),
    "request-media-type-removed": Usual(
        "A media type for requests was removed.", _B, "bodies of that type are refused", _R, _REFUSE
    ),
    "encoding-changed": Usual("The encoding of a form body or a header changed.", _R, _NOT_DECIDED, _R, _NOT_DECIDED),
    # responses
    "response-status-added": Usual(
        "A status was added.",
        _R,
        "it may not be prepared for it",
        _R,
        "there may be a case to answer with it",
    ),
    "success-status-removed": Usual(
        "A success status was removed.", _B, "it waits for that status", _B, "it answers with that status"
    ),
    "error-status-removed": Usual(
        "An error status (or `default`) was removed.",
        _H,
        "it no longer occurs",
        _B,
        "it answers with that status",
    ),
    "response-body-added": Usual(
        "An answer without a declared body has one now.",
        _H,
        "it expects no body",
        _B,
        "the body must be sent",
    ),
    "response-body-removed": Usual(
        "An answer lost its declared body.", _B, "it reads the body", _R, "a body is no longer described"
    ),
    "response-media-type-added": Usual(
        "A media type of an answer was added.", _R, "without an Accept header it may receive it", _H, _MAY
    ),
    "response-media-type-removed": Usual(
        "A media type of an answer was removed.", _B, "it may read only that type", _B, "it sends that type"
    ),
    "optional-header-added": Usual("An optional response header was added.", _H, _SENDS, _H, _MAY),
    "required-header-added": Usual("A required response header was added.", _H, _SENDS, _B, "the header must be sent"),
    "header-removed": Usual(
        "An optional response header was removed.",
        _R,
        "it may read the header",
        _H,
        "a header more does no harm",
    ),
    "required-header-removed": Usual(
        "A required response header was removed.",
        _B,
        "it relies on the header",
        _H,
        "a header more does no harm",
    ),
    "header-became-required": Usual(
        "A response header became required.", _H, _SENDS, _B, "the header must always be sent"
    ),
    "header-became-optional": Usual("A response header became optional.", _B, "it relies on the header", _H, _MAY),
    "link-added": Usual("A link was added to a response.", _H, _SENDS, _H, _SAME),
    "link-removed": Usual("A link was removed from a response.", _R, "it may follow the link", _H, _SAME),
    "link-changed": Usual("A link of a response changed.", _R, "it may follow the link", _H, _SAME),
    # members of requests and answers
    "request-property-added": Usual(
        "An optional property was added to a request.",
        _H,
        "it may be left out",
        _B,
        "it must be accepted and acted upon",
    ),
    "request-required-property-added": Usual(
        "A required property was added to a request.",
        _B,
        "its requests lack it",
        _B,
        "it must be read and demanded",
    ),
    "request-property-removed": Usual(
        "A property was removed from a request.",
        _R,
        "sent on, it may be ignored or refused",
        _H,
        "it is no longer sent",
    ),
    "request-required-property-removed": Usual(
        "A required property was removed from a request.",
        _R,
        "sent on, it may be ignored or refused",
        _B,
        "it refuses requests without it",
    ),
    "request-property-became-read-only": Usual(
        "A property of a request is now read-only.",
        _R,
        "sent on, it may be ignored or refused",
        _H,
        "it is no longer sent",
    ),
    "request-property-no-longer-read-only": Usual(
        "A read-only property may now be sent.",
        _H,
        "it may be left out",
        _B,
        "it must be accepted and acted upon",
    ),
    "response-property-added": Usual(
        "An optional property was added to an answer.",
        _H,
        "clients pass over members they do not know",
        _H,
        _MAY,
    ),
    "response-required-property-added": Usual(
        "A property that is always present was added to an answer.",
        _H,
        "clients pass over members they do not know",
        _B,
        "the property must be sent",
    ),
    "response-property-removed": Usual(
        "A property was removed from an answer.",
        _B,
        "it may read the property",
        _H,
        "a member more is allowed",
    ),
    "response-property-became-write-only": Usual(
        "A property of an answer is now write-only.",
        _B,
        "it may read the property",
        _B,
        "it must not send it",
    ),
    "response-property-no-longer-write-only": Usual(
        "A write-only property may now be answered.",
        _H,
        "clients pass over members they do not know",
        _H,
        _MAY,
    ),
    # annotations of schemas
    "request-default-added": Usual(
        "A default was given to something that had none.",
        _H,
        "the old contract left it open",
        _R,
        "leaving it out must now mean the default",
    ),
    "request-default-changed": Usual(
        "The default of something in a request changed.",
        _R,
        "leaving it out means something else",
        _B,
        "leaving it out must mean the new default",
    ),
    "request-default-removed": Usual(
        "Something in a request lost its default.", _R, "leaving it out may mean something else", _H, _MAY
    ),
    "response-default-added": Usual("A default was given to a value in an answer.", _H, _SAME, _H, _SAME),
    "response-default-changed": Usual("The default of a value in an answer changed.", _H, _SAME, _H, _SAME),
    "response-default-removed": Usual("A value in an answer lost its default.", _H, _SAME, _H, _SAME),
    "discriminator-changed": Usual(
        "The discriminator of alternatives changed.",
        _R,
        "it may tell them apart by the old one",
        _R,
        "it may tell them apart by the old one",
    ),
    "xml-changed": Usual("The XML form of a value changed.", _R, _NOT_DECIDED, _R, _NOT_DECIDED),
}

# Kinds whose severities follow from what containment says of the values: one of each for requests and answers.
_SCHEMA: Mapping[str, str] = {
    "type-narrowed": "Fewer types are allowed",
    "type-widened": "More types are allowed",
    "type-changed": "The type changed",
    "became-nullable": "null became allowed",
    "no-longer-nullable": "null is no longer allowed",
    "enum-value-added": "A value was added to an enumeration",
    "enum-value-removed": "A value was removed from an enumeration",
    "enum-introduced": "An enumeration or constant restricts the values now",
    "enum-dropped": "An enumeration or constant no longer restricts the values",
    "bound-narrowed": "A bound (length, size, number of items or members) became tighter",
    "bound-widened": "A bound (length, size, number of items or members) became looser",
    "multiple-of-changed": "multipleOf was added, removed or changed",
    "unique-items-required": "The items of an array must be unique now",
    "unique-items-dropped": "The items of an array need no longer be unique",
    "pattern-added": "A pattern restricts the text now",
    "pattern-removed": "A pattern no longer restricts the text",
    "pattern-changed": "The pattern of a text changed",
    "format-added": "A format restricts the value now",
    "format-removed": "A format no longer restricts the value",
    "format-changed": "The format of a value changed",
    "property-became-required": "An optional property became required",
    "property-became-optional": "A required property became optional",
    "additional-properties-closed": "Members that are not declared are no longer allowed",
    "additional-properties-opened": "Members that are not declared became allowed",
    "variant-added": "An alternative (oneOf, anyOf) was added",
    "variant-removed": "An alternative (oneOf, anyOf) was removed",
    "schema-changed": "A schema changed in a way that no other kind names",
    "schema-restructured": "A schema is written in another way and allows the same values",
}

CATALOGUE: Mapping[str, str] = {kind: usual.sentence for kind, usual in USUAL.items()} | {
    f"{direction}-{what}": f"{sentence}: in a request." if direction == "request" else f"{sentence}: in an answer."
    for what, sentence in _SCHEMA.items()
    for direction in ("request", "response")
}
