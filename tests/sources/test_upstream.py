"""Awkward upstream formats: read value for value, and refused when they are more than data."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import pickle

import pandas as pd
import pytest

from moat import sources
from moat.sources import upstream
from moat.sources.pickles import read_frame

#: sha256 of the values, made once from an independent conversion of the same files.
VALUES = {
    "gadre-losses": "3b54e97dc7345425c61d685d5d854892dd68cc6809ac1084063383d9048c8645",
    "gadre-models": "4fa4a64147fb1ef93af8d697f2fb15e4c17d1b1f7fcd9c180f80f1c4a2a7e980",
    "gadre-tasks": "7929a787eee810da35d68f97751c38f3423f58aa99b7c4c947c1cf226b77dcf2",
    "porian-isoflops": "2c1d55cdeab50ef241cac949b915e677cd54abe8a5f48fcb38a32b792ee92fe8",
    "porian-optima": "8a7feec03b17db3b6412e022832b8c8f4b3d760f5082eac36f2da5d716d9ea9d",
}


def digest(table: pd.DataFrame) -> str:
    """Of all values in full precision, whatever the order of rows."""
    text = table.to_csv(index=False, header=False, float_format="%.17g", lineterminator="\n")
    return hashlib.sha256("\n".join(sorted(text.splitlines())).encode()).hexdigest()


def load(name: str) -> pd.DataFrame:
    try:
        return sources.load(name)
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", VALUES)
def test_the_values_are_those_of_an_independent_conversion(name):
    assert digest(load(name)) == VALUES[name]


def packed(path, value: object):
    with lzma.open(path, "wb") as handle:
        pickle.dump(value, handle)
    return path


class Attack:
    """A pickle that runs a command when it is read."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


def test_a_pickle_that_asks_for_more_than_data_is_refused_and_not_run(tmp_path):
    with pytest.raises(sources.SchemaError, match="system, which is not admitted"):
        read_frame(packed(tmp_path / "a.pickle.xz", Attack(tmp_path / "ran")))
    assert not (tmp_path / "ran").exists()


def test_a_pickle_that_is_not_a_frame_or_not_a_pickle_is_refused(tmp_path):
    with pytest.raises(sources.SchemaError, match="holds a dict"):
        read_frame(packed(tmp_path / "a.pickle.xz", {"a": 1}))
    (tmp_path / "b.pickle.xz").write_bytes(b"nothing of the kind")
    with pytest.raises(sources.SchemaError, match="not a readable pickled frame"):
        read_frame(tmp_path / "b.pickle.xz")


def test_a_tree_of_json_becomes_three_tables(tmp_path):
    settings = dict.fromkeys(
        ("params", "params_no_embed", "tokens", "chinchilla_multiplier", "lr", "wd", "warmup", "global_bs"), 2
    )
    result = {"val_data": ["x/c4_val/shard.tar"], "loss": 3.0}
    result |= {"loss_sequences_lower_95": 2.9, "loss_sequences_upper_95": 3.1}
    body = {
        "dataset_name": "rpj",
        "hyperparameters": settings | {"model": "c/d=96.json"},
        "results": [result],
    }
    scores = {"eval_metrics": {"icl": {"copa": 0.5}}}
    paths = []
    for folder, stem, content in (("models", "m-1.0", body), ("evals", "evaluation_m-1.0_heavy", scores)):
        path = tmp_path / folder / f"{stem}.json"
        path.parent.mkdir()
        path.write_text(json.dumps(content))
        paths.append(path)
    models, losses, tasks = (
        read(paths).to_dict("records")
        for read in (upstream.read_gadre_models, upstream.read_gadre_losses, upstream.read_gadre_tasks)
    )
    assert models == [{"name": "m-1.0", "train_data": "rpj", "model": "d=96", **settings}]
    assert losses == [{"name": "m-1.0", "set": "c4_val", "loss": 3.0, "low": 2.9, "high": 3.1}]
    assert tasks == [{"name": "m-1.0", "task": "copa", "accuracy": 0.5}]
