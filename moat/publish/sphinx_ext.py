"""The Sphinx side: ``{finding}`` in prose, ``{run-stamp}`` under each chapter, offline assets.

``{finding}`chinchilla.alpha` `` prints value, interval and unit.  A word after the id prints
one part: ``value``, ``interval``, ``unit`` or ``n``.
An unknown id or part is a warning, and warnings are errors in the build.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from moat.evidence.findings import Finding

logger = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
PARTS = ("value", "interval", "unit", "n")


class finding_node(nodes.inline):
    """A printed finding; attributes say where it comes from."""


class UnknownFinding(KeyError):
    """No chapter of this build has such a finding."""


def chapter_path(app: Sphinx, chapter: str) -> Path:
    return Path(app.srcdir) / "findings" / f"{chapter}.json"


def load_chapter(app: Sphinx, chapter: str) -> dict:
    """The staged findings of a chapter.  Raises `UnknownFinding` when there are none."""
    path = chapter_path(app, chapter)
    if not path.is_file():
        raise UnknownFinding(f"no chapter {chapter!r} has findings in this build")
    return json.loads(path.read_text(encoding="utf-8"))


def look_up(app: Sphinx, target: str) -> tuple[dict, Finding]:
    """Chapter and finding of ``chapter.name``."""
    chapter, _, name = target.partition(".")
    body = load_chapter(app, chapter)
    if name not in body["findings"]:
        raise UnknownFinding(f"chapter {chapter!r} records no finding {name!r}")
    return body, Finding(**body["findings"][name])


def printed(finding: Finding, part: str) -> str:
    """The text of one part of a finding."""
    value, interval = finding.parts()
    if not part:
        return finding.text()
    n = "" if finding.n is None else f"{finding.n:,}"
    return {"value": value, "interval": interval, "unit": finding.unit, "n": n}[part]


def provenance(body: dict, finding: Finding) -> str:
    """What hover and focus tell: state, commit, date, interval, n, method, sources."""
    interval = f"{finding.level:.0%} interval" if finding.level else "no interval"
    n = f"n = {finding.n:,}" if finding.n else ""
    sources = ", ".join(f"{s} ({d[:8]})" for s, d in finding.sources.items())
    facts = [
        f"{body['state']} {body['executed'][:10]} at commit {body['commit']}",
        f"{body['name']}.{finding.name}",
        interval,
        n,
        finding.method,
        f"sources: {sources}" if sources else "",
    ]
    return "; ".join(f for f in facts if f) + "."


class FindingRole(SphinxRole):
    """``{finding}`chapter.name` `` or ``{finding}`chapter.name part` ``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        target, _, part = self.text.strip().partition(" ")
        self.env.note_dependency(str(chapter_path(self.env.app, target.partition(".")[0])))
        try:
            if part and part not in PARTS:
                raise UnknownFinding(f"part {part!r} is none of {', '.join(PARTS)}")
            body, finding = look_up(self.env.app, target)
        except UnknownFinding as error:
            logger.warning(
                "finding %r: %s", self.text, error.args[0], location=self.get_location(), type="moat"
            )
            return [nodes.problematic(self.rawtext, f"[no finding {self.text}]")], []
        node = finding_node(self.rawtext, classes=["finding", f"finding-{body['state']}"])
        node += nodes.Text(printed(finding, part))
        node["provenance"] = provenance(body, finding)
        node["serial"] = self.env.new_serialno("finding")
        return [node], []


def visit_finding_html(self: Any, node: finding_node) -> None:
    self.body.append(
        f'<span class="{" ".join(node["classes"])}" tabindex="0" aria-describedby="finding-{node["serial"]}">'
    )


def depart_finding_html(self: Any, node: finding_node) -> None:
    self.body.append(
        f'<span class="provenance" role="tooltip" id="finding-{node["serial"]}">'
        f"{self.encode(node['provenance'])}</span></span>"
    )


class RunStamp(SphinxDirective):
    """Commit, parameters, sources, duration and device of a chapter's run."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        chapter = self.arguments[0]
        self.env.note_dependency(str(chapter_path(self.env.app, chapter)))
        try:
            body = load_chapter(self.env.app, chapter)
        except UnknownFinding as error:
            logger.warning("run-stamp: %s", error.args[0], location=self.get_location(), type="moat")
            return []
        return self.parse_text_to_nodes(stamp_markdown(body))


def stamp_markdown(body: dict) -> str:
    """The stamp as text: one paragraph and the sources."""
    parameters = ", ".join(f"`{k} = {v!r}`" for k, v in body["parameters"].items()) or "none"
    versions = ", ".join(f"{k} {v}" for k, v in body["versions"].items())
    sources = "\n".join(f"- `{s}`, sha256 `{d[:16]}…`" for s, d in body["sources"].items())
    return (
        ":::{admonition} How this page was made\n:class: run-stamp dropdown\n"
        f"**{body['state'].capitalize()}** on {body['executed'][:16].replace('T', ' ')} UTC at commit "
        f"`{body['commit']}` in {body['seconds']:.1f} s on {body['device']}.  "
        f"Parameters: {parameters}.  {versions}.\n\nSources read:\n\n{sources}\n:::\n"
    )


def add_static(app: Sphinx) -> None:
    """Our own files and the staged MathJax; Jupyter Book would load a _static folder on every page."""
    app.config.html_static_path += [str(STATIC), str(Path(app.srcdir) / "offline")]


def drop_thebe(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """The theme's live-code script names a foreign host and throws an error on each page."""
    context["script_files"] = [s for s in context["script_files"] if "thebe" not in _script_text(s)]


def _script_text(script: object) -> str:
    return f"{getattr(script, 'filename', script)} {getattr(script, 'attributes', '')}".lower()


def setup(app: Sphinx) -> dict:
    app.add_node(finding_node, html=(visit_finding_html, depart_finding_html))
    app.add_role("finding", FindingRole())
    app.add_directive("run-stamp", RunStamp)
    app.add_css_file("moat.css")
    for script in ("sortable.js", "charts.js", "explorer.js"):
        app.add_js_file(script, loading_method="defer")
    app.connect("builder-inited", add_static)
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
