"""Keys that come back: as they were sent, in disguise, and in part."""

import base64
import json

import pytest

from contract_tests.judge import judge
from contract_tests.leaks import Secrets
from tests.contract_tests.units.unit_kit import contract, exchange, provider

KEY = "dummy-key-of-ct-run1-a-1-0001"


def leaks(one):
    return [
        found.found for found in judge(contract("deployed"), one, Secrets((KEY,))) if found.check.endswith("never-leak")
    ]


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.upper(),
        KEY[::-1],
        base64.b64encode(KEY.encode()).decode(),
        KEY.encode().hex(),
        KEY[:14],
        json.dumps(KEY).replace("y", "\\u0079"),
    ],
    ids=["plain", "capitals", "backwards", "base 64", "hexadecimal", "its beginning", "escaped"],
)
def test_an_error_that_quotes_a_key_is_found(text):
    answer = f'{{"message": {text if text.startswith(chr(34)) else json.dumps(text)}}}'.encode()
    assert len(leaks(exchange(status=400, answer=answer))) == 1


def test_a_mask_and_a_name_are_no_leak():
    shown = provider(name="ct-run1-a-1", api_keys=[{"id": "x", "masked": "dumm...0001", "created_at": "x"}])
    assert leaks(exchange(answer=shown)) == []
    assert leaks(exchange(status=400, answer={"message": "dumm...0001 of ct-run1-a-1"})) == []


def test_a_header_is_looked_at():
    headers = (("content-type", "application/json; charset=utf-8"), ("x-key", KEY))
    assert len(leaks(exchange(status=404, answer={"message": "no"}, headers=headers))) == 1
