"""How often intervals cover a known answer: bootstrap, calibrated profile, textbook profile.

    .venv/bin/python benchmarks/coverage.py [SETS] [DRAWS]

Data sets have the design of the Chinchilla runs, losses of a known law, and noise of two
shapes.  The textbook cut-off takes the objective for a Laplace likelihood (Wilks 1938): twice
the drop of the log likelihood against a chi-squared of one degree of freedom.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from moat import laws, sources
from moat.laws.profile import crossings

TRUTH = pd.Series({"E": 1.8, "A": 420.0, "B": 2600.0, "alpha": 0.34, "beta": 0.37})
NOISE = {
    "normal": lambda rng, n: rng.normal(0, 0.004, n),
    "Laplace": lambda rng, n: rng.laplace(0, 0.004 / np.sqrt(2), n),
    "heavy (t, 3 df)": lambda rng, n: 0.004 / np.sqrt(3) * rng.standard_t(3, n),
}


def textbook(fit: laws.Fit, found: laws.Profile) -> tuple[float, float]:
    """The interval of the same profile with the cut-off of a Laplace likelihood."""
    scale = np.abs(fit.resid).mean()
    return crossings(found.curve, stats.chi2.ppf(0.95, 1) / 2 * fit.delta * scale, found.name)


def main(sets: int = 200, draws: int = 300) -> None:
    law, runs = laws.Chinchilla(), sources.load("chinchilla-points")[["params", "tokens"]]
    rows = []
    for shape, noise in NOISE.items():
        for i in tqdm(range(sets), desc=shape, disable=None):
            scatter = noise(np.random.default_rng(i), len(runs))
            fit = law.fit(runs.assign(loss=law.predict(TRUTH, runs) * np.exp(scatter)), draws=draws, seed=i)
            for name in ("alpha", "beta"):
                found = laws.profile(fit, name)
                intervals = {
                    "bootstrap": fit.conf_int().loc[name],
                    "profile, calibrated": found.interval,
                    "profile, textbook": textbook(fit, found),
                }
                rows += [(shape, name, k, low <= TRUTH[name] <= high) for k, (low, high) in intervals.items()]
    table = pd.DataFrame(rows, columns=["noise", "parameter", "interval", "covered"])
    rate = 100 * table.pivot_table(index=["noise", "parameter"], columns="interval", values="covered")
    print(f"coverage of 95% intervals, %, over {sets} data sets with {draws} draws each")
    print(rate.to_string(float_format="{:.1f}".format))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
