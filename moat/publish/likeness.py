"""Whether two displays are the same to a reader: data, drawings and tables within a tolerance.

Bytes differ between processors where nobody would see a difference, so they are never compared.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping

import numpy as np
import pandas as pd

#: Allowed movement of a number, as a share of the range of its column: two pixels of a figure.
TOLERANCE = 0.01
#: Allowed movement of a drawn coordinate, in units of the drawing (points; a figure is some 500 wide).
DRAWN = 3.0
#: A positive column that spans more than this is compared by its logarithms, as it would be drawn.
DECADES = 1e3

_NUMBER = re.compile(r"[-+\u2212]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")
#: Names that a drawing gives its own parts; they are made from coordinates and mean nothing.
_NAMES = re.compile(r"^(id|clip-path|.*href)$")
#: The attributes that say where something is drawn.
PLACED = {"d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points", "transform"}
_COORDINATE = re.compile(r"-?\d+\.?\d*(?:[eE][-+]?\d+)?")


def difference(kind: str, before: str, now: str) -> str:
    """Why the content of one MIME type is not the same; "" when it is."""
    if before == now:
        return ""
    compare = {"text/csv": tables, "image/svg+xml": drawings}.get(kind, texts)
    return compare(before, now)


def looks_different(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether a reader would see or download something else: any part came, went or moved."""
    if before.keys() != now.keys():
        return True
    return any(difference(kind, before[kind], now[kind]) for kind in before)


def tables(before: str, now: str) -> str:
    """Two CSV texts: the same columns and rows, words equal, numbers within `TOLERANCE`.

    >>> tables("x,y\\n1,10\\n2,20\\n", "x,y\\n1,10.01\\n2,20\\n")
    ''
    >>> tables("x,y\\n1,10\\n2,20\\n", "x,y\\n1,12\\n2,20\\n")
    'column y moved by 20% of its range (allowed 1%)'
    """
    old, new = (pd.read_csv(io.StringIO(text)) for text in (before, now))
    if list(old.columns) != list(new.columns):
        return f"columns {', '.join(old.columns)} became {', '.join(new.columns)}"
    if len(old) != len(new):
        return f"{len(old)} rows became {len(new)}"
    return next((why for c in old if (why := _column(str(c), old[c], new[c]))), "")


def _column(name: str, old: pd.Series, new: pd.Series) -> str:
    if not (pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new)):
        left = [f"{a} became {b}" for a, b in zip(old, new, strict=True) if not _same_text(str(a), str(b))]
        return f"column {name}: {left[0]}" if left else ""
    a, b = (series.to_numpy(dtype=float) for series in (old, new))
    if (np.isnan(a) != np.isnan(b)).any():
        return f"column {name}: values came or went"
    if not (kept := np.isfinite(a)).any():
        return ""
    a, b = a[kept], b[kept]
    if min(a.min(), b.min()) > 0 and a.max() > DECADES * a.min():
        a, b = np.log(a), np.log(b)
    share = np.abs(a - b).max() / (np.ptp(a) or abs(a[0]) or 1.0)
    if share <= TOLERANCE:
        return ""
    return f"column {name} moved by {100 * share:.3g}% of its range (allowed {TOLERANCE:.0%})"


def texts(before: str, now: str) -> str:
    """Two pieces of HTML, JSON or plain text: the same words, numbers within `TOLERANCE` or a last digit.

    >>> texts("<td>7.2 [2.3, 9.0]</td>", "<td>7.3 [2.3, 9.0]</td>")
    ''
    >>> texts("<td>7.2</td>", "<td>8.2</td>")
    "'7.2' became '8.2'"
    """
    old, new = (re.split(r"(<[^>]*>)", text) for text in (before, now))
    if len(old) != len(new):
        return f"{len(old)} parts became {len(new)}"
    return next((f"{a!r} became {b!r}" for a, b in zip(old, new, strict=True) if not _same_text(a, b)), "")


def _same_text(a: str, b: str) -> bool:
    if a == b:
        return True
    if _NUMBER.sub("#", a) != _NUMBER.sub("#", b):
        return False
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return all(_same_number(x, y) for x, y in pairs)


def _same_number(x: str, y: str) -> bool:
    a, b = (float(t.replace(",", "").replace("\u2212", "-")) for t in (x, y))
    decimals = min(len(t.partition(".")[2]) for t in (x, y)) if "e" not in (x + y).lower() else 0
    last = 10.0**-decimals if decimals else 0.0
    return abs(a - b) <= max(TOLERANCE * max(abs(a), abs(b)), 1.001 * last)


def drawings(before: str, now: str) -> str:
    """Two SVG texts: the same elements, styles and words, coordinates within `DRAWN`.

    >>> drawings('<svg><path d="M 0 0 L 9 9"/></svg>', '<svg><path d="M 0 0 L 9 8"/></svg>')
    ''
    >>> drawings('<svg><path d="M 0 0 L 9 9"/></svg>', '<svg><path d="M 0 0 L 9 1"/></svg>')
    'what is drawn moved (path)'
    """
    # Both were drawn by this project: nothing from elsewhere is parsed here.
    old, new = (list(ElementTree.fromstring(text).iter()) for text in (before, now))  # noqa: S314
    if [e.tag for e in old] != [e.tag for e in new]:
        return f"{len(old)} drawn elements became {len(new)}"
    for a, b in zip(old, new, strict=True):
        if not _same_text((a.text or "").strip(), (b.text or "").strip()):
            return f"{(a.text or '').strip()!r} became {(b.text or '').strip()!r}"
        if not _same_attributes(a.attrib, b.attrib):
            return f"what is drawn moved ({a.tag.rpartition('}')[2]})"
    return ""


def _same_attributes(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    old, new = ({k: v for k, v in each.items() if not _NAMES.match(k)} for each in (old, new))
    return old.keys() == new.keys() and all(_same_attribute(key, old[key], new[key]) for key in old)


def _same_attribute(key: str, a: str, b: str) -> bool:
    if key not in PLACED:
        return a == b or _without_names(a) == _without_names(b)
    x, y = (np.array([float(t) for t in _COORDINATE.findall(s)]) for s in (a, b))
    if len(x) == len(y):
        return _COORDINATE.sub("#", a) == _COORDINATE.sub("#", b) and bool(np.all(np.abs(x - y) <= DRAWN))
    # A path loses a vertex where three of them come to lie on a line; its extent stays.
    return key == "d" and bool(np.all(np.abs(_extent(x) - _extent(y)) <= DRAWN))


def _without_names(text: str) -> str:
    return re.sub(r"url\([^)]*\)", "url()", text)


def _extent(numbers: np.ndarray) -> np.ndarray:
    """Lowest and highest x and y of a path in absolute coordinates."""
    points = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    return np.concatenate([points.min(axis=0), points.max(axis=0)]) if len(points) else np.zeros(4)
