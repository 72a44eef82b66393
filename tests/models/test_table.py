"""The table of models: every known fault is caught by its named check and handled as promised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import sources
from moat.errors import FrontierError
from moat.models import issues, labs
from moat.models import table as models
from moat.models.active_params import sizes


@pytest.fixture(scope="module")
def raw() -> dict[str, pd.DataFrame]:
    try:
        return models.read()
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def table(raw) -> pd.DataFrame:
    return models.build(raw).set_index("model")


#: Rows that ``data_issues.csv`` names, as the tables spell them.
NAMED = {
    "D01": ["Inkling"],
    "D02": ["GPT-4o", "Claude 3 Opus", "Gemini 1.5 Pro", "GPT-4 Turbo (Apr 2024)", "GPT-4o mini"],
    "D03": ["Gemini 1.0 Ultra", "Mistral Large 2"],
    "D04": ["Gemini 1.5 Flash (Sep 2024)", "Grok-2 (Dec 2024)", "Mistral Large 2 (Nov 2024)"],
    "D05": ["o3"],
    "D06": ["Doubao-pro"],
    "D07": ["GPT-5.5", "Claude Opus 4.5", "Gemini 3 Pro"],
    "D08": ["MiniMax-Text-01"],
    "D09": ["Llama 3-70B", "Llama 3.1-8B", "Llama 3.1-70B"],
    "D10": ["Huawei Ascend 910B"],
    "D11": ["China"],
    "D12": ["China"],
    "D14": ["GPT-5", "Claude 3.5 Sonnet"],
    "D15": ["GPT-5.5 Pro", "GPT-5.2 Pro", "o3-pro"],
}


def test_every_known_fault_has_a_check():
    assert list(issues.CHECKS) == sources.load("data-issues")["id"].tolist()


def test_the_named_rows_are_caught(raw):
    found = issues.found(raw).groupby("issue")["row"].agg(set)
    for issue, rows in NAMED.items():
        assert set(rows) <= found[issue], issue
    assert "D13" not in found  # press reports alone have it


def changed(raw, name: str, row: dict, where: pd.Series) -> dict[str, pd.DataFrame]:
    """The raw tables with one row of one of them rewritten."""
    table = raw[name].copy()
    assert where.sum() >= 1
    for column, value in row.items():
        table.loc[where, column] = value
    return models.with_sizes(dict(raw) | {name: table})


def test_a_lost_sign_is_caught(raw):
    wrong = changed(raw, "epoch-notable", {"chips": 648}, raw["epoch-notable"]["model"] == "DeepSeek-V3")
    assert issues.d13_lost_sign(wrong) == [("DeepSeek-V3", "648 chips are 64 x 8 (epoch-notable)")]


def test_a_new_fault_of_a_known_kind_is_caught_and_mending_it_silences_the_check(raw):
    of = lambda name, model: raw[name]["model"] == model
    cases = [
        ("D01", "epoch-notable", "Inkling", {"flop": 6 * 41e9 * 45e12}, False),
        (
            "D03",
            "epoch-notable",
            "Qwen2.5-72B",
            {"flop_notes": "performance of X on various benchmarks"},
            True,
        ),
        ("D04", "eci-scores", "Grok-2 (Dec 2024)", {"date": "2024-12-12"}, False),
        ("D05", "eci-scores", "o3", {"date": "2025-04-16"}, False),
        ("D06", "epoch-notable", "Qwen2.5-72B", {"params_notes": "seen on xueqiu"}, True),
        ("D08", "epoch-notable", "DeepSeek-V3", {"flop": 9e24}, True),
        ("D14", "eci-scores", "DeepSeek-R1", {"low": np.nan}, True),
    ]
    for issue, name, model, row, caught in cases:
        faults = issues.CHECKS[issue](changed(raw, name, row, of(name, model)))
        assert (model in {row for row, _ in faults}) is caught, issue


def test_the_index_is_there_whole_and_everyone_has_an_owner(raw, table):
    scored = table[table["score"].notna()]
    assert len(scored) == len(raw["eci-scores"])
    assert table.index.is_unique
    assert list(table.reset_index().columns) == list(models.COLUMNS)
    assert scored[["lab", "country", "announced", "released", "listed"]].notna().all(axis=None)
    assert (scored["announced"] <= scored["released"]).all()
    assert set(scored["country"]) <= set(labs.COUNTRIES.values())


def test_circular_compute_is_dropped_and_kept_apart(table):
    for model in ("GPT-4o (May 2024)", "Claude 3 Opus", "Gemini 1.5 Pro (May 2024)"):
        if model in table.index:
            assert np.isnan(table.loc[model, "flop"]), model
            assert table.loc[model, "flop_withdrawn"] > 1e24
    assert np.isnan(table.loc["Claude 3 Opus", "flop"])
    assert not table.loc[table["flop"].notna(), "issues"].str.contains("D02").any()


def test_compute_is_rederived_where_it_is_wrong(table):
    inkling = table.loc["Inkling"]
    assert inkling["flop"] == pytest.approx(6 * 41e9 * 45e12)
    assert (inkling["flop_from"], inkling["ratio"]) == ("6ND", pytest.approx(1 / 6))
    assert inkling["ratio_flag"]
    llama = table.loc["Llama 3.1-8B"]
    assert llama["flop"] == pytest.approx(6 * 8.03e9 * 15.6e12)
    v3 = table.loc["DeepSeek-V3"]
    assert v3["flop"] == pytest.approx(3.3e24)
    assert v3["ratio"] == pytest.approx(1.004, abs=1e-3)
    assert v3["params_active"] == 37e9
    with_origin = table["flop"].notna()
    assert (table["flop_from"][with_origin] != "").all()
    assert (table["flop_from"][~with_origin] == "").all()


def test_every_value_has_an_origin(table):
    for column in ("country", "base_model", "weights", "flop", "params", "params_active", "tokens"):
        known = table[column].notna() & (table[column] != "unknown")
        assert (table.loc[known, f"{column}_from"] != "").all(), column
    assert (table["date_from"] != "").all()
    assert table.loc["Composer 2.5", "base_model_from"] == "our correction"
    assert table.loc["DeepSeek-V3", ["tokens_from", "params_active_from"]].tolist() == ["our table"] * 2


def test_dates_follow_the_convention_asked_for(raw, table):
    o3 = table.loc["o3"]
    assert str(o3["announced"].date()) == "2024-12-20"
    assert str(o3["released"].date()) == "2025-04-16"
    grok = table.loc["Grok-2 (Dec 2024)"]
    assert grok["announced"] == grok["released"] > grok["listed"]
    for dates in models.DATES:
        built = models.build(raw, dates=dates)
        pd.testing.assert_series_equal(built["date"], built[dates], check_names=False)
    with pytest.raises(FrontierError, match="one of announced, released, listed"):
        models.build(raw, dates="guessed")


def test_foreign_weights_have_a_label_of_their_own(table):
    composer = table.loc["Composer 2.5"]
    assert (composer["country"], composer["built_on"], composer["base_lab"]) == ("US", "CN", "Moonshot")
    one = table.loc[["Composer 2.5"]]
    assert [labs.population(one, way).item() for way in labs.ASSIGNMENTS] == ["US on CN", "US", "CN"]
    with pytest.raises(FrontierError, match="An assignment is one of own, lab, weights"):
        labs.population(one, "flag")
    # Own weights, and a compatriot's, need no label.
    assert table.loc["DeepSeek-R1", "built_on"] == ""


def test_a_missing_column_is_named(raw):
    for name, column in (("eci-scores", "weights"), ("epoch-notable", "flop"), ("eci-compute", "released")):
        broken = dict(raw) | {name: raw[name].drop(columns=column)}
        with pytest.raises(FrontierError, match=f"'{name}' has no column '{column}'"):
            models.build(models.with_sizes(broken))
    with pytest.raises(FrontierError, match="lack 'eci-scores'"):
        models.build({k: v for k, v in raw.items() if k != "eci-scores"})


def test_a_renamed_model_is_named_with_its_likely_new_name(raw):
    broken = dict(raw)
    for name in (*issues.SNAPSHOTS, "eci-scores"):
        part = broken[name]
        broken[name] = part.assign(model=part["model"].replace({"Composer 2.5": "Composer v2.5"}))
    with pytest.raises(FrontierError, match=r"'Composer 2\.5', which no table lists\. .* 'Composer v2\.5'"):
        models.build(models.with_sizes(broken))


def test_a_country_with_a_slip_of_the_pen_is_named(raw):
    wrong = changed(raw, "eci-scores", {"country": "Chima"}, raw["eci-scores"]["model"] == "DeepSeek-R1")
    with pytest.raises(FrontierError, match=r"'Chima' of the model 'DeepSeek-R1' .* 'China'"):
        models.build(wrong)


def size_of(name="X", params=1e11, notes="", tokens="1e12", flop=6e23, base=np.nan, **fact):
    listed = {"model": name, "params": params, "params_notes": notes, "tokens": tokens, "flop": flop}
    table = pd.DataFrame([listed | {"flop_notes": "", "base_model": base, "tokens_from": "eci-compute"}])
    facts = {"epoch_name": "Y", "model": "Y", "params_active_b": np.nan, "tokens_t": np.nan}
    return sizes(table, pd.DataFrame([facts | fact])).iloc[0]


def test_active_parameters_come_from_our_table_then_notes_then_all():
    assert size_of()["params_active_from"] == "all of them"
    noted = size_of(notes="MoE with 37B activated for each token")
    assert (noted["params_active"], noted["params_active_from"]) == (37e9, "notes")
    ours = size_of(notes="37B activated", epoch_name="X", params_active_b=36.0)
    assert (ours["params_active"], ours["params_active_from"]) == (36e9, "our table")


def test_sparse_or_giant_models_without_a_word_have_no_active_parameters():
    for row in (size_of(notes="a mixture of experts"), size_of(name="Qwen-A3B"), size_of(params=1.04e12)):
        assert np.isnan(row["params_active"])
        assert np.isnan(row["flop_6nd"])


def test_six_nd_and_its_flag():
    assert size_of()["ratio"] == pytest.approx(1.0)
    assert [bool(size_of(flop=f * 6e23)["ratio_flag"]) for f in (0.79, 0.81, 1.29, 1.31)] == [
        True,
        False,
        False,
        True,
    ]
    assert np.isnan(size_of(base="Llama 2-70B")["flop_6nd"])
    assert np.isnan(size_of(tokens="3B images")["flop_6nd"])
