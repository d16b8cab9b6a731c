"""What is generated does not depend on the constants in the source of the contract tests."""

import subprocess
import sys
from pathlib import Path

from hypothesis.internal.conjecture import providers

from contract_tests import own_source

DRAWING = """
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from contract_tests.options import Options
from contract_tests.runner import Run
{first}
drawn = set()

@seed(7)
@settings(max_examples=2000, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.text())
def draw(text):
    drawn.add(text)

draw()
print("dummy-key-number-one" in drawn or any("%s" in text or "dummy" in text for text in drawn))
"""
RUN = 'Run(Options("http://127.0.0.1:1"))'


def _draws_own_texts(first: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", DRAWING.format(first=first)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip() == "True"


def test_a_run_draws_no_text_of_the_source() -> None:
    assert _draws_own_texts("import contract_tests.checks")
    assert not _draws_own_texts(RUN)


def test_files_of_others_count_as_before(tmp_path: Path) -> None:
    path = str(tmp_path / "application.py")
    own_source.leave_out()
    counts_as_local = vars(providers)["is_local_module_file"]
    assert not counts_as_local(own_source.__file__)
    assert counts_as_local(path)
