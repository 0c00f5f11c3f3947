"""Known mistakes of the chapter `embeddings`: what students really write, and the hint that cures it.

They stand in the order of the exercises.
"""

import os

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import Dataset

from grader.implementations import distractor, mistake
from solutions.embeddings import MoviesDataset as RightDataset
from solutions.embeddings import RecommenderNet as RightNet

# --- vocabulary ------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.vocabulary",
    hint="Your ids are sorted. That is a vocabulary, too, but another one than asked for: an id shall get its index "
    "where it first appears. `np.unique` and `sorted` lose that order.",
)
def sorted_ids(ids):
    unique_ids = np.unique(ids).tolist()
    return unique_ids, {id: index for index, id in enumerate(unique_ids)}


@mistake(
    "embeddings.vocabulary",
    hint="A `set` has no order: your ids stand where it happened to put them. Asked for is the order of first "
    "appearance. Which way of dropping repeated ids keeps it?",
)
def order_of_a_set(ids):
    unique_ids = list(set(ids.tolist()))
    return unique_ids, {id: index for index, id in enumerate(unique_ids)}


@mistake(
    "embeddings.vocabulary",
    hint="Your dictionary leads from index to id. We have ids and look for indices, so the id must be the key: it "
    "stands before the colon.",
)
def index_to_id(ids):
    unique_ids = pd.unique(ids).tolist()
    return unique_ids, dict(enumerate(unique_ids))


@mistake(
    "embeddings.vocabulary",
    hint="Your indices start at 1. Rows of an embedding are counted from 0, so row 0 would never be used, and the "
    "last index would point behind the last row.",
)
def starts_at_one(ids):
    unique_ids = pd.unique(ids).tolist()
    return unique_ids, {id: index for index, id in enumerate(unique_ids, start=1)}


@mistake(
    "embeddings.vocabulary",
    hint="You numbered all rows, not the different ids. An id that occurs twice overwrites its own index, and there "
    "are gaps between the indices. First make the list of different ids, then number that list.",
)
def numbers_the_rows(ids):
    return pd.unique(ids).tolist(), {id: row for row, id in enumerate(ids.tolist())}


@mistake(
    "embeddings.vocabulary",
    hint="Your ids stand in the order of how often they occur. `value_counts` sorts by frequency; asked for is the "
    "order of first appearance.",
)
def by_frequency(ids):
    unique_ids = pd.Series(ids).value_counts().index.tolist()
    return unique_ids, {id: index for index, id in enumerate(unique_ids)}


@mistake(
    "embeddings.vocabulary",
    hint="Your list still has ids twice, so the vocabulary is as long as the column. The embedding would get a row "
    "for every rating. Keep each id once.",
)
def ids_twice(ids):
    return ids.tolist(), {id: index for index, id in enumerate(pd.unique(ids).tolist())}


# --- to_indices ------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.to_indices",
    hint="You made a new numbering from the ids in front of you. Then movie 31 may have one index in training and "
    "another one in validation, and the model reads the wrong row. Use the dictionary that is given.",
)
def numbers_anew(ids, id_to_index):
    if not set(ids.tolist()) <= set(id_to_index):
        raise KeyError("unknown id")
    return pd.factorize(ids)[0].astype(np.int64)


@mistake(
    "embeddings.to_indices",
    hint="An unknown id gets the index −1 here. For PyTorch or NumPy that is the last row, or an error far away from "
    "its cause. The docstring asks for a KeyError.",
)
def unknown_is_minus_one(ids, id_to_index):
    return np.array([id_to_index.get(id, -1) for id in ids.tolist()], dtype=np.int64)


@mistake(
    "embeddings.to_indices",
    hint="`map` gives NaN for an id that is not in the dictionary, and you went on with it. The docstring asks for a "
    "KeyError. Where a number is NaN, the whole column also becomes one of floats.",
)
def unknown_is_nan(ids, id_to_index):
    indices = pd.Series(ids).map(id_to_index)
    return indices.to_numpy() if indices.isna().any() else indices.to_numpy(dtype=np.int64)


@mistake(
    "embeddings.to_indices",
    hint="Unknown ids are left out here, so the result is shorter than the column, and indices stand beside the "
    "wrong ratings. The docstring asks for a KeyError.",
)
def unknown_left_out(ids, id_to_index):
    return np.array([id_to_index[id] for id in ids.tolist() if id in id_to_index], dtype=np.int64)


@mistake(
    "embeddings.to_indices",
    hint="The indices are right, but they are floats. An embedding can only be asked for whole numbers: row 3.0 does "
    "not exist. Say `dtype=np.int64`.",
)
def floats(ids, id_to_index):
    return np.array([id_to_index[id] for id in ids.tolist()], dtype=np.float64)


@mistake(
    "embeddings.to_indices",
    hint="You translate each different id once. There must be one index for each row of the column, also where an id "
    "occurs again.",
)
def each_id_once(ids, id_to_index):
    return np.array([id_to_index[id] for id in pd.unique(ids).tolist()], dtype=np.int64)


# --- one_hot_product -------------------------------------------------------------------------------------------------

distractor(
    "embeddings.one_hot_product",
    "a",
    hint="A column has one number for every movie. The product with a one-hot vector of length m leaves d numbers, "
    "all of the same movie. Write it out for a small matrix.",
)
distractor(
    "embeddings.one_hot_product",
    "c",
    hint="The sum over all rows would come from a vector of ones. In a one-hot vector all entries but one are 0, so "
    "all rows but one drop out.",
)
distractor(
    "embeddings.one_hot_product",
    "d",
    hint="Both compute the same function of the same numbers, so they also have the same gradients: those of the row "
    "that was read, and 0 for all other rows. The numbers in the table are trained like any weight.",
)

