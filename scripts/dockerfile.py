"""Reads a Dockerfile as far as this project's goes: its stages, and the instructions of each."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Instruction", "Stage", "exec_form", "read_stages"]


@dataclass(frozen=True)
class Instruction:
    """One instruction, such as `COPY` with the argument `a b`, continued lines joined."""

    name: str
    argument: str


@dataclass(frozen=True)
class Stage:
    """What begins with a `FROM`. `name` is empty where it has none."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def last(self, name: str) -> str:
        """Return the argument of the last instruction of a name. Raises :class:`KeyError` where there is none."""
        found = [instruction.argument for instruction in self.instructions if instruction.name == name]
        if not found:
            raise KeyError(name)
        return found[-1]


def read_stages(path: Path) -> list[Stage]:
    """Return the stages of a Dockerfile; an `ARG` before the first is put into the `FROM`s."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, argument = line.strip().partition(" ")
        if name == "FROM":
            base, _, stage = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], argument).partition(" AS ")
            stages.append(Stage(stage, base, ()))
        elif name == "ARG" and not stages:
            variable, _, value = argument.partition("=")
            arguments[variable] = value
        elif name:
            last = stages.pop()
            stages.append(Stage(last.name, last.base, (*last.instructions, Instruction(name, argument.strip()))))
    return stages


def exec_form(argument: str) -> list[str]:
    """Return the words of a command in exec form, of a `HEALTHCHECK` too (`--option=x CMD ["a", "b"]`)."""
    words = json.loads(argument[argument.index("[") :])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"not a command in exec form: {argument}")
    return words
