"""Lessons from a teacher: the right target, the right statistics, the right bill."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from moat import project
from moat.bench import corpus, design, experiments, flop, runs, step, sweep
from moat.bench import targets as teach
from moat.bench import train as training
from moat.bench.check import toy
from moat.bench.config import Config, Job, Member
from moat.bench.model import GPT, initial
from moat.errors import ConfigError

TINY = Config(d=32, heads=4, layers=1, context=16, batch=4, steps=6, vocab=64, corpus="zipf")
LARGER = Job(TINY.replace(d=48, steps=40), (Member(700, 1e-2),))


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(training, "SCORED", 2048)
    monkeypatch.setattr(project, "build", lambda: tmp_path / "_build")
    monkeypatch.setattr(sweep.ceilings, "measure", lambda *a: {"matmul_flop_s": 1e11, "copy_byte_s": 1e10})


def model(config=TINY, seed=0):
    return GPT(config, [initial(config, seed)])


def pupil(target, **options):
    return TINY.replace(target=target, teacher=LARGER, **options)


def first_lesson(target, seeds=(0,), **options):
    config = pupil(target, **options)
    source = corpus.load("zipf", 64)
    return next(teach.lessons(source, config, list(seeds), "cpu", model(LARGER.config, 5)))


def test_learning_laws_is_divergence_and_the_teachers_entropy():
    tokens = torch.randint(0, 64, (1, 3, 16), generator=torch.Generator().manual_seed(1))
    teacher, student = model(LARGER.config, 5), model()
    law, logits = teach.laws(teacher, tokens), student(tokens)
    found = step.token_losses(logits, law)
    divergence = F.kl_div(logits.log_softmax(-1), law, reduction="none").sum(-1)
    entropy = -(law * law.log()).sum(-1)
    assert divergence.min() > 0
    torch.testing.assert_close(found, divergence + entropy, rtol=1e-5, atol=1e-5)


def test_a_certain_teacher_is_a_text():
    tokens = torch.randint(0, 64, (2, 3, 17), generator=torch.Generator().manual_seed(1))
    both = GPT(TINY, [initial(TINY, 0), initial(TINY, 1)])
    logits = both(tokens[..., :-1])
    sure = F.one_hot(tokens[..., 1:], 64).float()
    torch.testing.assert_close(
        step.token_losses(logits, sure), step.token_losses(logits, tokens[..., 1:]), rtol=1e-5, atol=1e-5
    )


def test_a_student_who_is_its_own_teacher_stays():
    student = model()
    for tensor in student.stacked.values():
        tensor.requires_grad_()
        tensor.grad = torch.zeros_like(tensor)
    windows = torch.randint(0, 64, (1, 4, 17), generator=torch.Generator().manual_seed(1))
    step.gradient(student, windows, [], teach.laws(model(), windows[..., :-1]))
    still = sum(t.grad.norm() for t in student.stacked.values())
    step.gradient(student, windows, [])
    moved = sum(t.grad.norm() for t in student.stacked.values())
    assert still < 1e-4 * moved


def test_lessons_read_the_text_in_its_own_order():
    plain, none = first_lesson("teacher"), None
    text = next(teach.lessons(corpus.load("zipf", 64), TINY, [0]))
    assert text[1] is none
    assert torch.equal(plain[0], text[0])
    assert plain[1].shape == (1, 4, 16, 64)
    assert plain[1].sum(-1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("target", ["teacher", "hard", "samples"])
def test_members_of_one_seed_share_a_lesson_and_no_other(target):
    together = first_lesson(target, (3, 4, 3))
    alone = [first_lesson(target, (s,)) for s in (3, 4, 3)]
    for e, lesson in enumerate(alone):
        # Text that a teacher writes can turn at a draw that falls between two roundings of its law.
        same = (together[0][e] == lesson[0][0]).all(-1)
        assert same.sum() >= len(same) - (target == "samples")
        if target != "samples":
            torch.testing.assert_close(together[1][e], lesson[1][0], rtol=0, atol=1e-5)
    assert not torch.equal(together[0][0], together[0][1])


def test_one_draw_has_the_statistics_of_the_law():
    law = torch.tensor([0.5, 0.3, 0.2, 0.0]).expand(2, 5000, 4)
    found = teach.drawn(law, torch.Generator().manual_seed(0))
    assert found.shape == (2, 5000)
    share = F.one_hot(found, 4).double().mean((0, 1))
    assert share.tolist() == pytest.approx([0.5, 0.3, 0.2, 0.0], abs=0.02)


def test_written_text_has_the_teachers_statistics():
    # The teacher's own loss on its text is its mean entropy there; on real text it is not.
    windows, targets = first_lesson("samples", batch=400, steps=1)
    assert targets is None
    teacher = model(LARGER.config, 5)
    law = teach.laws(teacher, windows[..., :-1])
    own = -law.gather(-1, windows[..., 1:, None]).log().mean()
    entropy = -(law * law.log()).sum(-1).mean()
    assert own.item() == pytest.approx(entropy.item(), abs=0.03)
    real, _ = next(teach.lessons(corpus.load("zipf", 64), TINY.replace(batch=400), [0]))
    assert torch.equal(windows[..., : teach.PROMPT], real[..., : teach.PROMPT])
    law = teach.laws(teacher, real[..., :-1])
    assert -law.gather(-1, real[..., 1:, None]).log().mean() > entropy + 0.1


def test_written_text_is_never_sold_twice():
    lessons = teach.lessons(corpus.load("zipf", 64), pupil("samples"), [0], "cpu", model(LARGER.config, 5))
    rows = torch.cat([next(lessons)[0][0] for _ in range(9)])
    assert len(rows.unique(dim=0)) == len(rows) == 36


@pytest.mark.parametrize("target", ["teacher", "hard", "samples"])
def test_members_with_a_teacher_are_single_runs(target):
    one, two = Member(0, 1e-2), Member(1, 3e-3)
    losses = lambda *members: [o.loss for o in training.train(Job(pupil(target), members))[0]]
    assert losses(one, two) == pytest.approx([*losses(one), *losses(two)], abs=2e-4)


def test_a_teacher_is_trained_once_and_kept(monkeypatch):
    first, loss = training.taught(LARGER)
    (outcome,), *_ = training.train(LARGER)
    assert loss == outcome.loss
    monkeypatch.setattr(training, "train", lambda *a, **k: pytest.fail("it was trained again"))
    again, same = training.taught(LARGER)
    assert same == loss
    assert all(torch.equal(first.stacked[n], again.stacked[n]) for n in first.stacked)


def test_a_teacher_that_diverged_is_refused():
    wild = Job(LARGER.config.replace(steps=8), (Member(700, 1e30),))
    with pytest.raises(ConfigError, match="has diverged"):
        training.taught(wild)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "teacher"}, "does not go with"),
        ({"teacher": LARGER}, "does not go with"),
        ({"target": "pupil", "teacher": LARGER}, "target is 'pupil'"),
        ({"target": "hard", "teacher": LARGER, "context": 8}, "differ in context"),
        ({"target": "hard", "teacher": Job(TINY, (Member(0, 1.0), Member(1, 1.0)))}, "one dense member"),
    ],
)
def test_a_lesson_must_fit(options, message):
    with pytest.raises(ConfigError, match=message):
        TINY.replace(**options)


def test_ledgers_add_up():
    config = pupil("teacher")
    own = LARGER.config
    forward = flop.run_flop(own) / own.tokens / 3
    assert flop.lesson_flop(config) == pytest.approx(forward * config.tokens)
    assert flop.lesson_flop(TINY) == 0
    assert flop.run_flop(config) == flop.run_flop(TINY)
    same = {flop.lesson_flop(pupil(target)) for target in ("teacher", "hard", "samples")}
    assert len(same) == 1


def test_a_teacher_has_a_place_in_the_name_of_a_run():
    member = (Member(0, 1e-2),)
    names = [runs.run_id(Job(TINY, member))]
    names += [runs.run_id(Job(pupil(t), member)) for t in ("teacher", "hard", "samples")]
    other = Job(LARGER.config, (Member(701, 1e-2),))
    names.append(runs.run_id(Job(TINY.replace(target="teacher", teacher=other), member)))
    assert len(set(names)) == 5


@pytest.mark.parametrize("budget", experiments.BUDGETS)
def test_a_plan_with_teachers_runs_and_goes_on(budget, tmp_path, monkeypatch):
    # Rates for toys: wide enough for the best to lie inside.
    made = replace(toy(experiments.plan("distillation", budget)), rates=(5e-3, 2e-2, 8e-2, 0.32))
    if made.borrow:
        monkeypatch.setattr(sweep, "tuned_rates", lambda *a: rates(made))
    found = sweep.follow(made, store=tmp_path)
    reports = [r for r in found if r["stage"] == "report"]
    taught = [r for r in reports if r["arm"] in made.lessons]
    assert {r["arm"] for r in reports} == set(made.arms)
    assert {r["arm"] for r in taught} == set(made.lessons)
    teachers = {r["id"]: r for r in reports if r["arm"] in ("large", "peer")}
    assert {m["seed"] for r in teachers.values() for m in r["members"]} == {design.TEACHER_SEED}
    for record in taught:
        own = teachers[record["teacher"]["id"]]
        assert record["teacher"]["loss"] == own["members"][0]["loss"]
        assert record["teacher"]["flop"] == own["flop"]
        assert record["passes"] > 0
    assert design.TEACHER_SEED not in made.seeds
    monkeypatch.setattr(sweep, "execute", lambda *a: pytest.fail("it ran again"))
    assert len(sweep.follow(made, store=tmp_path)) == len(found)


def rates(made):
    return pd.DataFrame({"arm": list(made.arms), "steps": 20, "rate": 1e-2, "edge": False})


def cost(made):
    jobs = [t.job for t in made.tasks]
    return sum((flop.run_flop(j.config) + flop.lesson_flop(j.config)) * len(j.members) for j in jobs)


def test_the_teacher_is_better_and_a_smoke_budget_is_small():
    smoke, cpu = (experiments.plan("distillation", b) for b in ("smoke", "cpu"))
    assert cost(smoke) < 2e12 < cost(cpu) < 5e13
    for made in (cpu, experiments.plan("distillation", "gpu")):
        large, student = (flop.matrix_params(made.arms[a]) for a in ("large", "scratch"))
        assert large > 3 * student
        assert max(made.steps["large"]) >= 2 * max(made.steps["laws"])
        assert min(made.steps["scratch"]) < min(made.steps["laws"])
        assert max(made.steps["scratch"]) == 2 * max(made.steps["laws"])
        assert made.arms["peer"] == made.arms["scratch"] == made.arms["laws"]
    assert math.isclose(cpu.rates[2] / cpu.rates[1], 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("target", ["teacher", "hard", "samples"])
def test_a_gpu_teaches_too(target):
    config = pupil(target, steps=12, precision="bfloat16")
    here, there = (
        [o.loss for o in training.train(Job(config, (Member(0, 1e-2), Member(1, 1e-2))), device=d)[0]]
        for d in ("cpu", "cuda")
    )
    # Other draws of the same text and of the same teacher: close, not equal.
    assert there == pytest.approx(here, abs=0.1)


@pytest.mark.parametrize("budget", ["smoke", "cpu"])
def test_recorded_lessons_are_finished_for_the_code_at_hand(budget):
    made = experiments.plan("distillation", budget)
    rates = sweep.tuned_rates(made)
    lessons = made.taught(rates)
    tasks = [t for part in (made, lessons) for t in part.tuning() + part.reporting(rates)]
    recorded = {r["id"] for r in runs.records("distillation", budget)}
    assert {runs.run_id(t.job) for t in tasks} <= recorded
