"""Keep Hypothesis from drawing values out of this package's source: a seed means the same whatever the source says."""

from functools import cache
from pathlib import Path

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import is_local_module_file

PACKAGE = Path(__file__).resolve().parent


@cache
def _is_local_to_others(path: str) -> bool:
    """Tell whether Hypothesis takes the constants of a file's code, which it does of all that is not installed."""
    return PACKAGE not in Path(path).resolve().parents and is_local_module_file(path)


def leave_out() -> None:
    """Let the files of this package count as installed ones, which in a checkout they are not.

    Hypothesis has no setting for it. The seeds of generated requests would otherwise stand for other requests after
    each change of a constant here, and in a checkout for others than in an installed package.
    """
    setattr(providers, is_local_module_file.__name__, _is_local_to_others)  # by the name that it is called there
