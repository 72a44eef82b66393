"""One colour and one marker for each thing that returns from chapter to chapter.

The colours are those of Okabe and Ito (2008), distinguishable with the common forms of
colour blindness; yellow is left out because it vanishes on white.  A marker always goes
with a colour, so nothing depends on colour alone.  Fits and the sides of the race never share a
figure, so a look may serve one of each.
"""

from __future__ import annotations

BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE, GREY = (
    "#222222", "#D17D00", "#3E9BD0", "#008F68", "#0072B2", "#C44E00", "#B5608F", "#7A7A7A",
)  # fmt: skip

COLOURS = {
    "ours": BLUE,
    "epoch": GREEN,
    "hoffmann": RED,
    "slices": PURPLE,
    "others": SKY,
    "dropped": ORANGE,
    "reference": GREY,
    "text": BLACK,
    "US": BLUE,
    "China": RED,
    "Europe": GREEN,
    "elsewhere": GREY,
    "open weights": PURPLE,
    "algorithm": BLUE,
    "kernel": ORANGE,
    "precision": PURPLE,
    "framework": GREEN,
    "mixed": GREY,
    "supported": BLUE,
    "partly": ORANGE,
    "refuted": PURPLE,
    "untestable": GREY,
}
MARKERS = {
    "ours": "o",
    "epoch": "s",
    "hoffmann": "D",
    "slices": "^",
    "others": "o",
    "dropped": "X",
    "reference": "v",
    "text": ".",
    "US": "o",
    "China": "D",
    "Europe": "^",
    "elsewhere": "s",
    "open weights": "v",
    "algorithm": "h",
    "kernel": "s",
    "precision": "v",
    "framework": "D",
    "mixed": "X",
    "supported": "P",
    "partly": "d",
    "refuted": "X",
    "untestable": "p",
}

#: Who competes; the other names are fits and groups of runs.
SIDES = ("US", "China", "Europe", "elsewhere", "open weights")
#: The markers above in the words of Vega-Lite, for the sides of live charts.
SHAPES = {"US": "circle", "China": "diamond", "Europe": "triangle-up", "elsewhere": "square"}

#: How the parameters of laws are written in figures and tables.
SYMBOLS = {"alpha": "α", "beta": "β", "size-exponent": "β / (α + β)"}


def colour(name: str) -> str:
    """The colour of a named thing.  Raises KeyError: give a newcomer its own entry above."""
    return COLOURS[name]


def side(country: str, europe: frozenset[str]) -> str:
    """The palette's name for a country code.

    >>> [side(c, frozenset({"FR"})) for c in ("US", "CN", "FR", "AE")]
    ['US', 'China', 'Europe', 'elsewhere']
    """
    return {"US": "US", "CN": "China"}.get(country, "Europe" if country in europe else "elsewhere")
