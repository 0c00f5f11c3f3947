"""Reference implementations for the chapter `autoencoder` (seed 000, sections 2 to 4, questions 4 to 17).

Ratings are float tensors of shape (n_users, n_movies) with NaN where nobody rated.
"""

import numpy as np
import torch
from torch import nn


def centre(ratings):
    """Subtract from each user's ratings that user's own mean.

    Args:
        ratings: float tensor (n_users, n_movies), in stars; NaN where the user did not rate the movie.

    Returns:
        centred: float tensor (n_users, n_movies); NaN stays NaN.
        user_means: float tensor (n_users, 1), in stars. A user without any rating gets the mean of all ratings.
    """
    user_means = torch.nanmean(ratings, dim=1, keepdim=True)
    user_means = torch.where(user_means.isnan(), torch.nanmean(ratings), user_means)
    return ratings - user_means, user_means


class AE(nn.Module):
    """An autoencoder with one hidden layer.

    Its two fully connected layers are called `fc1` (input layer to hidden layer) and `fc2` (hidden layer to output
    layer). Both have biases. The loss function is kept as `criterion`.

    Args:
        inputs: number of neurons of the input layer.
        outputs: number of neurons of the output layer.
        features: number of neurons of the hidden layer.
        criterion: loss function used for training, or None.
    """

    def __init__(self, inputs, outputs, features, criterion=None):
        super().__init__()
        self.fc1 = nn.Linear(inputs, features)
        self.fc2 = nn.Linear(features, outputs)
        self.criterion = criterion


def sizes(ratings, features):
    """Sizes of the autoencoder that reads and predicts one user's row of `ratings`.

    Args:
        ratings: tensor (n_users, n_movies).
        features: number of neurons of the hidden layer.

    Returns:
        (inputs, outputs, n_parameters), three ints: the neurons of the input layer, those of the output layer, and
        how many numbers (weights and biases of both layers) training will adjust.
    """
    n_movies = ratings.shape[1]
    n_parameters = (n_movies + 1) * features + (features + 1) * n_movies
    return n_movies, n_movies, n_parameters


def wider_hidden_layer():
    """Your choice: "a", "b", "c" or "d"."""
    return "c"


def forward(model, x):
    """Send a batch of input rows through the autoencoder.

    Args:
        model: an autoencoder with the layers `fc1` and `fc2`.
        x: float tensor (batch_size, inputs), without NaN.

    Returns:
        predictions: float tensor (batch_size, outputs), any real numbers.
    """
    hidden = torch.sigmoid(model.fc1(x))
    return model.fc2(hidden)


def masked_loss(estimate, target):
    """Mean squared error over the observed ratings.

    Args:
        estimate: float tensor (batch_size, n_movies).
        target: float tensor (batch_size, n_movies); NaN where there is no rating.

    Returns:
        A tensor with a single number, from which gradients can be computed. It is 0 when nothing is observed.
    """
    # One search for the observed cells instead of one per indexing: this is the inner loop of training.
    users, movies = (~target.isnan()).nonzero(as_tuple=True)
    errors = estimate[users, movies] - target[users, movies]
    return errors.square().sum() / max(len(errors), 1)


def binary_loss():
    """Your choice: "a", "b", "c" or "d"."""
    return "d"