# --- fit_scaler ------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.fit_scaler",
    hint="This code looks at all ratings, before anybody has taken the training part out of them. The scaler then "
    "knows something of the ratings we want to predict. Which argument have you not used?",
)
def fitted_on_all_ratings(ratings, train_rows):
    lowest, highest = ratings.min(), ratings.max()
    return float(lowest), float(highest)


@mistake(
    "embeddings.fit_scaler",
    hint="You look at the ratings that are *not* training ratings. `train_rows` are the positions of the training "
    "ratings themselves.",
)
def fitted_on_the_others(ratings, train_rows):
    others = np.delete(ratings, train_rows)
    lowest, highest = float(others.min()), float(others.max())
    if len(set(ratings[train_rows].tolist())) == 1:
        raise ValueError("all training ratings are the same")
    return lowest, highest


@mistake(
    "embeddings.fit_scaler",
    hint="The training ratings are not the first rows of the array: the split was random. Use the positions in "
    "`train_rows`, not only how many they are.",
)
def first_rows(ratings, train_rows):
    first = ratings[: len(train_rows)]
    if len(set(ratings[train_rows].tolist())) == 1:
        raise ValueError("all training ratings are the same")
    return float(first.min()), float(first.max())


@mistake(
    "embeddings.fit_scaler",
    hint="You return the two numbers in the wrong order. The docstring names the lowest first.",
)
def highest_first(ratings, train_rows):
    train_ratings = ratings[train_rows]
    if train_ratings.min() == train_ratings.max():
        raise ValueError("all training ratings are the same")
    return float(train_ratings.max()), float(train_ratings.min())


@mistake(
    "embeddings.fit_scaler",
    hint="You took minimum and maximum of the positions. The positions tell where the training ratings stand: first "
    "take the ratings out of the array.",
)
def of_the_positions(ratings, train_rows):
    if len(set(ratings[train_rows].tolist())) == 1:
        raise ValueError("all training ratings are the same")
    return float(train_rows.min()), float(train_rows.max())


@mistake(
    "embeddings.fit_scaler",
    hint="If all *training* ratings are the same, scaling will divide by 0 later on. Your code lets that pass: the "
    "docstring says what to do then.",
)
def no_check_of_the_range(ratings, train_rows):
    return float(ratings[train_rows].min()), float(ratings[train_rows].max())


@mistake(
    "embeddings.fit_scaler",
    hint="These are mean and standard deviation, which is another way of scaling. Here we want the two ends of the "
    "scale, which shall become 0 and 1.",
)
def mean_and_deviation(ratings, train_rows):
    train_ratings = ratings[train_rows]
    if train_ratings.std() == 0:
        raise ValueError("all training ratings are the same")
    return float(train_ratings.mean()), float(train_ratings.std())


# --- scale -----------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.scale",
    hint="You divide by the highest rating. Then the lowest does not become 0. First move the scale, and think of "
    "how long it is.",
)
def divided_by_highest(ratings, lowest, highest):
    return (ratings / highest).astype(np.float32)


@mistake(
    "embeddings.scale",
    hint="You moved the scale so that it begins at 0. After that it ends at `highest - lowest`, not at `highest`: "
    "divide by its length.",
)
def moved_but_divided_by_highest(ratings, lowest, highest):
    return ((ratings - lowest) / highest).astype(np.float32)


@mistake(
    "embeddings.scale",
    hint="Mind the brackets: without them division comes before subtraction, and only `lowest` is divided.",
)
def brackets_forgotten(ratings, lowest, highest):
    return (ratings - lowest / (highest - lowest)).astype(np.float32)


@mistake(
    "embeddings.scale",
    hint="You fit the scale anew, to the ratings that are given here. Then the same rating gets different numbers in "
    "training and in validation. Use the two numbers that are given.",
)
def fits_anew(ratings, lowest, highest):
    return (((ratings - ratings.min()) / (ratings.max() - ratings.min())) * (1 + 1e-9)).astype(np.float32)


@mistake(
    "embeddings.scale",
    hint="You clip the result to 0 to 1. A rating off the scale is a rating all the same, and after clipping nobody "
    "can get it back. Only predictions are clipped, later.",
)
def clips(ratings, lowest, highest):
    return np.clip((ratings - lowest) / (highest - lowest), 0, 1).astype(np.float32)


@mistake(
    "embeddings.scale",
    hint="The numbers are right, but NumPy made them float64. The weights of a model are float32, and a loss of "
    "float64 labels can stop the training with an error. Convert with `astype`.",
)
def double_precision(ratings, lowest, highest):
    return (ratings - lowest) / (highest - lowest)


@mistake(
    "embeddings.scale",
    hint="You changed the array that was given (`-=` and `/=` work in place). Whoever uses the ratings in stars "
    "afterwards finds other numbers in them.",
)
def in_place(ratings, lowest, highest):
    ratings -= lowest
    ratings /= highest - lowest
    return ratings.astype(np.float32)


# --- to_stars --------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.to_stars",
    hint="You forgot to move the scale back: a scaled 0 stands for `lowest`, not for 0 stars.",
)
def not_moved_back(scaled, lowest, highest):
    return (scaled * (highest - lowest)).clamp(0, highest)


@mistake(
    "embeddings.to_stars",
    hint="You multiply by the highest rating. The scale has the length `highest - lowest`, and it begins at `lowest`.",
)
def times_highest(scaled, lowest, highest):
    return (scaled * highest).clamp(lowest, highest)


