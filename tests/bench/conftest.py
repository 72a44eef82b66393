"""The same numbers whatever ran before, on however many cores."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def same_numbers():
    """Tests that draw from torch's own generator would else depend on which tests their worker ran first."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
