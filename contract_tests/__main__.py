"""`python -m contract_tests` is the command `contract-tests`."""

from contract_tests.cli import main

main()
