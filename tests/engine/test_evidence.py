"""A part that is the same for every seed is no evidence: it counts in proportion to the drawn parts that are right."""

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from engine.toy import reference, toy
from hypothesis import assume, given
from hypothesis import strategies as st

from grader.record import record, stale
from grader.references import Known
from grader.verify import ask_constant, problems, verify_question
from recbook.answer import Answer, CaseAnswer
from recbook.asking import ask
from recbook.parts import at_least, at_most, close, context, equal
from recbook.question import Question, quiz
from recbook.verdict import KnownMistake, constant_parts, judge


def answer(*cases):
    return Answer(tuple(CaseAnswer(parts) for parts in cases))


@dataclass(frozen=True)
class Made:
    """A question of up to six parts, each constant or drawn, each given by a defect or to be earned."""

    question: Question
    constant: frozenset[str]
    given: frozenset[str]

    def answer(self, right):
        return answer({name: name in right for name in self.question.parts})

    def points(self, right):
        defect = KnownMistake("defect", "Look again.", self.answer(self.given))
        everything = self.answer(self.question.parts)
        return judge(self.question, self.answer(right), everything, (defect,), self.constant).points

    @property
    def earned(self):
        return set(self.question.parts) - self.given

    def share(self, names):
        return sum(self.question.parts[name].share for name in names)


@st.composite
def made(draw):
    shares = draw(st.lists(st.sampled_from([0.25, 0.5, 1, 1.5, 2, 3]), min_size=1, max_size=6))
    parts = {f"part_{number}": equal(share) for number, share in enumerate(shares)}
    constant, given_parts = (frozenset(draw(st.sets(st.sampled_from(sorted(parts))))) for _ in range(2))
    assume(given_parts != frozenset(parts))
    question = replace(toy, points=draw(st.integers(1, 6)), parts=parts, defect="defect" if given_parts else "")
    return Made(question, constant, given_parts)


def some_of(made):
    return st.sets(st.sampled_from(sorted(made.question.parts)))


@given(made())
def test_all_right_earns_all(made):
    assert made.points(set(made.question.parts)) == made.question.points


@given(made(), st.data())
def test_only_constant_parts_right_earn_nothing(made, data):
    assume(made.earned - made.constant)
    assert made.points(data.draw(some_of(made)) & made.constant) == 0


@given(made(), st.data())
def test_without_a_drawn_part_only_the_whole_answer_earns(made, data):
    made = replace(made, constant=made.constant | made.earned)
    right = data.draw(some_of(made))
    assume(right != set(made.question.parts))
    assert made.points(right) == 0


@given(made(), st.data())
def test_repairing_a_part_never_lowers_the_points(made, data):
    right = data.draw(some_of(made))
    repaired = data.draw(st.sampled_from(sorted(made.question.parts)))
    assert made.points(right) <= made.points(right | {repaired})


@given(made(), st.data())
def test_all_drawn_parts_right_earn_what_they_did_without_the_rule(made, data):
    assume(made.earned - made.constant)
    right = data.draw(some_of(made)) | (made.earned - made.constant) | made.given
    expected = made.question.points * made.share(right - made.given) / made.share(made.earned)
    assert made.points(right) == pytest.approx(expected, abs=0.0051)


@given(made(), st.data())
def test_no_answer_earns_more_than_without_the_rule(made, data):
    right = data.draw(some_of(made))
    assert 0 <= made.points(right) <= replace(made, constant=frozenset()).points(right)


def test_half_of_what_is_drawn_makes_half_of_what_is_constant_count():
    parts = {"a": equal(2), "b": equal(2), "shape": equal(), "untouched": equal()}
    made = Made(replace(toy, points=6, parts=parts), frozenset({"shape", "untouched"}), frozenset())
    assert made.points({"a", "shape", "untouched"}) == 3  # 2 of 4 drawn, and half of 2
    assert made.points({"a", "shape"}) == 2.5


# --- Which parts are constant ----------------------------------------------------------------------------------------


