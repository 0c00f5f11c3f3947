"""Reading files as they are published."""

import numpy as np
import pandas as pd
import pytest

from recbook import data
from recbook.data.read import ML_1M_OCCUPATIONS, ML_100K_GENRES, packed_u1_mask, read_recbole

from .conftest import REAL_LATEST_SMALL
from .test_schema import has_the_shape, same


def test_real_ml_100k(real_100k):
    d = data.load("ml-100k", real_100k)
    has_the_shape(d)
    # Seed 000 read these headerless files with a header: 79,999 and 19,999 ratings.
    assert (len(d.train), len(d.test)) == (80_000, 20_000)
    assert (d.n_users, d.n_movies, len(d.ratings)) == (943, 1_682, 100_000)
    assert not d.synthetic
    assert d.genres == ML_100K_GENRES
    assert len(d.occupations) == 21
    assert d.movies["title"].duplicated().sum() == 18
    assert d.movies["release_date"].isna().sum() == d.movies["year"].isna().sum() == 1
    assert d.test["user"].nunique() == 459
    assert len(set(d.test["movie"]) - set(d.train["movie"])) == 32
    assert d.train["rating"].mean() == pytest.approx(3.52835)


def test_real_split_is_that_of_the_files(real_100k):
    d = data.load("ml-100k", real_100k)
    for part, name in ((d.train, "u1.base"), (d.test, "u1.test")):
        file = np.loadtxt(real_100k / name, dtype=np.int64)
        np.testing.assert_array_equal(part[["user_id", "movie_id", "rating", "timestamp"]].to_numpy(), file)


def test_packed_mask_is_u1_test(real_100k):
    np.testing.assert_array_equal(packed_u1_mask(), data.load("ml-100k", real_100k).test_mask)


def test_packed_mask_alone():
    assert packed_u1_mask().shape == (100_000,)
    assert packed_u1_mask().sum() == 20_000


def as_recbole(d: data.MovieLens, folder):
    """Write `d` as the RecBole wheel carries it."""
    folder.mkdir(parents=True)

    def write(suffix, table, header):
        lines = ["\t".join(header), *("\t".join(map(str, row)) for row in table)]
        (folder / f"ml-100k.{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")

    rows = d.ratings[["user_id", "movie_id", "rating", "timestamp"]].astype({"rating": int})
    write("inter", rows.itertuples(index=False), ["user_id:token", "item_id:token", "rating:float", "timestamp:float"])
    who = d.users[["user_id", "age", "gender", "occupation", "zip_code"]]
    write("user", who.itertuples(index=False), [f"{c}:token" for c in who])
    titles = d.movies["title"].str.extract(r"^(?P<title>.*) \((?P<year>[^()]*)\)$").fillna("unkonwn")
    genres = d.movies["genres"].str.replace("|", " ")
    what = zip(d.movies["movie_id"], titles["title"], titles["year"], genres, strict=True)
    write("item", what, ["item_id:token", "movie_title:token_seq", "release_year:token", "class:token_seq"])
    return folder


def same_but_for_dates(a, b):
    same(
        data.MovieLens(**{**vars(a), "movies": a.movies.drop(columns=["year", "release_date"])}),
        data.MovieLens(**{**vars(b), "movies": b.movies.drop(columns=["year", "release_date"])}),
    )


def test_recbole_files_give_the_same_data(real_100k, tmp_path):
    real = data.load("ml-100k", real_100k)
    found = read_recbole(as_recbole(real, tmp_path / "r"), "test")
    has_the_shape(found)
    same_but_for_dates(found, real)
    assert found.movies["release_date"].isna().all()
    assert (found.movies["year"] - real.movies["year"]).abs().median() == 0


def test_recbole_files_of_the_sample(sample, tmp_path):
    found = read_recbole(as_recbole(sample, tmp_path / "r"), "test", test_mask=sample.test_mask)
    has_the_shape(found)
    pd.testing.assert_frame_equal(found.train, sample.train)
    pd.testing.assert_series_equal(found.movies["title"], sample.movies["title"])
    with pytest.raises(data.DamagedDataError, match="The split is of 100,000 ratings"):
        read_recbole(tmp_path / "r", "test")


