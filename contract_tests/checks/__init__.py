"""The checks themselves, a module for each layer or part of one; importing this package fills the registry."""

from contract_tests.checks import aftermath, preflight, samples

__all__ = ["aftermath", "preflight", "samples"]
