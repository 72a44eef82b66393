"""Time taken apart exactly: how many tokens a run needed, and how many it read a second.

log time = log tokens - log (tokens a second), for every run and so for every ratio of two runs.
Tokens to a fixed loss measure what is learnt from text; tokens a second measure chips, kernels and
how heavy the model is.  Steps come from the log that a record names, where that log was made in
the time that the record states; submissions are timed again before they count, and sometimes changed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import FrontierError

#: How far a log's time may lie from the record's, as a share, for its steps to be those of the record.
SAME_TIME = 0.01
#: Folder and file of a log start after this many parts of its path.
PREFIX = "records/"


def steps(records: pd.DataFrame, runs: pd.DataFrame, *, tolerance: float = SAME_TIME) -> pd.Series:
    """Training steps of each record, NaN where its log is missing or was made in another time.

    ``records`` has the columns minutes and log; ``runs`` track, folder, file, final_step and
    train_time (milliseconds).  Where the log is a folder, the runs with the fewest steps are the record's.
    """
    path = PREFIX + runs["track"] + "/" + runs["folder"] + "/" + runs["file"]
    found = []
    for row in records.itertuples():
        own = runs[path.eq(row.log) | path.str.startswith(f"{row.log}/")]
        own = own[own["final_step"] == own["final_step"].min()]
        seconds = own["train_time"].mean() / 1000
        same = len(own) and abs(seconds / (60 * row.minutes) - 1) <= tolerance
        found.append(float(own["final_step"].iloc[0]) if same else np.nan)
    return pd.Series(found, records.index, name="steps")


def tokens(numbers: pd.Series, counted: pd.Series, batches: pd.DataFrame) -> pd.Series:
    """Tokens that each record read: steps times tokens a step; NaN where steps are unknown.

    ``numbers`` are those of the records, ``counted`` their steps, ``batches`` one row a range of
    records (first, last, tokens_per_step, and steps where no log has them).  Raises `FrontierError`
    for a record in no range or in two.
    """
    result = []
    for number, step in zip(numbers, counted, strict=True):
        row = batches[(batches["first"] <= number) & (number <= batches["last"])]
        if len(row) != 1:
            raise FrontierError(f"Record {number} lies in {len(row)} ranges of batches, not in one.")
        row = row.iloc[0]
        known = row["steps"] if np.isfinite(row["steps"]) else step
        result.append(known * row["tokens_per_step"])
    return pd.Series(result, numbers.index, name="tokens")


def split(table: pd.DataFrame) -> pd.DataFrame:
    """Adds how much of each gain is fewer tokens and how much is tokens a second, in logs.

    ``table`` has one row a timed run in order, with minutes and tokens; the first row and those where
    tokens are unknown on either side have NaN.

    >>> two = pd.DataFrame({"minutes": [4.0, 1.0], "tokens": [2e9, 1e9]})
    >>> split(two)[["by_tokens", "by_speed"]].iloc[1].round(3).tolist()
    [0.693, 0.693]
    """
    whole = -np.log(table["minutes"]).diff()
    fewer = -np.log(table["tokens"]).diff()
    return table.assign(
        by_tokens=fewer, by_speed=whole - fewer, speed=table["tokens"] / 60 / table["minutes"]
    )


def share_of_tokens(start: pd.Series, end: pd.Series) -> float:
    """How much of the gain between two rows of `split` is fewer tokens, in per cent of log time.

    >>> row = lambda minutes, tokens: pd.Series({"minutes": minutes, "tokens": tokens})
    >>> round(share_of_tokens(row(4.0, 2e9), row(1.0, 1e9)), 9)
    50.0
    """
    fewer, whole = (float(np.log(start[c] / end[c])) for c in ("tokens", "minutes"))
    return 100 * fewer / whole
