"""The chapter `autoencoder`: its questions against code of known worth, and its solutions by their properties."""

import inspect
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from grader.chapter import stub_namespaces
from grader.implementations import alternatives, mistakes, reference
from grader.verify import ask_known
from recbook.asking import PUBLIC_SEED, ask
from recbook.question import Question
from recbook.questions import find, of_chapter
from recbook.verdict import judge
from solutions import autoencoder as solved

QUESTIONS = [exercise for exercise in of_chapter("autoencoder") if isinstance(exercise, Question)]
SEEDS = (PUBLIC_SEED, 20260)
BUG_HUNTS = {
    "autoencoder.masked_loss": "all_cells_and_divided_again",
    "autoencoder.training_step": "gradients_not_cleared",
    "autoencoder.evaluate": "reads_the_test_ratings",
    "autoencoder.user_attributes": "raw_age",
}

few_seeds = settings(max_examples=3, deadline=None, derandomize=True, database=None)
some_seeds = settings(max_examples=25, deadline=None, derandomize=True, database=None)
any_seed = st.integers(0, 2**32 - 1)

known = cache(lambda id, seed: ask_known(find(id), seed))


def named(questions):
    return [pytest.param(question, id=question.name) for question in questions]


def judge_code(question, namespace, seed=PUBLIC_SEED):
    right, wrong = known(question.id, seed)
    return judge(question, ask(question, namespace, seed), right, wrong)


def judge_function(id, function):
    """The verdict on one function in the place of an exercise's subject."""
    question = find(id)
    return judge_code(question, {**reference("autoencoder"), question.subject: function})


# --- The questions, asked of code whose worth is known ---------------------------------------------------------------


@pytest.mark.parametrize("question", named(QUESTIONS))
@pytest.mark.parametrize("seed", SEEDS)
def test_reference_is_right_and_every_mistake_gets_its_own_hint(question, seed):
    right, wrong = known(question.id, seed)
    assert judge(question, right, right, wrong).verdict == "right"
    got = {mistake.name: judge(question, mistake.answer, right, wrong) for mistake in wrong}
    assert len(got) >= 3
    assert {name: verdict.mistake for name, verdict in got.items()} == {name: name for name in got}
    assert all(verdict.points < question.points for verdict in got.values())


@pytest.mark.parametrize("question", named(QUESTIONS))
@pytest.mark.parametrize("seed", SEEDS)
def test_alternatives_are_right(question, seed):
    verdicts = {a.name: judge_code(question, a.namespace, seed) for a in alternatives(question)}
    assert verdicts
    assert {name: v.hint for name, v in verdicts.items() if v.verdict != "right"} == {}


@pytest.mark.parametrize("question", named(QUESTIONS))
def test_reference_and_alternatives_agree_on_any_seed(question):
    @few_seeds
    @given(any_seed)
    def agree(seed):
        answer = ask(question, reference("autoencoder"), seed)
        assert answer.raised is None
        for alternative in alternatives(question):
            verdict = judge(question, ask(question, alternative.namespace, seed), answer)
            assert verdict.verdict == "right", (alternative.name, verdict.hint)

    agree()


@pytest.mark.parametrize("question", named(q for q in QUESTIONS if q.name != "fit"))  # fit: the seeds above
def test_mistakes_are_wrong_on_any_seed(question):
    @few_seeds
    @given(any_seed)
    def wrong(seed):
        answer = ask(question, reference("autoencoder"), seed)
        for mistake in mistakes(question):
            verdict = judge(question, ask(question, mistake.namespace, seed), answer)
            assert verdict.verdict != "right", mistake.name

    wrong()


@pytest.mark.parametrize("question", named(QUESTIONS))
def test_mistakes_and_alternatives_can_be_called_like_the_reference(question):
    names = list(inspect.signature(reference("autoencoder")[question.subject]).parameters)
    for implementation in [*mistakes(question), *alternatives(question)]:
        assert list(inspect.signature(implementation.code).parameters) == names, implementation.name


@pytest.mark.parametrize("question", named(QUESTIONS))
def test_hints_are_short_and_give_no_line_of_the_solution(question):
    source = inspect.getsource(reference("autoencoder")[question.subject])
    code = source.split('"""')[-1]
    lines = {line.strip() for line in code.splitlines() if len(line.strip()) > 12}
    for mistake in mistakes(question):
        assert 30 < len(mistake.hint) <= 330, (mistake.name, len(mistake.hint))
        assert mistake.hint.count("`") % 2 == 0, mistake.name
        assert not any(line in mistake.hint for line in lines), mistake.name