def training_step(model, optimizer, x, y):
    """Improve the weights once, on one batch.

    Args:
        model: an autoencoder; `model(x)` is its prediction, `model.criterion(estimate, target)` its loss.
        optimizer: a torch optimizer over the model's parameters.
        x: float tensor (batch_size, inputs), the input rows, without NaN.
        y: float tensor (batch_size, outputs), the targets; NaN where there is no rating.

    Returns:
        The loss of this batch before the step, as a float.
    """
    optimizer.zero_grad()
    loss = model.criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def fit(model, x, y, valid=False, optimizer=None, batch_size=64, generator=None):
    """Go once through all users: training, or only measuring.

    Args:
        model: an autoencoder; `model(x)` is its prediction, `model.criterion(estimate, target)` its loss, a mean over
            the observed ratings.
        x: float tensor (n_users, inputs), without NaN.
        y: float tensor (n_users, outputs); NaN where there is no rating.
        valid: if True, measure only: the model is in evaluation mode and the weights stay as they are. If False, train,
            with the model in training mode.
        optimizer: a torch optimizer over the model's parameters; not needed when `valid` is True.
        batch_size: number of users in a batch.
        generator: torch.Generator that shuffles the users before training, or None for torch's own.

    Returns:
        (model, squared_error, n_ratings): the model, the sum of the squared errors over all observed ratings of `y`
        as a float, and the number of these ratings as an int.
    """
    n_users = len(x)
    order = torch.arange(n_users) if valid else torch.randperm(n_users, generator=generator)
    counts = (~y.isnan()).sum(dim=1)
    model.train(not valid)
    squared_error, n_ratings = 0.0, 0
    with torch.set_grad_enabled(not valid):
        for batch in order.split(batch_size):
            n_observed = int(counts[batch].sum())
            if n_observed == 0:
                continue
            # The same as x[batch] and y[batch], but several times faster on a CPU.
            inputs, targets = x.index_select(0, batch), y.index_select(0, batch)
            loss = model.criterion(model(inputs), targets)
            if not valid:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            squared_error += loss.item() * n_observed
            n_ratings += n_observed
    return model, squared_error, n_ratings


def train(model, fit, train_x, train_y, valid_x, valid_y, optimizer, n_epochs=20):
    """Train for some epochs and keep the weights of the best one.

    Args:
        model: an autoencoder.
        fit: the function of the previous exercise. `fit(model, x, y, optimizer=optimizer)` trains for one epoch and
            `fit(model, x, y, valid=True)` measures; both return (model, squared_error, n_ratings).
        train_x, train_y: inputs and targets to learn from.
        valid_x, valid_y: inputs and targets to choose the best epoch by.
        optimizer: a torch optimizer over the model's parameters.
        n_epochs: number of epochs.

    Returns:
        history: a dictionary with two lists of `n_epochs` floats, "train" and "valid": the root mean squared error of
        every epoch. "train" is what `fit` returned while it trained, "valid" what it measured after that. At the end
        the model has the weights it had after the epoch with the lowest "valid" error.
    """
    history = {"train": [], "valid": []}
    best_weights = None
    for _ in range(n_epochs):
        _, squared_error, n_ratings = fit(model, train_x, train_y, optimizer=optimizer)
        history["train"].append((squared_error / n_ratings) ** 0.5)
        _, squared_error, n_ratings = fit(model, valid_x, valid_y, valid=True)
        history["valid"].append((squared_error / n_ratings) ** 0.5)
        if history["valid"][-1] == min(history["valid"]):
            best_weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(best_weights)
    return history


def evaluate(model, x, y, user_means):
    """Root mean squared error, in stars, on ratings the model has never seen.

    Args:
        model: a trained autoencoder; `model(x)` predicts centred ratings.
        x: float tensor (n_users, inputs): the input rows, made from the training ratings, without NaN.
        y: float tensor (n_users, n_movies), in stars: the ratings to predict; NaN where there is none.
        user_means: float tensor (n_users, 1), in stars: the means that were subtracted from the training ratings.

    Returns:
        The error over all observed ratings of `y` together, as a float. Predictions are clipped to 1 to 5 stars; the
        model predicts in evaluation mode.
    """
    model.eval()
    with torch.no_grad():
        predictions = (model(x) + user_means).clamp(1, 5)
    observed = ~y.isnan()
    return ((predictions - y)[observed] ** 2).mean().sqrt().item()


def hidden_layer(model, x):
    """The values of the hidden neurons for each user.

    Args:
        model: an autoencoder with the layers `fc1` and `fc2`.
        x: float tensor (n_users, inputs), without NaN.

    Returns:
        numpy array (n_users, features) of numbers between 0 and 1.
    """
    with torch.no_grad():
        return torch.sigmoid(model.fc1(x)).numpy()