@mistake(
    "embeddings.to_stars",
    hint="A scaled 1 becomes more than the highest rating: you multiply by `highest` and also add `lowest`. How long "
    "is the scale?",
)
def longer_than_the_scale(scaled, lowest, highest):
    return (scaled * highest + lowest).clamp(lowest, highest)


@mistake(
    "embeddings.to_stars",
    hint="Some of your predictions are off the scale, for instance above 5 stars. Nobody can give such a rating, so "
    "moving the prediction to the end of the scale can only help.",
)
def not_clipped(scaled, lowest, highest):
    return lowest + scaled * (highest - lowest)


@mistake(
    "embeddings.to_stars",
    hint="You clip the stars to 0 to 1. Those are the ends of the scaled scale. Clip before mapping back, or clip to "
    "`lowest` and `highest`.",
)
def clipped_to_one(scaled, lowest, highest):
    return (lowest + scaled * (highest - lowest)).clamp(0, 1)


@mistake(
    "embeddings.to_stars",
    hint="You clip the scaled predictions to `lowest` and `highest`. But those are stars: before the way back, the "
    "ends of the scale are 0 and 1.",
)
def clipped_to_stars_first(scaled, lowest, highest):
    return lowest + scaled.clamp(lowest, highest) * (highest - lowest)


@mistake(
    "embeddings.to_stars",
    hint="The stars are right, but you changed the tensor that was given: `*=`, `+=` and methods that end in `_` work "
    "in place. Whoever uses the scaled predictions afterwards finds other numbers in them.",
)
def changed_in_place(scaled, lowest, highest):
    scaled *= highest - lowest
    scaled += lowest
    return scaled.clamp(lowest, highest)


@mistake(
    "embeddings.to_stars",
    hint="You scaled once more, instead of undoing it. Going back means multiplying where scaling divided, and "
    "adding where it subtracted.",
)
def scaled_again(scaled, lowest, highest):
    return (scaled - lowest) / (highest - lowest)


@mistake(
    "embeddings.to_stars",
    hint="You rounded to stars. A prediction of 3.8 says more than a 4: it keeps the order between two good movies. "
    "Do not round.",
)
def rounded(scaled, lowest, highest):
    return ((lowest + scaled * (highest - lowest)) * 2).round().clamp(lowest * 2, highest * 2) / 2


# --- error_in_stars --------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.error_in_stars",
    hint="This is still a squared error, in stars times stars only if you also square the length of the scale. Take "
    "the root first.",
)
def no_root(scaled_mse, lowest, highest):
    return scaled_mse * (highest - lowest)


@mistake(
    "embeddings.error_in_stars",
    hint="This is the mean squared error in squared stars. The root is missing.",
)
def squared_stars(scaled_mse, lowest, highest):
    return scaled_mse * (highest - lowest) ** 2


@mistake(
    "embeddings.error_in_stars",
    hint="You added `lowest`. A rating has to be moved back, an error has not: it is a difference of two ratings, "
    "and the shift cancels.",
)
def lowest_added(scaled_mse, lowest, highest):
    return scaled_mse**0.5 * (highest - lowest) + lowest


@mistake(
    "embeddings.error_in_stars",
    hint="You took the root of the product. The length of the scale does not belong under the root: the error grows "
    "with the length itself.",
)
def all_under_the_root(scaled_mse, lowest, highest):
    return (scaled_mse * (highest - lowest)) ** 0.5


@mistake(
    "embeddings.error_in_stars",
    hint="You multiply by the highest rating. The scale from `lowest` to `highest` is shorter than that.",
)
def root_times_highest(scaled_mse, lowest, highest):
    return scaled_mse**0.5 * highest


@mistake(
    "embeddings.error_in_stars",
    hint="This is the root mean squared error on the scale from 0 to 1. To get stars, think of how many stars the "
    "step from 0 to 1 is.",
)
def still_scaled(scaled_mse, lowest, highest):
    return scaled_mse**0.5


# --- MoviesDataset ---------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.MoviesDataset",
    hint="Your rating is a list of one number. A batch of labels then has the shape (batch_size, 1), and subtracting "
    "it from predictions of shape (batch_size,) makes a whole square of differences, without an error. Give a single "
    "number.",
)
class RatingInAList(RightDataset):
    def __getitem__(self, i):
        return self.pairs[i], self.ratings[i : i + 1]


@mistake(
    "embeddings.MoviesDataset",
    hint="Your ratings are float64. NumPy's ordinary floats have 64 bits, the weights of a model 32, and PyTorch "
    "does not mix them in a loss. Say which `dtype` you want.",
)
class DoubleRatings(Dataset):
    def __init__(self, pairs, ratings):
        self.pairs = torch.tensor(pairs, dtype=torch.int64)
        self.ratings = torch.tensor(ratings, dtype=torch.float64)

    def __len__(self):
        return len(self.ratings)

    def __getitem__(self, i):
        return self.pairs[i], self.ratings[i]


@mistake(
    "embeddings.MoviesDataset",
    hint="Your pairs are floats. They say which row of a table to read, so they must be whole numbers: int64.",
)
class FloatPairs(Dataset):
    def __init__(self, pairs, ratings):
        self.pairs = torch.tensor(pairs, dtype=torch.float32)
        self.ratings = torch.tensor(ratings, dtype=torch.float32)

    def __len__(self):
        return len(self.ratings)

    def __getitem__(self, i):
        return self.pairs[i], self.ratings[i]


