"""Random sequences of operations, made by a state machine of Hypothesis."""

from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.reporting import with_reporter
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from contract_tests.documents import CREATE, DELETE, GET, UPDATE
from contract_tests.model.faulty import faults
from contract_tests.model.search import Game, Search, Shape, Step, Stop
from contract_tests.model.values import KEYS, MODELS, REGIONS, SECRETS, TITLES, TYPES, URLS, WITH_SETTINGS, bedrock


def play(search: Search, shape: Shape, number: int) -> None:
    """Play random sequences until one shows a difference that is not known; `number` seeds them.

    Raises what the run raises where it must end. Hypothesis makes the sequences and leaves their shrinking to us: it
    knows nothing of what a step costs, nor of servers that answer otherwise now and then.
    """
    chosen = settings(
        max_examples=shape.sequences,
        stateful_step_count=shape.steps,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
    machine = seed(number)(_machine(search, shape))
    try:
        with with_reporter(lambda text: None):
            run_state_machine_as_test(machine, settings=chosen)
    except Stop:
        pass
    except HypothesisException:
        if not search.stopped:  # else it wonders at a sequence that ended before its time
            raise
    if search.problem is not None:
        raise search.problem


# What steps are made of. None of it depends on what the server answers, so that the same seed makes the same steps.

slots = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 120))
letters = st.sampled_from("maz09")
titles, urls, key_numbers = st.sampled_from(TITLES), st.sampled_from(URLS), st.integers(0, len(KEYS) - 1)
key_lists = st.lists(key_numbers, unique=True, max_size=4)
changes = st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "display_name": titles, "base_url": urls})
maybe_changes: st.SearchStrategy[dict[str, Any]] = st.one_of(st.just({}), changes)
kept = st.lists(st.integers(0, 5), max_size=5)
some_changes = changes.map(lambda body: body or {"enabled": True})


def _settings(deployed: bool) -> st.SearchStrategy[dict[str, Any]]:
    more = {"model": st.sampled_from(MODELS), "small_fast_model": st.sampled_from(MODELS)}
    if deployed:
        more |= {
            "access_key": st.sampled_from((SECRETS[0], "")),
            "access_key_secret": st.sampled_from((SECRETS[1], "")),
        }
    return st.fixed_dictionaries({"region": st.sampled_from(REGIONS)}, optional=more).map(lambda some: bedrock(**some))


def _bodies(deployed: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Return good bodies of a create, their name left out."""
    nulls = {"display_name": None, "enabled": None, "api_keys": None, "settings": None, "unknown": "ignored"}

    def body(
        kind: str, url: str, more: dict[str, Any], own: dict[str, Any], keys: list[int], also: list[str]
    ) -> dict[str, Any]:
        made = {"type": kind, "base_url": url, **more}
        if kind == "bedrock" or (kind in WITH_SETTINGS and not keys):
            made["settings"] = own
        elif keys:
            made["api_keys"] = [KEYS[index] for index in keys]
        return {**{name: nulls[name] for name in also}, **made}

    optional = st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "display_name": titles})
    extra = st.lists(st.sampled_from(sorted(nulls)), max_size=2, unique=True) if deployed else st.just([])
    return st.builds(body, st.sampled_from(TYPES), urls, optional, _settings(deployed), key_lists, extra)


class Sequences(RuleBasedStateMachine):
    """One sequence: a rule for each kind of step. `search` is what it is made for, set by a subclass."""

    search: Search

    def __init__(self) -> None:
        super().__init__()
        self.game = Game(self.search)

    def teardown(self) -> None:
        """Compare everything at the end, and remove what was made."""
        self.game.end()

    @rule(slot=slots, by_name=st.booleans(), body=some_changes)
    def patch(self, **how: Any) -> None:
        """Change plain members."""
        self.game.step(Step("patch", how))

    @rule(slot=slots, by_name=st.booleans())
    def read(self, **how: Any) -> None:
        """Get a provider."""
        self.game.step(Step("read", how))

    @rule()
    def list_all(self) -> None:
        """List all."""
        self.game.step(Step("list", {}))

    @rule(slot=slots, by_name=st.booleans(), keep=kept, add=key_lists, first=st.booleans(), more=maybe_changes)
    def keys(self, **how: Any) -> None:
        """Change the key set."""
        self.game.step(Step("keys", how))

    @rule(slot=slots, by_name=st.booleans())
    def delete(self, **how: Any) -> None:
        """Delete a provider."""
        self.game.step(Step("delete", how))

    @rule(operation=st.sampled_from((GET, UPDATE, DELETE)), slot=slots, by_name=st.booleans())
    def miss(self, **how: Any) -> None:
        """Name what is not there."""
        self.game.step(Step("miss", how))


def _machine(search_of: Search, shape: Shape) -> type[RuleBasedStateMachine]:
    """Return the state machine of a search, with the rules whose steps depend on the profile."""
    deployed = search_of.scene.deployed
    profile = "deployed" if deployed else "documented"
    bodies, own = _bodies(deployed), _settings(deployed)
    create_faults = st.sampled_from(faults(CREATE, profile))
    update_faults = st.sampled_from(faults(UPDATE, profile))
    crowds = st.integers(0, shape.crowd * 8).map(lambda count: min(count, shape.crowd))  # mostly the full crowd

    class Profiled(Sequences):
        search = search_of

        @initialize(count=crowds)
        def crowd(self, count: int) -> None:
            self.game.step(Step("fill", {"count": count}))

        @rule(letter=letters, body=bodies)
        def create(self, **how: Any) -> None:
            self.game.step(Step("create", how))

        @rule(slot=slots, body=bodies)
        def create_again(self, **how: Any) -> None:
            self.game.step(Step("create_again", how))

        @rule(slot=slots, by_name=st.booleans(), new=own, more=maybe_changes)
        def configure(self, slot: int, by_name: bool, new: dict[str, Any], more: dict[str, Any]) -> None:
            self.game.step(Step("patch", {"slot": slot, "by_name": by_name, "body": {**more, "settings": new}}))

        @rule(kind=create_faults, body=bodies)
        def create_faulty(self, **how: Any) -> None:
            self.game.step(Step("create_faulty", how))

        @rule(slot=slots, by_name=st.booleans(), kind=update_faults, body=some_changes)
        def patch_faulty(self, **how: Any) -> None:
            self.game.step(Step("patch_faulty", how))

    return Profiled
