"""What we add to nbgrader's own steps from source to release. Switched on in `nbgrader_config.py`."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor


class RestoreStubs(NbGraderPreprocessor):
    """Put back the exact stub of the chapter, which travels in the metadata of its cell.

    It runs after ClearSolutions, which has already removed the solution: without this step a release is still free
    of solutions, only with nbgrader's one stub everywhere. A bug hunt needs its defective function back.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the source of one cell, if a stub travels with it, and take all our metadata away."""
        ours = cell.metadata.pop("recbook", None)
        if ours and "stub" in ours:
            cell.source = ours["stub"]
        return cell, resources
