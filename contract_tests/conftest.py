"""Make the options of the contract tests known to pytest; what they do is in `contract_tests.pytest_plugin`."""

import pytest

PLUGIN = "contract_tests.pytest_plugin"


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the plugin, unless `-p` has done so."""
    if not pluginmanager.has_plugin(PLUGIN):
        pluginmanager.import_plugin(PLUGIN)
