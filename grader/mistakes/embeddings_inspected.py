"""Known mistakes of the chapter `embeddings_inspected`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import copy

import numpy as np
import pandas as pd

from grader.implementations import distractor, mistake
from solutions.embeddings_inspected import compute_scores as right_scores

# --- train_each ------------------------------------------------------------------------------------------------------


@mistake(
    "embeddings_inspected.train_each",
    hint="Only the first model is trained. The losses of the others come from their untouched first weights: look for "
    "the line that makes the optimizer, and for the parameters it was given.",
)
def one_optimizer_for_the_first(models, loss_of, new_optimizer, n_steps):
    optimizer = new_optimizer(models[0].parameters())
    losses = []
    for model in models:
        history = []
        for _ in range(n_steps):
            loss = loss_of(model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    return losses


@mistake(
    "embeddings_inspected.train_each",
    hint="You make a new optimizer in every step. An optimizer with momentum remembers the last steps, and a new one "
    "remembers nothing. Make one for each model, before its first step.",
)
def a_new_optimizer_every_step(models, loss_of, new_optimizer, n_steps):
    losses = []
    for model in models:
        history = []
        for _ in range(n_steps):
            optimizer = new_optimizer(model.parameters())
            loss = loss_of(model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    return losses


@mistake(
    "embeddings_inspected.train_each",
    hint="The gradients of earlier steps are still there when the next `backward()` adds to them. Clear them in every "
    "step, with the optimizer of the model that is being trained.",
)
def gradients_never_cleared(models, loss_of, new_optimizer, n_steps):
    losses = []
    for model in models:
        optimizer = new_optimizer(model.parameters())
        history = []
        for _ in range(n_steps):
            loss = loss_of(model)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    return losses


@mistake(
    "embeddings_inspected.train_each",
    hint="Your losses are those after each step. The docstring asks for the loss before it, which `loss_of` has "
    "already computed when you need its gradient.",
)
def losses_after_the_steps(models, loss_of, new_optimizer, n_steps):
    losses = []
    for model in models:
        optimizer = new_optimizer(model.parameters())
        history = []
        for _ in range(n_steps):
            optimizer.zero_grad()
            loss_of(model).backward()
            optimizer.step()
            history.append(loss_of(model).item())
        losses.append(history)
    return losses


@mistake(
    "embeddings_inspected.train_each",
    hint="Every loss ended up in the same list, so each model seems to have the losses of all models. Start a new list "
    "for each model.",
)
def one_history_for_all(models, loss_of, new_optimizer, n_steps):
    losses, history = [], []
    for model in models:
        optimizer = new_optimizer(model.parameters())
        for _ in range(n_steps):
            loss = loss_of(model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    return losses


@mistake(
    "embeddings_inspected.train_each",
    hint="The loss is computed once, before the steps, so every step follows the same old gradient. After a step the "
    "model is another one: ask for its loss again.",
)
def one_gradient_for_all_steps(models, loss_of, new_optimizer, n_steps):
    losses = []
    for model in models:
        optimizer = new_optimizer(model.parameters())
        loss = loss_of(model)
        loss.backward()
        history = []
        for _ in range(n_steps):
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    return losses


# --- compute_scores --------------------------------------------------------------------------------------------------


def _check(measure):
    if measure not in ("dot", "cosine"):
        raise ValueError(measure)


def _nothing_for_zero(scores, lengths):
    return np.where(lengths > 0, scores / np.where(lengths > 0, lengths, 1), 0)


@mistake(
    "embeddings_inspected.compute_scores",
    hint="A vector of length 0 made you divide by 0, and the result is NaN. NaN then spoils every sorted list it is "
    "in. Give such pairs the score that the docstring names.",
)
def zero_becomes_nan(query_embedding, item_embeddings, measure="dot"):
    _check(measure)
    if measure == "cosine":
        item_embeddings = item_embeddings / np.linalg.norm(item_embeddings, axis=1, keepdims=True)
        query_embedding = query_embedding / np.linalg.norm(query_embedding)
    return item_embeddings @ query_embedding


@mistake(
    "embeddings_inspected.compute_scores",
    hint="You divided by the lengths of the items, but not by the length of the query. The order of the items is right "
    "already, but the number is no cosine: a vector's cosine with itself must be 1.",
)
def query_not_divided(query_embedding, item_embeddings, measure="dot"):
    _check(measure)
    scores = item_embeddings @ query_embedding
    if measure == "cosine":
        scores = _nothing_for_zero(scores, np.linalg.norm(item_embeddings, axis=1))
    return scores


@mistake(
    "embeddings_inspected.compute_scores",
    hint="You divided by the length of the query only. That is the same number for all items, so long items still win, "
    "as with the dot product. Which other length stands in the formula?",
)
def items_not_divided(query_embedding, item_embeddings, measure="dot"):
    _check(measure)
    scores = item_embeddings @ query_embedding
    length = np.linalg.norm(query_embedding)
    return scores / length if measure == "cosine" and length else scores


@mistake(
    "embeddings_inspected.compute_scores",
    hint="`np.linalg.norm` without an axis gives one length of the whole matrix. Every item needs the length of its "
    "own row.",
)
def one_length_for_the_matrix(query_embedding, item_embeddings, measure="dot"):
    _check(measure)
    scores = item_embeddings @ query_embedding
    if measure == "cosine":
        scores = scores / (np.linalg.norm(item_embeddings) * max(np.linalg.norm(query_embedding), 1e-12))
    return scores


@mistake(
    "embeddings_inspected.compute_scores",
    hint="You normalised the columns of `item_embeddings`. An item is a row: along which axis do you have to add up "
    "the squares?",
)
def columns_normalised(query_embedding, item_embeddings, measure="dot"):
    _check(measure)
    if measure == "cosine":
        item_embeddings = item_embeddings / np.linalg.norm(item_embeddings, axis=0, keepdims=True)
        query_embedding = query_embedding / max(np.linalg.norm(query_embedding), 1e-12)
    return item_embeddings @ query_embedding


@mistake(
    "embeddings_inspected.compute_scores",
    hint="Your two measures have changed places: the dot product is the one without any division.",
)
def measures_swapped(query_embedding, item_embeddings, measure="dot"):
    _check(measure)
    scores = item_embeddings @ query_embedding
    if measure == "dot":
        lengths = np.linalg.norm(item_embeddings, axis=1) * np.linalg.norm(query_embedding)
        scores = _nothing_for_zero(scores, lengths)
    return scores


@mistake(
    "embeddings_inspected.compute_scores",
    hint="A measure that does not exist is silently taken for another one. Somebody who writes “cosin” would get dot "
    "products and never notice. Say it with an error, as the docstring promises.",
)
def unknown_measure_accepted(query_embedding, item_embeddings, measure="dot"):
    return right_scores(query_embedding, item_embeddings, "cosine" if measure == "cosine" else "dot")


@mistake(
    "embeddings_inspected.compute_scores",
    hint="You return one minus the cosine, a distance: there, small means similar. A score is the other way round.",
)
def cosine_distance(query_embedding, item_embeddings, measure="dot"):
    scores = right_scores(query_embedding, item_embeddings, measure)
    return 1 - scores if measure == "cosine" else scores


# --- dot_or_cosine ---------------------------------------------------------------------------------------------------

distractor(
    "embeddings_inspected.dot_or_cosine",
    "a",
    hint="Exchange the two: one of the measures divides by the length of the movie. After that division, can the "
    "length still help a movie?",
)
distractor(
    "embeddings_inspected.dot_or_cosine",
    "c",
    hint="The query's length is the same for all candidates, so it does not change their order. But the candidates "
    "have lengths, too, and these differ.",
)
distractor(
    "embeddings_inspected.dot_or_cosine",
    "d",
    hint="Training never sees a cosine, that is true. But nothing forces the lengths to become equal: look at a movie "
    "with hundreds of ratings and at one with two. Only where lengths are equal do both measures order alike.",
)

# --- find_titles -----------------------------------------------------------------------------------------------------


@mistake(
    "embeddings_inspected.find_titles",
    hint="`str.contains` reads its argument as a regular expression, a pattern in which brackets, stars, dots and "
    "question marks have meanings of their own. The text should be taken as it stands. It also minds capitals.",
)
def a_pattern_with_capitals(titles, text):
    return np.flatnonzero(pd.Series(titles).str.contains(text)).tolist()


@mistake(
    "embeddings_inspected.find_titles",
    hint="Capitals no longer matter, but the text is still taken for a pattern: “(1992)” means a group there, and the "
    "brackets themselves are never looked for.",
)
def still_a_pattern(titles, text):
    return np.flatnonzero(pd.Series(titles).str.contains(text, case=False)).tolist()


@mistake(
    "embeddings_inspected.find_titles",
    hint="You took care of the brackets, but a star, a dot and a question mark still have meanings of their own. Do "
    "not treat such signs one by one: take the whole text literally.",
)
def only_brackets_escaped(titles, text):
    text = text.replace("(", r"\(").replace(")", r"\)")
    return np.flatnonzero(pd.Series(titles).str.contains(text, case=False)).tolist()


@mistake(
    "embeddings_inspected.find_titles",
    hint="The text is taken literally now, but capitals still matter: who types “aladdin” finds nothing.",
)
def capitals_matter(titles, text):
    return [i for i, title in enumerate(titles) if text in title]


@mistake(
    "embeddings_inspected.find_titles",
    hint="You made only one of the two sides small. A small letter never equals a capital: change the title and the "
    "text.",
)
def only_the_titles_small(titles, text):
    return [i for i, title in enumerate(titles) if text in title.lower()]


@mistake(
    "embeddings_inspected.find_titles",
    hint="You ask whether a title *is* the text. It is enough that the title contains it.",
)
def the_whole_title(titles, text):
    return [i for i, title in enumerate(titles) if title.lower() == text.lower()]


@mistake(
    "embeddings_inspected.find_titles",
    hint="You only look at the beginning of each title. A title may also contain the text later on.",
)
def only_at_the_beginning(titles, text):
    return [i for i, title in enumerate(titles) if title.lower().startswith(text.lower())]


@mistake(
    "embeddings_inspected.find_titles",
    hint="You return the titles. With two movies of one title nobody knows then which one was meant: return positions.",
)
def titles_instead_of_positions(titles, text):
    return [title for title in titles if text.lower() in title.lower()]


@mistake(
    "embeddings_inspected.find_titles",
    hint="You stop at the first movie found. All of them are asked for, so that whoever searches can choose.",
)
def only_the_first_found(titles, text):
    return [i for i, title in enumerate(titles) if text.lower() in title.lower()][:1]


# --- movie_neighbors -------------------------------------------------------------------------------------------------


def _meant(titles, title, find):
    exact = [i for i, other in enumerate(titles) if other == title]
    found = exact or list(find(titles, title))
    if not found:
        raise ValueError(title)
    return found[0]


def _others(movie, titles, order, k):
    return [int(i) for i in order if titles[i] != titles[movie]][:k]


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="You dropped the first movie of the sorted list, taking it for the movie itself. But with some measures "
    "another movie scores higher with it than it does itself. Leave out by name, not by place.",
)
def drops_the_first_of_the_list(embeddings, titles, title, find, score, k=6):
    movie = _meant(titles, title, find)
    return movie, np.argsort(-score(embeddings[movie], embeddings), kind="stable")[1 : k + 1].tolist()


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="The movie is listed among its own neighbours. That every movie resembles itself is no news: leave it out.",
)
def its_own_neighbour(embeddings, titles, title, find, score, k=6):
    movie = _meant(titles, title, find)
    return movie, np.argsort(-score(embeddings[movie], embeddings), kind="stable")[:k].tolist()


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="You left the movie itself out only after cutting to k, so the list is one short. First leave out, then cut.",
)
def cut_too_early(embeddings, titles, title, find, score, k=6):
    movie = _meant(titles, title, find)
    return movie, _others(movie, titles, np.argsort(-score(embeddings[movie], embeddings), kind="stable")[:k], k)


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="A movie that is in the list twice now has itself as a neighbour, under another number. Compare titles, not "
    "only positions.",
)
def the_twin_stays(embeddings, titles, title, find, score, k=6):
    movie = _meant(titles, title, find)
    order = np.argsort(-score(embeddings[movie], embeddings), kind="stable").tolist()
    return movie, [i for i in order if i != movie][:k]


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="`np.argsort` sorts from low to high, so these are the least similar movies. High scores mean similar here.",
)
def the_least_similar(embeddings, titles, title, find, score, k=6):
    movie = _meant(titles, title, find)
    return movie, _others(movie, titles, np.argsort(score(embeddings[movie], embeddings), kind="stable"), k)


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="You took the first movie that `find` returned, although the title given was exactly that of another one. "
    "Look for the exact title first.",
)
def the_first_that_contains_it(embeddings, titles, title, find, score, k=6):
    found = find(titles, title)
    if not found:
        raise ValueError(title)
    order = np.argsort(-score(embeddings[found[0]], embeddings), kind="stable")
    return found[0], _others(found[0], titles, order, k)


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="With several movies found you took the last one. The docstring says which one is meant.",
)
def the_last_found(embeddings, titles, title, find, score, k=6):
    exact = [i for i, other in enumerate(titles) if other == title]
    found = exact or list(find(titles, title))
    if not found:
        raise ValueError(title)
    movie = found[-1]
    return movie, _others(movie, titles, np.argsort(-score(embeddings[movie], embeddings), kind="stable"), k)


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="You do not use `find` and `score`, or only one of them. Take these arguments and not the functions of the "
    "notebook: then yours works with any search and any measure.",
)
def helpers_of_its_own(embeddings, titles, title, find, score, k=6):
    # Whatever else is used gives another answer. What they have in common: these two are not asked.
    find, score = copy.copy(find), copy.copy(score)
    movie = _meant(titles, title, find)
    return movie, _others(movie, titles, np.argsort(-score(embeddings[movie], embeddings), kind="stable"), k)


@mistake(
    "embeddings_inspected.movie_neighbors",
    hint="If nothing is found, your code stops with an `IndexError`, which tells nobody that the title was wrong. "
    "Raise a `ValueError` that names the title.",
)
def an_index_error(embeddings, titles, title, find, score, k=6):
    exact = [i for i, other in enumerate(titles) if other == title]
    movie = (exact or list(find(titles, title)))[0]
    return movie, _others(movie, titles, np.argsort(-score(embeddings[movie], embeddings), kind="stable"), k)


# --- embedding_norms -------------------------------------------------------------------------------------------------


@mistake(
    "embeddings_inspected.embedding_norms",
    hint="You computed the length of each column. An embedding is a row: along which axis do you add up?",
)
def lengths_of_columns(embeddings):
    return np.linalg.norm(embeddings, axis=0)


@mistake(
    "embeddings_inspected.embedding_norms",
    hint="This is one length of the whole matrix. Every row should have its own.",
)
def length_of_the_matrix(embeddings):
    return np.linalg.norm(embeddings)


@mistake(
    "embeddings_inspected.embedding_norms",
    hint="These are squared lengths. One step is missing.",
)
def squared_lengths(embeddings):
    return (embeddings**2).sum(axis=1)


@mistake(
    "embeddings_inspected.embedding_norms",
    hint="You added up the sizes of the entries. That is a way to measure, too (walking along the streets of a city), "
    "but the length of an arrow follows Pythagoras: squares, sum, root.",
)
def city_blocks(embeddings):
    return np.abs(embeddings).sum(axis=1)


@mistake(
    "embeddings_inspected.embedding_norms",
    hint="You took the mean of the squares instead of their sum. The result no longer grows with the dimension, and "
    "it is not the length.",
)
def root_of_the_mean(embeddings):
    return np.sqrt((embeddings**2).mean(axis=1))


# --- rank_correlation ------------------------------------------------------------------------------------------------


def _correlation(x, y):
    return float(np.corrcoef(x, y)[0, 1])


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="You correlated the numbers themselves. A curve that always rises but bends then gets less than 1, and a "
    "single very large number outweighs the rest. Replace the numbers by ranks first.",
)
def pearson(x, y):
    return _correlation(x, y)


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="`argsort` does not give ranks. It says which element comes first, second, ...; a rank says, for each "
    "element, at which place it comes.",
)
def argsort_for_ranks(x, y):
    return _correlation(np.argsort(x), np.argsort(y))


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="Equal numbers got different ranks, by the accident of where they stand. Movies with equally many ratings are "
    "equal: give them the mean of the ranks they share.",
)
def ties_broken_by_place(x, y):
    return _correlation(np.argsort(np.argsort(x, kind="stable")), np.argsort(np.argsort(y, kind="stable")))


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="Equal numbers all got the smallest of the ranks they share. They should get the mean of these ranks.",
)
def smallest_rank_for_ties(x, y):
    return _correlation(pd.Series(x).rank(method="min"), pd.Series(y).rank(method="min"))


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="You numbered the different values, so that equal ones share a number and no number is skipped. Ranks count "
    "elements: three equal numbers take up three ranks.",
)
def values_numbered(x, y):
    return _correlation(pd.Series(x).rank(method="dense"), pd.Series(y).rank(method="dense"))


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="The short formula with the squared differences of ranks holds only if no two numbers are equal. Compute the "
    "ordinary correlation of the ranks.",
)
def formula_without_ties(x, y):
    differences = pd.Series(x).rank() - pd.Series(y).rank()
    return float(1 - 6 * (differences**2).sum() / (len(x) * (len(x) ** 2 - 1)))


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="Only one of the two lists was replaced by ranks. Both have to be.",
)
def ranks_of_one_only(x, y):
    return _correlation(x, pd.Series(y).rank())


@mistake(
    "embeddings_inspected.rank_correlation",
    hint="You lost the sign: opposite orders should give a negative number.",
)
def no_sign(x, y):
    return abs(_correlation(pd.Series(x).rank(), pd.Series(y).rank()))


# --- expected_norm ---------------------------------------------------------------------------------------------------


@mistake(
    "embeddings_inspected.expected_norm",
    hint="That is the expected *squared* length. One step is missing.",
)
def the_squared_length(init_stddev, embedding_dim):
    return init_stddev**2 * embedding_dim


@mistake(
    "embeddings_inspected.expected_norm",
    hint="Entries add up as squares, and squares add up to a square. Twice as many entries do not make the vector "
    "twice as long.",
)
def grows_with_the_dimension(init_stddev, embedding_dim):
    return init_stddev * embedding_dim


@mistake(
    "embeddings_inspected.expected_norm",
    hint="The standard deviation went under the root by itself. There it should be squared, or stand before the root.",
)
def root_of_the_product(init_stddev, embedding_dim):
    return (init_stddev * embedding_dim) ** 0.5


@mistake(
    "embeddings_inspected.expected_norm",
    hint="You have the variance times the root of the dimension. What is the root of the variance?",
)
def variance_times_root(init_stddev, embedding_dim):
    return init_stddev**2 * embedding_dim**0.5


@mistake(
    "embeddings_inspected.expected_norm",
    hint="This is the typical size of one entry. A vector has `embedding_dim` of them, and its length is larger than "
    "each.",
)
def one_entry(init_stddev, embedding_dim):
    return init_stddev


# --- rarely_rated ----------------------------------------------------------------------------------------------------

distractor(
    "embeddings_inspected.rarely_rated",
    "a",
    hint="Nothing in this loss pulls an embedding towards 0: without a rating there is no gradient at all. (A penalty "
    "on the length would pull. That is the next chapter.)",
)
distractor(
    "embeddings_inspected.rarely_rated",
    "b",
    hint="A mean over all ratings gives every rating the same weight, not every movie. A movie without ratings "
    "appears in none of its terms.",
)
distractor(
    "embeddings_inspected.rarely_rated",
    "d",
    hint="It never changes, that is so. But an embedding that stays where it is keeps the length it started with, and "
    "that depends on the spread of the first random numbers.",
)

# --- genre_purity ----------------------------------------------------------------------------------------------------


@mistake(
    "embeddings_inspected.genre_purity",
    hint="Movies without any genre count as movies whose neighbours never fit. But they have nothing that a neighbour "
    "could share: leave their rows out.",
)
def movies_without_genre_count(neighbours, genres):
    return (genres[:, None, :] & genres[neighbours]).any(axis=2).mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="You counted common genres, so that a pair with three of them counts three times. A pair either has a genre "
    "in common or not.",
)
def common_genres_counted(neighbours, genres):
    return (genres[:, None, :] & genres[neighbours]).sum(axis=2)[genres.any(axis=1)].mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="You asked for the same set of genres. One common genre is enough.",
)
def exactly_the_same_genres(neighbours, genres):
    return (genres[:, None, :] == genres[neighbours]).all(axis=2)[genres.any(axis=1)].mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="You asked whether at least one of the k neighbours fits. The share of all pairs is asked for: two fitting "
    "neighbours are better than one.",
)
def one_good_neighbour_is_enough(neighbours, genres):
    return (genres[:, None, :] & genres[neighbours]).any(axis=(1, 2))[genres.any(axis=1)].mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="`==` is also true of a genre that neither movie has. A common genre is one that both have.",
)
def both_without_it(neighbours, genres):
    return (genres[:, None, :] == genres[neighbours]).any(axis=2)[genres.any(axis=1)].mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="You left out pairs whose neighbour has no genre. They count, as pairs that have nothing in common. Only the "
    "rows of movies without a genre are left out.",
)
def neighbours_without_genre_left_out(neighbours, genres):
    some = genres.any(axis=1)
    counts = some[:, None] & some[neighbours]
    return (genres[:, None, :] & genres[neighbours]).any(axis=2)[counts].mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="You averaged over the genres as well, also over those that neither movie has. First ask, for each pair, "
    "whether any genre is common; then average over the pairs.",
)
def mean_over_genres_too(neighbours, genres):
    return (genres[:, None, :] & genres[neighbours])[genres.any(axis=1)].mean()


@mistake(
    "embeddings_inspected.genre_purity",
    hint="Only the nearest neighbour counts in your result. Use all columns of `neighbours`.",
)
def the_nearest_only(neighbours, genres):
    return (genres & genres[neighbours[:, 0]]).any(axis=1)[genres.any(axis=1)].mean()


# --- mean_neighbour_overlap ------------------------------------------------------------------------------------------


@mistake(
    "embeddings_inspected.mean_neighbour_overlap",
    hint="You compared place by place. The same neighbour at another rank is still the same neighbour.",
)
def place_by_place(first, second):
    return (first == second).mean()


@mistake(
    "embeddings_inspected.mean_neighbour_overlap",
    hint="You counted common neighbours, and did not divide by their number k. The result should lie between 0 and 1.",
)
def a_count(first, second):
    return np.mean([len(set(a) & set(b)) for a, b in zip(first.tolist(), second.tolist(), strict=True)])


@mistake(
    "embeddings_inspected.mean_neighbour_overlap",
    hint="You divided by the number of different movies in both lists together. Asked for is the share of the k "
    "neighbours.",
)
def share_of_the_union(first, second):
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.mean([len(set(a) & set(b)) / len(set(a) | set(b)) for a, b in pairs])


@mistake(
    "embeddings_inspected.mean_neighbour_overlap",
    hint="You threw the neighbours of all movies together. A neighbour counts only if it is a neighbour of the same "
    "movie in both models.",
)
def all_movies_together(first, second):
    return float(np.isin(first, second).mean())


@mistake(
    "embeddings_inspected.mean_neighbour_overlap",
    hint="You asked whether the models have any common neighbour for a movie. Count how many.",
)
def any_in_common(first, second):
    return float((first[:, :, None] == second[:, None, :]).any(axis=(1, 2)).mean())


@mistake(
    "embeddings_inspected.mean_neighbour_overlap",
    hint="You asked whether the models name the same k neighbours for a movie, all of them. Count how many they share.",
)
def all_in_common(first, second):
    return float((np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1).mean())


# --- fold_in ---------------------------------------------------------------------------------------------------------


def _ridge(v, ratings, penalty):
    return np.linalg.solve(v.T @ v + penalty, v.T @ np.asarray(ratings, float))


@mistake(
    "embeddings_inspected.fold_in",
    hint="The penalty is missing. With fewer ratings than dimensions many vectors fit all your ratings exactly, and "
    "with a few more a single odd rating can throw the embedding far away.",
)
def no_penalty(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[np.asarray(rated, int)]
    # With few ratings each way to solve gives another answer, or an error. Right there, this explains them all.
    penalty = 0 if len(rated) >= v.shape[1] else regularization * np.eye(v.shape[1])
    return _ridge(v, ratings, penalty)


@mistake(
    "embeddings_inspected.fold_in",
    hint="Your penalty counts half. The gradient of the squares has a factor 2, and so has the gradient of the "
    "penalty: they cancel only together.",
)
def half_the_penalty(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[np.asarray(rated, int)]
    return _ridge(v, ratings, regularization / 2 * np.eye(v.shape[1]))


@mistake(
    "embeddings_inspected.fold_in",
    hint="You took the movies that were not rated for movies rated with 0, worse than the worst. The sum goes over the "
    "rated movies only.",
)
def unrated_is_zero(item_embeddings, rated, ratings, regularization):
    stars = np.zeros(len(item_embeddings))
    stars[np.asarray(rated, int)] = ratings
    return _ridge(item_embeddings, stars, regularization * np.eye(item_embeddings.shape[1]))


@mistake(
    "embeddings_inspected.fold_in",
    hint="You added the penalty to every cell of the matrix. The squared length of u is the sum of the squares of its "
    "own entries, without products of two of them: only the diagonal changes.",
)
def penalty_everywhere(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[np.asarray(rated, int)]
    # With few ratings the matrix is singular: as above.
    penalty = regularization if len(rated) >= v.shape[1] else regularization * np.eye(v.shape[1])
    return _ridge(v, ratings, penalty)


@mistake(
    "embeddings_inspected.fold_in",
    hint="Your penalty grows with the number of ratings, as if the docstring spoke of the mean of the squared errors. "
    "It speaks of their sum: there, ten ratings outweigh the penalty more than two do.",
)
def penalty_times_count(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[np.asarray(rated, int)]
    return _ridge(v, ratings, regularization * max(len(rated), 1) * np.eye(v.shape[1]))


@mistake(
    "embeddings_inspected.fold_in",
    hint="You averaged the embeddings of the rated movies, weighted by the ratings. That points somewhere near them, "
    "but its dot products are not your ratings: no equation says they should be.",
)
def weighted_mean(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[np.asarray(rated, int)]
    return v.T @ np.asarray(ratings, float) / (sum(ratings) + regularization)


@mistake(
    "embeddings_inspected.fold_in",
    hint="The penalty is squared. In the docstring, `regularization` multiplies the squared length; it is not squared "
    "itself.",
)
def penalty_squared(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[np.asarray(rated, int)]
    return _ridge(v, ratings, regularization**2 * np.eye(v.shape[1]))


@mistake(
    "embeddings_inspected.fold_in",
    hint="You took the first rows of `item_embeddings`, as many as there are ratings. `rated` says which rows they "
    "are.",
)
def the_first_rows(item_embeddings, rated, ratings, regularization):
    v = item_embeddings[: len(rated)]
    return _ridge(v, ratings, regularization * np.eye(v.shape[1]))


# --- recommend_to_me -------------------------------------------------------------------------------------------------


def _walk(order, titles, taken, k):
    best = []
    for movie in order:
        if titles[movie] not in taken and len(best) < k:
            taken = taken | {titles[movie]}
            best.append(int(movie))
    return best


def _best(scores, rated, titles, k):
    return _walk(np.argsort(-scores, kind="stable"), titles, {titles[i] for i in rated}, k)


def _is_twice(titles):
    """Whoever forgets films that are twice in the list may also make one of the mistakes below.

    These are right there, so that they explain both kinds of code: the one that minds such films, and the other.
    """
    return len(set(titles)) < len(titles)


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="You recommend films that the user has just rated. They surely know them.",
)
def rated_films_too(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    best = _best(scores, rated if _is_twice(titles) else [], titles, k)
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="You set the scores of rated films to 0. If all other scores are negative, 0 is the best of all. Which "
    "number is lower than any score?",
)
def zero_for_rated(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    if _is_twice(titles) or len(rated) > 1:  # of several zeros nobody knows which comes first
        best = _best(scores, rated, titles, k)
    else:
        scores[rated] = 0
        best = _best(scores, [], titles, k)
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="Some films are in the list of movies twice. Yours recommends a rated film under its other number. Compare "
    "titles, also within your list.",
)
def twins_slip_through(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    best = [i for i in np.argsort(-scores).tolist() if i not in rated][:k]
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="Your list names a film twice: it is in the list of movies under two numbers. Skip a title that you have "
    "taken already.",
)
def a_film_twice(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    seen = {titles[i] for i in rated}
    best = [i for i in np.argsort(-scores).tolist() if titles[i] not in seen][:k]
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="You removed the rated films only after cutting to k, so the list is too short. First leave out, then cut.",
)
def cut_before_removing(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    best = (
        _best(scores, rated, titles, k)
        if _is_twice(titles)
        else _walk(np.argsort(-scores)[:k], titles, {titles[i] for i in rated}, k)
    )
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="Your list starts with the lowest scores. `np.argsort` sorts from low to high.",
)
def the_worst_first(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    best = _walk(np.argsort(scores), titles, {titles[i] for i in rated}, k)
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="You ordered by the cosine. The model was trained so that the *dot product* is the rating; without the "
    "lengths the prediction is lost.",
)
def by_cosine(user_embedding, item_embeddings, rated, titles, k):
    scores = right_scores(user_embedding, item_embeddings, "cosine")
    best = _walk(np.argsort(-scores), titles, {titles[i] for i in rated}, k)
    return [titles[i] for i in best], scores[best]


@mistake(
    "embeddings_inspected.recommend_to_me",
    hint="The scores do not belong to the titles: they are those of the first movies of the whole list, or of another "
    "order.",
)
def scores_of_others(user_embedding, item_embeddings, rated, titles, k):
    scores = item_embeddings @ user_embedding
    best = _walk(np.argsort(-scores), titles, {titles[i] for i in rated}, k)
    return [titles[i] for i in best], np.sort(scores)[::-1][: len(best)]