@pytest.mark.parametrize("question", named(QUESTIONS))
def test_untouched_stub(question):
    verdict = judge_code(question, stub_namespaces("autoencoder")[question.id])
    assert verdict.verdict != "right"
    assert verdict.mistake == BUG_HUNTS.get(question.id, "")
    if question.kind != "bug hunt":
        assert verdict.points == 0
        assert "Not filled in" in verdict.hint


# --- Answers that need no thought, and code that misbehaves ----------------------------------------------------------


TRIVIAL = {
    "autoencoder.centre": lambda ratings: (ratings * 0, ratings[:, :1] * 0),
    "autoencoder.masked_loss": lambda estimate, target: estimate.sum() * 0,
    "autoencoder.training_step": lambda model, optimizer, x, y: 0.0,
    "autoencoder.fit": lambda model, *args, **kwargs: (model, 0.0, 0),
    "autoencoder.train": lambda *args: {"train": [], "valid": []},
    "autoencoder.evaluate": lambda *args: 0.9,
    "autoencoder.hidden_layer": lambda model, x: np.zeros((len(x), 3)),
    "autoencoder.latent_correlations": lambda hidden: np.eye(hidden.shape[1]),
    "autoencoder.recommendations": lambda model, data, titles, k: (titles[:k], np.zeros(k)),
    "autoencoder.recommendations_by_genre": lambda scores, titles, has_genre, k: [],
    "autoencoder.recommendations_above": lambda scores, titles, minimum: [],
    "autoencoder.overlap_at_k": lambda first, second, k: 0.0,
    "autoencoder.user_attributes": lambda users: torch.zeros(len(users), 2),
    "autoencoder.cold_start": lambda model, row, titles, k: titles[:k],
}


@pytest.mark.parametrize("id", TRIVIAL)
def test_an_answer_without_thought_earns_next_to_nothing(id):
    verdict = judge_function(id, TRIVIAL[id])
    assert verdict.verdict != "right"
    assert verdict.points <= 0.1 * verdict.max_points


def test_raising_whatever_comes_is_no_check_of_occupations():
    def always_raises(**_):
        raise ValueError("no")

    assert judge_function("autoencoder.new_user", always_raises).points == 0


def test_calling_the_bare_layers_does_not_look_like_an_empty_exercise():
    verdict = judge_function("autoencoder.hidden_layer", lambda model, x: model(x))
    assert "Not filled in" not in verdict.hint
    assert verdict.mistake == "calls_the_whole_model"