def parts_that_no_seed_changes(parts, *references):
    return constant_parts(replace(toy, parts=parts), [answer(*cases) for cases in references])


def test_a_part_is_drawn_if_any_of_its_cases_is():
    parts = {"one": equal(), "two": equal(), "aside": context()}
    first = [{"one": 1, "two": 1, "aside": 0}, {"two": 2}]
    second = [{"one": 1, "two": 1, "aside": 0}, {"two": 3}]
    assert parts_that_no_seed_changes(parts, first, second) == {"one"}
    assert parts_that_no_seed_changes(parts, first, first) == {"one", "two"}


def test_what_differs_within_the_tolerance_is_the_same():
    parts = {"loss": close(rtol=0.1)}
    assert parts_that_no_seed_changes(parts, [{"loss": 1.0}], [{"loss": 1.05}])
    assert not parts_that_no_seed_changes(parts, [{"loss": 1.0}], [{"loss": 1.5}])


def test_a_bound_is_constant_however_it_is_drawn():
    parts = {"loss": at_most(), "score": at_least()}
    references = ([{"loss": loss, "score": score}] for loss, score in ((0.3, 9), (0.1, 7), (0.2, 8)))
    assert parts_that_no_seed_changes(parts, *references) == {"loss", "score"}


def test_the_reference_is_asked_on_several_seeds(monkeypatch):
    monkeypatch.setattr("grader.verify.reference", lambda chapter: {"total": reference})
    assert ask_constant(toy) == {"is_float"}


def test_other_constant_parts_are_another_way_of_judging():
    right = ask(toy, {"total": reference})
    none, one = (Known(1, right, (), constant) for constant in (frozenset(), frozenset({"is_float"})))
    assert none.fingerprint(toy) != one.fingerprint(toy)


# --- What the author is told ------------------------------------------------------------------------------------------


def told(question, monkeypatch, code=reference, defect=()):
    """What `verify` says of the question's evidence, where `code` is the reference and `defect` the known mistakes."""
    monkeypatch.setattr("grader.verify.reference", lambda chapter: {question.subject: code})
    monkeypatch.setattr("grader.verify.mistakes", lambda question: defect)
    monkeypatch.setattr("grader.verify.alternatives", lambda question: ())
    monkeypatch.setattr("grader.verify.of_chapter", lambda chapter: ())
    return [each.problem for each in problems(verify_question(question, None)) if each.what == "evidence"]


def test_a_question_with_drawn_parts_has_evidence(monkeypatch):
    assert told(toy, monkeypatch) == []


def test_a_question_without_drawn_parts_is_a_problem(monkeypatch):
    (problem,) = told(replace(toy, cases=lambda rng: [{"numbers": [1.0, 2.0]}]), monkeypatch)
    assert "`is_float`, `total`" in problem
    assert "`rng`" in problem


def test_a_drawn_part_that_the_defect_gets_right_is_no_evidence(monkeypatch):
    defect = SimpleNamespace(name="defect", hint="", namespace={"total": lambda numbers: [reference(numbers)]})
    (problem,) = told(replace(toy, kind="bug hunt", defect="defect"), monkeypatch, defect=(defect,))
    assert "`is_float` is the same" in problem
    assert "the defect gets `total` right" in problem


def test_a_quiz_needs_none(monkeypatch):
    choice = quiz("toy.choice", title="", objective="", choices=("a", "b"), hints=[])
    assert told(choice, monkeypatch, code=lambda: "a") == []


def test_records_without_the_constant_parts_are_stale(tmp_path):
    path = record("autorec", tmp_path)
    assert stale("autorec", tmp_path) == []
    entries = json.loads(path.read_text("utf-8"))
    del entries["autorec.AutoRec"]["constant"]
    path.write_text(json.dumps(entries), "utf-8")
    (line,) = stale("autorec", tmp_path)
    assert line.startswith("autorec.AutoRec: ")
    assert "same for every seed" in line
