"""The figures that chapters share draw what they are given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Circle

from recbook import plots


@pytest.fixture(autouse=True)
def _close_figures():
    with matplotlib.rc_context():
        plots.use_style()
        yield
        plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_curves_start_at_one_and_name_every_line():
    ax = plots.curves({"training": [3.0, 2.0, 1.5]}, levels={"mean": 1.8})
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "mean"]


def test_heat_map_writes_each_number_into_its_cell():
    ax = plots.heat_map(np.array([[0.5, 1.0, 2.0]]), rows=["a"], columns=["x", "y", "z"], numbers=".1f")
    assert {text.get_position(): text.get_text() for text in ax.texts} == {(0, 0): "0.5", (1, 0): "1.0", (2, 0): "2.0"}


def test_autoencoder_has_a_neuron_for_each_input_hidden_value_and_output():
    ax = plots.draw_autoencoder([1.2, None, -0.8], [1.0, 0.9, -0.7], features=2, attributes=["age"], movies=["A"])
    neurons = [patch for patch in ax.patches if isinstance(patch, Circle)]
    assert len(neurons) == 4 + 2 + 3
    assert "\N{MINUS SIGN}0.8" in texts(ax)
    assert len(ax.lines) == 4 * 2 + 2 * 3


def test_autoencoder_refuses_lists_of_different_lengths():
    with pytest.raises(ValueError, match="zip"):
        plots.draw_autoencoder([1.0, None], [0.5])


def test_steps_are_numbered_and_wrap_into_rows():
    ax = plots.draw_steps([(name, "") for name in "abcd"], per_row=3)
    assert [text for text in texts(ax) if text] == ["1. a", "2. b", "3. c", "4. d"]
    assert ax.get_ylim() == (-2, 0)


def test_paths_mark_where_every_walk_ends():
    walk = np.array([[0.0, 0.0], [0.5, 0.2]])
    ax = plots.paths(np.random.default_rng(0).random((5, 5)), (-1, 1, -1, 1), {"walk": walk})
    assert any(line.get_xydata().tolist() == [[0.5, 0.2]] for line in ax.lines)


def test_points_carry_their_names():
    ax = plots.label_points(plt.subplots()[1], [0.1, 0.2], [0.3, 0.4], ["Bo", "Dina"])
    assert texts(ax) == ["Bo", "Dina"]
