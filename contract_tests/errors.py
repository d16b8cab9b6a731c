"""Everything that this package raises on purpose.

ContractTestsError          the base of all; `str()` of it is what the user reads
├── UsageError              an option, file or document is wrong: exit code 2
├── CannotTest              the server cannot be tested (unreachable, not authorised, set-up failed): exit code 3
└── HarmSeen                something that this run did not make has changed, or would: the run stops at once
"""


class ContractTestsError(Exception):
    """The base of all errors that this package raises on purpose."""


class UsageError(ContractTestsError):
    """An option, a file or a document is not what was expected; exit code 2."""


class CannotTest(ContractTestsError):
    """The server could not be tested at all; exit code 3, and never a pass."""


class HarmSeen(ContractTestsError):
    """The run would harm, or has seen harm to, what it did not make; nothing more is sent but its own cleaning up."""
