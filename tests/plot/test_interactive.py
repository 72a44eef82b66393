"""Live charts: a picture that stands alone, a description that asks nobody for anything."""

from __future__ import annotations

import json

import altair as alt
import nbformat
import pandas as pd

from moat.plot.interactive import MIME, interactive
from moat.publish import stage
from moat.publish.plan import Plan

NAMES = ["V2", "R1</script>"]
POINTS = pd.DataFrame({"date": ["2024-05-06", "2025-01-20"], "score": [120.0, 139.5], "name": NAMES})


def chart():
    encoded = alt.Chart(POINTS).mark_circle().encode(x="date:T", y="score:Q", tooltip=["name:N"])
    return interactive(encoded, POINTS)


def test_the_picture_holds_the_points_and_the_data_are_offered():
    bundle = chart()._repr_mimebundle_()
    assert bundle["image/svg+xml"].count("<path") >= 2
    assert bundle["text/csv"].splitlines()[0] == "date,score,name"
    assert bundle[MIME]["width"] == "container"


def test_nothing_is_fetched_from_elsewhere():
    spec = chart()._repr_mimebundle_()[MIME]
    values = [v for k, v in spec.items() if k != "$schema"]
    assert "http" not in json.dumps(values)


def test_the_page_gets_the_description_safely_and_one_script(tmp_path, monkeypatch):
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    output = new_output("display_data", data=chart()._repr_mimebundle_())
    cell = new_code_cell("", outputs=[output], metadata={"mystnb": {"figure": {"name": "fig-demo"}}})
    executed = tmp_path / "_build" / "executed" / "demo.ipynb"
    executed.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[cell]), executed)
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    page, tables = stage.page("demo", Plan(("demo",), {}), None)
    assert list(tables) == ["fig-demo"]
    assert MIME not in page.cells[0].outputs[0].data
    text = page.cells[1].source
    inside = text.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(inside)["mark"]["type"] == "circle"
    assert 'data-figure="fig-demo"' in text
    assert "moatVega" in stage.vega()
