"""Tables of at most seven columns, sortable in place, with the full numbers in a CSV."""

from __future__ import annotations

from html import escape

import pandas as pd

from moat import numbers
from moat.errors import MoatError
from moat.plot.figure import to_csv

MAX_COLUMNS = 7


class Table:
    """A rendered table and the frame behind it."""

    def __init__(self, shown: pd.DataFrame, data: pd.DataFrame, label: str):
        if shown.shape[1] > MAX_COLUMNS:
            raise MoatError(
                f"A table shows at most {MAX_COLUMNS} columns, not {shown.shape[1]}; "
                "choose the telling ones, the CSV keeps all."
            )
        self.shown, self.data, self.label = shown, data, label

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        csv = to_csv(self.data)
        return {"text/html": self.html(), "text/csv": csv, "text/plain": self.shown.to_string(index=False)}

    def html(self) -> str:
        """Headers with scope, cells with a sort key where the text is not the number itself."""
        head = "".join(f'<th scope="col">{escape(str(c))}</th>' for c in self.shown.columns)
        body = "".join(
            f"<tr>{''.join(_cell(v, i == 0) for i, v in enumerate(row))}</tr>"
            for row in self.shown.itertuples(index=False)
        )
        return (
            f'<div class="table-scroll" tabindex="0" role="region" aria-label="{escape(self.label)}">'
            f'<table class="dataframe sortable"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


def _cell(value: object, first: bool) -> str:
    tag = "th" if first else "td"
    scope = ' scope="row"' if first else ""
    number = not first and (isinstance(value, int | float) or _looks_numeric(str(value)))
    numeric = ' class="number"' if number else ""
    return f"<{tag}{scope}{numeric}>{escape('' if pd.isna(value) else str(value))}</{tag}>"


def _looks_numeric(text: str) -> bool:
    return bool(text) and text[0] in "0123456789−-+<[" and not text[:4].isalpha()


def intervals(frame: pd.DataFrame, value: str = "value", low: str = "low", high: str = "high") -> list[str]:
    """``value [low, high]`` of each row, with the digits that its interval supports.

    >>> intervals(pd.DataFrame({"value": [0.3404], "low": [0.3168], "high": [0.3692]}))
    ['0.340 [0.317, 0.369]']
    """
    rows = zip(frame[value], frame[low], frame[high], strict=True)
    return [" ".join(numbers.with_interval(*row)) for row in rows]


def table(shown: pd.DataFrame, *, label: str, data: pd.DataFrame | None = None) -> Table:
    """Show ``shown`` as it stands; ``data`` (default the same) goes into the CSV in full.

    ``label`` names the table for readers who do not see it.
    """
    return Table(shown, shown if data is None else data, label)
