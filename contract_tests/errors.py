"""Everything that this package raises on purpose.

ContractTestsError          the base of all; `str()` of it is what the user reads
├── UsageError              an option, file or document is wrong: exit code 2
├── CannotTest              the server cannot be tested (unreachable, not authorised, set-up failed): exit code 3
├── HarmSeen                something that this run did not make has changed: the run stops at once
└── Blocked                 one check cannot go on; it counts as not exercised
    └── Refused             a request was not sent, since it might harm what this run did not make
"""


class ContractTestsError(Exception):
    """The base of all errors that this package raises on purpose."""


class UsageError(ContractTestsError):
    """An option, a file or a document is not what was expected; exit code 2."""


class CannotTest(ContractTestsError):
    """The server could not be tested at all; exit code 3, and never a pass."""


class HarmSeen(ContractTestsError):
    """What this run did not make has changed; nothing more is sent but what removes the run's own inventions."""


class Blocked(ContractTestsError):
    """One check cannot go on: what it needs could not be set up; the text says what."""


class Refused(Blocked):
    """A request was not sent, since it might harm what this run did not make."""
