"""The workshop's autoencoder on the real ML-100K: how fast, how accurate, beside which baselines.

    python benchmarks/autoencoder.py            # speed and accuracy, on one core
    python benchmarks/autoencoder.py --choose   # also choose the hyper-parameters again, on a part of u1.base

No test rating is an input or chooses anything: hyper-parameters come from a validation set carved out of u1.base.
Times are CPU time in one thread, so that a busy machine does not change them much.
The workshop's epoch is the loop of its function `fit`, one user at a time, written anew; its defects are kept.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean, median, stdev
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from recbook.baselines import bias_model
from recbook.data import DataError, MovieLens, carve_validation, load
from recbook.metrics import rmse
from solutions.autoencoder import AE, centre, evaluate, fit, forward, masked_loss, train

AE.forward = forward
LARGEST_RMSE = 0.945
LEAST_SPEED_UP = 20
LONGEST_TRAINING = 5.0


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters. The size is the chapter's; learning rate and weight decay were chosen by `--choose`."""

    features: int = 20
    learning_rate: float = 0.02
    weight_decay: float = 1e-3
    n_epochs: int = 25
    batch_size: int = 472


@dataclass(frozen=True)
class Split:
    """Ratings to learn from, to choose an epoch by, and to be tested on: (n_users, n_movies), NaN where none."""

    learn: torch.Tensor
    valid: torch.Tensor
    test: torch.Tensor


def to_matrix(ratings, data: MovieLens) -> torch.Tensor:
    """A table of ratings as a matrix (n_users, n_movies) of stars, NaN where there is none."""
    matrix = torch.full((data.n_users, data.n_movies), torch.nan)
    stars = torch.tensor(ratings["rating"].to_numpy(copy=True))
    matrix[ratings["user"].to_numpy(), ratings["movie"].to_numpy()] = stars
    return matrix


def split_u1(data: MovieLens, seed: int) -> Split:
    """u1.test as it is; out of u1.base a validation set that resembles it."""
    kept, held_out = carve_validation(data, seed)
    return Split(to_matrix(kept, data), to_matrix(held_out, data), to_matrix(data.test, data))


def adam(model: nn.Module, settings: Settings) -> torch.optim.Adam:
    """The optimizer; `fused` only makes the same step faster."""
    return torch.optim.Adam(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def train_reference(split: Split, settings: Settings, seed: int) -> tuple[nn.Module, dict, torch.Tensor, torch.Tensor]:
    """Train the reference on `split.learn`, keeping the best epoch on `split.valid`."""
    torch.manual_seed(seed)
    targets, user_means = centre(split.learn)
    inputs = torch.nan_to_num(targets)
    model = AE(inputs.shape[1], inputs.shape[1], settings.features, masked_loss)
    optimizer = adam(model, settings)
    valid_targets = split.valid - user_means
    fit_in_batches = partial(fit, batch_size=settings.batch_size)
    history = train(model, fit_in_batches, inputs, targets, inputs, valid_targets, optimizer, settings.n_epochs)
    return model, history, inputs, user_means


def measure_reference(data: MovieLens, settings: Settings, seed: int) -> tuple[float, float]:
    """Choose the number of epochs on validation, train again on all of u1.base; (test RMSE, seconds for both)."""
    split = split_u1(data, seed)
    start = time.process_time()
    _, history, _, _ = train_reference(split, settings, seed)
    n_epochs = int(np.argmin(history["valid"])) + 1
    base = to_matrix(data.train, data)
    targets, user_means = centre(base)
    inputs = torch.nan_to_num(targets)
    torch.manual_seed(seed)
    model = AE(data.n_movies, data.n_movies, settings.features, masked_loss)
    optimizer = adam(model, settings)
    for _ in range(n_epochs):
        fit(model, inputs, targets, optimizer=optimizer, batch_size=settings.batch_size)
    seconds = time.process_time() - start
    return evaluate(model, inputs, split.test, user_means), seconds


def choose(data: MovieLens, n_seeds: int) -> Settings:
    """The settings with the lowest validation error, a mean over seeds."""
    grid = list(product((0.01, 0.02, 0.03), (3e-4, 1e-3, 3e-3)))
    scores = {}
    for learning_rate, weight_decay in tqdm(grid, desc="choosing on validation", file=sys.stderr):
        settings = Settings(learning_rate=learning_rate, weight_decay=weight_decay)
        runs = [train_reference(split_u1(data, seed), settings, seed)[1] for seed in range(n_seeds)]
        scores[settings] = mean(min(history["valid"]) for history in runs)
    best = min(scores, key=scores.__getitem__)
    Console().print(f"Lowest validation RMSE {scores[best]:.4f}: {asdict(best)}")
    return best


def workshop_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, rows: torch.Tensor) -> None:
    """One epoch as in the workshop: a step after every user, the loss over all cells, gradients never cleared."""
    criterion = nn.MSELoss()
    for user in range(len(rows)):
        row = rows[user].unsqueeze(0)
        if torch.sum(row > 0) > 0:
            loss = criterion(model(row) * (row > 0), row)
            loss.backward()
            optimizer.step()


