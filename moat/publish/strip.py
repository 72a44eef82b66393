"""The landing page at a glance: one cell a claim, and which chapters this build computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from html import escape

from moat.evidence.claims import SIGNS, UNTESTED, VERDICTS, Claim
from moat.evidence.findings import Chapter

#: Characters of a reason that fit a tooltip; the page of claims has all of it.
REASON = 220
THEN = "27 January 2025"


def verdict_strip(claims: Sequence[Claim], chapters: dict[str, Chapter]) -> str:
    """All claims as linked cells with the sign of their verdict: large as of now, small as of the editorial.

    A raw block of HTML, for a page beside the page of claims.
    """
    cells = "\n".join(_cell(c, chapters) for c in claims)
    count = Counter(c.state(chapters) for c in claims)
    key = "".join(
        f'<li class="verdict {_slug(w)}"><span aria-hidden="true">{SIGNS[w]}</span> {w}: {count[w]}</li>'
        for w in (*VERDICTS, UNTESTED)
        if count[w]
    )
    note = f"Large sign: newest snapshot. Small sign: what could be known on {THEN}."
    return (
        f'```{{raw}} html\n<div class="verdict-strip" style="{_colours()}">\n'
        f'<ul class="verdict-cells" aria-label="The verdict on each claim">\n{cells}\n</ul>\n'
        f'<ul class="verdict-key" aria-label="Signs, words and counts">{key}</ul>\n'
        f"<p>{note}</p>\n</div>\n```\n"
    )


def _cell(claim: Claim, chapters: dict[str, Chapter]) -> str:
    found, then = claim.verdict(chapters), claim.verdict(chapters, then=True)
    word, before = claim.state(chapters), UNTESTED if then is None else str(then.value)
    told = f"{claim.id}. {claim.claim}: {word}; as of {THEN}: {before}"
    why = "" if found is None else f". {_short(found.method)}"
    return (
        f'<li><a class="verdict {_slug(word)}" href="claims.html#claim-{claim.id.lower()}" '
        f'title="{escape(told + why)}" aria-label="{escape(told)}"><span class="claim-id">{claim.id}</span>'
        f'<span class="sign" aria-hidden="true">{SIGNS[word]}</span>'
        f'<span class="sign-then" aria-hidden="true">{SIGNS[before]}</span></a></li>'
    )


def _short(reason: str) -> str:
    """The reason, cut at a word where it is too long.

    >>> _short("7.0 [4.0, 9.0] against above 12")
    '7.0 [4.0, 9.0] against above 12'
    """
    if len(reason) <= REASON:
        return reason
    return reason[:REASON].rsplit(" ", 1)[0] + " \u2026"


def _slug(word: str) -> str:
    return word.replace(" ", "-")


def _colours() -> str:
    """The palette's colours as custom properties of the style sheet."""
    from moat.plot.palette import COLOURS  # the package of figures is slow to import

    return ";".join(f"--{word}:{COLOURS[word]}" for word in VERDICTS)


def build_state(chapters: Sequence[str], recorded: Collection[str]) -> str:
    """Which chapters this build computed and which it took from the record, as Markdown.

    >>> print(build_state(["lag", "bill"], {"bill"}).splitlines()[0])
    Of 2 chapters 1 was computed in this build, 1 is taken from the record.
    """
    done = [c for c in chapters if c not in recorded]
    kept = [c for c in chapters if c in recorded]
    rest = "none is taken from the record"
    if kept:
        rest = f"{len(kept)} {'is' if len(kept) == 1 else 'are'} taken from the record"
    lists = {"Computed in this build": done, "Taken from the record, as a source could not be had": kept}
    links = "\n\n".join(
        f"{title}\n: {', '.join(f'[](../notebooks/{c}.ipynb)' for c in names)}"
        for title, names in lists.items()
        if names
    )
    box = f":::{{admonition}} The chapters\n:class: dropdown\n\n{links}\n:::\n"
    was = "was" if len(done) == 1 else "were"
    return f"Of {len(chapters)} chapters {len(done)} {was} computed in this build, {rest}.\n\n{box}"
