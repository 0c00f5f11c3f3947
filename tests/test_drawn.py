"""The answers to the public cases are in every student's hands: handed in as they are, they must be worth little."""

import pytest

from grader.references import references
from recbook.question import Question
from recbook.questions import chapters, of_chapter
from recbook.recorded import load_recorded
from recbook.verdict import judge

#: Quizzes ask the same of everybody.
QUESTIONS = [
    pytest.param(exercise, id=exercise.id)
    for chapter in chapters()
    for exercise in of_chapter(chapter)
    if isinstance(exercise, Question) and exercise.kind != "quiz"
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_public_answers_do_not_earn_the_points_of_a_grading_run(question):
    public, _ = load_recorded(question)
    known = references([question], "a secret")[question.id]
    verdict = judge(question, public, known.reference, known.mistakes)
    assert verdict.points < question.points, "no part of the answer depends on the seed"
