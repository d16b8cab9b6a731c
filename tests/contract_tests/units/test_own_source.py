"""What is generated does not depend on the constants in the source of the contract tests."""

import subprocess
import sys
from pathlib import Path

from hypothesis.internal.conjecture import providers

from contract_tests import own_source

DRAWING = """
{first}
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
drawn = []

@seed(7)
@settings(max_examples=1000, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.text())
def draw(text):
    drawn.append(text)

draw()
print(ascii(drawn))
"""
RUN = """
from contract_tests.options import Options
from contract_tests.runner import Run
Run(Options("http://127.0.0.1:1"))
"""


def _drawn(first: str) -> str:
    command = [sys.executable, "-c", DRAWING.format(first=first)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_run_generates_what_a_program_without_the_source_does() -> None:
    plain = _drawn("")
    assert plain.count(",") > 900
    assert _drawn(RUN) == plain
    assert _drawn("import contract_tests.checks") != plain  # what this is about


def test_files_of_others_count_as_before(tmp_path: Path) -> None:
    path = str(tmp_path / "application.py")
    own_source.leave_out()
    counts_as_local = vars(providers)["is_local_module_file"]
    assert not counts_as_local(own_source.__file__)
    assert counts_as_local(path)
