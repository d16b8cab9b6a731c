"""The checks as items of pytest: `pytest contract_tests --base-url URL -k name-unique`."""

from contract_tests.pytest_plugin import Judge, report
from contract_tests.registry import Check


def test_contract(contract_check: Check, contract_run: Judge) -> None:
    """The server does what the contract says, as far as one check tells."""
    report(contract_run, contract_check)
