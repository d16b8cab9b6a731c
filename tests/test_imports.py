"""Imports go one way, and the engine does not know what it serves: the table of the design, as a test."""

import ast
import re
from pathlib import Path

import pytest

import mockserver

PACKAGE = Path(mockserver.__file__).parent
BELOW_APP = {"auth", "contract", "control", "domain", "engine", "errors", "fixtures", "resources", "settings", "web"}

# What each package or module of the project may import of the project; its own modules are always allowed.
TABLE = {
    "__init__": set(),
    "errors": set(),
    "engine": {"errors"},
    "contract": {"engine", "errors"},
    "auth": {"engine", "errors"},
    "domain": {"engine", "errors"},
    "control": {"engine", "errors"},
    "resources": {"errors"},
    "settings": {"contract", "errors", "resources"},
    "fixtures": {"auth", "contract", "domain", "engine", "errors"},
    "checking": {"contract", "domain", "engine", "errors", "fixtures", "resources"},
    "web": {"__init__", "auth", "control", "domain", "engine", "errors"},
    "app": {"__init__", *BELOW_APP},
    "reloading": {"app", "contract", "errors", "resources"},
    "server": {"app", "engine", "errors", "reloading", "settings"},
    "cli": {"__init__", "checking", "contract", "engine", "errors", "resources", "server", "settings"},
    "__main__": {"cli"},
    "client": {"errors"},
    "pytest_plugin": {"app", "client", "errors", "server", "settings"},
}
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts)


def home(path):
    """Return the package or module of the table that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Yield the line and dotted name of everything that a file imports; relative imports start with a dot."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if base == "mockserver":
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, base


def target(name):
    """Return the entry of the table that a dotted name leads to, or ``None`` outside the project."""
    parts = name.split(".")
    if parts[0] != "mockserver":
        return None
    known = len(parts) > 1 and ((PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").exists())
    return parts[1] if known else "__init__"


def places(condition):
    """Return where a condition on (file, dotted name) holds, for people to read."""
    return [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for path in SOURCES
        for line, name in imported(path)
        if condition(path, name)
    ]


def test_every_module_has_its_place_in_the_table():
    assert {home(path) for path in SOURCES} <= TABLE.keys()


def test_imports_go_one_way():
    def forbidden(path, name):
        goal = target(name)
        return goal is not None and goal != home(path) and goal not in TABLE[home(path)]

    assert places(forbidden) == []


def test_the_table_has_no_cycle():
    order = []
    while len(order) < len(TABLE):
        free = [name for name in TABLE if name not in order and TABLE[name] <= {*order}]
        assert free, f"a cycle among {sorted(TABLE.keys() - {*order})}"
        order += free


def test_relative_imports_are_not_used():
    assert places(lambda _, name: name.startswith(".")) == []


def test_only_the_web_package_imports_flask():
    assert places(lambda path, name: name.split(".")[0] == "flask" and home(path) != "web") == []


def test_the_contract_tests_and_the_mock_do_not_import_each_other():
    assert places(lambda _, name: name.split(".")[0] == "contract_tests") == []
    other = PACKAGE.parent / "contract_tests"
    for path in other.rglob("*.py"):
        assert [name for _, name in imported(path) if name.split(".")[0] == "mockserver"] == []


@pytest.mark.parametrize("package", ["engine", "web"])
def test_what_is_generic_has_no_word_of_a_domain(package):
    words = re.compile(r"provider|bedrock|anthropic|\bcoder", re.IGNORECASE)
    found = [
        f"{path.name}:{number}"
        for path in sorted((PACKAGE / package).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []
