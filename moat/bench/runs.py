"""The store of runs: one small file a job, named by what was run and by the code that ran it."""

from __future__ import annotations

import ast
import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from moat import project
from moat.bench.config import Job
from moat.errors import RunError

#: The modules whose code decides a loss.
TRAINING = ("model", "precision", "corpus", "batches", "decode", "targets", "optimizers", "step", "train")
#: Code that gives the same losses as older code keeps its name, so that finished runs stay
#: finished.  ``tests/bench/test_train.py`` holds the losses to stored ones.  The last one changed
#: what bfloat16 gives, in which nothing had been recorded; it is here twice, because Python 3.12
#: writes the same code differently; those behind it are the same code under new names of modules.
SAME_LOSSES = dict.fromkeys(
    ("945dd9a370b9", "9a6a82c89d5f", "1e80776b5cab", "e3a50482418f", "88e38d63afae", "7bb0b32df20a"),
    "48cedf22c8e5",
)
#: Settings that came later, with their defaults: a run that leaves one alone keeps its old name.
LATER: dict[str, object] = {"inner": 0, "target": "text", "teacher": None}
COLUMNS = (
    "arm", "stage", "steps", "params", "tokens", "flop", "seed", "rate",
    "loss", "oracle", "status", "busiest", "seconds", "utilisation", "device", "code", "id",
    "passes", "teacher_params", "teacher_flop", "teacher_loss",
)  # fmt: skip
#: What a table of runs says of the machine, the clock and the code; the same run made again differs in it.
CIRCUMSTANCES = ("seconds", "utilisation", "device", "code", "id")


@lru_cache(maxsize=1)
def code() -> str:
    """Digest of the training code without comments, docstrings and layout: twelve digits."""
    folder = Path(__file__).parent
    text = "".join(_bare((folder / f"{name}.py").read_text(encoding="utf-8")) for name in TRAINING)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _bare(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def run_id(job: Job) -> str:
    """The same job and code never train twice: their digest is the run's name."""
    body = json.dumps(_named(asdict(job)) | {"code": SAME_LOSSES.get(code(), code())}, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def _named(job: dict) -> dict:
    """Without settings that came later and were left alone, here and in a teacher."""
    config = {k: v for k, v in job["config"].items() if k not in LATER or v != LATER[k]}
    if config.get("teacher"):
        config["teacher"] = _named(config["teacher"])
    return job | {"config": config}


def folder() -> Path:
    return project.root() / "data" / "runs"


def path(record: dict, store: Path | None = None) -> Path:
    return (store or folder()) / record["budget"] / record["experiment"] / f"{record['id']}.json"


def save(record: dict, store: Path | None = None) -> Path:
    """Write one record, whole or not at all."""
    return project.write(
        path(record, store), json.dumps(record, separators=(",", ":"), sort_keys=True) + "\n"
    )


def adopt(record: dict, store: Path | None = None) -> bool:
    """Whether the run is in the store: under its own experiment, or copied here from another one.

    ``record`` has id, experiment, budget, arm and stage.  Two experiments may want the same run,
    such as a baseline; it is trained once and carries the labels of each.
    """
    if path(record, store).is_file():
        return True
    twins = sorted(((store or folder()) / record["budget"]).glob(f"*/{record['id']}.json"))
    if twins:
        save(json.loads(twins[0].read_text(encoding="utf-8")) | record, store)
    return bool(twins)


def records(experiment: str, budget: str, store: Path | None = None) -> list[dict]:
    """All records of an experiment at a budget, by name.  Raises `RunError` for a broken file."""
    found = []
    for file in sorted(((store or folder()) / budget / experiment).glob("*.json")):
        try:
            found.append(json.loads(file.read_text(encoding="utf-8")))
        except ValueError:
            raise RunError(f"{file} is not a record; delete it and run its experiment again.") from None
    return found


def table(found: list[dict]) -> pd.DataFrame:
    """One row a member, with the columns of `COLUMNS`.

    ``flop``, ``tokens`` and ``params`` (all matrices a token goes through) are of one member,
    ``seconds`` its share of the time, ``utilisation`` the share of the matmul ceiling.  ``passes``
    are the FLOP of its teacher's passes; ``teacher_flop`` and the like are NaN without a teacher.
    """
    rows = []
    for record in found:
        shared = {k: record[k] for k in COLUMNS if k in record}
        shared["steps"] = record["config"]["steps"]
        shared |= {f"teacher_{k}": v for k, v in record.get("teacher", {}).items()}
        shared["seconds"] = record["seconds"] / len(record["members"])
        shared["utilisation"] = record["flop"] / shared["seconds"] / record["ceilings"]["matmul_flop_s"]
        rows += [shared | member for member in record["members"]]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numeric = ["loss", "oracle", "busiest", "rate", "flop", "params", "tokens", *COLUMNS[-4:]]
    frame[numeric] = frame[numeric].astype(float).replace([np.inf], np.nan)
    return frame.sort_values(["stage", "arm", "steps", "rate", "seed"], ignore_index=True)


def load(experiment: str, budget: str = "cpu", store: Path | None = None) -> pd.DataFrame:
    """The recorded runs as `table` gives them; empty when there are none."""
    return table(records(experiment, budget, store))
