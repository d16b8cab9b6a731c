"""Code samples of the reference page: one ``curl`` command to its method, URL, headers and body."""

import shlex
from collections.abc import Iterator

from mockserver.contract.page import CodeSample
from mockserver.contract.page_blocks import Block
from mockserver.contract.page_tables import Warn

__all__ = ["is_other_language", "is_shell", "read_sample"]

_SHELL = ("shell", "sh", "bash", "console", "curl", "zsh", "shell-session")
_OTHERS = {"javascript", "js", "javascript--nodejs", "javascript--node", "node", "nodejs", "typescript", "ts"}
_OTHERS |= {"python", "ruby", "php", "java", "go", "http", "csharp", "powershell", "rust", "kotlin", "swift"}
_FLAGS = {
    "-s",
    "-S",
    "-sS",
    "-L",
    "-k",
    "-i",
    "-v",
    "-f",
    "-g",
    "-G",
    "-sSL",
    "-fsSL",
    "-I",
    "-N",
    "-O",
    "-J",
}
_LONG_FLAGS = {"--silent", "--show-error", "--location", "--insecure", "--include", "--verbose", "--fail"}
_LONG_FLAGS |= {"--compressed", "--globoff", "--get", "--head", "--no-buffer", "--remote-name"}
_OPTIONS = {
    "-X": "method",
    "--request": "method",
    "-H": "header",
    "--header": "header",
    "--url": "url",
    "-d": "data",
    "--data": "data",
    "--data-raw": "data",
    "--data-ascii": "data",
    "--data-binary": "data",
    "--json": "data",
    "-b": "cookie",
    "--cookie": "cookie",
    "-u": "user",
    "--user": "user",
    "-o": "",
    "--output": "",
    "-F": "form",
    "--form": "form",
    "-T": "form",
    "--upload-file": "form",
}


def is_shell(info: str) -> bool:
    """Return whether the info word of a fence names a shell."""
    return info in _SHELL


def is_other_language(info: str) -> bool:
    """Return whether the info word of a fence names a language whose samples repeat what ``curl`` says."""
    return info in _OTHERS


def read_sample(block: Block, warn: Warn) -> CodeSample | None:
    """Return the ``curl`` command in a shell fence, or None with a warning where there is none."""
    lines = [line for line in block.text.split("\n") if not line.lstrip().startswith("#")]
    commands = [line for line in "\n".join(lines).replace("\\\n", " ").split("\n") if line.strip()]
    if not commands:
        warn(block.line, "the code sample is empty")
        return None
    try:
        words = shlex.split(commands[0])
    except ValueError:  # a quote that spans lines
        commands = ["\n".join(commands)]
        try:
            words = shlex.split(commands[0])
        except ValueError as problem:
            warn(block.line, f"the code sample is not one that a shell can read ({problem}): it was left out")
            return None
    if len(commands) > 1:
        warn(block.line, f"what follows the first command of the code sample was left out: {commands[1][:60]!r}")
    while words and words[0] in ("$", ">"):
        words.pop(0)
    if not words or words[0] != "curl":
        warn(block.line, "the code sample is not a curl command: it was left out")
        return None
    return _command(block.line, words[1:], warn)


def _command(line: int, words: list[str], warn: Warn) -> CodeSample:
    method = url = data = ""
    headers: list[tuple[str, str]] = []
    for option, value in _arguments(line, words, warn):
        match option:
            case "method":
                method = value.upper()
            case "url" if url:
                warn(line, f"the word {value[:60]!r} of the code sample is not understood and was left out")
            case "url":
                url = value
            case "data":
                data = data or value
            case "cookie":
                headers.append(("Cookie", value))
            case "user":
                headers.append(("Authorization", "Basic " + value))
            case "header":
                name, colon, text = value.partition(":")
                if colon and name.strip():
                    headers.append((name.strip(), text.strip()))
                else:
                    warn(line, f"the code sample's header {value!r} has no name: it was left out")
    return CodeSample(line, method, url, tuple(headers), data)


def _arguments(line: int, words: list[str], warn: Warn) -> Iterator[tuple[str, str]]:
    """Yield (what an argument is, its value); a command ends at a pipe."""
    rest = iter(words)
    for word in rest:
        name, equals, attached = word.partition("=")
        if word in ("|", ">", ";", "&&"):
            warn(line, f"what follows {word!r} in the code sample was left out")
            return
        if word in _OPTIONS:
            value = next(rest, None)
            if value is None:
                warn(line, f"the code sample ends after {word}")
                return
            yield _OPTIONS[word], value
        elif equals and name.startswith("--") and name in _OPTIONS:
            yield _OPTIONS[name], attached
        elif word[:2] in _OPTIONS and len(word) > 2:
            yield _OPTIONS[word[:2]], word[2:]
        elif word.startswith("-"):
            if word not in _FLAGS and word not in _LONG_FLAGS:
                warn(line, f"the code sample's option {word!r} is not understood and was left out")
        else:
            yield "url", word
