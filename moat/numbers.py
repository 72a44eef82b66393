"""How numbers are written: as many digits as their interval supports."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def decimals(half_width: float) -> int:
    """Decimals that show two significant digits of an interval's half-width.

    >>> decimals(0.03), decimals(14.0), decimals(140.0)
    (3, 0, -1)
    """
    return 1 - math.floor(math.log10(half_width))


def plain(x: float, places: int) -> str:
    """``x`` rounded to ``places`` decimals (negative: to tens, hundreds), with a real minus.

    >>> plain(-1234.5, 0), plain(0.34, 3), plain(1276.0, -1)
    ('−1,234', '0.340', '1,280')
    """
    text = f"{round(x, places):,.{max(places, 0)}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def scientific(x: float, digits: int = 3) -> str:
    """Powers of ten, for numbers too large or small to read otherwise.

    >>> scientific(5.76e23), scientific(1e25)
    ('5.76 × 10²³', '10²⁵')
    """
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return power if mantissa == "1" else f"{mantissa.replace('-', MINUS)} × {power}"


def _is_awkward(x: float) -> bool:
    return x != 0 and (abs(x) >= 1e6 or abs(x) < 1e-4)


def exact(x: float, spec: str = "") -> str:
    """A number without an interval: counts in full, others to four significant digits.

    >>> exact(240), exact(0.00101827), exact(5.76e23), exact(0.5, ".0%")
    ('240', '0.001018', '5.76 × 10²³', '50%')
    """
    if spec:
        return format(x, spec).replace("-", MINUS)
    if _is_awkward(x):
        return scientific(x, 4)
    if float(x).is_integer():
        return plain(x, 0)
    return plain(x, 3 - math.floor(math.log10(abs(x))))


def compact(x: float, digits: int) -> str:
    """At most ``digits`` significant digits and no trailing zeros; "" for NaN.

    >>> compact(0.347312345, 5), compact(1.2219e-16, 4), compact(84.0, 6), compact(math.nan, 4)
    ('0.34731', '1.222 × 10⁻¹⁶', '84', '')
    """
    if math.isnan(x):
        return ""
    if _is_awkward(x):
        return scientific(x, digits)
    return f"{x:.{digits}g}".replace("-", MINUS)


def with_interval(value: float, low: float, high: float, spec: str = "") -> tuple[str, str]:
    """The value and its interval, both to the digits that the interval supports.

    >>> with_interval(0.3404, 0.3168, 0.3692)
    ('0.340', '[0.317, 0.369]')
    """
    if spec or high == low:
        texts = [exact(x, spec) for x in (value, low, high)]
    elif _is_awkward(value):
        texts = [scientific(x) for x in (value, low, high)]
    else:
        places = decimals((high - low) / 2)
        texts = [plain(x, places) for x in (value, low, high)]
    return texts[0], f"[{texts[1]}, {texts[2]}]"
