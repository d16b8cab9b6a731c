"""The checks themselves, a module for each layer or part of one; importing this package fills the registry."""

from contract_tests.checks import (
    aftermath,
    model,
    preflight,
    rules_access,
    rules_auth,
    rules_bodies,
    rules_faults,
    rules_identity,
    rules_keys,
    rules_settings,
    rules_state,
    rules_validation,
    rules_values,
    rules_wire,
    samples,
    schema,
)

__all__ = [
    "aftermath",
    "model",
    "preflight",
    "rules_access",
    "rules_auth",
    "rules_bodies",
    "rules_faults",
    "rules_identity",
    "rules_keys",
    "rules_settings",
    "rules_state",
    "rules_validation",
    "rules_values",
    "rules_wire",
    "samples",
    "schema",
]
