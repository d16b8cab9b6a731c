"""What is generated is changed only where it could be taken for something else."""

from contract_tests.schemathesis_bridge.steering import without_dummies


def test_no_generated_text_looks_like_a_key_that_was_sent():
    body = {"display_name": "dummy-1234", "settings": {"model": "a dummy-key", "n": 1}, "api_keys": ["dummy-1", None]}
    assert without_dummies(body) == {
        "display_name": "plain-1234",
        "settings": {"model": "a plain-key", "n": 1},
        "api_keys": ["plain-1", None],
    }
