"""The charts of the report: Altair, drawn to SVG on the spot, so that the page needs no network and no script.

Colours are those of Okabe and Ito, which the colour-blind tell apart. Every chart comes with a description in words.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from grader.figures import OUTCOMES, ExerciseFigures, Misconception

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#9AA0A6"
_OUTCOME_COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#CC79A7", "#56B4E9", "#C7CBD1", "#F0E442", "#009E73")
_WIDTH = 460
_LABELS = 190


@dataclass(frozen=True)
class Picture:
    """A chart as the address of a picture, and what it shows in words."""

    address: str
    description: str


def score_chart(points: np.ndarray, max_points: float) -> Picture:
    """How many hand-ins have how many points."""
    edges, counts = _bins(points, max_points)
    chart = _histogram(edges, counts, "points")
    top = int(counts.argmax())
    description = (
        f"Histogram of the points of {len(points)} hand-ins, from {points.min():.4g} to {points.max():.4g} of "
        f"{max_points:.4g}. Most, {counts[top]}, have between {edges[top]:.4g} and {edges[top + 1]:.4g} points."
    )
    return _picture(chart, description)


def outcome_chart(figures: Sequence[ExerciseFigures]) -> Picture:
    """What came of each exercise."""
    table = pd.DataFrame(
        {"exercise": _short(each.exercise), "outcome": name, "order": place, "hand-ins": each.outcomes[name]}
        for each in figures
        for place, name in enumerate(OUTCOMES)
    )
    seen = [name for name in OUTCOMES if table.loc[table["outcome"] == name, "hand-ins"].sum()]
    colours = [_OUTCOME_COLOURS[OUTCOMES.index(name)] for name in seen]
    chart = (
        alt.Chart(table[table["hand-ins"] > 0])
        .mark_bar()
        .encode(
            x=alt.X("hand-ins:Q", title="hand-ins"),
            y=_exercise_axis(figures),
            order=alt.Order("order:Q"),
            color=alt.Color(
                "outcome:N", title=None, scale=alt.Scale(domain=seen, range=colours),
                legend=alt.Legend(orient="top", columns=3, symbolType="square", labelLimit=0),
            ),
        )
        .properties(width=_WIDTH - _LABELS, height=alt.Step(17))
    )  # fmt: skip
    right = sorted(figures, key=lambda each: each.outcomes["right"])
    description = (
        "Bars for each exercise, divided by what came of it. "
        f"{_short(right[-1].exercise)} was right most often ({right[-1].outcomes['right']}), "
        f"{_short(right[0].exercise)} least often ({right[0].outcomes['right']}). The table below has all numbers."
    )
    return _picture(chart, description)


def item_chart(figures: Sequence[ExerciseFigures]) -> Picture:
    """Mean share of the points and discrimination of each exercise, side by side."""
    table = pd.DataFrame(
        {"exercise": _short(each.exercise), "mean": each.mean_share, "discrimination": each.discrimination}
        for each in figures
    )
    width = (_WIDTH - _LABELS - 24) // 2
    shares = (
        alt.Chart(table.dropna(subset="mean"))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("mean:Q", title="mean share of points", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=3)),
            y=_exercise_axis(figures),
        )
        .properties(width=width, height=alt.Step(17))
    )
    known = alt.Chart(table.dropna(subset="discrimination"))
    lowest = -0.2 if table["discrimination"].isna().all() else min(-0.2, float(table["discrimination"].min()))
    axis = alt.X("discrimination:Q", title="discrimination", scale=alt.Scale(domain=[lowest, 1]),
                 axis=alt.Axis(tickCount=3))  # fmt: skip
    dots = (
        known.mark_point(filled=True, size=60, color=BLUE)
        .encode(x=axis, y=_exercise_axis(figures, labels=False))
        .properties(width=width, height=alt.Step(17))
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=GREY).encode(x="x:Q")
    defined = [each for each in figures if not math.isnan(each.mean_share)]
    description = "Mean share of the points, and discrimination, of each exercise."
    if defined:
        hardest = min(defined, key=lambda each: each.mean_share)
        easiest = max(defined, key=lambda each: each.mean_share)
        description += (
            f" The hardest is {_short(hardest.exercise)} ({hardest.mean_share:.0%}), the easiest "
            f"{_short(easiest.exercise)} ({easiest.mean_share:.0%})."
        )
    return _picture(alt.hconcat(shares, alt.layer(zero, dots), spacing=12), description)


def misconception_chart(found: Sequence[Misconception], n: int = 12) -> Picture:
    """The commonest known mistakes of the chapter."""
    most = sorted(found, key=lambda each: -each.count)[:n]
    labels = [f"{_short(each.exercise)}: {each.words}" for each in most]
    table = pd.DataFrame({"mistake": labels, "hand-ins": [each.count for each in most]})
    chart = (
        alt.Chart(table)
        .mark_bar(color=ORANGE)
        .encode(
            x=alt.X("hand-ins:Q", axis=_whole_numbers(table["hand-ins"].max())),
            y=alt.Y("mistake:N", sort=labels, title=None, axis=alt.Axis(labelLimit=270)),
        )
        .properties(width=_WIDTH - 280, height=alt.Step(20))
    )
    return _picture(chart, f"The commonest known mistakes. First {labels[0]}, in {most[0].count} hand-ins.")


def amount_chart(values: np.ndarray, name: str, unit: str) -> Picture:
    """How much (time, memory) the hand-ins took."""
    chart = _histogram(*_bins(values, float(values.max())), f"{name} ({unit})", height=120)
    description = (
        f"Histogram of the {name} of {len(values)} hand-ins: median {np.median(values):.3g} {unit}, "
        f"largest {values.max():.3g} {unit}."
    )
    return _picture(chart, description)


def _bins(values: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges from 0 to beyond `most`, at most 15 steps of a round width; and how many values are in each."""
    most = most if most > 0 else 1.0
    power = 10.0 ** math.floor(math.log10(most / 15))
    width = next(power * step for step in (1, 2, 2.5, 5, 10, 20) if most / (power * step) <= 15)
    edges = width * np.arange(math.ceil(most / width - 1e-9) + 1)
    counts, _ = np.histogram(np.clip(values, 0, edges[-1]), edges)
    return edges, counts