def latent_correlations(hidden):
    """How alike any two hidden neurons behave, over all users.

    Args:
        hidden: numpy array (n_users, features).

    Returns:
        numpy array (features, features) of Pearson correlations between neurons. A neuron with the same value for all
        users has correlation 0 with every other neuron and 1 with itself.
    """
    constant = np.ptp(hidden, axis=0) == 0
    deviations = np.where(constant, 0.0, hidden - hidden.mean(axis=0))  # the mean of equal values is only nearly theirs
    directions = deviations / np.where(constant, 1.0, np.linalg.norm(deviations, axis=0))
    correlations = directions.T @ directions
    np.fill_diagonal(correlations, 1.0)
    return correlations


def movie_latents():
    """Your choice: "a", "b", "c" or "d"."""
    return "b"


def recommendations(model, data, titles, k):
    """The k unseen movies with the highest predicted rating, the best first.

    Args:
        model: a trained autoencoder; in evaluation mode, `model(x)` predicts centred ratings.
        data: float tensor (n_movies,): one user's ratings in stars; NaN for the movies not seen.
        titles: sequence of n_movies titles.
        k: number of recommendations.

    Returns:
        names: list of k titles (fewer if fewer movies are unseen).
        scores: numpy array of their predicted ratings in stars, not clipped.
    """
    user_mean = torch.nanmean(data)
    x = torch.nan_to_num(data - user_mean)
    model.eval()
    with torch.no_grad():
        scores = model(x.unsqueeze(0)).squeeze(0) + user_mean
    unseen = data.isnan()
    scores[~unseen] = -torch.inf
    best = scores.argsort(descending=True)[: min(k, int(unseen.sum()))]
    return [titles[i] for i in best.tolist()], scores[best].numpy()


def recommendations_by_genre(scores, titles, has_genre, k):
    """The k best movies of one genre.

    Args:
        scores: numpy array (n_movies,) of predicted ratings in stars; minus infinity for the movies already seen.
        titles: sequence of n_movies titles.
        has_genre: numpy array (n_movies,) of truth values: does the movie belong to the genre?
        k: number of recommendations.

    Returns:
        List of k titles, the best first; fewer if the genre has fewer unseen movies.
    """
    candidates = np.flatnonzero(has_genre & np.isfinite(scores))
    best = candidates[np.argsort(-scores[candidates], kind="stable")][:k]
    return [titles[i] for i in best]


def recommendations_above(scores, titles, minimum):
    """All movies whose predicted rating is strictly above a minimum.

    Args:
        scores: numpy array (n_movies,) of predicted ratings in stars; minus infinity for the movies already seen.
        titles: sequence of n_movies titles.
        minimum: predicted rating in stars that a movie must exceed.

    Returns:
        List of titles, the best first. It is empty when no movie is good enough.
    """
    order = np.argsort(-scores, kind="stable")
    return [titles[i] for i in order if scores[i] > minimum]


def overlap_at_k(first, second, k):
    """How much two recommenders agree: the share of common movies among their k best.

    Args:
        first, second: lists of at least k movies, the best first, each movie once.
        k: how many of each list count.

    Returns:
        A float between 0 (no common movie) and 1 (the same k movies, in any order).
    """
    return len(set(first[:k]) & set(second[:k])) / k


def user_attributes(users):
    """Describe each user by numbers of similar size.

    Args:
        users: DataFrame with the columns `age` (years), `gender` ("F" or "M") and `occupation` (text).

    Returns:
        float32 tensor (n_users, 2 + n_occupations). Column 0 is the age, shifted and scaled to mean 0 and standard
        deviation 1 over these users (divide by n_users). Column 1 is 1 for "F" and 0 for "M". Then one column per
        occupation, in alphabetical order: 1 for the user's own, 0 elsewhere.
    """
    age = users["age"].to_numpy(dtype=float)
    age = (age - age.mean()) / age.std()
    female = (users["gender"] == "F").to_numpy(dtype=float)
    occupation = users["occupation"].astype(str).to_numpy()
    one_hot = (occupation[:, None] == np.unique(occupation)[None, :]).astype(float)
    return torch.tensor(np.column_stack([age, female, one_hot]), dtype=torch.float32)


