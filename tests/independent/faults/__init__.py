"""The catalogue of single faults; one module for each kind."""

from tests.independent.faults.catalogue import Catalogue, Fault

__all__ = ["FAULTS", "Fault"]

FAULTS = Catalogue([])