def seconds_of(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare_speed(data: MovieLens, settings: Settings, repeats: int) -> tuple[float, float]:
    """Seconds of an epoch over all users: (the workshop's loop, the reference), at the same size."""
    base = to_matrix(data.train, data)
    targets, _ = centre(base)
    inputs, zeros = torch.nan_to_num(targets), torch.nan_to_num(base)
    slow = AE(data.n_movies, data.n_movies, settings.features)
    slow_optimizer = torch.optim.RMSprop(slow.parameters(), lr=0.02, weight_decay=0.2)
    fast = AE(data.n_movies, data.n_movies, settings.features, masked_loss)
    fast_optimizer = adam(fast, settings)
    times = {"workshop": [], "reference": []}
    for _ in range(repeats + 1):  # in turn, so that a change of the machine's speed meets both
        times["workshop"].append(seconds_of(lambda: workshop_epoch(slow, slow_optimizer, zeros)))
        for _ in range(10):
            times["reference"].append(
                seconds_of(lambda: fit(fast, inputs, targets, False, fast_optimizer, settings.batch_size))
            )
    return median(times["workshop"][1:]), median(times["reference"][10:])  # the first turn warms up


def baseline_rmse(data: MovieLens) -> dict[str, float]:
    """Test RMSE of the mean rating and of the bias model."""
    stars = data.test["rating"].to_numpy()
    return {
        "mean of all ratings": rmse(np.full(len(stars), data.train["rating"].mean()), stars),
        "bias model": rmse(bias_model(data.train).predict(data.test[["user", "movie"]]), stars),
    }


def main(
    seeds: Annotated[int, typer.Option(min=2, help="How many seeds.")] = 3,
    choose_again: Annotated[bool, typer.Option("--choose", help="Choose the hyper-parameters again.")] = False,
    repeats: Annotated[int, typer.Option(min=1, help="Epochs of each kind to time.")] = 5,
) -> None:
    """Measure the reference autoencoder on u1; exit with 1 if it misses what the course promises."""
    torch.set_num_threads(1)
    try:
        data = load("ml-100k", fallback=False)
    except DataError as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    settings = choose(data, seeds) if choose_again else Settings()
    slow, fast = compare_speed(data, settings, repeats)
    runs = [measure_reference(data, settings, seed) for seed in range(seeds)]
    errors, times = [run[0] for run in runs], [run[1] for run in runs]

    table = Table("what", "value", "promised", title=f"Autoencoder, {data.name} u1, one core, {seeds} seeds")
    for name, error in baseline_rmse(data).items():
        table.add_row(f"test RMSE, {name}", f"{error:.3f}", "")
    table.add_row("test RMSE, autoencoder", f"{mean(errors):.3f} ± {stdev(errors):.3f}", f"≤ {LARGEST_RMSE}")
    table.add_row("whole training, slowest seed", f"{max(times):.2f} s", f"≤ {LONGEST_TRAINING:g} s")
    table.add_row("an epoch, workshop's loop over users", f"{slow:.3f} s", "")
    table.add_row("an epoch, reference", f"{fast:.4f} s", "")
    table.add_row("faster by", f"{slow / fast:.0f}×", f"≥ {LEAST_SPEED_UP}×")
    Console().print(table)
    kept = mean(errors) <= LARGEST_RMSE and max(times) <= LONGEST_TRAINING and slow / fast >= LEAST_SPEED_UP
    raise typer.Exit(0 if kept else 1)


if __name__ == "__main__":
    typer.run(main)
