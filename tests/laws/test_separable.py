import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from moat import laws

SIZES = np.array([1e7, 8e7, 1.5e8, 4e8, 1e7, 1.4e9])
TOKENS = np.array([2e8, 1.6e9, 3e9, 8e9, 3.4e9, 3e10])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.floats(0.15, 0.6), st.floats(1.2, 2.5), st.floats(50, 500), st.floats(50, 500))
def test_known_parameters_are_recovered(exponent, floor, a, b):
    loss = floor + a * SIZES**-exponent + b * TOKENS**-exponent
    law = laws.fit_tied(SIZES, TOKENS, loss)
    np.testing.assert_allclose([law.exponent, law.E, law.A, law.B], [exponent, floor, a, b], rtol=1e-4)
    np.testing.assert_allclose(law.predict(SIZES, TOKENS), loss, rtol=1e-8)


def test_no_random_start_of_scipy_finds_better():
    rng = np.random.default_rng(0)
    loss = 1.8 + 100 * SIZES**-0.27 + 200 * TOKENS**-0.27 + rng.normal(0, 0.02, 6)
    law = laws.fit_tied(SIZES, TOKENS, loss)
    ours = ((law.predict(SIZES, TOKENS) - loss) ** 2).sum()

    def resid(t):
        return t[0] + t[1] * (SIZES / 1e8) ** -t[3] + t[2] * (TOKENS / 1e9) ** -t[3] - loss

    for _ in range(40):
        start = [rng.uniform(0.5, 2.5), rng.uniform(0, 3), rng.uniform(0, 3), rng.uniform(0.05, 0.8)]
        assert ours <= 2 * optimize.least_squares(resid, start, max_nfev=2000).cost * (1 + 1e-8)


def test_an_error_curve_is_recovered():
    loss = np.linspace(2.4, 5.5, 7)
    curve = laws.fit_error(loss, 0.86 - 2.2 * np.exp(-0.7 * loss))
    np.testing.assert_allclose([curve.ceiling, curve.k, curve.rate], [0.86, 2.2, 0.7], rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [
        (lambda: laws.fit_tied(SIZES[:3], TOKENS[:3], [3, 2, 1]), laws.TooFewPoints, "at least 4"),
        (lambda: laws.fit_tied(SIZES, TOKENS, [3.0] * 5), laws.LengthMismatch, "one value per run"),
        (lambda: laws.fit_tied(-SIZES, TOKENS, SIZES), laws.BadValues, "positive"),
        (lambda: laws.fit_tied(SIZES, TOKENS, [np.nan] * 6), laws.BadValues, "finite"),
        (lambda: laws.fit_error(np.arange(6.0), np.arange(6.0)), laws.FitError, "end of its range"),
    ],
)
def test_bad_input_is_one_sentence(call, error, why):
    with pytest.raises(error, match=why):
        call()
