"""The shape in which Colab saves a notebook, after real saved ones.

nbgrader's metadata and the ids of cells stay; `metadata.id`, `outputId`, `executionInfo` and a "view-in-github" cell
come in; the notebook's metadata is Colab's own.
"""

from __future__ import annotations

import hashlib
import json

BADGE = (
    '<a href="https://colab.research.google.com/github/someone/course/blob/main/autoencoder.ipynb" target="_parent">'
    '<img src="https://colab.research.google.com/assets/colab-badge.svg" alt="Open In Colab"/></a>'
)


def colab_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def as_colab_saves_it(notebook: dict, *, with_ids: bool = True) -> bytes:
    """The bytes that Colab's "Download .ipynb" gives for a notebook that was run there."""
    cells = [{"cell_type": "markdown", "metadata": {"id": "view-in-github", "colab_type": "text"}, "source": [BADGE]}]
    for number, cell in enumerate(notebook["cells"]):
        metadata = {**cell["metadata"], "id": cell.get("id") or colab_id(cell["source"])}
        saved = {
            "cell_type": cell["cell_type"],
            "source": cell["source"].splitlines(keepends=True),
            "metadata": metadata,
        }
        if with_ids and "id" in cell:
            saved["id"] = cell["id"]
        if cell["cell_type"] == "code":
            metadata["colab"] = {"base_uri": "https://localhost:8080/", "height": 34}
            metadata["outputId"] = "e1cd9ac5-48e3-4dc1-b9b6-" + colab_id(f"{number}")
            metadata["executionInfo"] = {
                "status": "ok", "timestamp": 1_760_000_000_000 + number, "user_tz": -120, "elapsed": 12,
                "user": {"displayName": "Ada", "userId": "0123456789"},
            }  # fmt: skip
            saved["execution_count"] = number
            saved["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}]
        cells.append(saved)
    frame = {
        "nbformat": 4,
        "nbformat_minor": 5 if with_ids else 0,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "name": "python3"},
            "language_info": {"name": "python"},
            "colab": {"provenance": [], "toc_visible": True, "gpuType": "T4", "include_colab_link": True},
            "accelerator": "GPU",
        },
    }
    return json.dumps(frame | {"cells": cells}, indent=2, ensure_ascii=False).encode()
