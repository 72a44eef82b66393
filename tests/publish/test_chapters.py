"""Each chapter runs with other parameters, through our own door and through plain papermill."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moat import project, sources
from moat.evidence.findings import Chapter, computed_path, parse, recorded_path
from moat.publish.execute import displayed, execute
from moat.publish.inputs import inputs
from moat.publish.parameters import read

SMALL = {
    "chinchilla": {"draws": 200, "seed": 3, "simulations": 49},
    "kaplan-to-chinchilla": {"draws": 200, "seed": 3},
    "allocation": {"draws": 200, "seed": 3},
    "overtraining": {"draws": 200, "seed": 3},
    "repeated-data": {"draws": 200, "seed": 3},
    "low-precision": {"draws": 200, "seed": 3},
    "capability-laws": {"draws": 200, "seed": 3, "worlds": 20},
    "chinchilla-refit": {"draws": 200, "seed": 3, "every_start": 100},
    "lag": {"draws": 200, "seed": 3},
    "premium": {"draws": 200, "seed": 3, "worlds": 20},
    "bill": {"draws": 200, "seed": 3},
    "scissors": {"draws": 200, "seed": 3},
    "chips": {"draws": 200, "seed": 3},
    "market": {"draws": 200, "seed": 3, "worlds": 20},
    "prices": {"draws": 200, "seed": 3, "worlds": 60},
    "openness": {"draws": 200, "seed": 3},
    "weaker-chips": {"draws": 200, "seed": 3},
    "isoflop": {"draws": 200, "seed": 3, "simulations": 10},
    "experts": {"draws": 200, "seed": 3},
    "optimiser": {"draws": 200, "seed": 3},
    "bench": {"draws": 200, "seed": 3},
    "sparse-experts": {"draws": 200, "seed": 3},
    "attention": {"draws": 200, "seed": 3},
    "distillation": {"draws": 200, "seed": 3},
    "float8": {"draws": 200, "seed": 3},
    "speedruns": {"draws": 200, "seed": 3, "worlds": 100},
    "explorer": {"draws": 200, "seed": 3},
    "verdict": {"draws": 200, "seed": 3},
    "multiverse": {"draws": 200, "seed": 3},
    "scoreboard": {"draws": 200, "seed": 3},
}

#: Findings that neither draws nor seed may move.
STEADY = {
    "chinchilla": ("alpha", "beta", "E", "objective"),
    "chinchilla-refit": ("alpha", "beta", "E", "objective"),
    "kaplan-to-chinchilla": ("exponent-1", "akima-3", "overspend-gpt-3"),
    "repeated-data": ("r2-decay", "objective", "published-excess"),
    "low-precision": ("objective", "share-W4A4", "gain-W3", "excess-FP4", "removed", "lost-v3", "even-log"),
    "capability-laws": ("first", "three", "v2", "v2-total", "china", "china-new", "parallel"),
    "allocation": ("gem-alpha", "gem100-objective", "bias-comma", "llama-exponent-all"),
    "overtraining": ("error-1b", "task-error-7b", "overspend-400"),
    "lag": ("width-china", "width-open", "hazard-ratio", "slope", "eci-max-deviation", "width-china-then"),
    "premium": ("multiplier-v3", "multiplier-needed", "placebo-rank", "price-raw", "even-v3-llama"),
    "bill": ("hours-share", "growth", "growth-r2", "squeeze", "own-median", "unchecked-then", "stock-ratio"),
    "scissors": ("gap-then", "gap-change", "growth-us", "parts-us", "china-after", "china-bic"),
    "experts": ("gain-600", "best-large", "best-fitted", "busiest-bias"),
    "optimiser": ("gain-last", "interaction", "times-product", "ns-dense"),
    "bench": ("product", "share", "count"),
    "float8": ("cpu-excess", "gpu-excess", "cpu-int4", "finer", "product-4096", "step-4096"),
    "attention": ("v3-kilobytes", "llama-times", "cut", "gpu-pair-2", "cpu-one", "h20-loss"),
    "distillation": ("gain-laws", "gain-samples", "laws-free", "peer-passes", "gpu-laws-free"),
    "sparse-experts": ("s-base-c", "measured-64", "change-s-base", "floor-gain", "times-188", "size-590"),
    "isoflop": ("entropy", "exponent-parabola", "e", "rise"),
    "chips": ("talking", "hidden", "crossing", "h800-link", "h20-margin", "talk-nominal", "domestic-lag"),
    "market": ("nvda", "ar-chips", "ar-power", "gap", "slope-run-up", "nvda-back", "makers-against-rest"),
    "openness": ("score-deepseek", "rise", "adoption-change", "home-share", "top10-then", "fall-least"),
    "verdict": ("narrowed", "claims", "graded-then", "cause-algorithms", "compute-part", "split-below"),
    "prices": ("models", "fall-mmlu-gpt-4-turbo", "long-median", "fall-line-raw", "fall-task", "day-cost"),
    "weaker-chips": ("span", "simulated", "serial", "serial-kind", "slack"),
    "explorer": ("moved", "width-least", "margin-c04", "research-c07", "uncounted-c17", "chips-narrow"),
    "speedruns": ("factor", "halving-after", "fewer", "tokens-share", "slope", "core-power", "factor-2019"),
    "multiverse": ("specifications-moat", "parts-for", "on-side-premium", "mover-width-share", "noise-width"),
    "scoreboard": ("rows", "reproduced", "two-sided", "half", "median-distance"),
}


def needs(chapter: str) -> None:
    for name in inputs(project.notebooks() / f"{chapter}.ipynb").remote:
        try:
            sources.fetch(sources.find(name))
        except sources.SourceUnavailable as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("name", project.chapters())
def test_a_chapter_runs_with_other_parameters(name, tmp_path):
    needs(name)
    ran = execute(name, SMALL[name], tmp_path / "out.ipynb")
    assert ran.parameters["draws"] == 200
    recorded = Chapter.load(recorded_path(name))
    assert set(ran.findings) == set(recorded.findings)
    for key, finding in ran.findings.items():
        before = recorded.findings[key]
        if finding.low is None or finding.n != before.n:
            continue  # exact, or another quantity: a share of other starts, a spread of other draws
        # Other draws, another seed: the same estimate, and an interval that overlaps.
        assert finding.low <= before.high, key
        assert before.low <= finding.high, key
    # What does not depend on draws is the same number as in the book built on this machine.
    built = Chapter.load(computed_path(name)).findings
    for key in STEADY[name]:
        assert ran.findings[key].value == pytest.approx(built[key].value, rel=1e-9)


def test_plain_papermill_works_too(tmp_path):
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/chinchilla.ipynb", str(out)]
    command += ["-p", "draws", "100", "-p", "simulations", "19", "--no-progress-bar"]
    done = subprocess.run(command, cwd=project.root(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    findings = parse(displayed(read(out), "chinchilla")["findings"])
    assert findings["draws"].value == 100
    assert findings["alpha"].value == pytest.approx(0.340, abs=5e-4)


@pytest.mark.book
def test_the_findings_that_must_hold():
    """The figures of Besiroglu et al. 2024, from the run of this build or the recorded one."""
    path = computed_path("chinchilla-refit")
    refit = Chapter.load(path if path.is_file() else recorded_path("chinchilla-refit")).findings
    assert refit["alpha"].value == pytest.approx(0.3473, abs=5e-5)
    assert refit["beta"].value == pytest.approx(0.3672, abs=5e-5)
    assert refit["E"].value == pytest.approx(1.8172, abs=5e-5)
    assert refit["objective"].value <= 0.0010183
    ours = Chapter.load(computed_path("chinchilla")).findings
    assert ours["alpha"].value == pytest.approx(0.340, abs=5e-4)
    assert ours["beta"].value == pytest.approx(0.377, abs=5e-4)
    assert ours["draws"].value == 4000
    assert ours["status"].value == "converged"
