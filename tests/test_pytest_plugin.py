"""The pytest plugin, as other people's projects use it: in a pytest of its own, with and without xdist."""

import re

import pytest

from mockserver.server import LocalServer
from mockserver.settings import Settings

pytest_plugins = ["pytester"]

HELPER = """
import json, urllib.request
def get(api, path="/api/v2/ai/providers"):
    request = urllib.request.Request(api.base_url + path, headers={"Coder-Session-Token": api.token})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
ENTRY = {"name": "mine", "type": "openai", "base_url": "https://mine.example"}
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(helper=HELPER)
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis", *options, timeout=120)


def test_every_test_has_a_world_of_its_own(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import pytest
        from helper import ENTRY, get

        @pytest.mark.parametrize("round", [1, 2, 3])
        def test_adds_the_same_name(mock_api, round):
            before = len(get(mock_api))
            mock_api.state.add("providers", ENTRY)
            assert len(get(mock_api)) == before + 1
            mock_api.journal.expect(method="GET", exactly=2)

        def test_server_and_tokens(mock_server, mock_api):
            assert mock_api.base_url.startswith(mock_server.url)
            assert (mock_server.owner_token, mock_api.member_token) == ("API_KEY", "MEMBER_KEY")
    """)
    run(project).assert_outcomes(passed=4)


def test_marks_choose_profile_fixture_and_faults(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import urllib.error
        import pytest
        from helper import get

        pytestmark = pytest.mark.mock_profile("deployed")

        @pytest.mark.mock_fixture("empty")
        def test_no_providers(mock_api):
            assert get(mock_api) == []
            assert mock_api.client.info()["settings"]["profile"] == "deployed"

        @pytest.mark.mock_faults("outage", {"effect": {"kind": "delay", "seconds": 0.01}})
        def test_outage(mock_api):
            with pytest.raises(urllib.error.HTTPError) as error:
                get(mock_api)
            assert error.value.code == 503
            error.value.close()
    """)
    run(project, "--strict-markers").assert_outcomes(passed=2)


def test_a_failed_test_shows_its_journal_and_no_token(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from helper import get

        def test_fails(mock_api):
            get(mock_api, "/api/v2/ai/providers?coder_session_token=API_KEY")
            assert False
    """)
    result = run(project)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    journal = text.partition("mock journal of test_fails")[2].partition("short test summary")[0]
    assert re.search(r"GET /api/v2/ai/providers\S* -> 200 in", journal), text
    assert "API_KEY" not in journal


@pytest.mark.parametrize("option", [(), ("--mock-one-server",)], ids=["a server each", "one server"])
def test_two_workers_do_not_meet(project: pytest.Pytester, option: tuple[str, ...]) -> None:
    project.makepyfile("""
        import pytest
        from helper import ENTRY, get

        @pytest.mark.parametrize("number", range(10))
        def test_adds(mock_api, mock_server, number):
            before = len(get(mock_api))
            mock_api.state.add("providers", ENTRY)
            assert len(get(mock_api)) == before + 1
            print(f"url={mock_server.url}")
    """)
    result = run(project, "-n", "2", "-rP", *option)
    result.assert_outcomes(passed=10)
    urls = set(re.findall(r"url=(http://\S+)", result.stdout.str()))
    assert len(urls) == 1 if option else len(urls) <= 2


def test_a_mock_that_runs_already_can_be_used(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from helper import get

        def test_it(mock_api, mock_server):
            assert get(mock_api)
            print(f"url={mock_server.url}")
    """)
    with LocalServer(Settings()) as server:
        result = run(project, "--mock-url", server.url, "-rP")
    result.assert_outcomes(passed=1)
    assert f"url={server.url}" in result.stdout.str()


def test_a_wrong_option_is_told_before_any_test_runs(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(): pass")
    result = run(project, "--mock-profile", "nope")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "mockserver: profile is 'nope', must be one of documented, deployed" in result.stderr.str()
