"""Readers of single upstream formats: a tree of JSON files, pickled summaries."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from moat.errors import SchemaError
from moat.sources.pickles import read_frame

_SETTINGS = (
    "params",
    "params_no_embed",
    "tokens",
    "chinchilla_multiplier",
    "lr",
    "wd",
    "warmup",
    "global_bs",
)


def read_gadre_models(paths: list[Path]) -> pd.DataFrame:
    """One row a model of Gadre et al. 2024: what was trained, how large, on how many tokens."""
    rows = []
    for path, body in _models(paths):
        settings = body["hyperparameters"]
        row = {"name": path.stem, "train_data": body["dataset_name"], "model": Path(settings["model"]).stem}
        rows.append(row | {key: settings[key] for key in _SETTINGS})
    return pd.DataFrame(rows)


def read_gadre_losses(paths: list[Path]) -> pd.DataFrame:
    """One row a model and validation set: loss and the authors' 95% interval over sequences."""
    rows = [
        (path.stem, _set(result["val_data"]), result["loss"], *_ends(result))
        for path, body in _models(paths)
        for result in body["results"]
    ]
    return pd.DataFrame(rows, columns=["name", "set", "loss", "low", "high"])


def read_gadre_tasks(paths: list[Path]) -> pd.DataFrame:
    """One row a model and task: accuracy as a share."""
    rows = []
    for path in paths:
        found = re.fullmatch(r"evaluation_(.+)_heavy", path.stem)
        if found:
            scores = _json(path)["eval_metrics"]["icl"]
            rows += [(found[1], task, score) for task, score in scores.items()]
    return pd.DataFrame(rows, columns=["name", "task", "accuracy"])


def _models(paths: list[Path]) -> list[tuple[Path, dict]]:
    return [(path, _json(path)) for path in paths if path.parent.name == "models"]


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _set(address: list[str]) -> str:
    """The validation set by the name of its folder, or of its file for the one set without a folder."""
    if len(address) != 1:
        raise SchemaError(f"A loss names {len(address)} validation sets where one is expected.")
    folder, file = Path(address[0]).parts[-2:]
    return Path(file).stem if folder == "de-en" else folder


def _ends(result: dict) -> tuple[float, float]:
    return result["loss_sequences_lower_95"], result["loss_sequences_upper_95"]


_STAGE = ["dataset", "hparams", "warmup", "decay", "param_count", "val"]


def read_porian_isoflops(paths: list[Path]) -> pd.DataFrame:
    """One row a run on a slice of Porian et al. 2024: stage, budget, size, tokens, loss."""
    parts = []
    slice_: Any  # a row, its columns as upstream names them
    for stage, pairs in _stages(paths):
        for slice_ in pairs.itertuples():
            points = {"n": slice_.n_vals, "tokens": slice_.t_vals, "loss": list(slice_.loss_vals)}
            parts.append(pd.DataFrame(points).assign(flops=slice_.flops, **stage))
    return pd.concat(parts, ignore_index=True)[["source_file", *_STAGE, "flops", "n", "tokens", "loss"]]


def read_porian_optima(paths: list[Path]) -> pd.DataFrame:
    """One row a stage and budget: the authors' optimum and the spread of its logarithm."""
    names = {
        "flops": "flops",
        "n": "n_opt",
        "t": "tokens_opt",
        "multiplier": "tokens_per_param_opt",
        "loss": "loss_opt",
        "n_star_std": "log_n_opt_std",
        "t_star_std": "log_tokens_opt_std",
        "loss_star_std": "log_loss_opt_std",
    }
    parts = [pairs[list(names)].rename(columns=names).assign(**stage) for stage, pairs in _stages(paths)]
    return pd.concat(parts, ignore_index=True)[["source_file", *_STAGE, *names.values()]]


def _stages(paths: list[Path]) -> list[tuple[dict, pd.DataFrame]]:
    stages: list[tuple[dict, pd.DataFrame]] = []
    row: Any  # one of its cells is a frame
    for path in paths:
        for row in read_frame(path).itertuples():
            settings = {"source_file": path.name} | {key: getattr(row, key) for key in _STAGE}
            stages.append((settings, row.optimal_pairs))
    return stages


QUEST_COLUMNS = (
    "model_size", "non_embedding_parameters", "tokens", "loss", "w_bits", "a_bits", "w_quant", "a_quant"
)  # fmt: skip


def read_quest(paths: list[Path]) -> pd.DataFrame:
    """A list of run records, without their nested training configurations.

    Through the standard library: one field holds integers beyond 64 bits, which pandas refuses.
    """
    rows = [row for path in paths for row in json.loads(path.read_text(encoding="utf-8"))]
    return pd.DataFrame([{name: row[name] for name in QUEST_COLUMNS} for row in rows])