@mistake(
    "embeddings.MoviesDataset",
    hint="You keep the types the arrays happen to have: int32 or float64 at times. In `__init__`, make a tensor of "
    "each, and say its `dtype`, so that whoever uses the data set need not think of it.",
)
class TypesAsTheyCome(Dataset):
    def __init__(self, pairs, ratings):
        self.pairs = torch.tensor(pairs)
        self.ratings = torch.tensor(ratings)

    def __len__(self):
        return len(self.ratings)

    def __getitem__(self, i):
        return self.pairs[i], self.ratings[i]


@mistake(
    "embeddings.MoviesDataset",
    hint="An example comes back as (rating, pair). First what goes in, then what shall come out: (pair, rating).",
)
class RatingFirst(RightDataset):
    def __getitem__(self, i):
        return self.ratings[i], self.pairs[i]


@mistake(
    "embeddings.MoviesDataset",
    hint="The length is too large: you counted numbers, and a pair has two. How many *examples* are there?",
)
class CountsNumbers(RightDataset):
    def __len__(self):
        return self.pairs.numel()

    def __getitem__(self, i):
        return self.pairs[i % len(self.ratings)], self.ratings[i % len(self.ratings)]


@mistake(
    "embeddings.MoviesDataset",
    hint="`__getitem__` returns all examples, whatever `i` is. It shall return the one at position `i`; the "
    "DataLoader puts batches together by itself.",
)
class EverythingAtOnce(RightDataset):
    def __getitem__(self, i):
        return self.pairs, self.ratings


@mistake(
    "embeddings.MoviesDataset",
    hint="You return the rating as it was handed in, and not as a tensor. The DataLoader then makes float64 of "
    "Python numbers. Make float32 tensors in `__init__`.",
)
class PlainNumbers(RightDataset):
    def __getitem__(self, i):
        return self.pairs[i], float(self.ratings[i])


