import pytest

from moat import numbers


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (12.04, 5.1, 36.9, "12 [5, 37]"),
        (2600.3, 1190, 5600, "2,600 [1,200, 5,600]"),
        (-0.103, -0.219, 0.061, "−0.10 [−0.22, 0.06]"),
        (-0.001, -0.2, 0.2, "0.00 [−0.20, 0.20]"),
        (5.1e24, 4e24, 6e24, "5.1 × 10²⁴ [4 × 10²⁴, 6 × 10²⁴]"),
        (7.0, 7.0, 7.0, "7 [7, 7]"),
        (0.0, -1e-9, 1e-9, "0.0000000000 [−0.0000000010, 0.0000000010]"),
    ],
)
def test_digits_follow_the_interval(value, low, high, text):
    assert " ".join(numbers.with_interval(value, low, high)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-3, "−3"), (1234567, "1.235 × 10⁶"), (0.123456, "0.1235"), (1e-16, "10⁻¹⁶")],
)
def test_exact_numbers(value, text):
    assert numbers.exact(value) == text
