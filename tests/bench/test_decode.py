"""Decoding from a cache against the whole pass, for every form of attention."""

from __future__ import annotations

import pytest
import torch

from moat.bench import decode, flop
from moat.bench.config import Config
from moat.bench.model import GPT, initial
from moat.errors import ConfigError

SMALL = {"d": 32, "heads": 4, "context": 16, "vocab": 11}
FORMS = {
    "multi-head": {},
    "grouped": {"attention": "grouped"},
    "multi-query": {"attention": "multi-query"},
    "naive": {"attention": "latent"},
    "absorbed": {"attention": "latent", "absorbed": True},
    "experts": {"attention": "grouped", "experts": 6, "active": 2, "expert_width": 32},
}


def build(seeds=(0, 1), **options):
    config = Config(**(SMALL | options))
    model = GPT(config, [initial(config, s) for s in seeds])
    # Scores that matter: fresh weights attend almost evenly, which would hide a wrong mask.
    for name, tensor in model.stacked.items():
        if name.endswith((".query", ".turn", ".down")):
            tensor *= 3
    return config, model


def tokens(config, members=2, rows=3, length=16):
    draw = torch.Generator().manual_seed(5)
    return torch.randint(0, config.vocab, (members, rows, length), generator=draw)


def in_parts(model, x, *sizes):
    decoder = decode.Decoder(model, x.shape[1], x.shape[2])
    return torch.cat([decoder(part) for part in x.split(sizes, dim=-1)], dim=2)


@pytest.mark.parametrize("sizes", [(1,) * 16, (16,), (5, 1, 4, 6)], ids=["single", "whole", "parts"])
@pytest.mark.parametrize("options", FORMS.values(), ids=FORMS)
def test_cached_logits_are_those_of_the_whole_pass(options, sizes):
    config, model = build(**options)
    x = tokens(config)
    torch.testing.assert_close(in_parts(model, x, *sizes), model(x), rtol=0, atol=2e-5)


@pytest.mark.parametrize("options", FORMS.values(), ids=FORMS)
def test_what_comes_later_changes_nothing_before(options):
    config, model = build(**options)
    x = tokens(config)
    y = x.clone()
    y[..., 9:] = (y[..., 9:] + 1) % config.vocab
    before, after = (in_parts(model, each, 4, 12) for each in (x, y))
    torch.testing.assert_close(before[..., :9, :], after[..., :9, :], rtol=0, atol=2e-5)
    assert (before[..., 9:, :] - after[..., 9:, :]).abs().max() > 0.1


def test_in_bfloat16_it_is_as_close_as_bfloat16_is():
    config, model = build(precision="bfloat16")
    x = tokens(config)
    exact = GPT(config.replace(precision="float32"), [initial(config, 0)])
    exact.stacked, exact.members = model.stacked, model.members
    rounding = (model(x) - exact(x)).abs().mean()
    assert (in_parts(model, x, *[1] * 16) - model(x)).abs().mean() < 1.5 * rounding


def test_a_position_that_is_off_by_one_would_be_seen():
    config, model = build()
    x = tokens(config)
    whole = decode.Decoder(model, 3, 16)
    whole.read = 1
    assert (whole(x[..., :15]) - model(x[..., :15])).abs().max() > 0.1


@pytest.mark.parametrize("options", FORMS.values(), ids=FORMS)
def test_the_cache_has_the_counted_bytes(options):
    config, model = build(**options)
    cache = decode.Decoder(model, 3, 16).cache
    held = sum(tensor.nbytes for layer in cache for tensor in layer)
    assert held == 2 * 3 * 16 * flop.cache_bytes(config, bytes_each=4)


def test_a_latent_wide_enough_is_multi_head_attention():
    """Down by the identity: the latent vector is the token, its key and value matrices are free."""
    x, query = torch.randn(2, 5, 12, 32), torch.randn(10, 4, 1, 8)
    into, out = torch.randn(2, 32, 4, 8), torch.randn(2, 32, 4, 8)
    kept = x.flatten(0, 1)[:, None]
    key, value = (torch.einsum("ebtd,edhw->ebhtw", x, m).flatten(0, 1) for m in (into, out))
    expected = decode.attend(query, key, value, 8**-0.5)
    for form in (decode.naive, decode.absorbed):
        torch.testing.assert_close(form(query, kept, into, out, 8**-0.5), expected, rtol=1e-4, atol=1e-4)


def test_attention_is_torchs_own():
    query, key, value = torch.randn(3, 8, 5, 16), torch.randn(3, 2, 5, 16), torch.randn(3, 2, 5, 16)
    own = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(decode.attend(query, key, value, 0.25), own, rtol=0, atol=1e-6)


def test_samples_follow_the_model():
    config, model = build((0,), layers=1)
    prompt = torch.tensor([3, 7]).expand(1, 4000, 2)
    drawn = decode.generate(model, prompt, 3, torch.Generator().manual_seed(0))
    chances = model(prompt[:, :1])[0, 0, -1].softmax(-1)
    counts = torch.bincount(drawn[0, :, 2], minlength=config.vocab)
    expected = 4000 * chances
    assert ((counts - expected).square() / expected).sum() < 30  # chi-squared, 10 degrees: p < 0.001


def test_each_member_goes_on_with_its_own_prompts():
    config, model = build()
    prompts = tokens(config, length=4)
    drawn = decode.generate(model, prompts, 20, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 3, 20)
    assert torch.equal(drawn[..., :4], prompts)
    again = decode.generate(model, prompts, 20, torch.Generator().manual_seed(0))
    assert torch.equal(drawn, again)
    assert not torch.equal(drawn, decode.generate(model, prompts, 20, torch.Generator().manual_seed(1)))
    # A sure model: its likeliest token, and nothing else, comes out.
    model.stacked["head"] *= 1e6
    drawn = decode.generate(model, prompts, 12)
    logits = model(drawn[..., :-1])[..., 3:, :]
    chosen = logits.gather(-1, drawn[..., 4:, None])[..., 0]
    # As near as the two ways of computing a logit are: of two that tie either may come out.
    torch.testing.assert_close(chosen, logits.amax(-1), rtol=0, atol=1e6 * 2e-5)


def test_what_does_not_fit_is_refused_in_a_sentence():
    config, model = build()
    with pytest.raises(ConfigError, match="does not fit"):
        decode.generate(model, tokens(config, length=9), 8)
    with pytest.raises(ConfigError, match="does not fit"):
        decode.generate(model, tokens(config, length=0), 8)
    decoder = decode.Decoder(model, 3, 8)
    decoder(tokens(config, length=8))
    with pytest.raises(ConfigError, match="room for 8"):
        decoder(tokens(config, length=1))
