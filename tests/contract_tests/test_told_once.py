"""One cause is told once, however many checks meet what comes of it; what could not be judged for it is no pass."""

import pytest

from contract_tests.documents import CREATE, DELETE, UPDATE, load_contract
from contract_tests.results import Verdict
from tests.contract_tests.judging import judged
from tests.independent.app import create_app

CAUSES = {
    "create-answers-200": ["schema.status"],
    "create-answers-nothing": ["schema.content-type"],
    "patch-answers-204": ["schema.status"],
    "delete-answers-202": ["schema.status"],
    "faulty-body-answers-422": ["schema.status"],
    "json-lacks-its-end": ["schema.response"],
    "undecodable-body-answers-text": ["schema.content-type"],
    "validations-are-an-object": ["schema.response"],
    "list-is-remembered-for-a-while": ["rules.auth-carriers"],
    "list-shows-a-slash-behind-urls": ["rules.auth-carriers"],
    "display-name-is-cut-at-255": ["rules.long-values"],
    "base-url-needs-a-dot": ["rules.base-url"],
    "patch-needs-no-token": ["rules.unauthenticated", "rules.forbidden"],
    "anonymous-answers-404": ["schema.status", "rules.unauthenticated"],  # not of the contract, and not the right one
}
# Checks that meet what comes of one or the other; all of them would take three times as long.
MEETING = (
    "samples",
    "rules.unauthenticated",
    "rules.forbidden",
    "rules.auth-carriers",
    "rules.access",
    "rules.required",
    "rules.base-url*",
    "rules.validation-fields",
    "rules.body-before-lookup",
    "rules.clients",
    "rules.nothing-said",
    "rules.list-*",
    "rules.long-values",
    "rules.trailing-slash",
    "rules.error-shape",
)


@pytest.mark.parametrize("fault", CAUSES)
def test_a_cause_is_told_once(fault: str) -> None:
    result = judged(create_app("deployed", [fault]), only=MEETING)
    assert [finding.check for finding in result.findings] == CAUSES[fault]
    assert all(finding.seen > 1 for finding in result.findings)


def test_what_could_not_be_read_is_not_exercised() -> None:
    chosen = ("samples", "rules.auth-carriers", "rules.nothing-said")
    result = judged(create_app("deployed", ["json-lacks-its-end"]), only=chosen)
    (finding,) = result.findings
    assert set(chosen[1:]) <= set(finding.also)
    told = {one.name: one for one in result.checks}
    assert told["rules.nothing-said"].verdict is Verdict.NOT_EXERCISED
    carriers = told["rules.auth-carriers[listAIProviders]"]
    assert (carriers.verdict, carriers.reason[:23]) == (Verdict.NOT_EXERCISED, "answers cannot be read:")


def test_a_status_that_is_not_declared_stands_for_the_nearest() -> None:
    operations = load_contract("deployed").operations
    assert operations[CREATE].meant(200) == operations[CREATE].meant(299) == 201
    assert operations[UPDATE].meant(204) == 200
    assert operations[DELETE].meant(200) == 204
    assert operations[UPDATE].meant(422) == 400
    assert operations[UPDATE].meant(410) == 404
    for status in (201, 400, 401, 302, 418, 500, None):
        assert operations[CREATE].meant(status) is None


def test_a_check_that_meets_a_cause_that_is_told_already_has_not_passed() -> None:
    chosen = ("rules.unauthenticated", "rules.forbidden", "rules.access", "rules.id-stable")
    result = judged(create_app("deployed", ["patch-needs-no-token"]), only=chosen)
    assert [finding.check for finding in result.findings] == ["rules.unauthenticated", "rules.forbidden"]
    verdicts = {one.name: one.verdict for one in result.checks}
    assert verdicts["rules.access[updateAIProvider]"] is Verdict.FAILED
    assert verdicts["rules.access[getAIProvider]"] is verdicts["rules.id-stable"] is Verdict.PASSED


def test_a_check_whose_preparations_are_refused_is_not_exercised() -> None:
    result = judged(create_app("deployed", ["display-name-is-required"]), only=("rules.id-stable", "rules.defaults"))
    (finding,) = result.findings
    assert finding.check == "schema.positive"
    verdicts = [one.verdict for one in result.checks if one.id in {"rules.id-stable", "rules.defaults"}]
    assert sorted(verdicts) == [Verdict.FAILED, Verdict.NOT_EXERCISED]  # the first of them tells it
    assert result.exit_code == 1
