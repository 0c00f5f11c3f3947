"""`check`, `hint` and `award`, as a student and as nbgrader meet them."""

import pytest

import solutions.autoencoder as reference
from grader.implementations import mistakes
from recbook import check, hint
from recbook.check import Message, award, judge_in_notebook
from recbook.errors import RecbookError
from recbook.questions import find


def test_check_uses_the_callers_names(capsys):
    namespace = {"check": check, "overlap_at_k": reference.overlap_at_k}
    exec('check("autoencoder.overlap_at_k")', namespace)
    assert "right (1 of 1 point)" in capsys.readouterr().out


def test_check_says_the_hint_of_a_mistake(capsys):
    check("autoencoder.forward", {"forward": lambda model, x: model.fc2(model.fc1(x))})
    out = capsys.readouterr().out
    assert "not yet" in out
    assert "sigmoid" in out


def test_check_of_an_undefined_name_says_what_to_do(capsys):
    check("autoencoder.forward", {})
    assert "`forward` is not defined" in capsys.readouterr().out


def test_a_slip_in_the_id_ends_in_a_suggestion(capsys):
    check("autoencoder.foward", {})
    assert "Did you mean 'autoencoder.forward'" in capsys.readouterr().out


def test_hints_come_in_steps_and_start_again(capsys):
    for number in (1, 2, 3, 1):
        hint("autoencoder.sizes")
        assert f"Hint {number} of 3" in capsys.readouterr().out


def test_a_message_is_escaped_and_marks_code():
    page = Message("wrong", "x.y", "use `a < b` & <script>")._repr_html_()
    assert "<code>a &lt; b</code>" in page
    assert "<script>" not in page


def test_award_speaks_nbgraders_language():
    assert award("autoencoder.forward", vars(reference)) is None

    def stub(model, x):
        raise NotImplementedError

    with pytest.raises(AssertionError, match="Not filled in"):
        award("autoencoder.forward", {"forward": stub})


def test_award_of_a_part_is_a_number_nbgrader_can_read():
    question = find("autoencoder.recommendations")
    partial = {mistake.name: judge_in_notebook(question, mistake.namespace).points for mistake in mistakes(question)}
    name = next(name for name, points in partial.items() if 0 < points < question.points)
    mistake = next(mistake for mistake in mistakes(question) if mistake.name == name)
    points = award(question.id, mistake.namespace)
    assert isinstance(points, float)
    assert points == partial[name]


def test_records_that_are_out_of_step_are_said_kindly(monkeypatch, capsys):
    import recbook.recorded

    monkeypatch.setattr(recbook.recorded, "_chapter", lambda name: {})
    check("autoencoder.forward", vars(reference))
    assert "record" in capsys.readouterr().out


def test_award_without_records_is_an_error_not_a_mark(monkeypatch):
    import recbook.recorded

    monkeypatch.setattr(recbook.recorded, "_chapter", lambda name: {})
    with pytest.raises(RecbookError):
        award("autoencoder.forward", vars(reference))
