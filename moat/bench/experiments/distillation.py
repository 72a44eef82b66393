"""A small model alone, and taught by a larger one: its laws, one draw from them, text it writes."""

from __future__ import annotations

from moat.bench.config import Config
from moat.bench.design import Lesson, Plan

LESSONS = {
    "laws": Lesson("teacher", "large"),
    "samples": Lesson("samples", "large"),
    "hard": Lesson("hard", "large"),
    "peer's laws": Lesson("teacher", "peer"),
}


def distillation(budget: str) -> Plan:
    """Students of one shape, and two teachers that saw two or three times the longest one's tokens.

    "large" is a larger model; "peer" is the student itself, trained for longer, at the rates of
    "scratch".  The scratch curve goes on to twice the students' length, so that their losses lie
    on it.  The grid is short, and the same for all.
    """
    if budget == "gpu":
        common = {"context": 256, "batch": 32, "precision": "bfloat16"}
        student = Config(d=192, layers=3, heads=6, **common)
        large = Config(d=384, layers=5, heads=12, **common)
        lengths, tuned, shorter, passes = (160, 320, 640), (160, 320), (80, 160), 2
        rates, lessons = (1.5e-3, 3e-3, 6e-3), ("laws", "samples", "peer's laws")
    else:
        student, large = Config(batch=16), Config(d=96, layers=3, heads=6, batch=16)
        lengths, tuned, shorter, passes = (150, 300, 600), (150, 600), (100, 300), 3
        rates, lessons = (4e-3, 8e-3, 1.6e-2), tuple(LESSONS)
    if budget == "smoke":
        lengths, tuned, passes, lessons = (20,), (), 2, ("laws", "samples")
    teachers = {LESSONS[arm].teacher: (passes * lengths[-1],) for arm in lessons}
    arms = dict.fromkeys((*teachers, "scratch", *lessons), student) | {"large": large}
    steps = dict.fromkeys(arms, lengths) | teachers
    if budget != "smoke":
        steps["scratch"] = (lengths[0] // 2, *lengths, 2 * lengths[-1])
    # One draw from each law costs what the law costs: how it compares is asked once.
    if "hard" in lessons:
        steps["hard"] = lengths[-1:]
    tunings = dict.fromkeys(arms, tuned) | {"large": shorter if tuned else ()}
    tunings |= {"peer": ()} if "peer" in arms else {}
    return Plan(
        "distillation", budget, arms, steps, tunings,
        seeds=(0,) if budget == "smoke" else (0, 1, 2), together=1 if budget == "cpu" else None,
        rates=rates, borrow="cpu" if budget == "smoke" else "", extend=True, order=-1,
        lessons={arm: LESSONS[arm] for arm in lessons}, like={"peer": "scratch"},
    )  # fmt: skip
