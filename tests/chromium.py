"""Where a Chromium is, if there is one."""

from __future__ import annotations

import shutil

#: Needed to run as root in a container; the rest keeps the browser from calling home.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


#: Milliseconds after which a browser hangs for certain: no measure of speed, for a machine may be busy.
PATIENCE = 600_000


def patient(context):
    """A context or page of Playwright that waits as long as a busy machine may need."""
    context.set_default_timeout(PATIENCE)
    return context
