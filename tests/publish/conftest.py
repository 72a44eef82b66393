"""One Chromium for all tests of a module that open pages."""

from __future__ import annotations

import pytest

from tests.chromium import ARGUMENTS, find_chromium


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield running
        running.close()