def test_calling_fit_too_often_is_told_in_words():
    def trains_twice(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
        fit(model, train_x, train_y, optimizer=optimizer)
        return solved.train(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs)

    verdict = judge_function("autoencoder.train", trains_twice)
    assert verdict.verdict == "wrong"
    assert "StopIteration" not in verdict.hint


def also_measures_training(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    """Reports the training error as measured after the epoch, not as returned while training."""

    def rmse(x, y):
        _, squared_error, n_ratings = fit(model, x, y, valid=True)
        return (squared_error / n_ratings) ** 0.5

    history, best = {"train": [], "valid": []}, None
    for _ in range(n_epochs):
        fit(model, train_x, train_y, optimizer=optimizer)
        history["train"].append(rmse(train_x, train_y))
        history["valid"].append(rmse(valid_x, valid_y))
        if history["valid"][-1] == min(history["valid"]):
            best = weights_of(model)
    model.load_state_dict(best)
    return history


def measures_twice(model, fit, *args, **kwargs):
    def fit_and_look_again(model, x, y, valid=False, **settings):
        result = fit(model, x, y, valid=valid, **settings)
        return fit(model, x, y, valid=True) if valid else result

    return solved.train(model, fit_and_look_again, *args, **kwargs)


def measures_at_the_end_too(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    history = solved.train(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs)
    fit(model, train_x, train_y, valid=True)
    fit(model, valid_x, valid_y, valid=True)
    return history


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("function", [also_measures_training, measures_twice, measures_at_the_end_too])
def test_measuring_more_than_needed_does_no_harm_to_training(function, seed):
    """The stand-in for `fit` once told one validation error a measurement, whatever data were measured."""
    question = find("autoencoder.train")
    verdict = judge_code(question, {**reference("autoencoder"), "train": function}, seed)
    assert (verdict.verdict, verdict.points) == ("right", question.points), verdict.hint


@pytest.mark.parametrize("measuring", [True, False])
def test_inputs_with_the_targets_of_the_other_data_are_wrong(measuring):
    """In the chapter both inputs are the same tensor, so the targets are all that tells training from validation."""

    def mixes_up_targets(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
        def fit_wrongly(model, x, y, valid=False, **settings):
            if valid == measuring:
                y = train_y if valid else valid_y
            return fit(model, x, y, valid=valid, **settings)

        return solved.train(model, fit_wrongly, train_x, train_y, valid_x, valid_y, optimizer, n_epochs)

    verdict = judge_function("autoencoder.train", mixes_up_targets)
    assert verdict.verdict == "wrong"
    assert verdict.mistake == ("validates_on_training_targets" if measuring else "")
    assert "targets" in verdict.hint or not measuring


# --- What a student may as well return -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "change"),
    [
        ("autoencoder.masked_loss", lambda loss: loss.reshape(1)),
        ("autoencoder.masked_loss", lambda loss: loss.double()),
        ("autoencoder.evaluate", torch.tensor),
        ("autoencoder.evaluate", np.float32),
        ("autoencoder.latent_correlations", np.float32),
        ("autoencoder.recommendations", lambda result: [tuple(result[0]), torch.tensor(result[1], requires_grad=True)]),
        ("autoencoder.recommendations", lambda result: (pd.Series(result[0], dtype=str), result[1].tolist())),
        ("autoencoder.recommendations_by_genre", np.array),
        ("autoencoder.user_attributes", lambda attributes: attributes.double()),
        ("autoencoder.user_attributes", lambda attributes: attributes.numpy()),
        ("autoencoder.sizes", np.array),
        ("autoencoder.sizes", torch.tensor),
        ("autoencoder.side_sizes", list),
        ("autoencoder.new_user", lambda row: row.double()),
    ],
)
def test_other_containers_and_precisions_are_right(id, change):
    solution = reference("autoencoder")[find(id).subject]
    verdict = judge_function(id, lambda *args, **kwargs: change(solution(*args, **kwargs)))
    assert verdict.verdict == "right", verdict.hint


# --- The solutions, by their properties; with them the defects of the chapter's source -------------------------------


def random_ratings(seed, n_users=6, n_movies=8, density=0.5):
    """Stars with NaN, as a tensor; every user has rated something."""
    rng = np.random.default_rng(seed)
    stars = rng.integers(1, 6, (n_users, n_movies)).astype(np.float32)
    observed = rng.random((n_users, n_movies)) < density
    observed[:, 0] = True
    return torch.tensor(np.where(observed, stars, np.float32(np.nan)))


def tiny_model(seed, inputs=8, outputs=8, features=3):
    """The chapter's autoencoder with its forward pass, and dropout to tell the two modes apart."""
    torch.manual_seed(seed)

    class Model(solved.AE):
        def forward(self, x):
            return nn.functional.dropout(solved.forward(self, x), 0.5, self.training)

    return Model(inputs, outputs, features, solved.masked_loss)


def weights_of(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same_weights(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


@some_seeds
@given(any_seed)
def test_centre_leaves_nan_and_is_undone_by_adding_the_means(seed):
    ratings = random_ratings(seed)
    centred, means = solved.centre(ratings)
    assert torch.equal(centred.isnan(), ratings.isnan())
    torch.testing.assert_close(centred + means, ratings, equal_nan=True)
    torch.testing.assert_close(centred.nanmean(dim=1), torch.zeros(6), atol=1e-5, rtol=0)


def test_centre_gives_somebody_without_ratings_the_mean_of_all_ratings():
    _, means = solved.centre(torch.tensor([[5.0, 5.0, 5.0], [1.0, torch.nan, torch.nan], [torch.nan] * 3]))
    assert means[2].item() == 4.0


@some_seeds
@given(any_seed)
def test_masked_loss_ignores_what_is_not_observed(seed):
    target = random_ratings(seed) - 3
    generator = torch.Generator().manual_seed(seed)
    estimate = torch.randn(target.shape, generator=generator)
    other = torch.where(target.isnan(), torch.randn(target.shape, generator=generator), estimate)
    more = torch.cat([target, torch.full_like(target, torch.nan)], dim=1)
    loss = solved.masked_loss(estimate, target)
    torch.testing.assert_close(solved.masked_loss(other, target), loss)
    torch.testing.assert_close(solved.masked_loss(torch.cat([estimate, other], dim=1), more), loss)


@some_seeds
@given(any_seed, st.integers(2, 4))
def test_masked_loss_is_divided_once(seed, times):
    """The same users several times over have the same mean error; divided by n again, it would shrink."""
    target = random_ratings(seed)
    estimate = torch.zeros_like(target)
    once = solved.masked_loss(estimate, target)
    torch.testing.assert_close(solved.masked_loss(estimate.repeat(times, 1), target.repeat(times, 1)), once)


def test_masked_loss_has_a_finite_gradient_when_nothing_is_observed():
    estimate = torch.ones(2, 3, requires_grad=True)
    loss = solved.masked_loss(estimate, torch.full((2, 3), torch.nan))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(estimate.grad, torch.zeros(2, 3))


@some_seeds
@given(any_seed)
def test_a_training_step_forgets_the_gradients_before_it(seed):
    x, y = torch.randn(6, 8, generator=torch.Generator().manual_seed(seed)), random_ratings(seed) - 3
    fresh, used = tiny_model(seed).eval(), tiny_model(seed).eval()
    used.criterion(used(x + 1), y).backward()
    for model in (fresh, used):
        solved.training_step(model, torch.optim.SGD(model.parameters(), lr=0.1), x, y)
    assert same_weights(weights_of(fresh), weights_of(used))


@some_seeds
@given(any_seed, st.integers(1, 9))
def test_measuring_pools_ratings_whatever_the_batches_and_leaves_the_model_alone(seed, batch_size):
    """The source averaged the losses of users, and trained with an optimizer from outside while it measured."""
    y = random_ratings(seed, density=0.3) - 3
    x = torch.nan_to_num(y)
    model = tiny_model(seed)
    before = weights_of(model)
    returned, squared_error, n_ratings = solved.fit(model, x, y, valid=True, batch_size=batch_size)
    with torch.no_grad():
        errors = (solved.forward(model, x) - y)[~y.isnan()]
    assert returned is model
    assert squared_error == pytest.approx(errors.square().sum().item(), rel=1e-4)
    assert n_ratings == len(errors)
    assert same_weights(before, weights_of(model))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training


def test_fit_trains_in_training_mode_repeatably_by_its_generator():
    y = random_ratings(1, n_users=20) - 3
    x = torch.nan_to_num(y)
    after = []
    for _ in range(2):
        model = tiny_model(1).eval()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        torch.manual_seed(5)  # for the dropout
        solved.fit(model, x, y, optimizer=optimizer, batch_size=4, generator=torch.Generator().manual_seed(3))
        assert model.training
        after.append(weights_of(model))
    assert same_weights(*after)
    assert not same_weights(after[0], weights_of(tiny_model(1)))


@some_seeds
@given(st.lists(st.floats(0.5, 2), min_size=1, max_size=8))
def test_train_ends_with_the_weights_of_its_best_epoch(valid_errors):
    model = nn.Linear(1, 1)
    errors = iter(valid_errors)
    weight_after = []

    def fit(model, x, y, valid=False, optimizer=None):
        if valid:
            return model, next(errors) ** 2 * 10, 10
        with torch.no_grad():
            model.weight += 1
        weight_after.append(model.weight.item())
        return model, 40.0, 10

    history = solved.train(model, fit, None, None, None, None, None, n_epochs=len(valid_errors))
    assert history["train"] == [2.0] * len(valid_errors)
    assert history["valid"] == pytest.approx(valid_errors)
    kept = weight_after.index(model.weight.item())
    assert history["valid"][kept] == min(history["valid"])


@some_seeds
@given(any_seed)
def test_evaluate_reads_nothing_of_the_test_ratings(seed):
    """The source gave the test ratings to the model as input and as target."""
    x = torch.nan_to_num(random_ratings(seed) - 3)
    y = random_ratings(seed + 1)
    read = []

    class Recorder(nn.Module):
        def forward(self, rows):
            read.append(rows.clone())
            assert not self.training
            return rows * 0

    rmse = solved.evaluate(Recorder(), x, y, torch.full((6, 1), 3.0))
    assert torch.equal(torch.cat(read), x)
    assert rmse == pytest.approx(((3 - y)[~y.isnan()] ** 2).mean().sqrt().item())


def test_evaluate_clips_to_the_scale():
    y = torch.tensor([[5.0, 1.0], [torch.nan, 4.0]])
    predictions = torch.tensor([[3.0, -9.0], [0.0, 0.0]])
    assert solved.evaluate(lambda_model(predictions), predictions, y, torch.tensor([[3.5], [4.0]])) == 0


def lambda_model(predictions):
    """A model with one answer."""

    class Fixed(nn.Module):
        def forward(self, x):
            return predictions[: len(x)]

    return Fixed()


@some_seeds
@given(any_seed)
def test_latent_correlations_are_symmetric_within_one_and_without_holes(seed):
    rng = np.random.default_rng(seed)
    hidden = rng.random((901, 5)).astype(np.float32)  # single precision, as it comes out of the model
    hidden[:, 1], hidden[:, 4] = rng.random(2)  # two dead neurons, at any level
    correlations = solved.latent_correlations(hidden)
    np.testing.assert_allclose(correlations, correlations.T)
    np.testing.assert_array_equal(np.diag(correlations), 1)
    assert np.abs(correlations).max() <= 1 + 1e-6
    np.testing.assert_array_equal(correlations[[1, 4]], [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]])
    np.testing.assert_allclose(correlations[0, 2], np.corrcoef(hidden[:, 0], hidden[:, 2])[0, 1], atol=1e-6)


@some_seeds
@given(any_seed, st.integers(1, 8), st.integers(1, 10), st.floats(-9, 9))
def test_no_seen_movie_is_recommended_and_the_best_comes_first(seed, n_seen, k, level):
    """The source left seen movies in with a score of 0, and called the worst of the ten number 1."""
    rng = np.random.default_rng(seed)
    data = torch.full((8,), torch.nan)
    data[rng.permutation(8)[:n_seen]] = torch.tensor(rng.integers(1, 6, n_seen), dtype=torch.float32)
    before = data.clone()
    titles = list("ABCDEFGH")
    scores = torch.tensor(rng.normal(level, 1, (1, 8)), dtype=torch.float32)
    names, given_scores = solved.recommendations(lambda_model(scores.clone()), data, titles, k)
    seen = {title for title, stars in zip(titles, data, strict=True) if not stars.isnan()}
    assert not seen & set(names)
    assert len(names) == len(set(names)) == len(given_scores) == min(k, 8 - n_seen)
    assert np.all(np.diff(given_scores) <= 0)
    left_out = [scores[0, i] + data.nanmean() for i in range(8) if titles[i] not in seen | set(names)]
    assert not left_out or not names or max(left_out) <= given_scores.min() + 1e-5
    assert torch.equal(data.isnan(), before.isnan())


def scores_and_titles(seed, n=10, n_seen=3):
    rng = np.random.default_rng(seed)
    scores = rng.normal(3, 1, n)
    scores[rng.permutation(n)[:n_seen]] = -np.inf
    return rng, scores, [f"movie {i}" for i in range(n)]


@some_seeds
@given(any_seed, st.integers(1, 10))
def test_genre_lists_hold_unseen_movies_of_the_genre_only(seed, k):
    rng, scores, titles = scores_and_titles(seed)
    has_genre = rng.random(10) < 0.6
    score_of = dict(zip(titles, scores, strict=True))
    names = solved.recommendations_by_genre(scores, titles, has_genre, k)
    allowed = {titles[i] for i in range(10) if has_genre[i] and np.isfinite(scores[i])}
    assert set(names) <= allowed
    assert len(names) == min(k, len(allowed))
    assert [score_of[name] for name in names] == sorted((score_of[name] for name in allowed), reverse=True)[:k]


@some_seeds
@given(any_seed, st.integers(0, 9))
def test_recommendations_above_are_strictly_above(seed, which):
    _, scores, titles = scores_and_titles(seed)
    minimum = scores[which] if np.isfinite(scores[which]) else 3.0
    names = solved.recommendations_above(scores, titles, minimum)
    score_of = dict(zip(titles, scores, strict=True))
    assert {name for name in titles if score_of[name] > minimum} == set(names)
    assert [score_of[name] for name in names] == sorted((score_of[name] for name in names), reverse=True)


@some_seeds
@given(st.permutations(range(9)), st.permutations(range(9)), st.integers(1, 9))
def test_overlap_is_symmetric_and_a_share(first, second, k):
    overlap = solved.overlap_at_k(first, second, k)
    assert 0 <= overlap <= 1
    assert overlap == solved.overlap_at_k(second, first, k)
    assert solved.overlap_at_k(first, first, k) == 1
    assert solved.overlap_at_k(first, second, 9) == 1
    assert overlap == solved.overlap_at_k(first[:k][::-1] + first[k:], second, k)


@some_seeds
@given(st.lists(st.integers(10, 90), min_size=2, max_size=9, unique=True), st.integers(0, 50))
def test_user_attributes_have_similar_sizes_and_do_not_depend_on_the_unit_of_age(ages, shift):
    """The source put the raw age beside 0 and 1, into a sigmoid."""
    jobs = ["writer", "artist", "doctor"]
    users = pd.DataFrame({"age": ages, "gender": "F", "occupation": [jobs[i % 3] for i in range(len(ages))]})
    attributes = solved.user_attributes(users)
    assert attributes.dtype == torch.float32
    assert attributes[:, 0].mean().item() == pytest.approx(0, abs=1e-5)
    assert attributes[:, 0].std(unbiased=False).item() == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(attributes[:, 2:].sum(dim=1), torch.ones(len(ages)))
    in_months = solved.user_attributes(users.assign(age=12 * users["age"] + shift))
    torch.testing.assert_close(in_months, attributes, atol=1e-4, rtol=1e-4)


def test_a_new_user_is_described_like_the_users_of_training():
    users = pd.DataFrame(
        {"age": [20, 30, 55], "gender": ["F", "M", "M"], "occupation": ["writer", "artist", "artist"]},
        index=[7, 8, 9],  # the numbers of users, which are no positions
    )
    trained = solved.join_attributes(solved.user_attributes(users), torch.full((3, 4), torch.nan))
    for row, (age, gender, occupation) in zip(trained, users.itertuples(index=False), strict=True):
        mean, std = users["age"].mean(), users["age"].std(ddof=0)
        new = solved.new_user(age, gender, occupation, ["artist", "writer"], mean, std, 4)
        torch.testing.assert_close(new, row[None])
    with pytest.raises(ValueError, match="astronaut"):
        solved.new_user(30, "F", "astronaut", ["artist", "writer"], 35.0, 10.0, 4)


def test_side_sizes_fit_the_joined_rows():
    attributes, ratings = torch.zeros(5, 3), random_ratings(0, n_users=5)
    inputs, outputs = solved.side_sizes(attributes, ratings)
    model = tiny_model(0, inputs, outputs).eval()
    assert model(solved.join_attributes(attributes, ratings)).shape == ratings.shape


def test_cold_start_lists_the_highest_predictions_in_evaluation_mode():
    model = tiny_model(3, inputs=5, outputs=8)
    row = torch.ones(1, 5)
    names = solved.cold_start(model, row, list("ABCDEFGH"), 8)
    assert not model.training
    predictions = solved.forward(model, row)[0]
    assert names == ["ABCDEFGH"[i] for i in predictions.argsort(descending=True)]
    assert names[:3] == solved.cold_start(model, row, list("ABCDEFGH"), 3)


def test_sizes_count_what_a_model_really_has():
    ratings = random_ratings(0, n_users=4, n_movies=11)
    inputs, outputs, n_parameters = solved.sizes(ratings, 3)
    assert n_parameters == sum(p.numel() for p in solved.AE(inputs, outputs, 3).parameters())


@pytest.mark.parametrize(
    ("exercise", "mistake", "word"),
    [
        ("masked_loss", "all_cells_and_divided_again", "observed"),
        ("masked_loss", "missing_ratings_count_as_zero", "observed"),
        ("training_step", "gradients_not_cleared", "adds"),
        ("fit", "gradients_pile_up", "clear"),
        ("fit", "trains_while_measuring", "weights"),
        ("fit", "adds_up_batch_means", "mean"),
        ("fit", "modes_never_switched", "evaluation"),
        ("evaluate", "reads_the_test_ratings", "test ratings"),
        ("evaluate", "mean_of_user_errors", "Pool"),
        ("recommendations", "recommends_seen_movies", "seen"),
        ("recommendations", "seen_movies_set_to_zero", "minus infinity"),
        ("recommendations", "worst_first", "worst"),
        ("user_attributes", "raw_age", "age"),
    ],
)
def test_defects_of_the_source_are_known_and_cost_a_fair_share(exercise, mistake, word):
    question = find(f"autoencoder.{exercise}")
    right, wrong = known(question.id, PUBLIC_SEED)
    (code,) = [m for m in mistakes(question) if m.name == mistake]
    verdict = judge(question, ask(question, code.namespace), right, wrong)
    assert verdict.mistake == mistake
    assert word in verdict.hint
    assert verdict.points <= 0.9 * question.points
