"""Known mistakes of the chapter `assignment_diversity_novelty`, and the hint that cures each.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

import numpy as np

from grader.implementations import distractor, mistake


def _require_unseen(seen, n):
    if (~seen).sum(axis=1).min() < n:
        raise ValueError("too few unseen movies")


def _directions(embeddings):
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings / np.where(lengths == 0, 1, lengths)


def _off_diagonal(n):
    return ~np.eye(n, dtype=bool)


def _within(similarity, top):
    return similarity[top[:, :, None], top[:, None, :]]


# --- top_n_for_all ---------------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="Your lists hold movies that the user has seen already. They often have the highest scores, so they push the "
    "new ones out. Look at `seen` before you sort.",
)
def shows_seen_movies(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(-scores, axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="Your movies are the right ones, but the best stands last: `argsort` sorts from low to high, and the last n "
    "of it are still in that order.",
)
def best_last(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, -n:]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You recommend the movies with the lowest scores. `argsort` sorts from low to high.",
)
def the_worst_ones(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(np.where(seen, np.inf, scores), axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="`argsort` sorts from low to high, so minus infinity comes first: your lists begin with seen movies. The best "
    "unseen ones stand at the other end of each row.",
)
def minus_infinity_first(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="`[::-1]` turns the first axis round, which is that of the users: they got each other's lists. Within a row "
    "the order is still from low to high. Which axis holds the movies?",
)
def users_turned_round(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(np.where(seen, -np.inf, scores), axis=1, kind="stable")[::-1][:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You gave seen movies a low score such as 0 or -1. But scores may be any numbers: where the unseen ones are "
    "lower still, the seen movies win. Which number is lower than every score?",
)
def seen_becomes_zero(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(-np.where(seen, 0.0, scores), axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You sorted along the columns, so each movie looks for its best users. The movies of one user lie in a row.",
)
def best_users_of_each_movie(scores, seen, n):
    _require_unseen(seen, n)
    return np.argsort(-np.where(seen, -np.inf, scores), axis=0, kind="stable")[:n].T


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="Somebody who has seen nearly everything gets seen movies at the end of the list, without a word. The "
    "docstring asks for an error: a list that is wrong in silence is worse than none.",
)
def fills_up_with_seen_movies(scores, seen, n):
    return np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You raise the error although every user has enough. It is the *unseen* movies that count, and exactly n of "
    "them are enough for a list of n.",
)
def raises_too_often(scores, seen, n):
    _require_unseen(seen, n + 1)
    return np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You wrote minus infinity into the scores that were given to you. Whoever uses them afterwards finds other "
    "numbers in them. Make a new array.",
)
def changes_the_scores(scores, seen, n):
    _require_unseen(seen, n)
    scores[seen] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You return scores. What is asked for are the numbers of the movies, so that their titles can be looked up.",
)
def scores_not_numbers(scores, seen, n):
    _require_unseen(seen, n)
    return -np.sort(-np.where(seen, -np.inf, scores), axis=1)[:, :n]


@mistake(
    "assignment_diversity_novelty.top_n_for_all",
    hint="You took the seen movies out of each row first and then numbered what was left. Place 3 of the shorter row "
    "is not movie 3. Keep the row whole.",
)
def places_among_the_unseen(scores, seen, n):
    _require_unseen(seen, n)
    return np.stack([np.argsort(-row[~s], kind="stable")[:n] for row, s in zip(scores, seen, strict=True)])


# --- cosine_similarity_matrix ----------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="These are dot products. They grow with the lengths of the vectors; the cosine depends on directions only.",
)
def dot_products(embeddings):
    return embeddings @ embeddings.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="A vector of zeros has the length 0, and 0 divided by 0 is NaN. It then spreads to every mean it enters. "
    "The docstring says what such a vector gets.",
)
def nan_for_zero_vectors(embeddings):
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return directions @ directions.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You put ones on the whole diagonal. A vector of zeros has no direction, so it is not similar to anything, "
    "not even to itself.",
)
def ones_on_the_whole_diagonal(embeddings):
    directions = _directions(embeddings)
    similarity = directions @ directions.T
    np.fill_diagonal(similarity, 1.0)
    return similarity


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You divided each column by its length. A movie's vector is a row.",
)
def columns_normalised(embeddings):
    lengths = np.linalg.norm(embeddings, axis=0, keepdims=True)
    directions = embeddings / np.where(lengths == 0, 1, lengths)
    return directions @ directions.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You divided all vectors by the same number: `np.linalg.norm` without an axis gives one length for the whole "
    "matrix. Each row has a length of its own.",
)
def one_length_for_all(embeddings):
    directions = embeddings / np.linalg.norm(embeddings)
    return directions @ directions.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You divided by the length of one of the two vectors only. There are two lengths in the formula: a vector "
    "must have similarity 1 with itself.",
)
def one_of_two_lengths(embeddings):
    return _directions(embeddings) @ embeddings.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You divided by the squared lengths. The length is the square root of the sum of squares.",
)
def squared_lengths(embeddings):
    squares = (embeddings**2).sum(axis=1, keepdims=True)
    directions = embeddings / np.where(squares == 0, 1, squares)
    return directions @ directions.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="This is the difference, 1 minus the cosine: 0 on the diagonal. Here the similarity is asked for.",
)
def the_difference(embeddings):
    directions = _directions(embeddings)
    return 1 - directions @ directions.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You subtracted each vector's own mean first. That gives correlations, not cosines: two vectors that point "
    "the same way may then look different.",
)
def correlations(embeddings):
    directions = _directions(embeddings - embeddings.mean(axis=1, keepdims=True))
    return directions @ directions.T


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You lost the sign. Opposite directions have the cosine -1, and that is as unlike as can be.",
)
def without_the_sign(embeddings):
    directions = _directions(embeddings)
    return np.abs(directions @ directions.T)


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="You compared the columns, so the result has a row for each coordinate. It needs a row for each vector: which "
    "of the two factors must be transposed?",
)
def compares_coordinates(embeddings):
    directions = _directions(embeddings)
    return directions.T @ directions


@mistake(
    "assignment_diversity_novelty.cosine_similarity_matrix",
    hint="A number added to the lengths keeps division by zero away, but it also makes short vectors look unlike "
    "everything. Treat only the length 0 differently.",
)
def a_cushion_under_the_lengths(embeddings):
    directions = embeddings / (np.linalg.norm(embeddings, axis=1, keepdims=True) + 1e-5)
    return directions @ directions.T


# --- list_diversity --------------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="Every cell counts here, also those in which a movie meets itself. Their difference is 0, so every list looks "
    "less diverse than it is, and short lists most of all. Which cells are pairs?",
)
def diagonal_included(similarity):
    return float((1 - similarity).mean())


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="This is the mean similarity: it is high when the movies are alike. Diversity must be high when they differ.",
)
def mean_similarity(similarity):
    return float(similarity[_off_diagonal(len(similarity))].mean())


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You read “inverse” as 1 divided by the similarity. That explodes when two movies have nothing in common. "
    "The difference is 1 minus the similarity.",
)
def one_over_similarity(similarity):
    return float((1 / similarity[_off_diagonal(len(similarity))]).mean())


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You left the diagonal out of the sum, but not out of the count: you divide by n², although there are fewer "
    "pairs.",
)
def divides_by_all_cells(similarity):
    pairs = _off_diagonal(len(similarity))
    return float((1 - similarity[pairs]).sum() / similarity.size)


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You took one triangle of the matrix, but its mean still counts all cells, and the others are 0 now. Pick the "
    "cells of the pairs, and take the mean of these alone.",
)
def triangle_over_all_cells(similarity):
    return float(np.triu(1 - similarity, k=1).mean())


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You set the similarity of a movie with itself to 0. Then its difference is 1, and it still counts. A movie "
    "and itself are no pair: leave these cells out of the mean.",
)
def zeros_on_the_diagonal(similarity):
    return float((1 - np.where(_off_diagonal(len(similarity)), similarity, 0)).mean())


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You summed over all cells and trusted that the diagonal adds nothing. For a movie whose vector is zero the "
    "diagonal holds a 0, and 1 - 0 gets into your sum. Choose the pairs instead of correcting for the rest.",
)
def trusts_the_diagonal(similarity):
    n = len(similarity)
    return float((1 - similarity).sum() / (n * (n - 1)))


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You took one triangle of the matrix, but with its diagonal: `np.triu` and `np.triu_indices` include it "
    "unless `k=1`.",
)
def triangle_with_diagonal(similarity):
    return float((1 - similarity[np.triu_indices(len(similarity))]).mean())


@mistake(
    "assignment_diversity_novelty.list_diversity",
    hint="You compared each movie with the next one on the list only. The order of the list should not matter: "
    "compare every movie with every other.",
)
def neighbours_only(similarity):
    return float((1 - np.diagonal(similarity, offset=1)).mean())


# --- diversity -------------------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="The pairs of a movie with itself are in your mean. Their difference is 0, so the number is too low, by the "
    "same factor for every list of this length. Leave the diagonals out.",
)
def diagonals_included(similarity, top):
    return float((1 - _within(similarity, top)).mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="This is the mean similarity within the lists. Turn it round: 1 minus it is the difference.",
)
def similarity_not_difference(similarity, top):
    return float(_within(similarity, top)[:, _off_diagonal(top.shape[1])].mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="You threw all lists together and compared all movies in the heap. Two movies on two different users' lists "
    "never meet on a screen. Stay within each list, then take the mean over users.",
)
def pooled_movies(similarity, top):
    movies = np.unique(top)
    return float((1 - similarity[np.ix_(movies, movies)][_off_diagonal(len(movies))]).mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="“Inverse of the similarity” is meant as 1 minus it, not as 1 divided by it, which explodes when two movies "
    "have nothing in common.",
)
def one_over_the_similarity(similarity, top):
    return float((1 / _within(similarity, top)[:, _off_diagonal(top.shape[1])]).mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="You compared the recommended movies with the whole catalogue: `similarity[top]` gives whole rows. Which "
    "columns belong to the list?",
)
def against_the_whole_catalogue(similarity, top):
    return float((1 - similarity[top]).mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="`similarity[row, row]` reads cell (i, i) for each movie i: that is the diagonal, where each movie meets "
    "itself. To get every movie with every other, the two arrays of numbers need different shapes.",
)
def only_the_diagonal(similarity, top):
    return float((1 - similarity[top, top]).mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="You trusted that the diagonals add nothing to the sum of 1 - similarity. A movie whose vector is zero has a "
    "0 there. Choose the pairs instead of correcting for the rest.",
)
def trusts_the_diagonals(similarity, top):
    n = top.shape[1]
    return float((1 - _within(similarity, top)).sum() / (len(top) * n * (n - 1)))


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="You return one number for each user. Asked for is one number for all: what is still missing?",
)
def a_number_for_each_user(similarity, top):
    return (1 - _within(similarity, top)[:, _off_diagonal(top.shape[1])]).mean(axis=1)


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="You compared only neighbours on each list. The order of a list should not matter: take all pairs.",
)
def neighbours_on_the_list(similarity, top):
    return float((1 - similarity[top[:, :-1], top[:, 1:]]).mean())


@mistake(
    "assignment_diversity_novelty.diversity",
    hint="This is the number of the first user only. A good start; now do the same for all rows of `top`.",
)
def first_user_only(similarity, top):
    return float((1 - similarity[np.ix_(top[0], top[0])][_off_diagonal(top.shape[1])]).mean())


# --- dice_win --------------------------------------------------------------------------------------------------------

distractor(
    "assignment_diversity_novelty.dice_win",
    "a",
    hint="The number is right, and the mean is over hundreds of lists. Vectors of movies that have nothing to do with "
    "each other are nearly at right angles, so a difference near 1 is what we should expect.",
)
distractor(
    "assignment_diversity_novelty.dice_win",
    "c",
    hint="Diverse does not mean useful. Would you watch ten movies that were drawn by dice?",
)
distractor(
    "assignment_diversity_novelty.dice_win",
    "d",
    hint="No trained model is needed to make dice. And a better model would not make their lists less mixed: the "
    "movies would still be drawn from the whole catalogue.",
)

# --- mean_ratings_and_counts -----------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="A movie without ratings got the mean 0, which reads like a very bad movie. It has no mean: NaN.",
)
def zero_without_ratings(movies, ratings, n_movies):
    counts = np.bincount(movies, minlength=n_movies)
    return np.bincount(movies, weights=ratings, minlength=n_movies) / np.maximum(counts, 1), counts


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="`array[movies] += ...` with repeated numbers changes each place only once: of several ratings of a movie "
    "only the last one counts. Look at `np.bincount` or `np.add.at`.",
)
def only_the_last_rating(movies, ratings, n_movies):
    sums, counts = np.zeros(n_movies), np.zeros(n_movies, int)
    sums[movies] += ratings
    counts[movies] += 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), counts


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="Your arrays have an entry only for movies with ratings, so entry j is no longer movie j. Somebody who looks "
    "up `means[top]` then gets another movie's mean.",
)
def rated_movies_only(movies, ratings, n_movies):
    counts = np.bincount(movies)
    rated = np.flatnonzero(counts)
    return np.bincount(movies, weights=ratings)[rated] / counts[rated], counts[rated]


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="These are the sums of the ratings. Divide by how many there are; where there are none, there is no mean.",
)
def sums_not_means(movies, ratings, n_movies):
    return np.bincount(movies, weights=ratings, minlength=n_movies), np.bincount(movies, minlength=n_movies)


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="The movies come out in the order in which they first appear in the data. Entry j must be movie j.",
)
def order_of_appearance(movies, ratings, n_movies):
    _, first = np.unique(movies, return_index=True)
    order = movies[np.sort(first)]
    order = np.concatenate([order, np.setdiff1d(np.arange(n_movies), order)])
    counts = np.bincount(movies, minlength=n_movies)
    sums = np.bincount(movies, weights=ratings, minlength=n_movies)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)[order], counts[order]


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="You return the counts first. The docstring names the means first.",
)
def results_swapped(movies, ratings, n_movies):
    counts = np.bincount(movies, minlength=n_movies)
    sums = np.bincount(movies, weights=ratings, minlength=n_movies)
    return counts, np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


@mistake(
    "assignment_diversity_novelty.mean_ratings_and_counts",
    hint="A movie without ratings got the mean of all ratings. That is a guess about it, not its mean; a guess like "
    "that comes later, under its own name. Here it is NaN.",
)
def overall_mean_without_ratings(movies, ratings, n_movies):
    counts = np.bincount(movies, minlength=n_movies)
    sums = np.bincount(movies, weights=ratings, minlength=n_movies)
    return np.where(counts > 0, sums / np.maximum(counts, 1), ratings.mean()), counts


# --- novelty_mean_rating ---------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="One movie without a mean makes your whole result NaN. Leave such movies out of their list's mean.",
)
def nan_spreads(top, mean_ratings):
    return float(mean_ratings[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="You counted a missing mean as 0 stars. Nobody gave 0 stars; leave the movie out of the mean.",
)
def missing_is_zero(top, mean_ratings):
    return float(np.nan_to_num(mean_ratings[top]).mean())


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="You averaged over all movies of all lists in one go. A list with missing means then counts less than the "
    "others. First a mean for each list, then the mean over users.",
)
def pooled_over_users(top, mean_ratings):
    return float(np.nanmean(mean_ratings[top]))


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="You counted each recommended movie once, however many users get it. A movie on a hundred lists must count a "
    "hundred times.",
)
def each_movie_once(top, mean_ratings):
    return float(np.nanmean(mean_ratings[np.unique(top)]))


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="A list on which no movie has a mean gives NaN, and then so does the mean over users. Leave that list out.",
)
def empty_lists_spread(top, mean_ratings):
    return float(np.nanmean(mean_ratings[top], axis=1).mean())


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="One movie without a mean rating makes you drop the whole list. Leave out only that movie: NaN must not "
    "get into the mean of the list.",
)
def drops_whole_lists(top, mean_ratings):
    return float(np.nanmean(mean_ratings[top].mean(axis=1)))


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="You return one mean for each user. Asked for is one number for all of them.",
)
def a_mean_for_each_user(top, mean_ratings):
    return np.nanmean(mean_ratings[top], axis=1)


@mistake(
    "assignment_diversity_novelty.novelty_mean_rating",
    hint="You averaged down the columns first: over all best movies, over all second best ones, and so on. A list is a "
    "row.",
)
def mean_of_each_rank(top, mean_ratings):
    return float(np.nanmean(np.nanmean(mean_ratings[top], axis=0)))


# --- mean_rating_says ------------------------------------------------------------------------------------------------

distractor(
    "assignment_diversity_novelty.mean_rating_says",
    "a",
    hint="That a movie is liked does not tell how many people know it. One enthusiastic person can make a mean of 5.",
)
distractor(
    "assignment_diversity_novelty.mean_rating_says",
    "b",
    hint="A famous flop has a low mean, and everybody has heard of it. Recommending it surprises nobody.",
)
distractor(
    "assignment_diversity_novelty.mean_rating_says",
    "c",
    hint="The two measures look at different columns of the data: stars for the one, numbers of ratings for the other. "
    "No formula leads from one to the other.",
)

# --- novelty_popularity ----------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="Your number is negative: the logarithm of a share below 1 is. Popular movies must come out low and unknown "
    "ones high.",
)
def without_the_minus(top, counts, n_users):
    return float(np.log2(np.maximum(counts, 1) / n_users)[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You used the natural logarithm. Bits are counted with the logarithm to base 2: a movie that half of all "
    "users know has 1 bit.",
)
def natural_logarithm(top, counts, n_users):
    return float(-np.log(np.maximum(counts, 1) / n_users)[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You took the mean of the shares first and its logarithm afterwards. One very popular movie then outweighs "
    "all the others. Each movie has its own bits; average those.",
)
def logarithm_of_the_mean(top, counts, n_users):
    return float(-np.log2((np.maximum(counts, 1) / n_users)[top].mean()))


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You divided by the number of ratings. The share asked for is that of users: how likely is it that somebody "
    "has rated this movie?",
)
def share_of_ratings(top, counts, n_users):
    return float(-np.log2(np.maximum(counts, 1) / counts.sum())[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="A movie that nobody has rated gives minus the logarithm of 0, which is infinite, and one such movie makes "
    "the whole mean infinite. The docstring says how to count it.",
)
def infinite_for_unrated(top, counts, n_users):
    with np.errstate(divide="ignore"):
        return float(-np.log2(counts / n_users)[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You added one user to every movie. Only movies that nobody has rated count as if one user had.",
)
def one_more_for_all(top, counts, n_users):
    return float(-np.log2((counts + 1) / n_users)[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You took the logarithm of a movie's place in the order of popularity. Places are evenly spaced, popularity "
    "is not: use the share of users who have rated the movie.",
)
def logarithm_of_the_rank(top, counts, n_users):
    rank = np.empty(len(counts))
    rank[np.argsort(-counts, kind="stable")] = np.arange(1, len(counts) + 1)
    return float(np.log2(rank)[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You computed 1 minus the share. It hardly tells a movie with 3 ratings from one with 30; the logarithm does.",
)
def one_minus_the_share(top, counts, n_users):
    return float(1 - (np.maximum(counts, 1) / n_users)[top].mean())


@mistake(
    "assignment_diversity_novelty.novelty_popularity",
    hint="You counted each recommended movie once. A movie on a hundred lists must count a hundred times.",
)
def each_of_them_once(top, counts, n_users):
    return float(-np.log2(np.maximum(counts, 1) / n_users)[np.unique(top)].mean())


# --- coverage --------------------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.coverage",
    hint="You counted the same movie again on every list. A movie is covered once, however many users get it.",
)
def every_place_counts(top, n_movies):
    return top.size / n_movies


@mistake(
    "assignment_diversity_novelty.coverage",
    hint="You divided by the number of places on all lists. Coverage is a share of the catalogue.",
)
def share_of_the_places(top, n_movies):
    return len(np.unique(top)) / top.size


@mistake(
    "assignment_diversity_novelty.coverage",
    hint="This is a number of movies. Divide by how many there are.",
)
def a_number_of_movies(top, n_movies):
    return float(len(np.unique(top)))


@mistake(
    "assignment_diversity_novelty.coverage",
    hint="You looked at each user's list by itself. Then the coverage is n over the number of movies, always. Put all "
    "lists together first.",
)
def each_list_by_itself(top, n_movies):
    return float(np.mean([len(np.unique(row)) for row in top]) / n_movies)


@mistake(
    "assignment_diversity_novelty.coverage",
    hint="This is the share of movies that are on nobody's list. Turn it round.",
)
def what_is_left_out(top, n_movies):
    return 1 - len(np.unique(top)) / n_movies


# --- price_of_novelty ------------------------------------------------------------------------------------------------

distractor(
    "assignment_diversity_novelty.price_of_novelty",
    "a",
    hint="A movie that you do not know yet can be the best one of your life. The two are not opposites by definition; "
    "look for what the model knows and for what the test can see.",
)
distractor(
    "assignment_diversity_novelty.price_of_novelty",
    "b",
    hint="Self-information is computed from counts, at the same cost for a popular and for an unknown movie.",
)
distractor(
    "assignment_diversity_novelty.price_of_novelty",
    "d",
    hint="Popularity enters the novelty, and it also decides which movies are in the test set: those that people chose "
    "to rate. So the two numbers do hang together.",
)

# --- best_movies -----------------------------------------------------------------------------------------------------


def _by_mean_and_count(movies, means, counts):
    return movies[np.lexsort((-counts[movies], -means[movies]))]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="Movies with too few ratings are on your list. Two enthusiastic ratings do not make the best movie.",
)
def no_filter(means, counts, min_count, n):
    return _by_mean_and_count(np.flatnonzero(~np.isnan(means)), means, counts)[:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="You took the n best first and filtered afterwards. What the filter takes away is then missing from the list. "
    "Filter first.",
)
def filters_too_late(means, counts, min_count, n):
    best = _by_mean_and_count(np.flatnonzero(~np.isnan(means)), means, counts)[:n]
    return best[counts[best] >= min_count]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="You return places among the movies that qualify. The third of these is not movie 3: translate back.",
)
def places_in_the_shorter_array(means, counts, min_count, n):
    qualified = np.flatnonzero((counts >= min_count) & ~np.isnan(means))
    return np.lexsort((-counts[qualified], -means[qualified]))[:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="You asked for more than `min_count` ratings. A movie with exactly that many has enough.",
)
def strictly_more(means, counts, min_count, n):
    return _by_mean_and_count(np.flatnonzero((counts > min_count) & ~np.isnan(means)), means, counts)[:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="These are the movies with the lowest means. `argsort` sorts from low to high.",
)
def the_worst_movies(means, counts, min_count, n):
    qualified = np.flatnonzero((counts >= min_count) & ~np.isnan(means))
    return qualified[np.lexsort((-counts[qualified], means[qualified]))][:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="The best movie stands last on your list. Turn it round.",
)
def the_best_last(means, counts, min_count, n):
    return _by_mean_and_count(np.flatnonzero((counts >= min_count) & ~np.isnan(means)), means, counts)[:n][::-1]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="Movies with equal means stand in any order on your list. A mean that rests on more ratings comes first.",
)
def ties_by_number(means, counts, min_count, n):
    qualified = np.flatnonzero((counts >= min_count) & ~np.isnan(means))
    return qualified[np.argsort(-means[qualified], kind="stable")][:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="A movie without any mean is on your list. NaN is neither large nor small, so sorting puts it wherever it "
    "likes: at the end, which becomes the front when you turn the order round. Leave it out before you sort.",
)
def nan_comes_first(means, counts, min_count, n):
    qualified = np.flatnonzero(counts >= min_count)
    order = np.lexsort((counts[qualified], means[qualified]))[::-1]
    return qualified[order][:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="When every count is enough, a movie without any mean gets on your list, at its end. It never qualifies: "
    "leave it out before you sort.",
)
def nan_comes_last(means, counts, min_count, n):
    return _by_mean_and_count(np.flatnonzero(counts >= min_count), means, counts)[:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="Where fewer than n movies qualify, your list is filled up with others. Minus infinity puts them last, but it "
    "does not take them away: the list must be shorter.",
)
def filled_up(means, counts, min_count, n):
    qualified = (counts >= min_count) & ~np.isnan(means)
    return np.lexsort((-counts, -np.where(qualified, means, -np.inf)))[:n]


@mistake(
    "assignment_diversity_novelty.best_movies",
    hint="You sorted by the number of ratings. That is the list of the most popular movies, not of the best rated "
    "ones.",
)
def most_rated(means, counts, min_count, n):
    qualified = np.flatnonzero((counts >= min_count) & ~np.isnan(means))
    return qualified[np.argsort(-counts[qualified], kind="stable")][:n]


# --- shrunk_means ----------------------------------------------------------------------------------------------------


def _sums(means, counts):
    return np.where(counts > 0, means, 0) * counts


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="Your imagined ratings are in the count but not in the sum, as if they were ratings of 0 stars. They are "
    "ratings equal to the overall mean.",
)
def shrinks_to_zero(means, counts, overall_mean, strength):
    return _sums(means, counts) / (counts + strength)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="A movie without ratings comes out as NaN: NaN times 0 is NaN. Its sum is 0, and its shrunk mean is the "
    "overall mean.",
)
def unrated_stays_nan(means, counts, overall_mean, strength):
    return (means * counts + strength * overall_mean) / (counts + strength)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="You gave the movie's mean the weight of the imagined ratings and the other way round. Popular movies are "
    "then pulled to the overall mean, and rare ones are left alone. It should be the opposite.",
)
def weights_swapped(means, counts, overall_mean, strength):
    return (strength * np.where(counts > 0, means, overall_mean) + counts * overall_mean) / (counts + strength)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="Your imagined ratings are in the sum but not in the count. The denominator is the number of all ratings, "
    "real and imagined.",
)
def divides_by_the_real_ones(means, counts, overall_mean, strength):
    shrunk = (_sums(means, counts) + strength * overall_mean) / np.maximum(counts, 1)
    return np.where(counts > 0, shrunk, overall_mean)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="You added each movie's mean once, as if it had a single rating. The sum of its real ratings is the mean "
    "times the count.",
)
def the_mean_once(means, counts, overall_mean, strength):
    return (np.where(counts > 0, means, 0) + strength * overall_mean) / (counts + strength)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="You added `strength` itself to the sum, as if the imagined ratings were of 1 star. Each of them is equal to "
    "the overall mean.",
)
def imagines_one_star(means, counts, overall_mean, strength):
    return np.where(counts > 0, (_sums(means, counts) + strength) / (counts + strength), overall_mean)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="Every movie is pulled by the same share here, whether it has one rating or a thousand. The weight of the "
    "movie's own mean must grow with its count.",
)
def the_same_share_for_all(means, counts, overall_mean, strength):
    return (np.where(counts > 0, means, overall_mean) + strength * overall_mean) / (1 + strength)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="You shrink towards the mean of the movies' means. There a movie with one rating counts as much as one with a "
    "thousand. The mean of all ratings is given: `overall_mean`.",
)
def towards_the_mean_of_means(means, counts, overall_mean, strength):
    return (_sums(means, counts) + strength * np.nanmean(means)) / (counts + strength)


@mistake(
    "assignment_diversity_novelty.shrunk_means",
    hint="You replaced the mean of movies with few ratings by the overall mean and left the others as they were. That "
    "is a filter with a hard edge; shrinking is gradual.",
)
def a_hard_edge(means, counts, overall_mean, strength):
    return np.where(counts < strength, overall_mean, means)


# --- project ---------------------------------------------------------------------------------------------------------


@mistake(
    "assignment_diversity_novelty.project",
    hint="You did not centre. Spread is then measured from the origin, so the first direction mostly points to the "
    "middle of the cloud and not along its widest side.",
)
def not_centred(embeddings):
    _, _, directions = np.linalg.svd(embeddings, full_matrices=False)
    return embeddings @ directions[:2].T


@mistake(
    "assignment_diversity_novelty.project",
    hint="You subtracted each row's mean, which is a mean over the numbers of one movie. The middle of the cloud is "
    "the mean of each column.",
)
def rows_centred(embeddings):
    centred = embeddings - embeddings.mean(axis=1, keepdims=True)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T


@mistake(
    "assignment_diversity_novelty.project",
    hint="You subtracted one number, the mean of everything. The middle of the cloud has a coordinate for each column: "
    "along which axis do you take the mean?",
)
def one_mean_for_all(embeddings):
    centred = embeddings - embeddings.mean()
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T


@mistake(
    "assignment_diversity_novelty.project",
    hint="You took the first result of the SVD as it is. Its columns all have the same length, so both directions look "
    "equally wide. The spread is in the singular values.",
)
def without_the_singular_values(embeddings):
    left, _, _ = np.linalg.svd(embeddings - embeddings.mean(axis=0), full_matrices=False)
    return left[:, :2]


@mistake(
    "assignment_diversity_novelty.project",
    hint="You took the two directions of the smallest spread. The SVD gives the widest first (`eigh` gives it last).",
)
def the_narrowest(embeddings):
    centred = embeddings - embeddings.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[-1:-3:-1].T


@mistake(
    "assignment_diversity_novelty.project",
    hint="The two axes are swapped: the direction of the largest spread comes first.",
)
def axes_swapped(embeddings):
    centred = embeddings - embeddings.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[1::-1].T


@mistake(
    "assignment_diversity_novelty.project",
    hint="You kept two of the given coordinates. They are no better than any other two: look for the directions in "
    "which the cloud is widest.",
)
def first_two_columns(embeddings):
    return (embeddings - embeddings.mean(axis=0))[:, :2]


@mistake(
    "assignment_diversity_novelty.project",
    hint="You divided each column by its standard deviation first. All coordinates of an embedding have the same unit, "
    "so a wider one matters more, and scaling throws that away.",
)
def standardised(embeddings):
    scaled = (embeddings - embeddings.mean(axis=0)) / embeddings.std(axis=0)
    _, _, directions = np.linalg.svd(scaled, full_matrices=False)
    return scaled @ directions[:2].T


@mistake(
    "assignment_diversity_novelty.project",
    hint="`np.linalg.svd` gives the directions as rows of its third result. You took two of its columns.",
)
def columns_of_the_directions(embeddings):
    centred = embeddings - embeddings.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:, :2]


@mistake(
    "assignment_diversity_novelty.project",
    hint="You found the directions from the centred rows but projected the rows as they were. The map then lies far "
    "from its origin.",
)
def projects_without_centring(embeddings):
    _, _, directions = np.linalg.svd(embeddings - embeddings.mean(axis=0), full_matrices=False)
    return embeddings @ directions[:2].T
