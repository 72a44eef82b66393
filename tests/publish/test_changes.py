"""A changed verdict stops the build, is told with what moved it, and is logged when accepted."""

from __future__ import annotations

import yaml

from moat.evidence import changes

CLAIM = {
    "id": "C01", "sentence": "1", "claim": "It is small", "kind": "F", "peek": "none", "hypothesis": "h",
    "gauge": "g", "rule": "Supported below five.", "falsifier": "f", "chapters": ["near"],
    "key": "near.total", "means": "sum", "argued": "supported", "against": "a", "datum": "d",
}  # fmt: skip
WORD = "findings.record('verdict-c01', 'supported' if factor < 1.2 else 'refuted', rule='by the total')"


def generated(mini) -> str:
    return (mini.root / "_build" / "stage" / "generated" / "changes.md").read_text(encoding="utf-8")


def test_a_changed_verdict_is_named_with_what_moved_it_and_logged_when_accepted(mini):
    (mini.root / "data" / "claims.yml").write_text(yaml.safe_dump([CLAIM]))
    mini.edit("notebooks/near.ipynb", "exact='sum')", f"exact='sum')\\n{WORD}")
    assert mini.moat("book").returncode == 0
    assert "No verdict has changed" in generated(mini)
    assert mini.moat("record").returncode == 0
    log = mini.root / "data" / "verdict_changes.csv"
    assert not log.exists()

    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 1.5")
    stopped = mini.moat("book")
    assert stopped.returncode == 1
    sentence = "C01 (newest snapshot): supported became refuted; near.total moved most, from 3 m to 4.5"
    assert sentence in stopped.stderr
    assert stopped.stderr.index("Verdicts changed") < stopped.stderr.index("Findings, figures or tables left")

    assert mini.moat("record").returncode == 0
    assert log.read_text().splitlines()[0] == ",".join(changes.COLUMNS)
    assert ",C01,newest snapshot,supported,refuted,near.total,3 m,4.500 m" in log.read_text()
    assert mini.moat("book").returncode == 0
    assert "| supported | refuted | `near.total`, from 3 m to 4.500 m |" in generated(mini)
