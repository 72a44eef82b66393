import numpy as np
import pytest

from moat import laws
from tests.simulated import simulate

LAW = laws.Chinchilla()


def test_a_profile_is_what_refitting_with_a_held_value_gives():
    """Held by force: subtract the held term's exponent from a law without it."""
    fit = LAW.fit(simulate(0, rows=80), draws=200)
    found = laws.profile(fit, "beta")
    for held in np.quantile(found.curve["value"], [0.3, 0.6]):
        # With x = tokens^-beta given, B x is a term with a fixed exponent of one.
        frame = fit.data.assign(x=fit.data["tokens"] ** held)
        rise = np.interp(held, found.curve["value"], found.curve["rise"])
        slow = _slow(frame, fit.delta)
        assert rise == pytest.approx(slow - fit.objective, rel=0.05, abs=1e-9)


def _slow(frame, delta):
    """Minimise over E, A, B and alpha with scipy, the exponent of tokens held."""
    from scipy import optimize

    target, n, x = np.log(frame["loss"]), np.log(frame["params"]), frame["x"]

    def objective(t):
        predicted = np.exp(t[0]) + np.exp(t[1] - t[3] * (n - n.mean())) + np.exp(t[2]) / x
        size = np.abs(target - np.log(predicted))
        return 1e6 * np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).sum()

    start = [0.6, -1.0, np.log(0.4 * x.median()), 0.34]
    end = optimize.minimize(objective, start, method="BFGS")
    for _ in range(3):
        end = optimize.minimize(
            objective, end.x, method="Nelder-Mead", options={"maxiter": 9000, "maxfev": 9000, "xatol": 1e-9}
        )
    return end.fun / 1e6


def test_the_interval_holds_the_estimate_and_the_curve_has_its_minimum_there():
    fit = LAW.fit(simulate(1), draws=300)
    found = laws.profile(fit, "alpha")
    low, high = found.interval
    assert low < fit.params["alpha"] < high
    lowest = found.curve.loc[found.curve["rise"].idxmin(), "value"]
    assert lowest == pytest.approx(fit.params["alpha"], rel=0.02)


def test_a_profile_needs_draws():
    with pytest.raises(laws.FitError, match="bootstrap draws"):
        laws.profile(LAW.fit(simulate(2, rows=60), draws=0), "alpha")
