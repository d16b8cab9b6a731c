"""Coverage: what was declared and what was exercised; what was not is never counted."""

import pytest

from contract_tests.coverage import Coverage
from tests.contract_tests.units.unit_kit import ID, contract, exchange, provider


@pytest.fixture
def coverage():
    return Coverage(contract("deployed"))


def rows(coverage, dimension, reasons=None):
    return {
        (row.operation, row.name): row.exercised for row in coverage.rows(reasons or {}) if row.dimension == dimension
    }


def test_nothing_is_exercised_at_first_and_everything_declared_is_listed(coverage):
    made = coverage.rows({})
    assert {row.dimension for row in made} == {
        "operation", "status", "parameter", "request keyword", "response keyword", "rule",
    }  # fmt: skip
    assert not any(row.exercised for row in made)
    assert len({(row.dimension, row.operation, row.name) for row in made}) == len(made)


def test_an_exchange_counts_its_operation_status_and_parameters(coverage):
    coverage.count(exchange())
    coverage.count(exchange(status=404, answer={"message": "no"}))
    assert rows(coverage, "operation")["getAIProvider", "getAIProvider"] == 2
    assert rows(coverage, "status")["getAIProvider", "200"] == 1
    assert rows(coverage, "status")["getAIProvider", "404"] == 1
    found = rows(coverage, "parameter")
    assert found["getAIProvider", "header Coder-Session-Token"] == 2
    assert found["getAIProvider", "cookie coder_session_token"] == 0


def test_carriers_are_told_apart(coverage):
    coverage.count(exchange(request_headers=(("Cookie", "coder_session_token=t"),)))
    coverage.count(exchange(request_headers=(), target=f"/api/v2/ai/providers/{ID}?coder_session_token=t"))
    found = rows(coverage, "parameter")
    assert found["getAIProvider", "cookie coder_session_token"] == 1
    assert found["getAIProvider", "query coder_session_token"] == 1
    assert found["getAIProvider", "header Coder-Session-Token"] == 0


def test_a_keyword_counts_where_a_value_meets_it(coverage):
    coverage.count(exchange("createAIProvider", 201, sent={"type": "openai", "name": "n"}))
    found = {name: count for (operation, name), count in rows(coverage, "request keyword").items() if count}
    assert any(name.endswith("/properties/name/pattern") for name in found)
    assert not any(name.endswith("/properties/base_url/pattern") for name in found)


def test_an_answer_without_json_counts_no_keyword(coverage):
    coverage.count(exchange(answer=b"<html>"))
    assert not any(rows(coverage, "response keyword").values())
    coverage.count(exchange(answer=provider()))
    assert any(rows(coverage, "response keyword").values())


def test_no_answer_counts_the_operation_alone(coverage):
    coverage.count(exchange(status=None, answer=..., trouble="no complete answer within 1 s"))
    assert rows(coverage, "operation")["getAIProvider", "getAIProvider"] == 1
    assert not any(rows(coverage, "status").values())


def test_what_was_not_exercised_says_why(coverage):
    made = {(row.operation, row.name): row.reason for row in coverage.rows({"rule:name-unique": "skipped by hand"})}
    assert made["createAIProvider", "name-unique"] == "skipped by hand"
    assert "a sound server never gives it" in made["getAIProvider", "500"]
