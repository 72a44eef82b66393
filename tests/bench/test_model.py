"""The model and its variants against independent answers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from moat.bench import flop
from moat.bench.config import Config
from moat.bench.model import GPT, initial
from moat.bench.precision import matmul, rounded, tiled
from moat.errors import ConfigError

SMALL = {"d": 32, "heads": 4, "context": 16, "vocab": 11, "expert_width": 32}
VARIANTS = {
    "dense": {},
    "grouped": {"attention": "grouped"},
    "multi-query": {"attention": "multi-query"},
    "latent": {"attention": "latent"},
    "absorbed": {"attention": "latent", "absorbed": True},
    "experts": {"experts": 6, "active": 2},
    "no shared expert": {"experts": 6, "active": 2, "shared": 0},
}


def build(seeds=(0,), **options):
    config = Config(**(SMALL | options))
    return config, GPT(config, [initial(config, s) for s in seeds])


def tokens(config, members=1, rows=3):
    draw = torch.Generator().manual_seed(5)
    return torch.randint(0, config.vocab, (members, rows, config.context), generator=draw)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_no_position_sees_the_future(options):
    config, model = build(**options)
    x = tokens(config)
    y = x.clone()
    y[..., 9:] = (y[..., 9:] + 1) % config.vocab
    before, after = model(x), model(y)
    torch.testing.assert_close(before[..., :9, :], after[..., :9, :], rtol=0, atol=1e-5)
    assert (before[..., 9:, :] - after[..., 9:, :]).abs().max() > 0.1


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_an_ensemble_is_its_members(options):
    config, both = build((0, 1), **options)
    x = tokens(config, members=2)
    for e in (0, 1):
        alone = GPT(config, [initial(config, e)])(x[e : e + 1])
        torch.testing.assert_close(both(x)[e : e + 1], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_flop_are_those_that_torch_counts(options):
    config, model = build(**options)
    x = tokens(config)
    with FlopCounterMode(display=False) as counter:
        model(x)
    counted = counter.get_total_flops() / x.numel()
    # torch counts neither the grouped product nor the attention kernel of a CPU, and where it
    # falls back to plain products it counts the masked half too.
    routed = 2 * 2 * config.active * config.d * config.expert_width * config.layers if config.experts else 0
    attention = 0.0
    if config.attention == "latent":
        inner, mixed = (config.latent + config.rotary, config.latent) if config.absorbed else (
            config.head_width + config.rotary, config.head_width)  # fmt: skip
        full = 2 * config.heads * (inner + mixed) * config.context * config.layers
        attention = full if counted > 2 * flop.matrix_params(config) + full / 2 else 0.0
    assert counted == pytest.approx(2 * flop.matrix_params(config) + attention - routed)


def test_absorbed_latent_attention_is_the_naive_one():
    (_, naive), (config, absorbed) = (build(attention="latent", absorbed=a) for a in (False, True))
    x = tokens(config)
    torch.testing.assert_close(naive(x), absorbed(x), rtol=0, atol=2e-5)


def test_grouped_attention_with_a_group_a_head_is_multi_head():
    (_, grouped), (config, full) = build(attention="grouped", groups=4), build()
    torch.testing.assert_close(grouped(tokens(config)), full(tokens(config)), rtol=0, atol=1e-6)


def test_one_expert_of_full_width_is_dense():
    config, dense = build()
    _, one = build(experts=1, active=1, shared=0, expert_width=4 * config.d)
    for name, tensor in dense.stacked.items():
        home = name.replace(".up", ".experts_up").replace(".back", ".experts_back")
        one.stacked[home] = tensor[:, None] if home != name else tensor
    torch.testing.assert_close(one(tokens(config)), dense(tokens(config)), rtol=0, atol=1e-5)


def test_experts_by_the_slow_obvious_way():
    config, model = build(experts=6, active=2, layers=1)
    model.stacked["0.out"].zero_()  # attention adds nothing
    weights = {k.removeprefix("0."): v[0] for k, v in model.stacked.items()}
    x = weights["embed"][tokens(config)[0]]
    y = F.rms_norm(x, x.shape[-1:])
    for stream, token in zip(x.flatten(0, 1), y.flatten(0, 1), strict=True):
        affinity = (token @ weights["router"]).sigmoid()
        top = affinity.topk(2)
        stream += (token @ weights["up"]).relu().square() @ weights["back"]
        for gate, g in zip(top.values / top.values.sum(), top.indices, strict=True):
            stream += gate * ((token @ weights["experts_up"][g]).relu().square() @ weights["experts_back"][g])
    expected = F.rms_norm(x, x.shape[-1:]) @ weights["head"]
    torch.testing.assert_close(model(tokens(config))[0], expected, rtol=1e-4, atol=1e-5)


def test_a_bias_chooses_experts_and_weighs_none():
    config, model = build(experts=6, active=2)
    bias = [torch.zeros(1, 6) for _ in range(config.layers)]
    for layer in bias:
        layer[0, :2] = 100.0
    model(tokens(config), bias)
    assert all(load[0, :2].sum() == load.sum() for load in model.loads)


def test_total_and_active_parameters():
    config = Config(experts=15, active=3, shared=1, expert_width=64)
    assert flop.total_params(config) / flop.total_params(Config()) == pytest.approx(2.81, abs=0.01)
    assert flop.matrix_params(config) - flop.matrix_params(Config()) == 2 * 64 * 15
    assert flop.cache_bytes(Config(attention="latent")) < flop.cache_bytes(Config()) / 5


def test_the_feed_forward_layer_can_have_any_width():
    plain, wider = Config(), Config(inner=257)
    assert Config(inner=256) != plain
    assert flop.matrix_params(Config(inner=256)) == flop.matrix_params(plain)
    assert flop.matrix_params(wider) - flop.matrix_params(plain) == 2 * plain.d * plain.layers


def test_every_code_of_eight_bits_survives():
    codes = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).float()
    codes = codes[codes.isfinite()]
    assert len(codes) == 254
    assert torch.equal(rounded(codes, "float8"), codes)
    # Between two neighbours the nearer one is taken, and the even one from the middle.
    positive = codes[codes >= 0].unique()
    middle = (positive[:-1] + positive[1:]) / 2
    near = torch.where(torch.arange(len(middle)) % 2 == 0, positive[:-1], positive[1:])
    assert torch.equal(rounded(middle, "float8"), near)


def test_tiles_have_their_own_scale():
    x = torch.cat([torch.randn(4, 128), 1e-4 * torch.randn(4, 128)], dim=1)
    error = (tiled(x, "float8", 1, 128) - x).abs() / x.abs().clamp(min=1e-12)
    assert error.median() < 0.04
    assert torch.equal(tiled(torch.zeros(3, 5), "int4", 1, 128), torch.zeros(3, 5))


@pytest.mark.parametrize(("form", "bound"), [("bfloat16", 0.01), ("float8", 0.05), ("int4", 0.25)])
def test_low_precision_products_and_slopes_are_close(form, bound):
    x, w = torch.randn(2, 40, 64, requires_grad=True), torch.randn(2, 64, 24, requires_grad=True)
    exact = torch.autograd.grad((x @ w).square().sum(), (x, w))
    found = torch.autograd.grad(matmul(x, w, form).square().sum(), (x, w))
    for a, b in zip(exact, found, strict=True):
        assert (a - b).norm() / a.norm() < bound


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"attention": "sparse"}, "use one of"),
        ({"d": 30}, "multiple of heads"),
        ({"steps": 0}, "positive whole number"),
        ({"experts": 4, "active": 5}, "between 1 and experts"),
        ({"attention": "grouped", "groups": 3}, "must divide"),
        ({"warmup": 1.0}, "share of the steps"),
        ({"inner": -1}, "use a width"),
    ],
)
def test_a_config_that_cannot_be_is_refused_in_a_sentence(options, why):
    with pytest.raises(ConfigError, match=why):
        Config(**options)


def test_an_unknown_setting_is_named():
    with pytest.raises(ConfigError, match="no setting width"):
        Config().replace(width=3)
