"""What functional tests stand on: stores on both engines."""


def pytest_configure(config):
    """Load the stores' fixtures once, whichever folder asks first."""
    config.pluginmanager.import_plugin("tests.factories.stores.fixtures")
