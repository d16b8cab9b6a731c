"""Random sequences beside the reference model: nothing is said of a sound server, and faults come in few steps."""

import pytest

from contract_tests.options import Options
from contract_tests.runner import Run
from tests.independent.app import create_app
from tests.independent.serving import running

READINGS = [("deployed", "lenient"), ("documented", "lenient"), ("documented", "strict")]


class Watch:
    """A WSGI application that writes down what it is asked."""

    def __init__(self, app):
        self.app = app
        self.asked = []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
        environ["wsgi.input"].seek(0)
        return self.app(environ, start_response)


def judged(app, profile="deployed", *, seed=1, effort="quick", only=("model.sequence",), **more):
    with running(app) as url:
        options = Options(url, profile=profile, token="API_KEY", seed=seed, effort=effort, only=only, **more)
        return Run(options).run()


def broken(fault):
    """Return the server with a fault that the catalogue does not have."""
    sound = create_app()
    return type("Broken", (fault, type(sound)), {})(sound.providers.values(), sound.clock, sound.rng)


def codes(result):
    return [finding.code for finding in result.findings if finding.check == "model.sequence"]


@pytest.mark.parametrize(("profile", "reading"), READINGS)
def test_nothing_is_said_of_a_sound_server_and_nothing_is_left_there(profile, reading):
    app = create_app(profile, reading=reading)
    before = app.state()
    result = judged(app, profile)
    assert (result.findings, result.exit_code, result.notes) == ((), 0, ())
    assert app.state() == before


def test_the_same_seed_sends_the_same_requests_and_another_seed_others():
    def asked(seed):
        watch = Watch(create_app(seed=5))
        judged(watch, seed=seed, run_id="same1")
        return watch.asked

    first = asked(3)
    assert len(first) > 250
    assert asked(3) == first
    assert asked(4) != first


def test_the_same_seed_finds_the_same_in_the_same_order_in_as_many_steps():
    def found(seed):
        result = judged(create_app(faults=["patch-takes-one-member", "deleted-is-listed"], seed=5), run_id="same1")
        return [(one.code, [(step.method, step.status) for step in one.steps]) for one in result.findings]

    first = found(3)
    assert len(first) > 1
    assert found(3) == first


@pytest.mark.parametrize(
    ("fault", "code", "methods"),
    [
        ("type-vercel-is-shown-as-openai", "createAIProvider:type", ["POST"]),
        ("patch-keeps-the-base-url", "updateAIProvider:base_url", ["POST", "PATCH"]),
        ("adding-keys-switches-on", "updateAIProvider:enabled", ["POST", "PATCH"]),
        ("deleted-is-found-by-id", "getAIProvider:deleted:200", ["POST", "DELETE", "GET"]),
        ("second-patch-is-lost", "updateAIProvider:", ["POST", "PATCH", "PATCH"]),
        ("refused-patch-moves-updated-at", "updateAIProvider:refused-changed", ["POST", "PATCH", "GET"]),
    ],
)
def test_a_fault_is_found_and_its_sequence_shrunk_to_the_shortest(fault, code, methods):
    app = create_app(faults=[fault])
    before = app.state()
    result = judged(app)
    found = [one for one in result.findings if one.code.startswith(code)]
    assert found, codes(result)
    assert [step.method for step in found[0].steps] == methods
    assert all("$TOKEN" in step.curl and "API_KEY" not in step.curl for step in found[0].steps)
    assert app.state() == before


def test_one_cause_is_told_once():
    assert len(codes(judged(create_app(faults=["list-lacks-the-disabled"])))) == 1


def test_faults_that_show_only_among_many_are_found_in_a_sequence_of_no_more_than_it_takes():
    class Short:
        """A list that ends after two strangers and ten others."""

        def listed(self):
            return super().listed()[:12]

    result = judged(broken(Short), only=("model",))
    found = next(one for one in result.findings if one.code == "listAIProviders:missing")
    assert [step.method for step in found.steps] == ["POST"] * 11 + ["GET"]
    assert result.trouble is None


def test_a_fault_now_and_then_is_told_with_the_sequence_that_showed_it():
    result = judged(create_app(faults=["every-fourth-patch-is-lost"]))
    assert any(one.code.startswith("updateAIProvider:") for one in result.findings)


def test_what_another_layer_has_told_is_not_told_again():
    result = judged(create_app(faults=["list-is-in-reverse"]), only=("rules.list-order", "model.sequence"))
    assert result.findings
    assert codes(result) == []


def test_harm_to_strangers_ends_the_run_at_once():
    class Clumsy:
        """The sixth DELETE takes one provider more."""

        def remove(self, provider):
            super().remove(provider)
            if self.tally("removed") == 6:
                super().remove(self.find_by_name("m-stranger"))

    app = broken(Clumsy)
    result = judged(app)
    assert result.exit_code == 1
    assert "'m-stranger' is gone" in (result.trouble or "")
    assert result.requests < 300
    assert app.state().count(b'"name": "ct-') == 0
