"""Ends the process in a cell; what it has solved before and after stays solved."""

import os


@SOLVES("sizes")
def sizes(ratings, features):
    n = ratings.shape[1]
    return n, n, 2 * n * features + features + n


# %%
os._exit(0)
# %%


@SOLVES("overlap_at_k")
def overlap_at_k(first, second, k):
    return len(set(first[:k]) & set(second[:k])) / k
