"""What golden tests stand on: a store with the real ECB history."""


def pytest_configure(config):
    """Load the stores' fixtures once, whichever folder asks first."""
    config.pluginmanager.import_plugin("tests.factories.stores.fixtures")