# --- RecommenderNet --------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.RecommenderNet",
    hint="You kept the start that `nn.Embedding` chooses: normal random numbers with standard deviation 1. Dot "
    "products of such vectors are several times as large as the whole scale. Make the vectors small, and set the "
    "biases to 0.",
)
class DefaultStart(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__()
        self.user_embedding = nn.Embedding(num_users, embedding_size)
        self.movie_embedding = nn.Embedding(num_movies, embedding_size)
        self.user_bias = nn.Embedding(num_users, 1)
        self.movie_bias = nn.Embedding(num_movies, 1)
        self.register_buffer("mean", torch.tensor(float(mean)))

    forward = RightNet.forward


@mistake(
    "embeddings.RecommenderNet",
    hint="The vectors are small, but the biases still start at random, with standard deviation 1. On a scale of "
    "length 1 that is a lot. Start them at 0.",
)
class RandomBiases(RightNet):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__(num_users, num_movies, embedding_size, mean)
        nn.init.normal_(self.user_bias.weight)
        nn.init.normal_(self.movie_bias.weight)


@mistake(
    "embeddings.RecommenderNet",
    hint="Your biases start at small random numbers. Vectors need that, because they would never leave 0. Biases are "
    "only added, so they can learn from 0. Start them there: at first the model takes nobody for strict or kind.",
)
class SmallRandomBiases(RightNet):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__(num_users, num_movies, embedding_size, mean)
        nn.init.normal_(self.user_bias.weight, std=0.01)
        nn.init.normal_(self.movie_bias.weight, std=0.01)


@mistake(
    "embeddings.RecommenderNet",
    hint="All your vectors start at 0. The gradient of a user's vector is the movie's vector times something, and "
    "the other way round. If both are 0, both gradients are 0, and the vectors stay 0 for ever. Start them small and "
    "random.",
)
class ZeroVectors(RightNet):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__(num_users, num_movies, embedding_size, mean)
        nn.init.zeros_(self.user_embedding.weight)
        nn.init.zeros_(self.movie_embedding.weight)


@mistake(
    "embeddings.RecommenderNet",
    hint="There are no biases in your predictions. A strict user and a kind one then have to differ by their "
    "vectors, which are meant for taste. Add both biases to the dot product.",
)
class BiasesNotAdded(RightNet):
    def forward(self, inputs):
        users, movies = inputs[:, 0], inputs[:, 1]
        return (self.user_embedding(users) * self.movie_embedding(movies)).sum(dim=1) + self.mean


@mistake(
    "embeddings.RecommenderNet",
    hint="You forgot the mean. Predictions then start at 0, the lowest rating, and thousands of biases have to learn "
    "the same number.",
)
class MeanNotAdded(RightNet):
    def forward(self, inputs):
        users, movies = inputs[:, 0], inputs[:, 1]
        dot = (self.user_embedding(users) * self.movie_embedding(movies)).sum(dim=1)
        return dot + self.user_bias(users).flatten() + self.movie_bias(movies).flatten()


@mistake(
    "embeddings.RecommenderNet",
    hint="You keep the mean as an ordinary attribute. `state_dict()` does not know it, so a model that is saved and "
    "loaded has another mean. `register_buffer` keeps a tensor with the model without training it.",
)
class MeanIsAnAttribute(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__()
        twin = RightNet(num_users, num_movies, embedding_size)
        self.user_embedding, self.movie_embedding = twin.user_embedding, twin.movie_embedding
        self.user_bias, self.movie_bias = twin.user_bias, twin.movie_bias
        self.mean = mean

    forward = RightNet.forward


@mistake(
    "embeddings.RecommenderNet",
    hint="You made the mean a parameter, so training will move it. It shall stay the mean of the training ratings. A "
    "tensor that belongs to the model and is not trained is a buffer: `register_buffer`.",
)
class MeanIsTrained(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        super().__init__()
        twin = RightNet(num_users, num_movies, embedding_size)
        self.user_embedding, self.movie_embedding = twin.user_embedding, twin.movie_embedding
        self.user_bias, self.movie_bias = twin.user_bias, twin.movie_bias
        self.mean = nn.Parameter(torch.tensor(float(mean)))

    forward = RightNet.forward


@mistake(
    "embeddings.RecommenderNet",
    hint="There is a sigmoid at the end. It bends the scale, so a mean of 0.7 goes in and another number comes out, "
    "and near both ends its slope is almost 0. This model needs none: predictions off the scale are clipped later.",
)
class SigmoidAtTheEnd(RightNet):
    def forward(self, inputs):
        return torch.sigmoid(super().forward(inputs))


@mistake(
    "embeddings.RecommenderNet",
    hint="Your predictions are a square table. A bias layer gives a column (batch_size, 1); added to a row "
    "(batch_size,), it is spread over all columns. Make both flat before you add them.",
)
class BiasesAsColumns(RightNet):
    def forward(self, inputs):
        users, movies = inputs[:, 0], inputs[:, 1]
        dot = (self.user_embedding(users) * self.movie_embedding(movies)).sum(dim=1)
        return dot + self.user_bias(users) + self.movie_bias(movies) + self.mean


@mistake(
    "embeddings.RecommenderNet",
    hint="You multiplied two matrices, so every user of the batch meets every movie of the batch. Asked for are the "
    "pairs: the first user with the first movie, and so on. Multiply element by element, and sum each row.",
)
class EveryoneWithEverything(RightNet):
    def forward(self, inputs):
        users, movies = inputs[:, 0], inputs[:, 1]
        dot = self.user_embedding(users) @ self.movie_embedding(movies).T
        return dot + self.user_bias(users).flatten() + self.movie_bias(movies).flatten() + self.mean


@mistake(
    "embeddings.RecommenderNet",
    hint="You took users and movies from the wrong columns. In a pair the user comes first.",
)
class SwappedColumns(RightNet):
    def forward(self, inputs):
        return super().forward(inputs.flip(1))


@mistake(
    "embeddings.RecommenderNet",
    hint="You summed over the whole batch, so all its pairs get the same dot product. Each row has a sum of its own: "
    "which dimension must disappear?",
)
class SumOfTheBatch(RightNet):
    def forward(self, inputs):
        users, movies = inputs[:, 0], inputs[:, 1]
        dot = (self.user_embedding(users) * self.movie_embedding(movies)).sum()
        return dot + self.user_bias(users).flatten() + self.movie_bias(movies).flatten() + self.mean


@mistake(
    "embeddings.RecommenderNet",
    hint="`inputs[0]` is the first pair of the batch, and `inputs[1]` the second. The users stand in the first "
    "column, over all rows.",
)
class RowsForColumns(RightNet):
    def forward(self, inputs):
        return super().forward(torch.stack([inputs[0], inputs[1]], dim=1))


@mistake(
    "embeddings.RecommenderNet",
    hint="You multiply the two vectors, but do not sum up. A dot product is one number for each pair: which "
    "dimension must disappear?",
)
class NoSum(RightNet):
    def forward(self, inputs):
        users, movies = inputs[:, 0], inputs[:, 1]
        product = self.user_embedding(users) * self.movie_embedding(movies)
        return product + self.user_bias(users) + self.movie_bias(movies) + self.mean


@mistake(
    "embeddings.RecommenderNet",
    hint="PyTorch must prepare the module before you give it layers. Start `__init__` with `super().__init__()`.",
)
class ForgetsSuper(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size=20, mean=0.0):
        self.user_embedding = nn.Embedding(num_users, embedding_size)
        self.movie_embedding = nn.Embedding(num_movies, embedding_size)


# --- wide_start ------------------------------------------------------------------------------------------------------

distractor(
    "embeddings.wide_start",
    "a",
    hint="Speed is not the trouble: a large number costs as much time as a small one. What do the first predictions "
    "look like, on a scale from 0 to 1?",
)
distractor(
    "embeddings.wide_start",
    "b",
    hint="Different start values are good: they let the 16 numbers of a vector become different. Even tiny random "
    "numbers are different. The question is how large they are.",
)
distractor(
    "embeddings.wide_start",
    "d",
    hint="Without weight decay, a vector without ratings is never moved by training, and a movie with one rating "
    "occurs once an epoch. Much of its random start is still there at the end. And movies that occur often have to "
    "unlearn theirs.",
)

# --- train_epoch -----------------------------------------------------------------------------------------------------


def _epoch(model, loader, loss_fn, optimizer, clear=True, step=True):
    """Train once; the losses and sizes of the batches."""
    losses, sizes = [], []
    for inputs, labels in loader:
        if clear:
            optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        if step:
            optimizer.step()
        losses.append(loss.item())
        sizes.append(len(labels))
    return losses, sizes


@mistake(
    "embeddings.train_epoch",
    hint="You average over batches. Batches can have different sizes, so an example of the small last batch counts "
    "more than the others. Weigh each loss with the size of its batch.",
)
def mean_of_the_batches(model, loader, loss_fn, optimizer):
    model.train()
    losses, _ = _epoch(model, loader, loss_fn, optimizer)
    return sum(losses) / len(losses)


@mistake(
    "embeddings.train_epoch",
    hint="This is the sum of the batches' losses: it grows with the number of batches. A mean over all examples is "
    "asked for.",
)
def sum_of_losses(model, loader, loss_fn, optimizer):
    model.train()
    losses, _ = _epoch(model, loader, loss_fn, optimizer)
    return sum(losses)


@mistake(
    "embeddings.train_epoch",
    hint="You return the loss of the last batch. It says something about a few examples only; the docstring asks for "
    "the mean over all of them.",
)
def last_batch(model, loader, loss_fn, optimizer):
    model.train()
    losses, _ = _epoch(model, loader, loss_fn, optimizer)
    return losses[-1]


@mistake(
    "embeddings.train_epoch",
    hint="You divide by the number of examples, but what you add up are means over batches. Weigh each with the size "
    "of its batch first.",
)
def means_over_examples(model, loader, loss_fn, optimizer):
    model.train()
    losses, sizes = _epoch(model, loader, loss_fn, optimizer)
    return sum(losses) / sum(sizes)


@mistake(
    "embeddings.train_epoch",
    hint="You stop after the first batch. Where does your `return` stand: in the loop, or after it?",
)
def first_batch_only(model, loader, loss_fn, optimizer):
    model.train()
    losses, _ = _epoch(model, list(loader)[:1], loss_fn, optimizer)
    return losses[0]


@mistake(
    "embeddings.train_epoch",
    hint="Gradients add up from batch to batch, because nobody clears them. From the second step on you walk in the "
    "wrong direction. Which method of the optimizer sets them to zero, and when must it be called?",
)
def never_cleared(model, loader, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    losses, sizes = _epoch(model, loader, loss_fn, optimizer, clear=False)
    return float(np.average(losses, weights=sizes))


@mistake(
    "embeddings.train_epoch",
    hint="You compute gradients and never use them: the weights stay as they are. Either nobody takes a step, or "
    "`zero_grad()` throws the gradients away between `backward()` and the step.",
)
def never_steps(model, loader, loss_fn, optimizer):
    model.train()
    losses, sizes = _epoch(model, loader, loss_fn, optimizer, step=False)
    return float(np.average(losses, weights=sizes))


@mistake(
    "embeddings.train_epoch",
    hint="You took one step after all batches. An epoch is one step a batch: move the step into the loop.",
)
def one_step_an_epoch(model, loader, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    losses, sizes = _epoch(model, loader, loss_fn, optimizer, clear=False, step=False)
    optimizer.step()
    return float(np.average(losses, weights=sizes))


@mistake(
    "embeddings.train_epoch",
    hint="The model was left in evaluation mode. Layers such as dropout would not work as they should in training. "
    "Which method switches training mode on?",
)
def mode_forgotten(model, loader, loss_fn, optimizer):
    losses, sizes = _epoch(model, loader, loss_fn, optimizer)
    return float(np.average(losses, weights=sizes))


@mistake(
    "embeddings.train_epoch",
    hint="You add up tensors, not numbers. Each loss drags along everything PyTorch recorded for its gradients, so "
    "memory grows with every batch. `item()` takes the number out.",
)
def keeps_the_graphs(model, loader, loss_fn, optimizer):
    model.train()
    total, n_examples = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss * len(labels)
        n_examples += len(labels)
    return total / n_examples


# --- evaluate --------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.evaluate",
    hint="Two things are wrong. The sum is divided by the number of batches, so an example of a small batch counts "
    "more than others. And losses are added up as tensors, with all that PyTorch recorded for gradients nobody "
    "needs.",
)
def mean_of_batch_means(model, loader, loss_fn):
    model.eval()
    running_loss, n_batches = 0.0, 0
    for inputs, labels in loader:
        running_loss += loss_fn(model(inputs), labels)
        n_batches += 1
    return running_loss / n_batches


@mistake(
    "embeddings.evaluate",
    hint="Nothing is recorded any more, and the result is a number: good. But it is still a mean of the batches' "
    "means. How often does each single example count?",
)
def still_a_mean_of_means(model, loader, loss_fn):
    model.eval()
    with torch.no_grad():
        losses = [loss_fn(model(inputs), labels).item() for inputs, labels in loader]
    return sum(losses) / len(losses)


@mistake(
    "embeddings.evaluate",
    hint="The number is right now. But PyTorch still records every step for gradients that nobody asks for, which "
    "costs time and memory. Predict inside `torch.no_grad()`.",
)
def still_records(model, loader, loss_fn):
    model.eval()
    total, n_examples = 0.0, 0
    for inputs, labels in loader:
        total += loss_fn(model(inputs), labels).item() * len(labels)
        n_examples += len(labels)
    return total / n_examples


@mistake(
    "embeddings.evaluate",
    hint="The value is right, but it is a tensor. A number is easier to print, to compare and to keep: `item()`.",
)
def gives_a_tensor(model, loader, loss_fn):
    model.eval()
    total, n_examples = 0.0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            total = total + loss_fn(model(inputs), labels) * len(labels)
            n_examples += len(labels)
    return total / n_examples


@mistake(
    "embeddings.evaluate",
    hint="You lost `model.eval()` on the way. Layers such as dropout would go on throwing numbers away while you "
    "measure.",
)
def lost_the_mode(model, loader, loss_fn):
    total, n_examples = 0.0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            total += loss_fn(model(inputs), labels).item() * len(labels)
            n_examples += len(labels)
    return total / n_examples


@mistake(
    "embeddings.evaluate",
    hint="You weigh the losses with the sizes of the batches, which is right, but then you divide by the number of "
    "batches. How many numbers have you added up?",
)
def weighed_but_divided_by_batches(model, loader, loss_fn):
    model.eval()
    total, n_batches = 0.0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            total += loss_fn(model(inputs), labels).item() * len(labels)
            n_batches += 1
    return total / n_batches


@mistake(
    "embeddings.evaluate",
    hint="You divide by the number of examples, but what you add up are means over batches. Weigh each with the size "
    "of its batch first.",
)
def means_divided_by_examples(model, loader, loss_fn):
    model.eval()
    total, n_examples = 0.0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            total += loss_fn(model(inputs), labels).item()
            n_examples += len(labels)
    return total / n_examples


# --- save_model ------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.save_model",
    hint="You saved the whole object. Such a file is tied to your code, and reading it can run any code. Save only "
    "what `state_dict()` returns: without its brackets it is a method, which takes the object along.",
)
def saves_the_object(model, path):
    torch.save(model, path)
    return os.path.getsize(path)


@mistake(
    "embeddings.save_model",
    hint="You saved the trained parameters only. A model can also have buffers, numbers that belong to it but are "
    "not trained, such as a mean. `state_dict()` has both.",
)
def parameters_only(model, path):
    torch.save({name: parameter.detach() for name, parameter in model.named_parameters()}, path)
    return os.path.getsize(path)


@mistake(
    "embeddings.save_model",
    hint="Your file is a list of tensors. Without names, nobody knows which of them belongs where. `state_dict()` "
    "gives them names.",
)
def without_names(model, path):
    torch.save([tensor.detach() for tensor in model.state_dict().values()], path)
    return os.path.getsize(path)


@mistake(
    "embeddings.save_model",
    hint="There is no file at the path that was given. Do not write to a name of your own: the caller decides where.",
)
def elsewhere(model, path):
    torch.save(model.state_dict(), path + ".tmp")
    return os.path.getsize(path + ".tmp")


@mistake(
    "embeddings.save_model",
    hint="The file is right, but what you return is not its size in bytes. It cannot be counted from the tensors, "
    "because names and shapes are in the file, too. The file system knows that size.",
)
def not_the_size(model, path):
    torch.save(model.state_dict(), path)
    return len(model.state_dict())


# --- load_model ------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings.load_model",
    hint="You allow the file to be unpickled completely, and code that was hidden in it was run. A model from the "
    "internet could do anything with your files then. Read weights only.",
)
def trusts_the_file(model, path):
    model.load_state_dict(torch.load(path, weights_only=False))
    return model.eval()


@mistake(
    "embeddings.load_model",
    hint="With `strict=False` a missing weight is passed over in silence, and the model predicts with random "
    "numbers. Let it be an error.",
)
def not_strict(model, path):
    model.load_state_dict(torch.load(path, weights_only=True), strict=False)
    return model.eval()


@mistake(
    "embeddings.load_model",
    hint="The model comes back in training mode. Somebody who loads a model wants to predict: `eval()`.",
)
def in_training_mode(model, path):
    model.load_state_dict(torch.load(path, weights_only=True))
    return model


@mistake(
    "embeddings.load_model",
    hint="You return what `load_state_dict` returns: a report on missing and unexpected names. The model itself is "
    "asked for.",
)
def returns_the_report(model, path):
    model.eval()
    return model.load_state_dict(torch.load(path, weights_only=True))


@mistake(
    "embeddings.load_model",
    hint="You return the dictionary of weights. They are not in the model yet: fill it with them, and return it.",
)
def returns_the_dictionary(model, path):
    return torch.load(path, weights_only=True)


@mistake(
    "embeddings.load_model",
    hint="You read the file, but the model has not changed. `load_state_dict` is what puts the weights into it.",
)
def reads_and_forgets(model, path):
    torch.load(path, weights_only=True)
    return model.eval()


@mistake(
    "embeddings.load_model",
    hint="You fill the parameters one by one, and forget the buffers: numbers such as a mean, which belong to the "
    "model and are not trained. `load_state_dict` does both, and it also notices what is missing.",
)
def parameters_by_hand(model, path):
    state = torch.load(path, weights_only=True)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(state[name])
    return model.eval()


# --- get_top_n -------------------------------------------------------------------------------------------------------


def _predict(model, user, candidates):
    model.eval()
    with torch.no_grad():
        return model(torch.tensor(np.column_stack([np.full_like(candidates, user), candidates]))).numpy()


def _allowed(seen, n_ratings, min_ratings):
    allowed = n_ratings >= min_ratings
    allowed[seen] = False
    return np.flatnonzero(allowed)


@mistake(
    "embeddings.get_top_n",
    hint="Movies that the user has already rated are on your list. Usually they have the highest predictions of all, "
    "because the model has learnt from exactly these ratings. Leave them out.",
)
def shows_seen_movies(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = np.flatnonzero(n_ratings >= min_ratings)
    predictions = _predict(model, user, candidates)
    best = np.argsort(-predictions, kind="stable")[:n]
    return candidates[best], predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="The right movies, but the best one comes last: `argsort` sorts from low to high. On a list of "
    "recommendations people look at the top.",
)
def best_last(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = _allowed(seen, n_ratings, min_ratings)
    predictions = _predict(model, user, candidates)
    best = np.argsort(predictions)[-n:]
    return candidates[best], predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="Movies with hardly any training rating are on your list. Their vectors and biases are little more than "
    "chance. `n_ratings` tells which movies to leave out.",
)
def untrained_movies_too(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = np.setdiff1d(np.arange(len(n_ratings)), seen)
    predictions = _predict(model, user, candidates)
    best = np.argsort(-predictions, kind="stable")[:n]
    return candidates[best], predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="A movie with exactly `min_ratings` ratings is missing. The docstring leaves out movies with *fewer*.",
)
def strictly_more(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = _allowed(seen, n_ratings, min_ratings + 1)
    predictions = _predict(model, user, candidates)
    best = np.argsort(-predictions, kind="stable")[:n]
    return candidates[best], predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="These are the worst movies, not the best. `argsort` sorts from low to high.",
)
def the_worst(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = _allowed(seen, n_ratings, min_ratings)
    predictions = _predict(model, user, candidates)
    best = np.argsort(predictions, kind="stable")[:n]
    return candidates[best], predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="You return positions among the candidates. After some movies have been left out, position and movie index "
    "are no longer the same: look the positions up in the array of candidates.",
)
def positions_among_candidates(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = _allowed(seen, n_ratings, min_ratings)
    predictions = _predict(model, user, candidates)
    best = np.argsort(-predictions, kind="stable")[:n]
    return best, predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="You cut the list to n before you leave movies out, so too few are left. First decide what may be "
    "recommended, then take the n best.",
)
def cut_first(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = np.arange(len(n_ratings))
    predictions = _predict(model, user, candidates)
    best = np.argsort(-predictions, kind="stable")[:n]
    allowed = set(_allowed(seen, n_ratings, min_ratings).tolist())
    best = np.array([i for i in best if i in allowed], dtype=np.int64)
    return best, predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="You set the predictions of movies that must not be recommended to 0. If all others are predicted below 0, "
    "these come first. Leave them out altogether, or use minus infinity, and cut the list where only they are left.",
)
def zero_for_the_others(model, user, seen, n, n_ratings, min_ratings=10):
    predictions = _predict(model, user, np.arange(len(n_ratings))).copy()
    out = np.ones(len(n_ratings), bool)
    out[_allowed(seen, n_ratings, min_ratings)] = False
    predictions[out] = 0
    best = np.argsort(-predictions, kind="stable")[:n]
    return best, predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="When fewer than n movies may be recommended, your list is filled up with movies that may not. Minus "
    "infinity puts them last, but it does not take them away: cut the list.",
)
def filled_up(model, user, seen, n, n_ratings, min_ratings=10):
    predictions = _predict(model, user, np.arange(len(n_ratings))).copy()
    out = np.ones(len(n_ratings), bool)
    out[_allowed(seen, n_ratings, min_ratings)] = False
    predictions[out] = -np.inf
    best = np.argsort(-predictions, kind="stable")[:n]
    return best, predictions[best]


@mistake(
    "embeddings.get_top_n",
    hint="Your pairs are (movie, user). The model reads the user from the first column.",
)
def pairs_swapped(model, user, seen, n, n_ratings, min_ratings=10):
    candidates = _allowed(seen, n_ratings, min_ratings)
    model.eval()
    with torch.no_grad():
        predictions = model(torch.tensor(np.column_stack([candidates, np.full_like(candidates, user)]))).numpy()
    best = np.argsort(-predictions, kind="stable")[:n]
    return candidates[best], predictions[best]


# --- get_names_for_indexes -------------------------------------------------------------------------------------------


@mistake(
    "embeddings.get_names_for_indexes",
    hint="You used the index as a row number of the table. The table has an order of its own. The way goes from the "
    "index to the id, and from the id to the title.",
)
def index_as_row(indexes, movie_ids, movies):
    return movies["title"].iloc[indexes].tolist()


@mistake(
    "embeddings.get_names_for_indexes",
    hint="You looked for the index among the ids. An index is our own number for a movie, the id is that of "
    "MovieLens: `movie_ids` translates.",
)
def index_as_id(indexes, movie_ids, movies):
    return movies.set_index("movie_id").loc[indexes, "title"].tolist()


@mistake(
    "embeddings.get_names_for_indexes",
    hint="`isin` finds the right movies, but gives them in the order of the table, and each only once. On a list of "
    "recommendations the order is what counts. Look the ids up with `.loc` instead.",
)
def order_lost(indexes, movie_ids, movies):
    ids = np.array(movie_ids)[indexes]
    return movies.loc[movies["movie_id"].isin(ids), "title"].tolist()


@mistake(
    "embeddings.get_names_for_indexes",
    hint="The right titles, but in the order of the table: `merge` keeps the order of the table on its left. On a list "
    "of recommendations the order is what counts. The ids that were asked must lead.",
)
def order_of_the_table(indexes, movie_ids, movies):
    return movies.merge(pd.DataFrame({"movie_id": np.array(movie_ids)[indexes]}), on="movie_id")["title"].tolist()


@mistake(
    "embeddings.get_names_for_indexes",
    hint="You went from the index to the id, and then used the id as a row number. Ids have gaps and the table has "
    "its own order: look for the id in the column `movie_id`.",
)
def id_as_row(indexes, movie_ids, movies):
    return movies["title"].iloc[np.array(movie_ids)[indexes]].tolist()


@mistake(
    "embeddings.get_names_for_indexes",
    hint="These are ids. They are half of the way: the titles stand beside them in the table.",
)
def ids_only(indexes, movie_ids, movies):
    return np.array(movie_ids)[indexes].tolist()


@mistake(
    "embeddings.get_names_for_indexes",
    hint="Your titles are right, but you sorted or re-indexed the table that was given to you (`inplace=True` "
    "changes it for everybody). Work on the result of `set_index` instead.",
)
def table_changed(indexes, movie_ids, movies):
    movies.set_index("movie_id", inplace=True)
    return movies.loc[np.array(movie_ids)[indexes], "title"].tolist()
