"""The catalogue of single faults; one module for each kind."""

import importlib

from tests.independent.faults.catalogue import Catalogue, Fault, declared

__all__ = ["FAULTS", "KINDS", "Fault"]

KINDS = (
    "status",
    "media",
    "routing",
    "shape",
    "errors",
    "state",
    "deleting",
    "listing",
    "identity",
    "finding",
    "keys",
    "secrets",
    "access",
    "validation",
    "uniqueness",
    "strictness",
    "settings",
    "text",
    "narrow",
    "intermittent",
    "racing",
    "invented",
    "contrived",
    "devised",
    "plotted",
    "conceived",
    "conceived_state",
    "imagined",
    "imagined_bodies",
    "hatched",
    "hatched_sequences",
    "dreamt",
    "dreamt_lists",
    "suffered",
    "suffered_writes",
    "novel",
    "novel_more",
    "fresh",
    "fresh_more",
    "overlooked",
    "posed",
    "posed_more",
    "ported",
    "ported_more",
    "guessed",
    "guessed_state",
    "guessed_values",
    "guessed_wire",
    "guessed_sequences",
    "supposed",
    "supposed_keys",
    "supposed_values",
)

for _kind in KINDS:
    importlib.import_module(f"tests.independent.faults.{_kind}")

FAULTS = Catalogue(declared())
