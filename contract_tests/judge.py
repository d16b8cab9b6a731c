"""Judge one exchange against the document: whatever the check that sent it wanted to know, each answer must conform."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from contract_tests.documents import CREATE, LIST, METHODS, Contract, Media, Operation, Shape
from contract_tests.exchange import Exchange, NotJson
from contract_tests.findings import Departure
from contract_tests.leaks import Secrets, leaks
from contract_tests.openness import is_deployed
from contract_tests.results import Severity

Json = Any
JSON_TYPE = "application/json"
FIELD = re.compile(
    r"name|type|display_name|enabled|base_url|settings(?:\.\w+)*|api_keys(?:\[([0-9]{1,6})\](?:\.(?:id|api_key))?)?"
)
SECRET_FIELDS = ("access_key", "access_key_secret")


def is_unknown_method(contract: Contract, exchange: Exchange) -> bool:
    """Whether an answer says that the server does not know a method at all: 501, which RFC 9110 has (9.1, 15.6.2)."""
    return exchange.status == 501 and exchange.method.lower() not in METHODS and not is_deployed(contract)


def judge(contract: Contract, exchange: Exchange, secrets: Secrets) -> Iterator[Departure]:
    """Yield every departure of an answer from the document.

    `secrets` are the plain texts of keys that the run has sent so far. 429 and 503 with `Retry-After` are the caller's.
    """
    operation = contract.operations[exchange.operation] if exchange.operation else None
    where = (operation.id,) if operation else ()
    if exchange.reply.trouble is not None:
        kind = re.sub(r"[^a-z]+", "-", exchange.reply.trouble.split(":")[0].lower())[:60]
        yield Departure(
            "schema.no-answer",
            kind,
            "The server did not give a complete, valid HTTP answer",
            "one complete HTTP answer (RFC 9112)",
            exchange.outcome,
            Severity.MAJOR,
            "RFC 9112",
            where,
            spoils=True,
        )
        return
    yield from leaks(exchange, where, secrets)
    status = exchange.reply.status or 0
    if status >= 500 and not is_unknown_method(contract, exchange):
        yield Departure(
            "schema.server-error",
            f"{status}",
            "The server failed",
            "an answer that the contract has for this request, and never a failure of the server",
            exchange.outcome,
            Severity.MAJOR,
            "RFC 9110, section 15.6",
            where,
        )
        return
    settled = status == 404 if operation is None else exchange.method == operation.method
    if settled and is_deployed(contract):
        yield from _charset(exchange, where)
    if operation is None or exchange.method != operation.method or status == 405:
        return  # the contract leaves the body of a 405 open; `rules.method-not-allowed` judges its `Allow`
    medias = operation.answer(status)
    if medias is None:
        yield _undocumented(contract, operation, exchange)
        meant = operation.answer(exchange.taken_as) if exchange.taken_as is not None else None
        if meant and exchange.reply.body:
            yield from _body(contract, operation, exchange, meant)
        return
    yield from _headers(contract, operation, exchange)
    if operation.id == LIST:
        yield from _twice(contract, exchange)
    yield from _body(contract, operation, exchange, medias)


def _twice(contract: Contract, exchange: Exchange) -> Iterator[Departure]:
    """A list holds each provider once."""
    counts = Counter(item["id"] for item in exchange.listed() if isinstance(item.get("id"), str))
    if counts and max(counts.values()) > 1:
        twice = sorted(found for found, count in counts.items() if count > 1)
        yield Departure(
            "rules.list-matches-get",
            "twice",
            "A list holds a provider more than once",
            "each provider once",
            f"{len(twice)} ids more than once, such as {twice[0]}",
            Severity.MAJOR,
            contract.section(LIST),
            (LIST,),
            f"{LIST}:twice",
        )


def _charset(exchange: Exchange, where: tuple[str, ...]) -> Iterator[Departure]:
    """Every JSON answer says that it is UTF-8; whether an answer must be JSON is judged elsewhere."""
    status, given = exchange.status or 0, exchange.reply.header("content-type") or ""
    essence, _, parameters = given.partition(";")
    if status in {204, 405} or status >= 500 or not exchange.reply.body or essence.strip().lower() != JSON_TYPE:
        return
    if parameters.strip().replace('"', "").lower() != "charset=utf-8":
        kind = "success" if exchange.ok else str(status)
        yield Departure(
            "rules.content-type",
            f"charset:{kind}",
            "A JSON answer does not say that it is UTF-8",
            f"Content-Type: {JSON_TYPE}; charset=utf-8",
            f"Content-Type: {given}",
            Severity.MINOR,
            "deployed behaviour, Transport",
            where,
        )


def _undocumented(contract: Contract, operation: Operation, exchange: Exchange) -> Departure:
    status, known = exchange.reply.status or 0, ", ".join(sorted(operation.statuses))
    return Departure(
        "schema.status",
        f"{operation.id}:{status}" if status < 400 else f"{status}",  # errors are of one kind for all operations
        "An answer has a status that the contract does not have",
        f"{exchange.taken_as}; the contract has {known}" if exchange.taken_as else f"one of {known}",
        exchange.outcome,
        Severity.MAJOR,
        contract.section(operation.id, "Responses"),
        (operation.id,),
        f"{operation.id}:status:{status}",
        spoils=not exchange.reply.body and exchange.ok,
    )


def _headers(contract: Contract, operation: Operation, exchange: Exchange) -> Iterator[Departure]:
    status = str(exchange.status)
    for name in operation.headers.get(status, ()):
        if exchange.reply.header(name) is None:
            yield Departure(
                "schema.headers",
                f"{name}:{status}",
                f"A {status} answer lacks the header {name}",
                f"the header {name}",
                "no such header",
                Severity.MINOR,
                contract.section(operation.id, "Responses"),
                (operation.id,),
            )


def _body(
    contract: Contract, operation: Operation, exchange: Exchange, medias: dict[str, Media]
) -> Iterator[Departure]:
    body, where, section = exchange.reply.body, (operation.id,), contract.section(operation.id, "Responses")
    if not medias:
        if body:
            yield Departure(
                "schema.response",
                f"body:{exchange.status}",
                f"A {exchange.status} answer has a body",
                "no body",
                f"{len(body)} bytes",
                Severity.MINOR,
                section,
                where,
            )
        return
    given = exchange.reply.header("content-type")
    essence = (given or "").partition(";")[0].strip().lower()
    media, unreadable = medias.get(essence), isinstance(exchange.json, NotJson)
    if media is None:
        kind = "error" if (exchange.status or 0) >= 400 else "success"
        yield Departure(
            "schema.content-type",
            f"{kind}:{essence or 'none'}",
            "The answer has another media type than the contract says",
            f"Content-Type: {', '.join(medias)}",
            f"Content-Type: {given}" if given is not None else "no Content-Type",
            Severity.MAJOR,
            section,
            where,
            spoils=unreadable,
        )
        media = next(iter(medias.values()))
    if "json" in media.name and not (unreadable and essence not in medias):
        yield from _json(contract, operation, exchange, media, section)
    if 400 <= (exchange.status or 0) < 500:
        yield from _told(contract, exchange, where, section)


def _told(contract: Contract, exchange: Exchange, where: tuple[str, ...], section: str) -> Iterator[Departure]:
    """An error says something; as deployed, each entry names a member that a request may have, and that was sent."""
    wrong = ""
    message, entries = exchange.document.get("message"), exchange.document.get("validations")
    if isinstance(message, str) and not message.strip():
        wrong = "the message is empty"
    told = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    named = [(one.get("field"), one.get("detail")) for one in told]
    for field, detail in named if is_deployed(contract) else ():
        if isinstance(detail, str) and not detail.strip():
            wrong = f"the entry for {field} says nothing"
        elif isinstance(field, str) and not _names_member(contract, exchange, field):
            wrong = f"an entry names {field!r}, which is no member of the request"
        elif named.count((field, detail)) > 1 and field != "settings":  # they may be wrong in several ways at once
            wrong = f"the same entry for {field} is there more than once"
    if wrong:
        yield Departure(
            "rules.error-shape",
            f"{exchange.status}:{re.sub(r'[0-9]+', '', wrong)}",
            "An error answer does not say what is wrong",
            "a message, and an entry {field, detail} for each member that is at fault",
            wrong,
            Severity.MINOR,
            section,
            where,
        )


def _names_member(contract: Contract, exchange: Exchange, field: str) -> bool:
    """Tell whether a field is a member of a body, in the spelling of the table, or the parameter of the path."""
    path = contract.operations[exchange.operation].path if exchange.operation else ""
    if f"{{{field}}}" in path or not isinstance(exchange.sent, dict):
        return True
    match = FIELD.fullmatch(field)
    if match is None:
        return False
    keys = exchange.sent.get("api_keys")
    return match[1] is None or (isinstance(keys, list) and int(match[1]) < len(keys))


def _json(
    contract: Contract, operation: Operation, exchange: Exchange, media: Media, section: str
) -> Iterator[Departure]:
    value, where = exchange.json, (operation.id,)
    if isinstance(value, NotJson):
        how = "empty" if not exchange.reply.body else re.sub(r"[\d'\"]+", "", value.reason)[:40]
        yield Departure(
            "schema.response",
            f"json:{how}",
            "The body of the answer is not JSON",
            f"JSON that fits {media.pointer}",
            value.reason,
            Severity.MAJOR,
            section,
            where,
            spoils=True,
        )
        return
    if media.validator is not None:
        for error in media.validator.iter_errors(value):
            yield _violation(contract, operation, media, error, value)
    item = contract.operations[CREATE].statuses.get("201", {}).get("application/json")
    for pointer, node, shape in _objects(contract, value, media.schema, ""):
        for name in sorted(node.keys() - shape.members.keys()):
            yield _extra(contract, name, pointer, where, section)
        if item is not None and shape.schema is contract.shape(item.schema).schema:
            for name in shape.members:
                if name not in node and name not in shape.required:
                    yield _missing(name, pointer, where, section)


def _violation(contract: Contract, operation: Operation, media: Media, error: Any, value: Json) -> Departure:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path).lstrip(".")
    general = re.sub(r"\[\d+\]", "[]", place)
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    if keyword.isdigit():
        keyword = next((str(part) for part in reversed(error.schema_path) if isinstance(part, str)), "schema")
    wording = _plain(error.message)
    if keyword == "required":
        wording = re.sub(r"[\"'](.*?)[\"'] is a required property", r"\1 is missing", error.message)
        general = f"{general}:{wording.partition(' ')[0]}"
    at = "/".join(str(part) for part in error.schema_path)
    return Departure(
        "schema.response",
        f"{keyword}:{general.lstrip('[].')}" if not general.startswith("[]:") else f"{keyword}:{general[2:]}",
        f"The answer does not fit its schema: {keyword} of {place or 'the body'}",
        f"what {media.pointer}/{at} says",
        f"{place or 'the body'}: {wording}",
        Severity.MAJOR,
        contract.states(media.pointer),
        (operation.id,),
        f"answer:{general.lstrip('[].')}",
    )


def _plain(message: str) -> str:
    return message if len(message) <= 400 else f"{message[:200]} … {message[-180:]}"


def _extra(contract: Contract, name: str, pointer: str, where: tuple[str, ...], section: str) -> Departure:
    at = re.sub(r"\[\d+\]", "[]", pointer).lstrip("[].")
    secret = name in SECRET_FIELDS
    return Departure(
        "rules.settings-secrets" if secret else "schema.extra-member",
        f"{at}:{name}" if secret else at or "body",
        "The answer has a member that the contract does not have",
        "the members that the page lists" if not secret else f"no answer carries {name}",
        f"{pointer.lstrip('.') or 'the body'} has the member {name!r}",
        Severity.CRITICAL if secret else Severity.MINOR,
        section,
        where,
    )


def _missing(name: str, pointer: str, where: tuple[str, ...], section: str) -> Departure:
    at = re.sub(r"\[\d+\]", "[]", pointer).lstrip("[].")
    return Departure(
        "schema.missing-member",
        f"{at}:{name}".lstrip(":"),
        f"The answer lacks a member that the page shows: {name}",
        f"the member {name!r}, as in the page's example answers",
        f"{pointer.lstrip('.') or 'the body'} lacks {name!r}",
        Severity.MAJOR,
        section,
        where,
        f"answer:{name}",
    )


def _objects(contract: Contract, value: Json, schema: Json, pointer: str) -> Iterator[tuple[str, Json, Shape]]:
    """Yield every object of an answer whose members the schema lists: where it is, the object, and its shape."""
    shape = contract.shape(schema)
    if isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            yield from _objects(contract, item, shape.items, f"{pointer}[{index}]")
    if isinstance(value, dict) and shape.closed:
        yield pointer, value, shape
        for name in shape.within:
            if name in value:
                yield from _objects(contract, value[name], shape.members[name], f"{pointer}.{name}")
