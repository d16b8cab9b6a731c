"""What all tests share."""

import os


def pytest_xdist_auto_num_workers(config: object) -> int:
    """Return how many workers `-n auto` means: one more than processors, since many tests wait for a while."""
    return (os.cpu_count() or 1) + 1