def _histogram(edges: np.ndarray, counts: np.ndarray, title: str, height: int = 190) -> alt.Chart:
    table = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "hand-ins": counts})
    axis = alt.Axis(values=list(edges[:: 1 if len(edges) < 8 else 2]), format=".4~g", grid=False)
    return (
        alt.Chart(table)
        .mark_bar(color=BLUE, stroke="white")
        .encode(
            x=alt.X("from:Q", bin="binned", title=title, axis=axis, scale=alt.Scale(domain=[0, float(edges[-1])])),
            x2="to:Q",
            y=alt.Y("hand-ins:Q", axis=_whole_numbers(counts.max())),
        )
        .properties(width=_WIDTH - 60, height=height)
    )


def _whole_numbers(largest: float) -> alt.Axis:
    return alt.Axis(tickMinStep=1, format="d", tickCount=int(min(6, max(1, largest))))


def _exercise_axis(figures: Sequence[ExerciseFigures], labels: bool = True) -> alt.Y:
    order = [_short(each.exercise) for each in figures]
    axis = alt.Axis(labelLimit=_LABELS - 10) if labels else None
    return alt.Y("exercise:N", sort=order, title=None, axis=axis, scale=alt.Scale(domain=order))


def _short(exercise: str) -> str:
    return exercise.partition(".")[2] or exercise


def _picture(chart: alt.TopLevelMixin, description: str) -> Picture:
    styled = chart.configure(font="sans-serif", background="white").configure_axis(
        labelFontSize=12, titleFontSize=12, titleFontWeight="normal", gridColor="#e8eaed", labelColor="#1f2328"
    )
    styled = styled.configure_legend(labelFontSize=12).configure_view(stroke=None)
    text = io.StringIO()
    styled.save(text, format="svg")
    data = base64.b64encode(text.getvalue().encode()).decode("ascii")
    return Picture(f"data:image/svg+xml;base64,{data}", description)
