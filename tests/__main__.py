"""``make test``: build what is out of date, run everything, say what could not be run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from moat import project
from tests.chromium import find_chromium


def main() -> int:
    print("Building the book first: the tests look at it.", flush=True)
    if subprocess.run([sys.executable, "-m", "moat", "book"], cwd=project.root()).returncode:
        print("The book does not build, so it cannot be tested.")
        return 1
    # One worker a core: threads of their own would only get in each other's way.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    code = pytest.main(["--numprocesses=auto", "--dist=worksteal", *sys.argv[1:]])
    if not find_chromium():
        print("Skipped: the tests in a browser, because there is no Chromium; install Debian's chromium.")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
