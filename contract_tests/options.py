"""The options of a run, checked once."""

import shlex
from dataclasses import dataclass, field, fields
from pathlib import Path

from contract_tests.errors import UsageError

EFFORTS = ("quick", "standard", "thorough")


@dataclass(frozen=True)
class Options:
    """What a run is asked to do. Times are in seconds; `rate_limit` is in requests a second, 0 for none.

    `max_time` bounds the whole run; 0 stands for what the effort allows.

    `refused_tokens` are tokens that no longer count: expired, revoked, of a suspended user.
    `only` and `skip` are patterns of check names (`rules.*`, `schema`, `rules.name-unique`), with `*` as in a shell.
    """

    base_url: str
    profile: str = "documented"
    contract: Path | None = None
    token: str | None = field(default=None, repr=False)
    other_token: str | None = field(default=None, repr=False)
    refused_tokens: tuple[str, ...] = field(default=(), repr=False)
    seed: int = 1
    effort: str = "standard"
    read_only: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    timeout: float = 10.0
    max_time: float = 0.0
    rate_limit: float = 0.0
    run_id: str = ""
    verify_tls: bool = True

    def __post_init__(self) -> None:
        if self.effort not in EFFORTS:
            raise UsageError(f"unknown effort {self.effort!r}; expected one of {', '.join(EFFORTS)}")
        if not 0 < self.timeout <= 3600:
            raise UsageError(f"a timeout of {self.timeout:g} s; expected more than 0 and at most 3600")
        if self.max_time < 0:
            raise UsageError(f"a time limit of {self.max_time:g} s; expected seconds, or 0 for what the effort allows")
        if self.rate_limit < 0:
            raise UsageError(f"a rate limit of {self.rate_limit:g}; expected requests a second, or 0 for none")
        refused = [("refused token", value) for value in self.refused_tokens]
        for name, value in (("token", self.token), ("other token", self.other_token), *refused):
            if value is not None and (not value or not value.isprintable() or not value.isascii() or " " in value):
                raise UsageError(
                    f"the {name} is empty or has characters that no token has (spaces, controls, non-ASCII)"
                )
        if self.token is not None and self.token == self.other_token:
            raise UsageError("the token and the other token are the same; the other one is of a user without the role")

    def command(self) -> str:
        """Return the command line that repeats the run; tokens come from the environment."""
        words = ["contract-tests", "run", self.base_url, "--profile", self.profile]
        words += ["--contract", str(self.contract)] if self.contract is not None else []
        words += ["--seed", str(self.seed), "--effort", self.effort]
        words += ["--read-only"] if self.read_only else []
        for option, patterns in (("--only", self.only), ("--skip", self.skip)):
            words += [word for pattern in patterns for word in (option, pattern)]
        words += ["--timeout", f"{self.timeout:g}"] if self.timeout != 10.0 else []
        words += ["--rate-limit", f"{self.rate_limit:g}"] if self.rate_limit else []
        words += [] if self.verify_tls else ["--insecure"]
        return shlex.join(words)

    def amount(self, quick: int, standard: int, thorough: int) -> int:
        """Return the number for the effort that was asked for."""
        return (quick, standard, thorough)[EFFORTS.index(self.effort)]


OPTION_NAMES = tuple(item.name for item in fields(Options))
