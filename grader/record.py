"""Record what the reference and each known mistake answer to the public cases: the data `check` compares with.

Beside them stand the parts whose right answer is the same for every seed, as a list `constant`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from grader.verify import ask_constant, ask_known
from recbook.answer import Answer, from_json, to_json
from recbook.asking import PUBLIC_SEED
from recbook.question import Question
from recbook.questions import of_chapter
from recbook.verdict import agree

ANSWERS = Path(__file__).parent.parent / "src" / "recbook" / "answers"


def record(chapter: str, folder: Path = ANSWERS) -> Path:
    """Write the recorded answers of a chapter. Returns the file."""
    path = folder / f"{chapter}.json"
    temporary = path.with_suffix(".json.part")
    temporary.write_text(_document(chapter), encoding="utf-8")
    temporary.replace(path)
    return path


def stale(chapter: str, folder: Path = ANSWERS) -> list[str]:
    """What is out of date in the recorded answers of a chapter, in words; empty when nothing is.

    Numbers are compared as a check would compare them, so another machine's rounding is not staleness.
    """
    questions = [exercise for exercise in of_chapter(chapter) if isinstance(exercise, Question)]
    path = folder / f"{chapter}.json"
    if not path.is_file():
        return [f"{chapter}: no recorded answers"]
    old = json.loads(path.read_text(encoding="utf-8"))
    found = [f"{id}: is no exercise any more" for id in old.keys() - {question.id for question in questions}]
    for question in questions:
        if question.id not in old:
            found.append(f"{question.id}: not recorded")
        elif difference := _difference(question, old[question.id]):
            found.append(f"{question.id}: {difference}")
    return found


def _difference(question: Question, entry: dict) -> str:
    reference, mistakes = ask_known(question, PUBLIC_SEED)
    if [m["name"] for m in entry["mistakes"]] != [m.name for m in mistakes]:
        return "its list of mistakes has changed"
    for known, recorded in zip(mistakes, entry["mistakes"], strict=True):
        if known.hint != recorded["hint"]:
            return f"the hint of {known.name} has changed"
        answer = from_json(json.dumps(recorded["answer"]), question.max_bytes)
        if not agree(question, known.answer, answer, reference):
            return f"the answer of {known.name} has changed"
    recorded_reference = from_json(json.dumps(entry["reference"]), question.max_bytes)
    if not agree(question, reference, recorded_reference, reference):
        return "the reference's answer has changed"
    if sorted(ask_constant(question)) != entry.get("constant"):
        return "the list of parts that are the same for every seed has changed"
    return ""


def _public(answer: Answer, question: Question) -> dict:
    """An answer as JSON, without the lines of code that raised: students get this file."""
    cases = tuple(replace(case, raised=case.raised and replace(case.raised, where="")) for case in answer.cases)
    return json.loads(to_json(replace(answer, cases=cases), question.max_bytes))


def _document(chapter: str) -> str:
    entries = {}
    for question in of_chapter(chapter):
        if not isinstance(question, Question):
            continue
        reference, mistakes = ask_known(question, PUBLIC_SEED)
        entries[question.id] = {
            "constant": sorted(ask_constant(question)),
            "reference": _public(reference, question),
            "mistakes": [{"name": m.name, "hint": m.hint, "answer": _public(m.answer, question)} for m in mistakes],
        }
    # One line an exercise: small, and a change shows in a diff where it happened.
    lines = [f"{json.dumps(id)}: {json.dumps(entry, separators=(',', ':'))}" for id, entry in entries.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
