"""The control API is a contract like any other: its document is good, and the engine can serve it."""

import re

from mockserver.contract import yamlfile
from mockserver.engine.authority import check_document
from mockserver.engine.contract import Contract
from mockserver.resources import control_document_path

DOCUMENT = yamlfile.load(control_document_path())


def test_the_document_is_good_and_every_schema_compiles() -> None:
    check_document(DOCUMENT)
    contract = Contract(DOCUMENT)
    for plan in contract.plans.values():
        assert None not in plan.body_plans.values(), plan.operation
        assert all(parameter.understood for parameter in plan.parameters), plan.operation


def test_every_operation_says_what_it_is_for_and_how_it_refuses() -> None:
    ids = set()
    for item in DOCUMENT["paths"].values():
        for method, operation in item.items():
            if method == "parameters":
                continue
            assert re.fullmatch(r"[a-z]+[A-Za-z]+", operation["operationId"])
            assert operation["summary"]
            assert operation["tags"]
            assert operation["responses"]["4XX"] == {"$ref": "#/components/responses/Refused"}
            ids.add(operation["operationId"])
    assert len(ids) == len(Contract(DOCUMENT).plans)
