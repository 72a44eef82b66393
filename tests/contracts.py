"""A contract for import-linter: a chapter may import earlier chapters of the book, never later ones."""

from __future__ import annotations

from typing import Any

from importlinter.contracts.layers import LayersContract

from moat import project


class ChaptersInOrder(LayersContract):
    """Rooms as layers, in the order of ``_toc.yml``: the last chapter on top.

    A chapter without a room is passed over, and so is the room of a draft.
    """

    type_name = "chapters_in_order"

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]):
        rooms = [f"({chapter.replace('-', '_')})" for chapter in reversed(project.in_book())]
        order = {"containers": ["moat.chapters"], "layers": rooms}
        super().__init__(name, session_options, contract_options | order)
