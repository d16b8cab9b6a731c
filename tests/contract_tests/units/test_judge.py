"""The judge of every answer: what it says of each kind of departure, and that it says nothing of sound ones."""

import pytest

from contract_tests.judge import judge
from contract_tests.leaks import Secrets
from tests.contract_tests.units.unit_kit import PROVIDER, contract, exchange, provider

ERROR = {"message": "no"}
OTHER = provider(id="1f0e3dad-9990-4345-b743-9f8ffabdffc4", settings={"_type": "bedrock", "_version": 1})


def said(one, profile="deployed", secrets=()):
    return [(departure.check, departure.code) for departure in judge(contract(profile), one, Secrets(secrets))]


@pytest.mark.parametrize(
    "one",
    [
        exchange(),
        exchange("listAIProviders", answer=[]),
        exchange("listAIProviders", answer=[PROVIDER, OTHER]),
        exchange("createAIProvider", 201),
        exchange("createAIProvider", 400, {**ERROR, "detail": "d", "validations": [{"field": "name", "detail": "x"}]}),
        exchange("createAIProvider", 409, ERROR),
        exchange("deleteAIProvider", 204, ..., headers=()),
        exchange(status=404, answer=ERROR),
        exchange(status=405, answer=b"<html>", headers=()),  # its body is left open
        exchange(headers=(("content-type", 'application/json;charset="UTF-8"'),)),
        exchange(answer=provider(created_at="2026-11-23T10:00:00.123456+02:00")),
    ],
)
def test_nothing_is_said_of_sound_answers(one):
    assert said(one) == []


@pytest.mark.parametrize(
    ("one", "check", "code"),
    [
        (exchange(status=203), "schema.status", "getAIProvider:203"),
        (exchange(status=302, answer=...), "schema.status", "getAIProvider:302"),
        (exchange(status=500, answer=ERROR), "schema.server-error", "500"),
        (exchange(status=502, answer=b"<html>"), "schema.server-error", "502"),
        (exchange(answer=b""), "schema.response", "json:empty"),
        (exchange(answer=b"{"), "schema.response", "json:"),
        (exchange(answer=b'{"a": 1, "a": 2}'), "schema.response", "json:"),
        (exchange(answer=b"[" * 300 + b"]" * 300), "schema.response", "json:it is nested"),
        (exchange(answer=b'"\\udc00"'), "schema.response", "json:a text holds half"),
        (exchange(answer=[]), "schema.response", "type:"),
        (exchange(answer=provider(enabled="yes")), "schema.response", "type:enabled"),
        (exchange(answer=provider(id="1")), "schema.response", "format:id"),
        (exchange(answer=provider(type="pigeon")), "schema.response", "enum:type"),
        (exchange("listAIProviders", answer=[provider(enabled=1)]), "schema.response", "type:enabled"),
        (exchange(answer=provider(extra=1)), "schema.extra-member", "body"),
        (exchange(headers=(("content-type", "text/html"),)), "schema.content-type", "success:text/html"),
        (exchange(headers=()), "schema.content-type", "success:none"),
        (exchange(headers=(("content-type", "application/json"),)), "rules.content-type", "charset:success"),
        (exchange("listAIProviders", answer=[PROVIDER, PROVIDER]), "rules.list-matches-get", "twice"),
        (exchange(status=404, answer=ERROR, headers=()), "schema.content-type", "error:none"),
        (exchange("deleteAIProvider", 204, b"x"), "schema.response", "body:204"),
        (exchange(status=None, answer=..., trouble="no complete answer within 1 s"), "schema.no-answer", "no-complete"),
    ],
)
def test_each_departure_has_its_check_and_code(one, check, code):
    assert any(name == check and found.startswith(code) for name, found in said(one)), said(one)


def test_an_answer_need_not_name_its_charset_as_documented():
    assert said(exchange(answer=OTHER, headers=(("content-type", "application/json"),)), "documented") == []


def test_a_member_that_is_missing_is_told_in_both_profiles():
    settings = {"_type": "bedrock", "_version": 1}  # sound in both
    lacking = {name: value for name, value in provider(settings=settings).items() if name != "enabled"}
    for profile in ("documented", "deployed"):
        assert len(said(exchange(answer=lacking), profile)) == 1


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (exchange(answer=provider(display_name="dummy-secret-1")), "answer:the body"),
        (exchange(status=400, answer={"message": "bad key dummy-secret-1"}), "error answer:the body"),
        (exchange(headers=(("content-type", "application/json"), ("x", "dummy-secret-1"))), "answer:a header"),
    ],
)
def test_a_secret_that_comes_back_is_told_and_is_critical(one, code):
    found = list(judge(contract("deployed"), one, Secrets(["dummy-secret-1"])))
    leak = next(departure for departure in found if departure.check == "rules.secrets-never-leak")
    assert (leak.code, leak.severity) == (code, "critical")


def test_a_secret_member_of_settings_is_told():
    settings = {"_type": "bedrock", "_version": 1, "access_key": ""}
    assert ("rules.settings-secrets", "settings:access_key") in said(exchange(answer=provider(settings=settings)))


@pytest.mark.parametrize(
    "answer",
    [
        {"message": " "},
        {"message": "no", "validations": [{"field": "nmae", "detail": "x"}]},
        {"message": "no", "validations": [{"field": "api_keys[2]", "detail": "x"}]},
        {"message": "no", "validations": [{"field": "name", "detail": ""}]},
        {"message": "no", "validations": [{"field": "name", "detail": "x"}, {"field": "name", "detail": "x"}]},
    ],
    ids=["no message", "no member", "no such place", "no detail", "twice"],
)
def test_an_error_that_says_nothing_or_the_wrong_thing_is_found(answer):
    sent = {"name": "A", "api_keys": ["", ""]}
    found = said(exchange("createAIProvider", 400, answer, sent=sent))
    assert [check for check, _ in found] == ["rules.error-shape"]


def test_an_error_may_name_members_places_and_the_parameter_of_the_path():
    fields = ("name", "settings", "settings._type", "api_keys", "api_keys[1]", "api_keys[0].id")
    told = {"message": "no", "validations": [{"field": field, "detail": "x"} for field in fields]}
    assert said(exchange("createAIProvider", 400, told, sent={"api_keys": ["", ""]})) == []
    told = {"message": "no", "validations": [{"field": "idOrName", "detail": "x"}]}
    assert said(exchange("updateAIProvider", 400, told, sent={"enabled": True})) == []
