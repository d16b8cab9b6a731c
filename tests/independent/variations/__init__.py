"""Sound variations: servers that conform, each in a way of its own. Whoever complains of one raises a false alarm.

The comment ``open`` above each says what leaves it open; ``page`` and ``facts`` are the two pages of reference.
"""

import importlib

from tests.independent.faults.catalogue import Catalogue, varied

__all__ = ["VARIATIONS"]

for _kind in ("wire", "headers", "errors", "bodies", "values", "doing", "more", "yet_more"):
    importlib.import_module(f"tests.independent.variations.{_kind}")

VARIATIONS = Catalogue(varied())
