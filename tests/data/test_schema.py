"""Every data set has the one shape that `MovieLens` promises."""

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbook import data
from recbook.data.schema import MOVIE_COLUMNS, RATING_COLUMNS, USER_COLUMNS, age_group, assemble, release_year


def has_the_shape(d: data.MovieLens) -> None:
    assert tuple(d.ratings.columns) == RATING_COLUMNS
    assert tuple(d.users.columns) == USER_COLUMNS
    assert tuple(d.movies.columns) == (*MOVIE_COLUMNS, *d.genres)
    assert [str(t) for t in d.ratings.dtypes] == ["int32", "int32", "float32", "int64", "int32", "int32"]
    assert str(d.users["age"].dtype) == "Int16"
    assert str(d.movies["year"].dtype) == "Int16"
    assert str(d.movies["release_date"].dtype) == "datetime64[s]"
    assert (d.movies[list(d.genres)].dtypes == "bool").all()
    assert tuple(d.users["occupation"].cat.categories) == d.occupations
    assert list(d.users["gender"].cat.categories) == ["F", "M"]
    assert d.n_users == len(d.users) == d.ratings["user"].nunique() == d.ratings["user"].max() + 1
    assert d.n_movies == len(d.movies) == d.ratings["movie"].nunique() == d.ratings["movie"].max() + 1
    for table in (d.ratings, d.users, d.movies):
        assert table.index.equals(pd.RangeIndex(len(table)))
    assert (d.users["user_id"].to_numpy()[d.ratings["user"]] == d.ratings["user_id"]).all()
    assert (d.movies["movie_id"].to_numpy()[d.ratings["movie"]] == d.ratings["movie_id"]).all()
    assert (d.movies["title"] == d.movies["title"].str.strip()).all()
    joined = ["|".join(np.array(d.genres, dtype=object)[row]) for row in d.movies[list(d.genres)].to_numpy(bool)]
    assert [set(a.split("|")) for a in joined] == [set(b.split("|")) for b in d.movies["genres"]]
    assert d.citation
    assert d.licence
    assert d.source


def same(a: data.MovieLens, b: data.MovieLens) -> None:
    for table in ("ratings", "users", "movies"):
        pd.testing.assert_frame_equal(getattr(a, table), getattr(b, table))
    assert (a.genres, a.occupations) == (b.genres, b.occupations)
    np.testing.assert_array_equal(a.test_mask, b.test_mask)


@pytest.mark.parametrize("name", ["sample", "ml-latest-small"])
def test_shape(name):
    has_the_shape(data.load(name))


def test_frozen(sample):
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.name = "ml-100k"


def test_split_parts_are_disjoint_and_cover(sample):
    train, test = sample.train, sample.test
    assert len(train) + len(test) == len(sample.ratings)
    assert list(train.columns) == list(sample.ratings.columns)
    both = pd.concat([train, test])
    assert not both.duplicated(["user", "movie"]).any()
    assert train.index.equals(pd.RangeIndex(len(train)))


def test_split_parts_are_copies(sample):
    before = sample.ratings.copy()
    train = sample.train
    train.loc[:, "rating"] = 0
    pd.testing.assert_frame_equal(sample.ratings, before)


def test_no_split_says_so():
    with pytest.raises(data.NoSplitError, match=r"(?s)ml-latest-small was published without.*ml-100k"):
        _ = data.load("ml-latest-small").train


def test_repr_warns_of_made_up_data(sample):
    assert "SYNTHETIC" in repr(sample)
    assert "SYNTHETIC" not in repr(data.load("ml-latest-small"))


def test_year_of_title():
    titles = ["Toy Story (1995)", "unknown", "Time (1996) (V)", "Show (1975-1979)", "Big, The (2007-)", "M (x) (1931)"]
    assert release_year(pd.Series(titles)).tolist() == [1995, pd.NA, 1996, 1975, 2007, 1931]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(1, 120)), min_size=1, max_size=20))
def test_age_group_holds_the_age(ages):
    bounds = [*data.AGE_GROUPS, 1000]
    for age, code in zip(ages, age_group(pd.Series(ages, dtype="Int16")).cat.codes, strict=True):
        assert code == -1 if age is None else bounds[code] <= age < bounds[code + 1]


ids = st.integers(1, 40)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(ids, ids, st.sampled_from([0.5, 1, 3.5, 5])), min_size=1, max_size=30, unique_by=lambda row: row[:2]
    ),
    st.sets(ids),
)
def test_indices_are_contiguous_whatever_the_ids(rows, unrated):
    ratings = pd.DataFrame(rows, columns=["user_id", "movie_id", "rating"]).assign(timestamp=0)
    known = sorted({*ratings["movie_id"], *unrated}, reverse=True)
    d = assemble(
        name="x", source="x", ratings=ratings, users=None, genres=(), occupations=(), citation="x", licence="x",
        movies=pd.DataFrame({"movie_id": known, "title": [f"m{k}" for k in known], "genres": [""] * len(known)}),
    )  # fmt: skip
    has_the_shape(d)
    assert [f"m{k}" for k in d.ratings["movie_id"]] == d.movies["title"].to_numpy()[d.ratings["movie"]].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rating": [3.0, np.nan]}, "rating nan"),
        ({"rating": [3.0, 881250949.0]}, "between 0.5 and 5"),
        ({"movie_id": [1, 99]}, "nothing else is known"),
        ({"user_id": [1, 1], "movie_id": [1, 1]}, "twice"),
    ],
)
def test_contradictions_are_refused(change, message):
    ratings = pd.DataFrame({"user_id": [1, 2], "movie_id": [1, 2], "rating": [3.0, 4.0], "timestamp": 0} | change)
    movies = pd.DataFrame({"movie_id": [1, 2], "title": "x", "genres": ""})
    with pytest.raises(data.DamagedDataError, match=message):
        assemble(name="x", source="x", ratings=ratings, users=None, movies=movies, genres=(), occupations=(),
                 citation="", licence="")  # fmt: skip


def test_import_is_light():
    code = "import sys, recbook.data\n"
    code += "print([m for m in ('pooch', 'requests', 'tqdm', 'torch', 'sklearn') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
