"""Fragments of pages that are generated from data: claims, scoreboard, sources, execution times."""

from __future__ import annotations

from collections import Counter

from moat import sources
from moat.evidence import numbers
from moat.evidence.claims import KINDS, UNTESTED, VERDICTS, Claim, load_claims
from moat.evidence.findings import Chapter
from moat.evidence.published import scoreboard

STATES = (*VERDICTS, UNTESTED)


def fragments(chapters: dict[str, Chapter], recorded: set[str]) -> dict[str, str]:
    """Markdown by file name, for the pages under ``book/`` to include."""
    claims = load_claims()
    return {
        "verdicts.md": verdict_table(claims, chapters),
        "claims.md": "\n".join(claim_section(c, chapters) for c in claims),
        "scoreboard.md": scoreboard_table(chapters),
        "sources.md": source_sections(),
        "execution.md": execution_table(chapters, recorded),
    }


def verdict_table(claims: list[Claim], chapters: dict[str, Chapter]) -> str:
    """How many claims stand where."""
    count = Counter(c.state(chapters) for c in claims)
    rows = "\n".join(f"| {state} | {count[state]} |" for state in STATES)
    return f"| state of the claim | claims |\n| --- | ---: |\n{rows}\n"


def claim_section(claim: Claim, chapters: dict[str, Chapter]) -> str:
    """One claim as a section with its own anchor."""
    kind = " and ".join(KINDS[k] for k in claim.kind.split("/"))
    peek = {"none": "nothing", "lit": "published numbers", "data": "a quick look at the raw tables"}
    where = ", ".join(
        f"[](../notebooks/{c}.ipynb)" if c in chapters else f"`{c}` (to come)" for c in claim.chapters
    )
    return f"""
(claim-{claim.id.lower()})=
## {claim.id}. {claim.claim}

**State: {claim.state(chapters)}.**
Sentence {claim.sentence} of the editorial, a {kind}.
Seen before the rule was fixed: {peek[claim.peek]}.

Hypothesis
: {claim.hypothesis}

Gauge
: {claim.gauge}

Rule
: {claim.rule}

What would refute it
: {claim.falsifier}

Chapters
: {where}
"""


def scoreboard_table(chapters: dict[str, Chapter]) -> str:
    """Published value, ours, and whether ours is within the tolerance fixed beforehand."""
    score = scoreboard(chapters)
    done = int((score["outcome"] == "reproduced").sum())
    lines = [
        f"{done} of {len(score)} published results are reproduced, "
        f"{int((score['outcome'] == 'missed').sum())} missed, {int((score['outcome'] == 'not run').sum())} not run.",
        "",
        "| published result | published | ours | tolerance | outcome | source |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for row in score.itertuples():
        published = "minimum" if row.kind == "at most" else numbers.exact(row.published)
        lines.append(
            f"| {row.quantity} | {published} | {row.ours} | {_tolerance(row)} | {row.outcome} "
            f"| {{cite}}`{row.citation}`, {row.place} |"
        )
    return "\n".join(lines) + "\n"


def _tolerance(row) -> str:
    if row.kind == "relative":
        return f"± {100 * row.tolerance:g}%"
    sign = "at most" if row.kind == "at most" else "±"
    return f"{sign} {numbers.exact(row.tolerance)}"


def source_sections() -> str:
    """Every table by name: what it is, where it is pinned, its columns with units."""
    return "\n".join(_source_section(s) for s in sources.registry().values())


def _source_section(source: sources.Source) -> str:
    origin = (
        "\n".join(f"- [{f.relative.name}]({f.url}), {f.bytes:,} bytes, sha256 `{f.sha256[:16]}…`" for f in source.files)
        if source.remote
        else f"Compiled by this project: `data/{source.path.relative_to(source.path.parents[1])}`, CC BY 4.0."
    )
    licence = f" Licence: {source.licence}." if source.licence else ""
    cite = f" {{cite}}`{source.citation}`." if source.citation else ""
    columns = ", ".join(f"`{c.name}`" + (f" ({c.unit})" if c.unit else "") for c in source.columns)
    return f"""
## `{source.name}`

{source.title}.{licence}{cite}

{origin}

Columns: {columns}.
"""


def execution_table(chapters: dict[str, Chapter], recorded: set[str]) -> str:
    """When, where and how long each chapter ran, and with which versions."""
    lines = ["| chapter | state | executed | seconds | commit | device |", "| --- | --- | --- | ---: | --- | --- |"]
    for name, c in chapters.items():
        state = "recorded" if name in recorded else "computed"
        lines.append(
            f"| [](../notebooks/{name}.ipynb) | {state} | {c.executed} | {c.seconds:.1f} | `{c.commit}` | {c.device} |"
        )
    versions = {f"{library} {v}" for c in chapters.values() for library, v in c.versions.items()}
    return "\n".join(lines) + f"\n\nVersions: {', '.join(sorted(versions))}.\n"
