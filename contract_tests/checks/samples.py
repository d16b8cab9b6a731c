"""The examples of the document, sent as they stand: they are what people try first."""

import copy
from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.openness import settled
from contract_tests.registry import check
from contract_tests.scene import Scene


def examples(scene: Scene, operation: str) -> list[tuple[str, Any]]:
    """Return the name and body of each example of an operation's request."""
    media = scene.contract.operations[operation].node["requestBody"]["content"]["application/json"]
    found = [(name, entry["value"]) for name, entry in media.get("examples", {}).items() if "value" in entry]
    return found + ([("example", media["example"])] if "example" in media else [])


@check("samples.list", "The page's list request is answered", writes=False)
def sample_list(scene: Scene) -> None:
    """Send the list request as the page shows it."""
    scene.expect_status(scene.session.call(LIST), (200,), "status", "the page's example request")


@check("samples.create", "The examples of the create request are taken")
def sample_create(scene: Scene) -> None:
    """Send every example of the create body, its name made this run's own."""
    for name, value in examples(scene, CREATE):
        body = {**copy.deepcopy(value), "name": scene.session.ledger.name("sample")}
        exchange = scene.session.call(CREATE, body=body)
        allowed = (201,) if settled(scene.contract, CREATE, body) else (201, 400)
        scene.expect_status(exchange, allowed, name, f"the document's example {name!r}")


@check("samples.item", "The page's requests of one provider are answered", variants=(GET, UPDATE, DELETE))
def sample_item(scene: Scene) -> None:
    """Send the get, update or delete request as the page shows it, for a provider of this run's own."""
    operation = scene.check.variant
    made = scene.created(api_keys=[scene.key()])
    provider = made.document
    if operation != UPDATE:
        exchange = scene.session.call(operation, provider["id"])
        scene.expect_status(exchange, (200 if operation == GET else 204,), operation, "the page's example request")
        return
    for name, value in examples(scene, operation):
        body = copy.deepcopy(value)
        keys = provider.get("api_keys") or [{}]
        for entry in body.get("api_keys") or ():
            if "id" in entry and isinstance(keys[0].get("id"), str):
                entry["id"] = keys[0]["id"]
        exchange = scene.session.call(operation, provider["id"], body=body)
        ids = [key["id"] for key in keys if isinstance(key.get("id"), str)]
        allowed = (200,) if settled(scene.contract, UPDATE, body, ids) else (200, 400)
        scene.expect_status(exchange, allowed, f"{operation}:{name}", f"the document's example {name!r}")
        provider = exchange.provider() or provider
