"""The phases of schemathesis, each driven from here in one thread: examples, coverage, fuzzing, stateful."""

from random import Random
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.generation.coverage import GenerationSession
from schemathesis.generation.drivers import CoverageGenerator, ExamplesGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.hypothesis.reporting import ignore_hypothesis_output
from schemathesis.generation.overrides import Override
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput, release_state_machines

from contract_tests.errors import Blocked
from contract_tests.schemathesis_bridge.bridge import Bridge

ATTEMPTS = 4
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def settings(examples: int, steps: int = 1) -> hypothesis.settings:
    """Return settings under which the same seed gives the same cases, on every machine and in every profile."""
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=False,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )


def examples(bridge: Bridge, name: str) -> None:
    """Send the examples of the document, with generated values for what they leave out."""
    operation = bridge.operation(name)
    with bridge.phase():
        generator = ExamplesGenerator(operation=operation, override=Override(), feedback=NO_FEEDBACK, fill_missing=True)
        for case in list(generator):
            bridge.run(case)
        _raise_deferred(generator)


def coverage(bridge: Bridge, name: str, most: int) -> None:
    """Send a case for each value and each violation of each keyword; `most` bounds them, a spread of all is taken."""
    operation = bridge.operation(name)
    config = bridge.schema.config.generation_for(operation=operation, phase="coverage")
    with bridge.phase():
        generator = CoverageGenerator(
            operation=operation,
            generation_modes=MODES,
            generation_config=config,
            auth_storage=None,
            override=Override(),
            feedback=NO_FEEDBACK,
            session=GenerationSession(),
        )
        cases = list(generator)
        if len(cases) > most:
            picked = sorted(Random(bridge.scene.options.seed).sample(range(len(cases)), most))  # noqa: S311
            cases = [cases[index] for index in picked]
        for case in cases:
            bridge.run(case)
        _raise_deferred(generator)


def fuzzing(bridge: Bridge, name: str, count: int) -> None:
    """Send generated cases, one half of them valid by the document."""
    operation = bridge.operation(name)
    strategy = st.one_of([operation.as_strategy(generation_mode=mode, feedback=NO_FEEDBACK) for mode in MODES])

    @hypothesis.seed(_seed(bridge, name))
    @settings(count)
    @hypothesis.given(case=strategy)
    def send(case: Case[Any]) -> None:
        bridge.run(case)

    with bridge.phase(), ignore_hypothesis_output():
        send()


def stateful(bridge: Bridge, scenarios: int, steps: int) -> None:
    """Send sequences that follow the links of the document and those that its names and schemas suggest.

    Each sequence starts from what was there before. A server whose answers change from one time to the next leads
    Hypothesis astray; the sequences that are left are then tried with another seed, a few times.
    """
    done = 0

    with bridge.phase(), ignore_hypothesis_output():
        base = bridge.schema.as_state_machine()

        class Machine(base):  # type: ignore[valid-type,misc]
            """Sends each step by the bridge; a step that was not sent has no outcome."""

            def step(self, input: StepInput) -> StepOutput | None:  # noqa: A002 - the name that schemathesis gives it
                response: Response | None = bridge.run(input.case, self.recorder)
                return None if response is None else StepOutput(response, input.case)

            def teardown(self) -> None:
                nonlocal done
                done += 1
                bridge.steering.clear()
                super().teardown()

        try:
            for attempt in range(ATTEMPTS):
                seeded = hypothesis.seed(_seed(bridge, f"stateful:{attempt}"))(Machine)
                seeded.rule_order_seed = bridge.scene.options.seed + attempt
                try:
                    seeded.run(settings=settings(max(1, scenarios - done), steps))
                except Flaky:
                    continue
                break
            else:
                bridge.session.notes.setdefault(f"{bridge.scene.check.name}: the server's answers change by themselves")
        finally:
            release_state_machines(Machine, base)


def _seed(bridge: Bridge, name: str) -> int:
    return Random(f"{bridge.scene.options.seed}:{name}").getrandbits(64)  # noqa: S311 - test data, not secrets


def _raise_deferred(generator: ExamplesGenerator | CoverageGenerator) -> None:
    errors = generator.controller.deferred_errors
    if errors:
        raise Blocked(f"schemathesis could not generate cases: {errors[0]}")
