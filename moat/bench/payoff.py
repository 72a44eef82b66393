"""Eight bits against sixteen in time: how many times as fast, from which width, and for what loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.bench import gain
from moat.bench.parity import BASELINE, UNMEASURED
from moat.estimate import Estimate, percentile_estimate

#: A layer should be so many times as fast as in bfloat16, from this width on.
PAYS, WIDE = 1.2, 4096
#: Width of a square layer with as much work as the two matrices of nanochat's feed-forward layer
#: have on average: 26 times 64 wide, four times that inside.
NANOCHAT = 2 * 26 * 64
#: How a ratio of times is recorded: another session moves it by more than its interval.
TIMED = {"drift": 5.0, "spec": ".2f"}
#: What a chapter says: the name of each speed with what is timed, its recipe, how it is cast.
SPEEDS = {
    "tiles": ("layer", "tiles", "best"),
    "tiles-eager": ("layer", "tiles", "eager"),
    "one": ("layer", "one scale", "best"),
    "product": ("product", "tiles by blocks", "none"),
    "product-tiles": ("product", "tiles by tiles", "none"),
    "product-one": ("product", "one scale", "none"),
    "product-fast": ("product", "one scale, fast sum", "none"),
}


def ratios(
    times: pd.DataFrame, recipe: str, cast: str, *, draws: int, seed: int, what: str = "layer"
) -> tuple[pd.DataFrame, np.ndarray]:
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


def between(table: pd.DataFrame, draws: np.ndarray, width: float) -> Estimate:
    """The ratio at a width that was not timed, linear in the logarithms between its neighbours."""
    x = np.log(table["width"].to_numpy(float))
    value = np.exp(np.interp(np.log(width), x, np.log(table["value"])))
    again = np.exp([np.interp(np.log(width), x, row) for row in np.log(draws)])
    method = "interpolation of ratios, repeats resampled"
    return percentile_estimate(float(value), again, n=int(table["n"].min()), method=method)


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
    inverse = Estimate(1 / worth.value, 1 / worth.high, 1 / worth.low, worth.n, worth.method, worth.level)
    return gain.quotient(speed, inverse)


def speeds(times: pd.DataFrame, *, draws: int, seed: int) -> dict[str, tuple[pd.DataFrame, np.ndarray]]:
    """`ratios` for each of `SPEEDS` that was timed; the best cast is the compiled one where there is one."""
    found = {}
    for name, (what, recipe, cast) in SPEEDS.items():
        part = times[(times["what"] == what) & (times["recipe"] == recipe)]
        if cast == "best":
            cast = "compiled" if (part["cast"] == "compiled").any() else "eager"
        if (part["cast"] == cast).any():
            found[name] = ratios(times, recipe, cast, draws=draws, seed=seed, what=what)
    return found


def outcome(found: dict, worth: Estimate | str) -> dict[str, tuple[object, dict]]:
    """What a chapter says of `speeds`: by name, a value and how to record it.

    ``worth`` is the compute multiplier of the loss on the chip.  What was not timed is said.
    """
    said: dict[str, tuple[object, dict]] = {}
    missing = {"rule": "no such timing is recorded"}
    for name in SPEEDS:
        table = found[name][0] if name in found else pd.DataFrame({"width": []})
        for width in (WIDE, 2 * WIDE):
            there = width in set(table["width"])
            value = at_width(table, width) if there else UNMEASURED
            said[f"{name}-{width}"] = (value, TIMED if there else missing)
    for name in ("tiles", "tiles-eager", "one"):
        value = pays_from(*found[name]) if name in found else UNMEASURED
        rule = {"rule": "last width at which the ratio rises through one"} if isinstance(value, str) else {}
        said[f"{name}-pays"] = (value, rule or {"drift": 2.0, "spec": ",.0f"})
        word = fast(found[name][0]) if name in found else UNMEASURED
        said[f"{name}-claim"] = (word, {"rule": "interval against the ratio at every width from the least"})
    there = "one" in found
    value = between(*found["one"], NANOCHAT) if there else UNMEASURED
    said["nanochat-layer"] = (value, TIMED if there else missing)
    speed = said[f"tiles-{WIDE}"][0]
    both = isinstance(speed, Estimate) and isinstance(worth, Estimate)
    said["together"] = (together(speed, worth), TIMED) if both else (UNMEASURED, missing)
    return said


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


def step(shares: Mapping[str, float], found: dict) -> tuple[object, dict]:
    """`whole_step` with the products timed at the least width of the claim, and how to record it."""
    if not {"product", "product-tiles"} <= set(found):
        return UNMEASURED, {"rule": "no such timing is recorded"}
    blocks, tiles = (at_width(found[name][0], WIDE) for name in ("product", "product-tiles"))
    return whole_step(shares, blocks, tiles), TIMED


#: How the chapter's figure names and draws speeds: name, palette, line.
CURVES = {
    "product": ("product alone, a scale a tile", "reference", "--"),
    "tiles": ("layer, a scale a tile", "ours", "-"),
    "tiles-eager": ("the same, casts operation by operation", "ours", ":"),
    "one": ("layer, a scale a matrix", "epoch", "-"),
}


def curves(found: dict) -> list[tuple[str, pd.DataFrame, str, str]]:
    """What was timed of `CURVES`; the eager layer only beside a better one."""
    same = "tiles" in found and found["tiles"][0].equals(found.get("tiles-eager", [None])[0])
    shown = [name for name in CURVES if name in found and not (same and name == "tiles-eager")]
    return [(CURVES[n][0], found[n][0], *CURVES[n][1:]) for n in shown]


def drawn(found: dict) -> pd.DataFrame:
    """All of `speeds` in one table: columns speed, width, value, low, high, n."""
    parts = {name: table for name, (table, _) in found.items()}
    if not parts:
        return pd.DataFrame(columns=["speed", "width", "value", "low", "high", "n"])
    return pd.concat(parts, names=["speed", "row"]).reset_index("speed").reset_index(drop=True)


def as_table(found: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a width, one column a speed of `CURVES`, as text; and the numbers behind it."""
    data = drawn(found)
    data = data[data["speed"].isin(CURVES)]
    text = data.assign(
        text=[f"{v:.2f}" for v in data["value"]], speed=data["speed"].map(lambda s: CURVES[s][0])
    )
    shown = text.pivot(index="width", columns="speed", values="text").fillna("").reset_index()
    return shown[["width", *[v[0] for v in CURVES.values() if v[0] in shown]]], data


def casts_word(found: dict) -> str:
    """What eager casts leave of the gain, at the least width of the claim."""
    if not {"tiles-eager", "product"} <= set(found):
        return UNMEASURED
    layer, alone = (at_width(found[n][0], WIDE).value for n in ("tiles-eager", "product"))
    if layer < 1:
        return "all of the gain and more"
    return "most of the gain" if layer - 1 < (alone - 1) / 2 else "less than half of the gain"
