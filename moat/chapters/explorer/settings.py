"""The assumptions that a reader may move: ranges, where they come from, and what they enter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from moat.chapters.bill.rivals import RIVALS
from moat.errors import EvidenceError

CHAPTER = "chapter"


@dataclass(frozen=True)
class Setting:
    """One assumption.  A number has ``low``, ``high`` and ``step``; with ``law`` it may stay open (None),
    anywhere in the range that the text of ``law`` names.  A choice has ``options``, value to label."""

    name: str
    label: str
    enters: tuple[str, ...]
    source: str
    default: Any
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    law: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def check(self, value: Any) -> None:
        """Raises `EvidenceError` for a value outside the range or not among the options."""
        if self.options:
            if value not in self.options:
                raise EvidenceError(f"{self.name} is one of {', '.join(self.options)}, not {value!r}.")
        elif value is None:
            if not self.law:
                raise EvidenceError(f"{self.name} needs a number.")
        elif not self.low <= value <= self.high:
            raise EvidenceError(f"{self.name} lies between {self.low:g} and {self.high:g}, not at {value:g}.")

    def steps(self) -> list[Any]:
        """All values that the page can show, the open one first where there is one."""
        if self.options:
            return list(self.options)
        count = round((self.high - self.low) / self.step)
        decimals = len(f"{self.step:g}".partition(".")[2])
        numbers = [round(self.low + i * self.step, decimals) for i in range(count + 1)]
        return [None, *numbers] if self.law else numbers


SETTINGS = (
    Setting("price", "DeepSeek paid for a GPU-hour", ("C07",),
            "Range of rental prices of its day; DeepSeek's report reckons with 2.", None, "USD",
            0.5, 8.0, 0.1, "anywhere from 1.5 to 3.5"),
    Setting("research", "DeepSeek's research compute over its final run", ("C07",),
            "Final runs were 10 to 30% of research compute at three other firms.", None, "times",
            1.0, 80.0, 0.5, "anywhere from 3.3 to 10"),
    Setting("use", "Share of their chips that GPT-4 and GPT-4.5 used", ("C07",),
            "Llama 3.1-405B printed 38 to 43% of the peak; OpenAI printed nothing.", None, "",
            0.1, 0.8, 0.01, "anywhere from 0.3 to 0.5"),
    Setting("scope", "Scope of the bill", ("C07",), "The four scopes of the chapter on the bill.", "all",
            options={"all": "all four", "1": "(1) final run, one price", "2": "(2) final run, own price",
                     "3": "(3) research compute", "4": "(4) with staff and capital"}),
    Setting("rival", "Cheaper than whom", ("C07",),
            "The four American models whose final run can be priced.", "all",
            options={"all": "all four rivals"} | {r: r for r in RIVALS}),
    Setting("dates", "A model counts from the day it was", ("C02", "C04", "C12", "C15", "C21", "C22", "C28"),
            "Grids of the chapters; the lag pools both, the premium takes announcements.", CHAPTER,
            options={CHAPTER: "as each chapter has it", "announced": "announced", "released": "released"}),
    Setting("margin", "Two models are equal within", ("C04", "C15"),
            "The ledger takes 2 points, about two months of progress; benchmarks get 1.5 times that.", 2.0,
            "index points", 0.0, 12.0, 0.25),
    Setting("uncounted", "Chinese chips that nobody counts, for each counted one", ("C17", "C28"),
            "Huawei's, rented and smuggled chips are in no count; no row of ours bounds them.", 0.0, "",
            0.0, 15.0, 0.1),
    Setting("distilled", "Models taught by a larger one", ("C07",),
            "The Phi models learnt from texts that a larger model wrote; DeepSeek stays in either way.",
            "counts",
            options={"counts": "count like others", "left out": "are left out of the trend"}),
)  # fmt: skip
BY_NAME = {s.name: s for s in SETTINGS}


def default() -> dict[str, Any]:
    """The assumptions as the chapters make them."""
    return {s.name: s.default for s in SETTINGS}


def drawn(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """``count`` settings at random: every value that the page can show is as likely, an open one as half.

    >>> len(list(drawn(3, seed=0)))
    3
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        chosen = {}
        for s in SETTINGS:
            values = s.steps()
            if s.law and rng.random() < 0.5:
                chosen[s.name] = None
            else:
                values = values[1:] if s.law else values
                chosen[s.name] = values[rng.integers(len(values))]
        yield chosen