def test_written_and_read_again(sample, folder_100k):
    same(read := data.load("ml-100k", _quietly(folder_100k)), sample)
    assert (read.name, read.synthetic) == ("ml-100k", False)


def _quietly(folder):
    """`folder`, with the warning that its files are not GroupLens' expected."""
    import warnings

    warnings.simplefilter("ignore", data.DataWarning)
    return folder


def test_first_and_last_rating_of_each_file_are_read(sample, folder_100k):
    """Regression, seed 000 L224: no `header=None`, the first rating of each file lost."""
    d = data.load("ml-100k", _quietly(folder_100k))
    for part, name in ((d.train, "u1.base"), (d.test, "u1.test"), (d.ratings, "u.data")):
        lines = (folder_100k / name).read_text().splitlines()
        assert len(part) == len(lines)
        for row in (0, -1):
            wanted = [int(x) for x in lines[row].split("\t")]
            assert part[["user_id", "movie_id", "rating", "timestamp"]].iloc[row].tolist() == wanted


def test_a_title_in_latin_1_with_quotes_and_the_word_na(folder_100k):
    lines = (folder_100k / "u.item").read_text("latin-1").splitlines()
    lines[0] = lines[0].replace(lines[0].split("|")[1], 'Misérables, "Les (1995)')
    lines[1] = lines[1].replace(lines[1].split("|")[1], "NA")
    lines[2] = lines[2].replace(lines[2].split("|")[1], "  Blanks (1990) ")
    lines[3] = lines[3].replace(lines[3].split("|")[2], "4-Feb-1971")
    (folder_100k / "u.item").write_text("\n".join(lines) + "\n", "latin-1")
    movies = data.load("ml-100k", _quietly(folder_100k)).movies
    assert movies["title"][:3].tolist() == ['Misérables, "Les (1995)', "NA", "Blanks (1990)"]
    assert movies["release_date"][3] == pd.Timestamp("1971-02-04")


@pytest.mark.parametrize("name", ["u.data", "u1.base", "u1.test", "u.item", "u.user", "u.genre", "u.occupation"])
def test_truncated_files_are_refused(folder_100k, name):
    path = folder_100k / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(data.DamagedDataError, match="what to do") as caught:
        data.load("ml-100k", folder_100k)
    assert str(folder_100k) in str(caught.value)


def test_one_lost_rating_is_noticed(folder_100k):
    path = folder_100k / "u1.base"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(data.DamagedDataError, match="do not make up"):
        data.load("ml-100k", folder_100k)


def test_not_utf8_nor_numbers(folder_100k):
    (folder_100k / "u.data").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with pytest.raises(data.DamagedDataError, match=r"u\.data cannot be read"):
        data.load("ml-100k", folder_100k)