def join_attributes(attributes, x):
    """Put the users' attributes before their ratings.

    Args:
        attributes: float tensor (n_users, n_attributes).
        x: float tensor (n_users, n_movies), the centred ratings; NaN where there is none.

    Returns:
        float tensor (n_users, n_attributes + n_movies) without NaN: input rows for an autoencoder.
    """
    return torch.cat([attributes, torch.nan_to_num(x)], dim=1)


def side_sizes(attributes, ratings):
    """Sizes of the autoencoder that reads attributes and ratings, and predicts ratings only.

    Args:
        attributes: tensor (n_users, n_attributes).
        ratings: tensor (n_users, n_movies).

    Returns:
        (inputs, outputs), two ints: the neurons of the input layer and those of the output layer.
    """
    return attributes.shape[1] + ratings.shape[1], ratings.shape[1]


def new_user(age, gender, occupation, occupations, age_mean, age_std, n_movies):
    """The input row of somebody who has not rated anything yet.

    Args:
        age: in years.
        gender: "F" or "M".
        occupation: one of `occupations`.
        occupations: list of all occupations, in alphabetical order.
        age_mean, age_std: mean and standard deviation of the ages the model was trained with, in years.
        n_movies: number of movies.

    Returns:
        float32 tensor (1, 2 + n_occupations + n_movies): the scaled age, 1 for "F" or 0 for "M", the one-hot
        occupation, then zeros for the ratings.

    Raises:
        ValueError: if the occupation is not one of `occupations`.
    """
    if occupation not in occupations:
        raise ValueError(f"unknown occupation {occupation!r}")
    attributes = [(age - age_mean) / age_std, float(gender == "F")]
    attributes += [float(name == occupation) for name in occupations]
    return torch.tensor([attributes + [0.0] * n_movies], dtype=torch.float32)


def cold_start(model, row, titles, k):
    """The k best movies for somebody without ratings.

    Args:
        model: a trained autoencoder that reads attributes and ratings; in evaluation mode, `model(row)` predicts
            centred ratings.
        row: float tensor (1, inputs), made by `new_user`.
        titles: sequence of n_movies titles.
        k: number of recommendations.

    Returns:
        List of k titles, the best first.
    """
    model.eval()
    with torch.no_grad():
        scores = model(row).squeeze(0)
    return [titles[i] for i in scores.topk(k).indices.tolist()]


def zeros_as_ratings():
    """Your choice: "a", "b", "c" or "d"."""
    return "a"


MODEL_ANSWERS = {
    "interesting_neuron": """\
Neuron 18. Its spread is no reason: the standard deviations of all neurons lie between 0.24 and 0.27, so all of them
separate users about equally well. But neuron 18 goes with something known about the users: its correlation with the
liking for action movies is +0.41, the strongest in the whole figure. It is no pure "action neuron": `facts[18]` also
holds +0.34 for thrillers. And it is no copy of another neuron: the largest correlation between any two neurons is 0.68,
and in `correlations[18]` the largest is -0.55, with neuron 1.

The number 18 means nothing by itself. Another seed begins with other weights, so another neuron takes over, and its
sign may turn: a high value then stands for disliking. I looked at the models of the other two seeds. With seed 1,
neuron 5 goes most with action movies (-0.48), with seed 2 it is neuron 10 (+0.39).""",
    "different_recommenders": """\
No. The two autoencoders, seed 0 and seed 1, both have a test RMSE of 0.939. Still the mean overlap of their lists of
ten is only 0.74: two or three movies of ten are different. The bias model is worse by only 0.014 stars (0.953), and its
overlap with the two is 0.56 and 0.58. Popularity has an overlap of 0.05 to 0.08 with the others. The models also differ
in how many movies they show at all: 48 different ones in all lists of the bias model, 133 and 146 in those of the two
autoencoders.

This is possible because an error and a list look at different things. The RMSE is an average over all test ratings. A
list depends only on the order of the few highest predictions among the unseen movies. Many movies have nearly the same
prediction there: the ten on the list of our user lie between 3.85 and 4.03 stars. So a change of a few hundredths of a
star, which the RMSE hardly notices, puts other movies on the list. Which list is better, the RMSE cannot tell. That
needs a measure for lists on held-out data, or people.""",
}
