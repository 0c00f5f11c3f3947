"""Figures that chapters draw more than once: one small style, readable on a phone, safe for the colour-blind.

Every function draws with matplotlib and returns the axes, so that a notebook can go on drawing there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

#: Okabe and Ito's colours (2008), in the order in which lines take them; they differ for the colour-blind too.
COLOURS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#E69F00",
    "black": "#222222",
    "grey": "#8A8A8A",
}
INK = {COLOURS["sky"]: "black", COLOURS["yellow"]: "black"}  # what to write in on light colours; white on the others


def use_style() -> None:
    """Set the course's figure style for all figures that follow."""
    plt.rcParams.update(
        {
            "figure.figsize": (6.4, 3.8),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E3E3E3",
            "grid.linewidth": 0.8,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "axes.prop_cycle": plt.cycler(color=list(COLOURS.values())),
        }
    )


def curves(
    lines: Mapping[str, Sequence[float]],
    *,
    levels: Mapping[str, float] | None = None,
    xlabel: str = "epoch",
    ylabel: str = "RMSE (stars)",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """One line a named series, from x = 1; `levels` are named dashed horizontal lines. Names in a legend."""
    ax = ax or plt.subplots()[1]
    for name, values in lines.items():
        ax.plot(np.arange(1, len(values) + 1), values, label=name)
    for colour, (name, value) in zip(("black", "grey"), (levels or {}).items(), strict=False):
        ax.axhline(value, color=COLOURS[colour], linestyle="--", linewidth=1.4, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    _legend_below(ax)
    return ax


def heat_map(
    values: np.ndarray,
    *,
    rows: Sequence[object],
    columns: Sequence[object],
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    label: str = "",
    limits: tuple[float, float] | None = None,
    diverging: bool = False,
    numbers: str = "",
    ax: Axes | None = None,
) -> Axes:
    """A table as coloured cells, `values` of shape (n_rows, n_columns).

    `diverging`: blue for negative, red for positive, white for 0 (give symmetric limits). `numbers`: the format in
    which a cell's number is written into it, such as ".2f"; "" for none. `label` names the colour bar.
    """
    ax = ax or plt.subplots()[1]
    low, high = limits or (np.nanmin(values), np.nanmax(values))
    image = ax.imshow(values, cmap="RdBu_r" if diverging else "cividis", vmin=low, vmax=high, aspect="auto")
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(False)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.figure.colorbar(image, ax=ax, label=label)
    if numbers:
        middle = (low + high) / 2
        for (row, column), value in np.ndenumerate(values):
            far = abs(value - middle) > 0.35 * (high - low)
            dark_cell = far if diverging else value < middle
            ax.text(column, row, format(value, numbers), ha="center", va="center", color="w" if dark_cell else "k")
    return ax


def paths(
    loss: np.ndarray,
    extent: tuple[float, float, float, float],
    lines: Mapping[str, np.ndarray],
    *,
    xlabel: str = "first weight",
    ylabel: str = "second weight",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Walks over a landscape of two weights: `loss` on a grid over `extent` (left, right, bottom, top), lowest dark.

    `lines`: each of shape (n_steps + 1, 2), the two weights before the first and after every step. The start is black,
    the last place large.
    """
    ax = ax or plt.subplots()[1]
    left, right, bottom, top = extent
    across, up = np.linspace(left, right, loss.shape[1]), np.linspace(bottom, top, loss.shape[0])
    levels = np.quantile(loss, np.linspace(0, 1, 12))
    ax.contour(across, up, loss, levels=levels, colors="#BDBDBD", linewidths=0.9)
    for (name, line), marker in zip(lines.items(), "os^Dv", strict=False):
        (drawn,) = ax.plot(line[:, 0], line[:, 1], marker=marker, markersize=3.5, linewidth=1.4, label=name)
        ax.plot(*line[-1], marker=marker, markersize=10, color=drawn.get_color(), markeredgecolor="white", zorder=3)
    ax.plot(*next(iter(lines.values()))[0], "k.", markersize=12)
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(False)
    _legend_below(ax, columns=3)
    return ax


def draw_autoencoder(
    ratings: Sequence[float | None],
    predictions: Sequence[float],
    *,
    features: int = 3,
    movies: Sequence[str] = (),
    attributes: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """An autoencoder with one user's ratings going in and predictions coming out.

    `ratings`: the input neurons, None for a movie not seen. `predictions`: the output neurons, as many. `movies` names
    the outputs. `attributes`: names of input neurons above the ratings, such as the user's age.
    """
    n_rows = len(ratings) + len(attributes)
    ax = ax or plt.subplots(figsize=(6.4, 0.62 * n_rows + 1.3))[1]
    ax.set(xlim=(-1.6, 9.9), ylim=(-0.75, n_rows + 0.6), aspect="equal")
    ax.axis("off")
    height = np.arange(n_rows)[::-1].astype(float)
    left = [(0.0, y) for y in height]
    right = [(7.0, y) for y in height[len(attributes) :]]
    middle = [(3.5, y) for y in height.mean() + (np.arange(features)[::-1] - (features - 1) / 2) * 1.15]
    for starts, ends in ((left, middle), (middle, right)):
        for start in starts:
            for end in ends:
                ax.plot(*zip(start, end, strict=True), color="#C4C4C4", linewidth=0.7, zorder=1)

    def neuron(place: tuple[float, float], text: str, colour: str, dashed: bool = False) -> None:
        text = text.replace("-", "\N{MINUS SIGN}")
        ax.add_patch(
            Circle(
                place, 0.42, facecolor="white" if dashed else colour, edgecolor=colour, zorder=2,
                linewidth=1.6, linestyle=(0, (2, 2)) if dashed else "-",
            )
        )  # fmt: skip
        ax.text(*place, text, ha="center", va="center", fontsize=10, color=INK.get(colour, "white"), zorder=3)

    for place, name in zip(left, attributes, strict=False):
        neuron(place, "", COLOURS["green"])
        ax.text(place[0] - 0.6, place[1], name, ha="right", va="center", fontsize=10)
    for place, rating in zip(left[len(attributes) :], ratings, strict=True):
        neuron(place, "" if rating is None else f"{rating:g}", COLOURS["blue"], dashed=rating is None)
    for place in middle:
        neuron(place, "", COLOURS["black"])
    for place, rating, prediction in zip(right, ratings, predictions, strict=True):
        neuron(place, f"{prediction:.1f}", COLOURS["orange" if rating is None else "sky"])
    for place, name in zip(right, movies, strict=False):
        ax.text(place[0] + 0.6, place[1], name, ha="left", va="center", fontsize=10)
    for x, name in ((0.0, "input $x$"), (3.5, "hidden layer $h$"), (7.0, "output $\\hat{x}$")):
        ax.text(x, n_rows - 0.05, name, ha="center", va="bottom", weight="bold")
    for x, name in ((1.75, "fc1"), (5.25, "fc2")):
        ax.text(x, -0.75, name, ha="center", va="bottom", family="monospace", color=COLOURS["black"])
    return ax


def draw_steps(steps: Sequence[tuple[str, str]], *, per_row: int = 3, ax: Axes | None = None) -> Axes:
    """A process as boxes with arrows, a few a row: `steps` are pairs of a bold name and a line below it."""
    n_rows = -(-len(steps) // per_row)
    ax = ax or plt.subplots(figsize=(6.4, 1.15 * n_rows))[1]
    ax.set(xlim=(0, per_row), ylim=(-n_rows, 0))
    ax.axis("off")
    width, height = 0.8, 0.62
    for number, (name, text) in enumerate(steps):
        row, column = divmod(number, per_row)
        x, y = column + 0.5, -row - 0.5
        ax.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.05",
                facecolor="#EAF3F9", edgecolor=COLOURS["blue"], linewidth=1.2,
            )
        )  # fmt: skip
        ax.text(x, y + 0.13, f"{number + 1}. {name}", ha="center", va="center", weight="bold", fontsize=10.5)
        ax.text(x, y - 0.15, text, ha="center", va="center", fontsize=9.5)
        if number + 1 < len(steps):
            if column + 1 < per_row:
                start, end = (x + width / 2, y), (x + 1 - width / 2, y)
            else:  # down, back to the left margin, down
                start, end = (0.5, y - 0.5), (0.5, y - 1 + height / 2)
                ax.plot([x, x, 0.5], [y - height / 2, y - 0.5, y - 0.5], color=COLOURS["black"], linewidth=1.2)
            ax.add_patch(
                FancyArrowPatch(
                    start, end, arrowstyle="-|>", mutation_scale=12, color=COLOURS["black"], linewidth=1.2, shrinkA=0,
                    shrinkB=1,
                )
            )  # fmt: skip
    return ax


def _legend_below(ax: Axes, columns: int = 2) -> None:
    """A legend under the axes, where it hides nothing."""
    ax.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.2), ncols=columns, borderaxespad=0.0, columnspacing=1.2)


def label_points(ax: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str]) -> Axes:
    """Points with their names beside them."""
    ax.scatter(x, y, s=60, color=COLOURS["blue"], zorder=2)
    for place_x, place_y, name in zip(x, y, names, strict=True):
        ax.annotate(name, (place_x, place_y), xytext=(7, 5), textcoords="offset points")
    return ax
