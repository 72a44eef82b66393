"""Fragments of pages that are generated from data: claims, sources, execution times."""

from __future__ import annotations

from collections import Counter

from moat import sources
from moat.evidence import changes
from moat.evidence.claims import KINDS, UNTESTED, VERDICTS, Claim, load_claims
from moat.evidence.findings import Chapter, recorded_path
from moat.publish.strip import build_state, verdict_strip

STATES = (*VERDICTS, UNTESTED)
FILES_SHOWN = 6


def fragments(chapters: dict[str, Chapter], recorded: set[str]) -> dict[str, str]:
    """Markdown by file name, for the pages under ``book/`` to include."""
    claims = load_claims()
    return {
        "verdicts.md": verdict_table(claims, chapters),
        "strip.md": verdict_strip(claims, chapters),
        "state.md": build_state(list(chapters), recorded),
        "claims.md": "\n".join(claim_section(c, chapters) for c in claims),
        "changes.md": changes_table(claims, chapters),
        "sources.md": source_sections(),
        "execution.md": execution_table(chapters, recorded),
    }


def verdict_table(claims: list[Claim], chapters: dict[str, Chapter]) -> str:
    """How many claims stand where."""
    count = Counter(c.state(chapters) for c in claims)
    rows = "\n".join(f"| {state} | {count[state]} |" for state in STATES)
    return f"| state of the claim | claims |\n| --- | ---: |\n{rows}\n"


def changes_table(claims: list[Claim], chapters: dict[str, Chapter]) -> str:
    """Verdicts that changed: those accepted, and those of this build, which wait for it."""
    known = {n: Chapter.load(recorded_path(n)) for n in chapters if recorded_path(n).is_file()}
    waiting = [vars(c) | {"date": "this build"} for c in changes.changes(claims, known, chapters)]
    rows: list[dict] = [*changes.log().to_dict("records"), *waiting]
    if not rows:
        return "No verdict has changed since it was first recorded.\n"
    head = "| date | commit | claim | clock | before | after | the finding that moved |"
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- | --- |", *map(_change_row, rows)]) + "\n"


def _change_row(row: dict) -> str:
    moved = f"`{row['finding']}`, from {row['before']} to {row['after']}" if row["finding"] else "none"
    link = f"[{row['claim']}](#claim-{row['claim'].lower()})"
    words = f"{row['clock']} | {row['old']} | {row['new']}"
    return f"| {row['date']} | `{row['commit']}` | {link} | {words} | {moved} |"


def claim_section(claim: Claim, chapters: dict[str, Chapter]) -> str:
    """One claim as a section with its own anchor."""
    kind = " and ".join(KINDS[k] for k in claim.kind.split("/"))
    peek = {"none": "nothing", "lit": "published numbers", "data": "a quick look at the raw tables"}
    where = ", ".join(
        f"[](../notebooks/{c}.ipynb)" if c in chapters else f"`{c}` (to come)" for c in claim.chapters
    )
    verdict, then = claim.verdict(chapters), claim.verdict(chapters, then=True)
    why = "" if verdict is None else f"\nWhy\n: {verdict.method}\n"
    why += "" if then is None else f"\nAs of 27 January 2025\n: {then.value}. {then.method}\n"
    return f"""
(claim-{claim.id.lower()})=
## {claim.id}. {claim.claim}

**State: {claim.state(chapters)}.**
Sentence {claim.sentence} of the editorial, a {kind}.
Seen before the rule was fixed: {peek[claim.peek]}.
{why}
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


def source_sections() -> str:
    """Every table by name: what it is, where it is pinned, its columns with units."""
    return "\n".join(_source_section(s) for s in sources.registry().values())


def _source_section(source: sources.Source) -> str:
    origin = _pinned(source) if source.remote else _compiled(source)
    licence = f" Licence: {source.licence}." if source.licence else ""
    cite = f" {{cite}}`{source.citation}`." if source.citation else ""
    columns = ", ".join(f"`{c.name}`" + (f" ({c.unit})" if c.unit else "") for c in source.columns)
    return f"""
## `{source.name}`

{source.title}.{licence}{cite}

{origin}

Columns: {columns}.
"""


def _compiled(source: sources.Source) -> str:
    path = source.own_path.relative_to(source.own_path.parents[1])
    return f"Compiled by this project: `data/{path}`, CC BY 4.0."


def _pinned(source: sources.Source) -> str:
    """The files with their digests; of a long list, how many there are and where."""
    if len(source.files) > FILES_SHOWN:
        total = sum(f.bytes for f in source.files)
        folder = source.files[0].url.rsplit("/", 1)[0]
        return f"{len(source.files)} files, {total:,} bytes, pinned in `data/sources.yml`, below <{folder}>."
    return "\n".join(
        f"- [{f.relative.name}]({f.url}), {f.bytes:,} bytes, sha256 `{f.sha256[:16]}…`" for f in source.files
    )


def execution_table(chapters: dict[str, Chapter], recorded: set[str]) -> str:
    """When, where and how long each chapter ran, and with which versions."""
    lines = [
        "| chapter | state | executed | seconds | commit | device |",
        "| --- | --- | --- | ---: | --- | --- |",
    ]
    for name, c in chapters.items():
        state = "recorded" if name in recorded else "computed"
        run = f"{c.executed} | {c.seconds:.1f} | `{c.commit}` | {c.device}"
        lines.append(f"| [](../notebooks/{name}.ipynb) | {state} | {run} |")
    versions = {f"{library} {v}" for c in chapters.values() for library, v in c.versions.items()}
    return "\n".join(lines) + f"\n\nVersions: {', '.join(sorted(versions))}.\n"
