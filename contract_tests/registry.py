"""The checks: functions with one signature, each with an id, a title and what it needs, in one list."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from contract_tests.documents import PROFILES
from contract_tests.options import EFFORTS, Options
from contract_tests.results import LAYERS

if TYPE_CHECKING:
    from contract_tests.scene import Scene

Run = Callable[["Scene"], None]
ALWAYS = {"preflight", "aftermath"}  # the layers that keep a server safe


@dataclass(frozen=True)
class Check:
    """One check: `id` is `layer.name`. `variant` is what tells apart several runs of one function (an operationId).

    `rules` are ids of `openapi/rules.yaml` that it exercises; `effort` is the least at which it runs; `writes` tells
    whether it sends anything but GETs; `needs_other` whether it needs the token of a user without the role.
    """

    id: str
    title: str
    run: Run
    variant: str = ""
    rules: tuple[str, ...] = ()
    profiles: tuple[str, ...] = PROFILES
    effort: str = "quick"
    writes: bool = True
    needs_other: bool = False

    @property
    def layer(self) -> str:
        """The layer that the check belongs to."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The id, with the variant in brackets where there is one."""
        return f"{self.id}[{self.variant}]" if self.variant else self.id

    def unfit(self, options: Options) -> str | None:
        """Return why the options keep the check from running; None where they do not."""
        if self.layer not in ALWAYS:
            if options.only and not matches(self, options.only):
                return "left out by --only"
            if matches(self, options.skip):
                return "left out by --skip"
        if EFFORTS.index(options.effort) < EFFORTS.index(self.effort):
            return f"needs --effort {self.effort}"
        if options.read_only and self.writes:
            return "the run is read-only"
        if self.needs_other and options.other_token is None:
            return "needs --other-token"
        return None


CHECKS: list[Check] = []


def check(
    identifier: str,
    title: str,
    *,
    variants: Iterable[str] = ("",),
    rules: tuple[str, ...] = (),
    profiles: tuple[str, ...] = PROFILES,
    effort: str = "quick",
    writes: bool = True,
    needs_other: bool = False,
) -> Callable[[Run], Run]:
    """Add a function to the list of checks, once for each variant."""

    def add(run: Run) -> Run:
        one = Check(identifier, title, run, "", rules, profiles, effort, writes, needs_other)
        CHECKS.extend(replace(one, variant=variant) for variant in variants)
        return run

    return add


def checks_of(profile: str) -> list[Check]:
    """Return the checks of a profile in the order in which they run: by layer, then as they are written."""
    from contract_tests import checks  # noqa: F401 - importing the modules fills the list

    fit = [item for item in CHECKS if profile in item.profiles]
    return sorted(fit, key=lambda item: LAYERS.index(item.layer))


def matches(item: Check, patterns: Iterable[str]) -> bool:
    """Tell whether a check is meant by one of the patterns: a layer, an id, a full name, or any with `*` in it."""
    names = (item.layer, item.id, item.name)
    return any(fnmatchcase(name, pattern) or name == pattern for pattern in patterns for name in names)


def unmatched(patterns: Iterable[str], profile: str) -> list[str]:
    """Return the patterns that mean no check at all."""
    known = checks_of(profile)
    return [pattern for pattern in patterns if not any(matches(item, [pattern]) for item in known)]
