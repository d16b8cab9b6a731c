"""What the fuzzer starts from, and what it has found (`make fuzz`), does not make its targets raise."""

from pathlib import Path

import pytest

from tests.fuzz.targets import FINDS, TARGETS

KEPT = sorted(path for path in FINDS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_search_starts_from_is_no_find(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert len(seeds) > 5
    for seed in seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_the_fuzzer_found_is_no_find_any_more(path: Path) -> None:
    TARGETS[path.parent.name].run(path.read_bytes())
