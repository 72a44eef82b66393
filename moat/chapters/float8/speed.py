"""Eight bits against sixteen in time: how many times as fast, from which width, and for what loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.chapters.float8.loss import BASELINE, UNMEASURED
from moat.stats import gain
from moat.stats.estimate import Estimate, percentile_estimate

#: A layer should be so many times as fast as in bfloat16, from this width on.
PAYS, WIDE = 1.2, 4096
Speed = tuple[pd.DataFrame, np.ndarray]

#: How a ratio of times is recorded: another session moves it by more than its interval.
TIMED = {"drift": 5.0, "spec": ".2f"}
#: What a chapter says: the name of each speed with what is timed, its recipe, how it is cast.
SPEEDS = {
    "tiles-eager": ("layer", "tiles", "eager"),
    "tiles-compiled": ("layer", "tiles", "compiled"),
    "one-eager": ("layer", "one scale", "eager"),
    "one-compiled": ("layer", "one scale", "compiled"),
    "product": ("product", "tiles by blocks", "none"),
    "product-tiles": ("product", "tiles by tiles", "none"),
    "product-one": ("product", "one scale", "none"),
    "product-fast": ("product", "one scale, fast sum", "none"),
}


def ratios(
    times: pd.DataFrame, recipe: str, cast: str, *, draws: int, seed: int, what: str = "layer"
) -> Speed:
    """How many times as fast as bfloat16, by width, and the draws (draws, widths) behind it.

    Ratio of median times; repeats are resampled, so the interval is that of the clock on one
    chip and not of other chips.  Columns width, value, low, high, n.
    """
    part = times[times["what"] == what]
    own = part[(part["recipe"] == recipe) & (part["cast"] == cast)]
    widths = sorted(own["width"].unique())
    rng = np.random.default_rng(seed)
    rows, every = [], []
    for width in widths:
        base = part.loc[(part["recipe"] == BASELINE) & (part["width"] == width), "ms"].to_numpy()
        mine = own.loc[own["width"] == width, "ms"].to_numpy()
        again = _medians(base, draws, rng) / _medians(mine, draws, rng)
        value = np.median(base) / np.median(mine)
        rows.append((width, value, *np.quantile(again, [0.025, 0.975]), len(mine)))
        every.append(again)
    table = pd.DataFrame(rows, columns=["width", "value", "low", "high", "n"])
    return table, np.array(every).T.reshape(draws, len(widths))


def _medians(values: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    return np.median(values[rng.integers(0, len(values), (draws, len(values)))], axis=1)


def at_width(table: pd.DataFrame, width: int) -> Estimate:
    """The ratio at one width, as an estimate."""
    row = table.set_index("width").loc[width]
    method = "ratio of median times, repeats resampled"
    return Estimate(row["value"], row["low"], row["high"], int(row["n"]), method)


def pays_from(table: pd.DataFrame, draws: np.ndarray, level: float = 1.0) -> Estimate | str:
    """The width from which the ratio stays above ``level``, between widths linear in the logarithms.

    A word where it is above, or not, at every width that was tried.
    """
    x = np.log(table["width"].to_numpy(float))
    value = _crossing(x, np.log(table["value"].to_numpy() / level))
    if not np.isfinite(value):
        return "every width tried" if value < 0 else "no width tried"
    again = np.array([_crossing(x, row) for row in np.log(draws / level)])
    again = np.exp(np.clip(again, x[0], x[-1]))
    method = "interpolation of ratios, repeats resampled"
    return percentile_estimate(float(np.exp(value)), again, n=int(table["n"].min()), method=method)


def _crossing(x: np.ndarray, y: np.ndarray) -> float:
    """Where y last rises through zero: -inf where it never is below, inf where it ends below."""
    below = np.flatnonzero(y < 0)
    if not len(below):
        return -np.inf
    last = below[-1]
    if last == len(y) - 1:
        return np.inf
    return float(x[last] + (x[last + 1] - x[last]) * -y[last] / (y[last + 1] - y[last]))


def fast(table: pd.DataFrame) -> str:
    """Of the claim that a layer is `PAYS` times as fast from `WIDE` on.

    Refuted where the upper end is below at every such width, supported where the lower end is
    above at every one, else partly.
    """
    wide = table[table["width"] >= WIDE]
    if wide.empty:
        return "untestable"
    if (wide["high"] < PAYS).all():
        return "refuted"
    return "supported" if (wide["low"] >= PAYS).all() else "partly"


def together(speed: Estimate, worth: Estimate) -> Estimate:
    """Times the compute for the same money: speed times the compute multiplier of the loss."""
    return gain.product([speed, worth])


def speeds(times: pd.DataFrame, *, draws: int, seed: int) -> dict[str, Speed]:
    """`ratios` for each of `SPEEDS` that was timed."""
    found = {}
    for name, (what, recipe, cast) in SPEEDS.items():
        keys = (times["what"] == what) & (times["recipe"] == recipe) & (times["cast"] == cast)
        if keys.any():
            found[name] = ratios(times, recipe, cast, draws=draws, seed=seed, what=what)
    return found


def borrowed(times: pd.DataFrame, shares: Mapping[str, float], *, draws: int, seed: int) -> Speed:
    """A layer of our products with casts that take as large a share of it as DeepSeek's do.

    Two products of tiles by blocks and one of tiles by tiles, longer by the casts' time over that
    of the products in ``shares`` (`trace.eight_bit_shares`).
    """
    longer = 1 + shares["casts"] / (shares["blocks"] + shares["tiles"])
    rng = np.random.default_rng(seed)
    part = times.set_index(["what", "recipe", "width"]).sort_index()["ms"]
    keys = {
        "layer": ("layer", BASELINE),
        "b": ("product", "tiles by blocks"),
        "t": ("product", "tiles by tiles"),
    }
    rows, every = [], []
    for width in sorted(times["width"].unique()):
        ms = {name: part.loc[(*key, width)].to_numpy() for name, key in keys.items()}
        again = {name: _medians(values, draws, rng) for name, values in ms.items()}
        value, drawn = (
            of["layer"] / (longer * (2 * of["b"] + of["t"]))
            for of in ({name: np.median(values) for name, values in ms.items()}, again)
        )
        rows.append((width, value, *np.quantile(drawn, [0.025, 0.975]), len(ms["layer"])))
        every.append(drawn)
    return pd.DataFrame(rows, columns=["width", "value", "low", "high", "n"]), np.array(every).T


def best(found: Mapping[str, Speed], recipe: str) -> pd.DataFrame:
    """The faster of eager and compiled casts at each width: columns of `ratios`."""
    parts = [found[name][0] for name in (f"{recipe}-eager", f"{recipe}-compiled") if name in found]
    every = pd.concat(parts).sort_values(["width", "value"])
    return every.drop_duplicates("width", keep="last").reset_index(drop=True)


def whole_step(shares: Mapping[str, float], blocks: Estimate, tiles: Estimate) -> Estimate:
    """How many times as long a step would take in sixteen bits, if only its products were slower.

    ``shares`` are those of `trace.eight_bit_shares`; ``blocks`` and ``tiles`` say how many times
    as fast the two kinds of product are in eight bits.  Casts would fall away.  Ends of both
    intervals go together: they come from one chip.
    """
    pairs = [(getattr(blocks, end), getattr(tiles, end)) for end in ("value", "low", "high")]
    ends = [shares["rest"] + shares["blocks"] * b + shares["tiles"] * t for b, t in pairs]
    method = "shares of one published step, products slower by our ratios"
    return Estimate(*ends, min(blocks.n, tiles.n), method, blocks.level)


def outcome(
    found: Mapping[str, Speed], own: Speed, shares: Mapping[str, float], worth: Estimate
) -> dict[str, tuple[object, dict]]:
    """What a chapter says: by name, a value and how to record it.

    ``found`` as `speeds` gives it, ``own`` as `borrowed`; ``worth`` is the compute multiplier of
    the loss on the chip.  What was not timed is said.
    """
    said: dict[str, tuple[object, dict]] = {}
    for name, (table, _) in (found | {"borrowed": own}).items():
        for width in (WIDE, 2 * WIDE):
            there = width in set(table["width"])
            how = TIMED if there else {"rule": "no such timing is recorded"}
            said[f"{name}-{width}"] = (at_width(table, width) if there else UNMEASURED, how)
    for name in ("tiles-eager", "one-eager"):
        value = pays_from(*found[name])
        how = {"rule": "last width at which the ratio rises through one"}
        how = how if isinstance(value, str) else {"drift": 5.0, "spec": ",.0f"}
        said[f"{name}-pays"] = (value, how)
    for recipe in ("tiles", "one"):
        rule = {"rule": "interval of the faster cast against the ratio, at every such width"}
        said[f"{recipe}-claim"] = (fast(best(found, recipe)), rule)
    said["borrowed-claim"] = (
        fast(own[0]),
        {"rule": "interval against the ratio, at every width from the least"},
    )
    for width in (WIDE, 2 * WIDE):
        step = whole_step(shares, *(at_width(found[n][0], width) for n in ("product", "product-tiles")))
        said[f"step-{width}"] = (step, TIMED)
        said[f"together-{width}"] = (together(step, worth), TIMED)
    return said


#: How the chapter's figure names and draws speeds: name, palette, line.
CURVES = {
    "product": ("product alone", "reference", "--"),
    "product-tiles": ("product alone, tiles on both sides", "reference", ":"),
    "borrowed": ("layer, casts as in DeepSeek's step", "hoffmann", "--"),
    "one-compiled": ("layer, a scale a matrix, compiled", "epoch", "-"),
    "one-eager": ("layer, a scale a matrix, eager", "epoch", ":"),
    "tiles-compiled": ("layer, a scale a tile, compiled", "ours", "-"),
    "tiles-eager": ("layer, a scale a tile, eager", "ours", ":"),
}


def curves(found: Mapping[str, Speed]) -> list[tuple[str, pd.DataFrame, str, str]]:
    """What was timed of `CURVES`, for the figure."""
    return [(CURVES[n][0], found[n][0], *CURVES[n][1:]) for n in CURVES if n in found]


def drawn(found: Mapping[str, Speed]) -> pd.DataFrame:
    """All of ``found`` in one table: columns speed, width, value, low, high, n."""
    parts = {name: table for name, (table, _) in found.items()}
    return pd.concat(parts, names=["speed", "row"]).reset_index("speed").reset_index(drop=True)
