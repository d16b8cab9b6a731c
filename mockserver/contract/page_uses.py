"""The account of a page's lines: which rule read each, and the warnings for those that no rule read."""

import re
from collections.abc import Iterable

from mockserver.contract.page_blocks import Block
from mockserver.errors import Fault

__all__ = ["Uses"]

_HINT = "Mend the page, or write what is missing into an overlay."
_GREETING = re.compile(r"^(?:scroll down for (?:code samples|example requests).*)$", re.IGNORECASE)


class Uses:
    """Keeps, per line, the rule that read it, and collects warnings with their lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[int, str] = {}
        self._faults: list[Fault] = []

    def use(self, block: Block, rule: str) -> None:
        """Note that ``rule`` read all lines of ``block``."""
        for line in range(block.line, block.end + 1):
            self.lines.setdefault(line, rule)

    def warn(self, line: int, message: str, hint: str = _HINT) -> None:
        """Add a warning; the line counts as answered for."""
        self._faults.append(Fault(message, self.name, line, hint=hint))
        self.lines[line] = "warning"

    def warn_block(self, block: Block, message: str) -> None:
        """Add one warning for all lines of ``block``."""
        extent = f" (to line {block.end})" if block.end > block.line else ""
        self.warn(block.line, message + extent)
        for line in range(block.line + 1, block.end + 1):
            self.lines[line] = "warning"

    def boilerplate(self, block: Block) -> bool:
        """Use a block that says nothing about the API; return whether it was one."""
        if block.kind == "comment" and block.closed:
            self.use(block, "comment")
        elif block.kind == "anchor":
            self.use(block, "anchor")
        elif block.kind == "quote" and _GREETING.match(block.text):
            self.use(block, "boilerplate")
        else:
            return False
        return True

    def sweep(self, lines: Iterable[str]) -> None:
        """Warn of every line that is not blank and that nothing has answered for: never silence."""
        for number, line in enumerate(lines, start=1):
            if line.strip() and number not in self.lines:
                self.warn(number, "a line that no rule read was left out")

    def faults(self) -> tuple[Fault, ...]:
        """Return the warnings in the order of the lines, each once."""
        return tuple(sorted(dict.fromkeys(self._faults), key=lambda fault: fault.line))
