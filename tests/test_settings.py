"""Settings come from default, file, environment and option, in this order; what is not known is refused."""

import pytest

from mockserver.errors import UsageError
from mockserver.settings import Settings, read_settings


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "mockserver.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_sources_the_defaults_hold():
    assert read_settings({}, {}) == Settings()


def test_each_source_wins_over_the_one_before(file):
    config = file("port: 1\nseed: 1\nprofile: deployed\nhost: a\n")
    environment = {"MOCKSERVER_PORT": "2", "MOCKSERVER_SEED": "2"}
    settings = read_settings({"port": 3, "fixtures": None}, environment, config)
    assert (settings.port, settings.seed, settings.profile, settings.host) == (3, 2, "deployed", "a")
    assert settings.fixtures == "default"


def test_an_option_that_is_not_given_leaves_the_others_alone():
    assert read_settings({"port": None}, {"MOCKSERVER_PORT": "5"}).port == 5
    assert read_settings({"port": 0}, {"MOCKSERVER_PORT": "5"}).port == 0
    assert read_settings({"deterministic": False}, {"MOCKSERVER_DETERMINISTIC": "1"}).deterministic is False


def test_the_real_environment_is_read_where_none_is_given(monkeypatch):
    monkeypatch.setenv("MOCKSERVER_SEED", "42")
    assert read_settings({}).seed == 42


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("YES", True), ("0", False), ("False", False), ("no", False)]
)
def test_switches_are_read_the_way_people_write_them(text, value):
    assert read_settings({}, {"MOCKSERVER_DETERMINISTIC": text}).deterministic is value


def test_names_in_a_file_may_have_dashes(file):
    assert read_settings({}, {}, file("max-body: 10\nlog-requests: true\n")).max_body == 10


def test_an_empty_file_sets_nothing(file):
    assert read_settings({}, {}, file("")) == Settings()


def test_variables_of_others_are_not_looked_at():
    assert read_settings({}, {"PORT": "1", "MOCK_PORT": "2", "mockserver_port": "3"}) == Settings()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"MOCKSERVER_PROT": "1"}, r"MOCKSERVER_PROT sets the unknown 'prot'; did you mean 'port'\?"),
        ({"MOCKSERVER_FIXTURE": "x"}, r"did you mean 'fixtures'\?"),
        ({"MOCKSERVER_ZZZ": "x"}, "unknown 'zzz'; known are host, port, profile"),
        ({"MOCKSERVER_PORT": "high"}, "MOCKSERVER_PORT is 'high', must be a whole number"),
        ({"MOCKSERVER_PORT": ""}, "MOCKSERVER_PORT is '', must be a whole number"),
        ({"MOCKSERVER_PORT": "--5"}, "must be a whole number"),
        ({"MOCKSERVER_PORT": "9" * 5000}, "must be a whole number"),
        ({"MOCKSERVER_PORT": "²"}, "must be a whole number"),
        ({"MOCKSERVER_PORT": "65536"}, "port is 65536, must be from 0 to 65535"),
        ({"MOCKSERVER_PORT": "-1"}, "port is -1"),
        ({"MOCKSERVER_DETERMINISTIC": "maybe"}, "must be true or false"),
        ({"MOCKSERVER_PROFILE": "staging"}, "profile is 'staging', must be one of documented, deployed"),
        ({"MOCKSERVER_VALIDATION": "none"}, "must be one of compiled, openapi-core"),
        ({"MOCKSERVER_LOG_FORMAT": "xml"}, "log_format is 'xml', must be one of text, json"),
        ({"MOCKSERVER_MAX_BODY": "0"}, "max_body is 0, must be at least 1 octet"),
        ({"MOCKSERVER_BODY_TIMEOUT": "0"}, "body_timeout is 0, must be at least 1 second"),
        ({"MOCKSERVER_WORKERS": "2"}, "workers is 2, must be 1: the state is in the memory of one process"),
    ],
)
def test_what_cannot_be_used_in_the_environment_is_told(environment, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_settings({}, environment)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot: 1", r"the file .*mockserver.yaml sets the unknown 'prot'; did you mean 'port'\?"),
        ("port: high", "port is 'high', must be a whole number"),
        ("port: true", "port is True, must be a whole number"),
        ("port: 1.5", "must be a whole number"),
        ("host: 5", "host is 5, must be text"),
        ("deterministic: 1", "must be true or false"),
        ("- port", "must map settings to values"),
        ("port: [", r"mockserver.yaml:\d: is not valid YAML"),
        ("port: 1\nport: 2", "mockserver.yaml:2: is not valid YAML: the member 'port' is given twice"),
    ],
)
def test_what_cannot_be_used_in_a_file_is_told(file, text, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_settings({}, {}, file(text))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.yaml: cannot be read"):
        read_settings({}, {}, tmp_path / "nothing.yaml")


def test_settings_cannot_be_changed_once_made():
    with pytest.raises(AttributeError):
        Settings().port = 1