@pytest.fixture(scope="module")
def folder_1m(tmp_path_factory):
    """A made-up data set of the format and the size of ML-1M (6,040 x 3,706, 1,000,209 ratings)."""
    folder = tmp_path_factory.mktemp("one") / "ml-1m"
    folder.mkdir()
    n, m, r = 6_040, 3_706, 1_000_209
    rng = np.random.default_rng(0)
    movie_ids = np.sort(rng.choice(np.arange(1, 3_953), 3_883, replace=False))
    rated = np.sort(rng.choice(movie_ids, m, replace=False))
    # A sixth of each user's row, offset so that every movie is rated; the last cells by the last user.
    cells = np.concatenate([np.arange(n)[:, None] * m + (np.arange(165) * 22 + np.arange(n)[:, None]) % m]).ravel()
    more = np.setdiff1d(np.arange((n - 10) * m, n * m), cells)[: r - len(cells)]
    cells = np.sort(np.concatenate([cells, more]))
    columns = {"u": cells // m + 1, "a": "", "m": rated[cells % m], "b": "", "r": rng.integers(1, 6, r), "c": ""}
    table = pd.DataFrame({**columns, "t": rng.integers(956_703_932, 1_046_454_590, r)})
    table.to_csv(folder / "ratings.dat", sep=":", header=False, index=False, lineterminator="\n")
    ages = [1, 18, 25, 35, 45, 50, 56]
    users = [f"{u}::{'FM'[u % 2]}::{ages[u % 7]}::{u % 21}::{u:05d}-12" for u in range(1, n + 1)]
    (folder / "users.dat").write_text("\n".join(users) + "\n", "latin-1")
    titles = {0: "Star: Trek: VII (1994)", 1: "Été, L' (1999)", 2: "Odd :: Title (1950)"}
    movies = [f"{k}::{titles.get(j, f'Film {k} (19{j % 100:02d})')}::{('Drama', 'Sci-Fi|War')[j % 2]}"
              for j, k in enumerate(movie_ids)]  # fmt: skip
    (folder / "movies.dat").write_text("\n".join(movies) + "\n", "latin-1")
    return folder


@pytest.fixture(scope="module")
def million(folder_1m):
    return data.load("ml-1m", folder_1m.parent)


def test_a_million_ratings(folder_1m, million):
    d = million
    has_the_shape(d)
    assert (d.n_users, d.n_movies, len(d.ratings)) == (6_040, 3_706, 1_000_209)
    assert d.genres == ("Drama", "Sci-Fi", "War")
    assert d.occupations == ML_1M_OCCUPATIONS
    assert d.users["occupation"][20] == ML_1M_OCCUPATIONS[0]
    assert d.users["age_group"][:2].tolist() == ["18-24", "25-34"]
    assert d.users["zip_code"][0] == "00001-12"
    first = (folder_1m / "ratings.dat").read_text().split("\n", 1)[0].split("::")
    assert d.ratings[["user_id", "movie_id", "rating", "timestamp"]].iloc[0].tolist() == [int(x) for x in first]
    with pytest.raises(data.NoSplitError):
        _ = d.test


def test_titles_with_colons(folder_1m, million):
    by_id = dict(line.split("::", 1) for line in (folder_1m / "movies.dat").read_text("latin-1").splitlines())
    movies = million.movies
    for m in movies.head(5).itertuples():
        assert by_id[str(m.movie_id)] == f"{m.title}::{m.genres}"


def test_bundled_latest_small():
    d = data.load("ml-latest-small")
    assert (d.n_users, d.n_movies, len(d.ratings)) == (671, 9_066, 100_004)
    assert "bundled" in d.source
    assert d.ratings["rating"].min() == 0.5
    assert d.users["age"].isna().all()
    assert len(d.genres) == 19  # with IMAX, without "(no genres listed)"


def test_bundled_is_the_published_file():
    if REAL_LATEST_SMALL is None:
        pytest.skip("the real ml-latest-small is not here: set RECBOOK_DATA")
    same(data.load("ml-latest-small"), data.load("ml-latest-small", REAL_LATEST_SMALL))


def test_bundled_has_its_terms_beside_it():
    from importlib.resources import files

    terms = files("recbook.data").joinpath("bundled", "README.txt").read_text("utf-8")
    assert "Usage License" in terms
    assert "distributed under these same license conditions" in terms


def test_a_later_release_of_latest_small(tmp_path):
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n2,170875,0.5,964981247\n"
    )
    (tmp_path / "movies.csv").write_text(
        'movieId,title,genres\n1,Toy Story (1995),Comedy\n2,Unrated (1990),War\n'
        '170875,"Women of ’69, Unboxed",(no genres listed)\n', "utf-8"
    )  # fmt: skip
    d = data.load("ml-latest-small", tmp_path)
    has_the_shape(d)
    assert d.movies["title"].tolist() == ["Toy Story (1995)", "Women of ’69, Unboxed"]
    assert d.movies["year"].tolist() == [1995, pd.NA]
    assert d.movies["genres"].tolist() == ["Comedy", ""]
