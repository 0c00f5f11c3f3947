"""The chapter `deep_recommender`: its references by their properties, the source's defects, and the promised accuracy.

That mistakes, alternatives and stubs are told apart is checked by `grader verify`.
"""

import numpy as np
import pytest
import torch
from torch import nn

from grader.implementations import mistakes
from grader.verify import ask_known
from recbook import data
from recbook.asking import PUBLIC_SEED, ask
from recbook.questions import find
from recbook.verdict import judge
from solutions import deep_recommender as solved


class Net(nn.Module):
    def __init__(self, n_users, n_movies, n_factors=20, hidden=(64,), rate=0.1):
        super().__init__()
        self.users, self.movies = nn.Embedding(n_users, n_factors), nn.Embedding(n_movies, n_factors)
        self.drop = nn.Dropout(5 * rate)
        self.hidden = solved.hidden_layers(2 * n_factors, list(hidden), rate)
        self.fc = nn.Linear(hidden[-1], 1)
        for table in (self.users, self.movies):
            nn.init.uniform_(table.weight, -0.05, 0.05)

    def forward(self, users, movies):
        return solved.forward(self, users, movies, (1.0, 5.0))


@pytest.mark.parametrize("hidden", [[7], [7, 5], [4, 9, 3]])
def test_hidden_layers_are_registered_and_counted(hidden):
    """The source kept them in a plain list: PyTorch found none of their parameters."""
    net = Net(11, 13, 6, hidden)
    assert sum(parameter.numel() for parameter in net.parameters()) == solved.n_parameters(11, 13, 6, hidden)
    assert not any(module.training for module in net.eval().modules())
    before = {name: value.clone() for name, value in net.named_parameters()}
    users, movies = torch.arange(10), torch.arange(10)
    batches = [(users, movies, torch.full((10,), 5.0))]
    solved.train_epoch(net, batches, nn.MSELoss(), torch.optim.Adam(net.parameters(), lr=0.1, weight_decay=0.1))
    assert all(not torch.equal(value, before[name]) for name, value in net.named_parameters())


def test_a_single_int_is_one_layer():
    """The source's documented default `hidden=10` raised an error."""
    assert solved.hidden_layers(4, 10, 0.2)(torch.ones(3, 4)).shape == (3, 10)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_predictions_are_flat_and_on_the_scale_that_is_asked_for(n):
    """The source ignored its `minmax`, and `squeeze()` lost the batch when it had a single pair."""
    net = Net(6, 6, 3, [4]).eval()
    for lowest, highest in [(1, 5), (0, 10), (-2, 2)]:
        predictions = solved.forward(net, torch.arange(n), torch.arange(n), (lowest, highest))
        assert predictions.shape == (n,)
        assert ((predictions > lowest) & (predictions < highest)).all()
        middle = solved.to_range(torch.zeros(n), (lowest, highest))
        assert torch.equal(middle, torch.full((n,), (lowest + highest) / 2))


def test_batches_are_shuffled_anew_and_hold_every_rating_once():
    """The source's batches never changed."""
    numbers = torch.arange(100)
    generator = torch.Generator().manual_seed(0)
    epochs = [solved.make_batches(numbers, numbers + 1000, numbers / 2, 16, generator) for _ in range(2)]
    for batches in epochs:
        users, movies, ratings = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert torch.equal(users.sort().values, numbers)
        assert torch.equal(movies, users + 1000)
        assert torch.equal(ratings, users / 2)
    assert not torch.equal(epochs[0][0][0], epochs[1][0][0])


def test_the_scheduler_hears_the_validation_loss():
    """The source told it the loss of the last mini-batch."""
    told = []
    scheduler = type("Scheduler", (), {"step": lambda self, loss: told.append(loss)})()
    valid = iter([3.0, 2.0, 1.0])
    history = solved.run_epochs(lambda: [1, 2], lambda batch: 100 * batch, lambda: next(valid), scheduler, 3)
    assert told == history == [3.0, 2.0, 1.0]


def test_the_loss_of_an_epoch_counts_every_rating_once():
    net, numbers = Net(6, 6, 3, [4], rate=0.0), torch.arange(5)
    ratings = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    still = torch.optim.SGD(net.parameters(), lr=0.0)
    losses = [
        solved.train_epoch(
            net, [(numbers[b], numbers[b], ratings[b]) for b in numbers.split(size)], nn.MSELoss(), still
        )
        for size in (1, 2, 3, 5)
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-5)
    assert solved.evaluate(net, numbers, numbers, ratings)[0] == pytest.approx(losses[0] ** 0.5, rel=1e-5)
    assert not net.training


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        ("make_batches", "never_shuffled"),
        ("hidden_layers", "layers_in_a_plain_list"),
        ("hidden_layers", "single_int_crashes"),
        ("to_range", "ignores_minmax"),
        ("forward", "squeezes_everything"),
        ("train_epoch", "keeps_the_graphs"),
        ("run_epochs", "scheduler_fed_the_last_batch"),
    ],
)
def test_defects_of_the_source_are_known_and_cost_points(exercise, mistake):
    question = find(f"deep_recommender.{exercise}")
    right, wrong = ask_known(question, PUBLIC_SEED)
    (code,) = [m for m in mistakes(question) if m.name == mistake]
    verdict = judge(question, ask(question, code.namespace, PUBLIC_SEED), right, wrong)
    assert verdict.mistake == mistake
    assert verdict.points <= 0.9 * question.points


def test_the_promised_error_on_u1():
    """Settings and number of epochs were chosen on validation ratings; see the chapter."""
    try:
        movielens = data.load("ml-100k")
    except data.DataError:
        pytest.skip("needs the real MovieLens-100K")
    if movielens.synthetic:
        pytest.skip("needs the real MovieLens-100K")

    def tensors(ratings):
        users, movies = (torch.tensor(ratings[name].to_numpy(), dtype=torch.long) for name in ("user", "movie"))
        return users, movies, torch.tensor(ratings["rating"].to_numpy(), dtype=torch.float32)

    torch.manual_seed(0)
    net = Net(movielens.n_users, movielens.n_movies)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=2e-4)
    generator = torch.Generator().manual_seed(0)
    train = tensors(movielens.train)
    for rate in 8 * [1e-2] + 2 * [3e-3] + 2 * [1e-3]:
        optimizer.param_groups[0]["lr"] = rate
        solved.train_epoch(net, solved.make_batches(*train, 2048, generator), nn.MSELoss(), optimizer)
    assert solved.evaluate(net, *tensors(movielens.test))[0] <= 0.945
