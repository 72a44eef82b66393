"""Lists of prices and bills become plain tables."""

from __future__ import annotations

import json

import numpy as np

from moat.sources import tokens


def test_prices_written_as_text_become_numbers(tmp_path):
    names = {"organization": "X", "license": "MIT"}
    rows = [
        names | {"name": "A", "input_token_price": "0.27", "output_token_price": "1.10"},
        names | {"name": "B", "input_token_price": "", "output_token_price": None},
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    table = tokens.read_arena_prices([tmp_path / "a.json"])
    assert table["input_token_price"].tolist()[0] == 0.27
    assert table["output_token_price"].isna().tolist() == [False, True]


def test_every_period_of_a_vendor_is_a_row(tmp_path):
    history = [{"input": 2, "output": 4, "from_date": None, "to_date": "2025-02-08", "input_cached": 1}]
    history.append({"input": 3, "output": 5, "from_date": "2025-02-08", "to_date": None})
    body = {"vendor": "v", "models": [{"id": "m", "name": "M", "price_history": history}]}
    (tmp_path / "v.json").write_text(json.dumps(body))
    table = tokens.read_vendor_prices([tmp_path / "v.json"])
    assert table.columns.tolist() == ["vendor", "name", "input", "output", "from_date", "to_date"]
    assert table["output"].tolist() == [4, 5]


def test_a_bill_of_nothing_is_no_bill(tmp_path):
    text = (
        "- {model: a, date: 2025-01-02, total_cost: 0.0}\n- {model: b, date: 2025-01-03, total_cost: 1.5}\n"
    )
    (tmp_path / "p.yml").write_text(text)
    table = tokens.read_aider([tmp_path / "p.yml"])
    assert np.isnan(table["total_cost"][0])
    assert table["date"].tolist() == ["2025-01-02", "2025-01-03"]
