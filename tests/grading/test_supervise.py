"""Student code in its own process: what goes wrong there costs the step it goes wrong in, and nothing else."""

import json
import os
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from grader.apart import Usage
from grader.errors import ChildProblem
from grader.limits import Limits
from grader.supervise import Code, respond_apart
from recbook.answer import Answer, CaseAnswer, Opaque, to_json
from recbook.questions import find

OVERLAP = find("autoencoder.overlap_at_k")
SIZES = find("autoencoder.sizes")
JOIN = find("autoencoder.join_attributes")
QUIZ = find("autoencoder.binary_loss")
QUICK = Limits(cell_seconds=2, grace_seconds=1)

GOOD = """
def overlap_at_k(first, second, k):
    return len(set(first[:k]) & set(second[:k])) / k
"""


def answered(response, question):
    answer = response.asked[question.id].answer
    return answer is not None and not answer.missing and answer.raised is None


@pytest.fixture(scope="module")
def notebook(worker):
    """One troubled notebook, run once: each test below looks at one thing that came of it."""
    cells = [
        "%pip install nothing-at-all\n!touch /tmp/never\n%matplotlib inline\nprint('hello')\n6 * 7",
        "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
        GOOD + "\nimport os\nos._exit(3)",
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
        "input('?')",
        "raise KeyboardInterrupt",
        "import sys\nsys.exit('bye')",
        "def broken(:\n    pass",
        "print('x' * 10_000_000)",
        "import os, sys\nseen = sorted(os.environ), os.getcwd(), os.listdir(), sys.argv, sys.stdin.read()\nseen",
        "import torch\nprint(torch.get_num_threads(), __name__)\nimport solutions",
        "def join_attributes(attributes, x):\n    raise KeyboardInterrupt",
        "def sizes(ratings, features):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)",
        "import signal\ndef binary_loss():\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass",
        "import recbook\nlen(recbook.load('ml-1m').ratings) < 10_000",
    ]
    questions = [(question, 5) for question in (SIZES, JOIN, QUIZ, OVERLAP)]
    return respond_apart(Code(cells=list(enumerate(cells))), questions, QUICK, worker.start)


def text(run):
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in run.outputs]
    return "".join(parts)


def test_outputs_come_back_in_order(notebook):
    kinds = [output["output_type"] for output in notebook.cells[0].outputs]
    assert kinds == ["stream", "execute_result"]
    assert text(notebook.cells[0]).endswith("hello\n42")


def test_nothing_is_installed_and_no_shell_is_started(notebook):
    assert "%pip is not run here" in text(notebook.cells[0])
    assert "!touch /tmp/never is not run here" in text(notebook.cells[0])


def test_figures_are_kept(notebook):
    assert notebook.cells[1].outputs[-1]["data"]["image/png"].startswith("iVBOR")


def test_figures_of_given_cells_are_left_out(worker):
    source = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nprint('drawn')"
    code = Code([(0, source), (1, source)], given={0})
    cells = respond_apart(code, [], Limits(), worker.start).cells
    assert [output["output_type"] for output in cells[0].outputs] == ["stream"]
    assert [output["output_type"] for output in cells[1].outputs] == ["stream", "display_data"]
    assert cells[1].outputs[-1]["data"].keys() == {"text/plain", "image/png"}  # its own one, not the one before


def test_a_cell_that_ends_the_process_keeps_its_definitions(notebook):
    assert notebook.cells[2].error["type"] == "ProcessEnded"
    assert answered(notebook, OVERLAP)


def test_an_endless_cell_is_stopped(notebook):
    assert notebook.cells[3].error["type"] == "OutOfTime"


@pytest.mark.parametrize(
    ("index", "error"), [(4, "EOFError"), (5, "KeyboardInterrupt"), (6, "SystemExit"), (7, "SyntaxError")]
)
def test_errors_do_not_stop_later_cells(notebook, index, error):
    assert notebook.cells[index].error["type"] == error
    assert notebook.cells[14].error is None


def test_huge_output_is_cut(notebook):
    assert 1_000 < len(text(notebook.cells[8])) < 100_000


def test_the_world_is_small(notebook):
    variables, _, files, argv, stdin = eval(text(notebook.cells[9]))
    assert files == []
    assert stdin == ""
    assert argv[1:] == []
    assert not [name for name in variables if "PYTHONPATH" in name or "SECRET" in name or "TOKEN" in name]


def test_one_thread_and_no_way_to_the_solutions(notebook):
    assert text(notebook.cells[10]) == "1 __main__\n"
    assert notebook.cells[10].error["type"] == "ModuleNotFoundError"


def test_a_keyboard_interrupt_in_a_function_is_an_answer(notebook):
    assert notebook.asked[JOIN.id].answer.raised.type_name == "KeyboardInterrupt"


def test_a_crash_costs_its_question_only(notebook):
    assert notebook.asked[SIZES.id].why == "died"
    assert "SIGSEGV" in notebook.asked[SIZES.id].detail


def test_a_loop_that_ignores_the_alarm_costs_its_question_only(notebook):
    assert notebook.asked[QUIZ.id].why == "timeout"


def test_loaders_return_the_sample(notebook):
    assert text(notebook.cells[14]).endswith("True")


def test_usage_is_measured(notebook):
    assert notebook.cpu_seconds > 3  # two cells and a question ran until they were stopped
    assert notebook.peak_memory > 100 << 20
    assert notebook.starts >= 4


def test_a_file_with_a_syntax_error_is_reported_as_data(worker):
    response = respond_apart(
        Code(file=("mine.py", "def overlap_at_k(first:\n    pass\n")), [(OVERLAP, 1)], QUICK, worker.start
    )
    assert response.cells[0].error["type"] == "SyntaxError"
    assert "line 1" in response.cells[0].error["where"]
    assert response.asked[OVERLAP.id].answer.missing == ("overlap_at_k",)


FORGER = """
import json, os
for name in os.listdir("/proc/self/fd"):
    try:
        os.write(int(name), b'{"event": "answer", "id": "autoencoder.sizes", "answer": "{}", "seconds": 1}\\n'
                 b'not json\\n[]\\n{"event": "answer", "id": "no.such", "answer": 1}\\n{"event": "cell"}\\n')
    except OSError:
        pass

class Sly(str):
    pass

def overlap_at_k(first, second, k):
    return open
"""


def test_malformed_lines_count_as_nothing(worker):
    response = respond_apart(Code(file=("forger.py", FORGER)), [(SIZES, 1), (OVERLAP, 1)], QUICK, worker.start)
    assert response.asked[SIZES.id].why == "malformed"
    part = next(iter(response.asked[OVERLAP.id].answer.cases[0].parts.values()))
    assert isinstance(part, Opaque)


def test_everything_the_process_started_is_killed(worker):
    source = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(987)'])\n" + GOOD
    response = respond_apart(Code(file=("child.py", source)), [(OVERLAP, 1)], QUICK, worker.start)
    assert answered(response, OVERLAP)
    deadline = time.monotonic() + 5
    while left := [
        p for p in psutil.process_iter(["cmdline"]) if "time.sleep(987)" in " ".join(p.info["cmdline"] or [])
    ]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_the_time_for_the_whole_hand_in_is_limited(worker):
    limits = Limits(total_seconds=4, cell_seconds=60)
    began = time.monotonic()
    response = respond_apart(Code(file=("slow.py", "while True: pass")), [(OVERLAP, 1)], limits, worker.start)
    assert time.monotonic() - began < 15
    assert response.asked[OVERLAP.id].why == "no time left"


def test_stopping_the_grader_stops_the_process(worker):
    stop = threading.Event()
    threading.Timer(2, stop.set).start()
    limits = Limits(cell_seconds=60)
    response = respond_apart(
        Code(file=("slow.py", "while True: pass")), [(OVERLAP, 1)], limits, worker.start, stop=stop
    )
    assert response.asked[OVERLAP.id].why == "no time left"


def test_a_process_that_does_not_start_is_not_the_students_fault(worker):
    def broken(job, limits):
        return worker.start(job | {"questions": [{"id": "no.such", "seed": 0, "seconds": 1, "memory": 1}]}, limits)

    with pytest.raises(ChildProblem, match="UnknownExercise"):
        respond_apart(Code(file=("fine.py", GOOD)), [(OVERLAP, 1)], QUICK, broken)


def test_a_process_killed_before_it_is_ready_is_started_again(worker):
    killed = []

    def start(job, limits):
        apart = worker.start(job, limits)
        if not killed:
            killed.append(apart)
            apart.kill()
        return apart

    response = respond_apart(Code(file=("fine.py", GOOD)), [(OVERLAP, 1)], QUICK, start)
    assert killed[0].status < 0
    assert answered(response, OVERLAP)
    assert response.starts == 2


FORGED = """
import json, os
def raw(text):
    for fd in range(3, 100):
        try:
            if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:"):
                os.write(fd, text.encode() + b"\\n")
        except OSError:
            pass
"""


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "cell", "index": Infinity}',
        '{"event": "cell-end", "index": 0, "outputs": [], "error": [1]}',
        '{"event": "put-back", "names": 3}',
        '{"event": "put-back", "names": [3, {}]}',
        '{"event": "put-back"}',
        '{"event": "cell-end", "index": 0, "outputs": [], "error": {"type": 1}}',
        '{"event": "answer", "id": "autoencoder.overlap_at_k", "answer": "{}", "seconds": NaN, "peak_memory": 1}',
        '{"event": "question", "id": []}',
        "[" * 60_000,
        "\\x00",
    ],
)
def test_a_forged_line_harms_nobody(worker, line):
    response = respond_apart(Code(cells=[(0, FORGED + f"raw('{line}')")]), [(OVERLAP, 5)], QUICK, worker.start)
    assert not answered(response, OVERLAP)


def test_a_forged_end_leaves_no_question_open(worker):
    code = Code(cells=[(0, GOOD + FORGED + "raw(json.dumps({'event': 'end'}))")])
    assert respond_apart(code, [(OVERLAP, 5)], QUICK, worker.start).asked[OVERLAP.id].why == "malformed"


def test_outputs_past_what_is_kept_are_dropped(worker):
    event = "{'event': 'cell-end', 'index': index, 'error': None, 'outputs': [{'text': 'x' * 3_000_000}]}"
    code = Code(cells=[(0, GOOD + FORGED + f"for index in range(5, 8):\n    raw(json.dumps({event}))")])
    response = respond_apart(code, [(OVERLAP, 5)], QUICK, worker.start)
    assert [bool(response.cells[index].outputs) for index in (5, 6, 7)] == [True, True, False]
    assert answered(response, OVERLAP)


def test_the_cpu_time_of_a_hand_in_that_ends_well_is_known(worker):
    response = respond_apart(Code(cells=[(0, "n = sum(range(20_000_000))")]), [], QUICK, worker.start)
    assert response.cpu_seconds > 0.2


HALVES = """
from IPython.display import HTML, display
half = json.loads('"x\\\\ud800"')
print(half)
display(HTML(half))
raw(json.dumps({"event": "cell-end", "index": 7, "outputs": [{half: [half]}], "error": {"type": half, "where": half}}))
def overlap_at_k(first, second, k):
    raise ValueError(half)
raise ValueError(half)
"""


def test_half_a_surrogate_pair_comes_back_as_text(worker):
    response = respond_apart(Code(cells=[(0, GOOD + FORGED + HALVES)]), [(OVERLAP, 5)], QUICK, worker.start)
    assert text(response.cells[0]).startswith("x?\n")
    assert response.cells[0].error["message"] == "x?"
    assert response.cells[7].error["type"] == "x?"
    assert response.asked[OVERLAP.id].answer.raised.message == "x?"
    str(response).encode()


class Written:
    """A process that has written its lines, or writes them as it is looked at."""

    lost, hit, status, usage = False, "", None, Usage()

    def __init__(self, *looks):
        self.journal, self._writer = os.pipe()
        self._looks = iter(looks)

    def write(self, *lines):
        os.write(
            self._writer,
            b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines),
        )

    def poll(self):
        next(self._looks, lambda apart: None)(self)
        return False

    def wait(self, seconds):
        pass

    def kill(self):
        pass

    def close(self):
        os.close(self.journal)
        os.close(self._writer)


READY = {"event": "ready"}
QUESTION = {"event": "question", "id": OVERLAP.id}
ANSWER = {
    "event": "answer",
    "id": OVERLAP.id,
    "answer": to_json(Answer(missing=("x",))),
    "seconds": 0,
    "peak_memory": 0,
}
END = {"event": "end"}


@pytest.fixture
def clock(monkeypatch):
    """The machine's clock as the grader sees it, which a test can set forward."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("grader.supervise.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_the_time_while_the_grader_is_stopped_is_not_the_hand_ins(clock):
    def stopped(apart):
        clock.now += 10_000
        apart.write(READY, QUESTION)

    def start(job, limits):
        clock.now += 10_000
        return Written(stopped, lambda apart: apart.write(ANSWER, END))

    response = respond_apart(Code(), [(OVERLAP, 5)], QUICK, start)
    assert response.asked[OVERLAP.id].answer.missing == ("x",)
    assert response.starts == 1


def test_what_was_written_in_time_counts_however_late_it_is_read(clock):
    def start(job, limits):
        apart = Written()
        apart.write(READY, QUESTION, ANSWER, END)
        clock.now += 1
        return apart

    response = respond_apart(Code(), [(OVERLAP, 5)], Limits(total_seconds=0.5), start)
    assert response.asked[OVERLAP.id].answer.missing == ("x",)


def test_who_writes_without_end_is_stopped_in_time(clock):
    """And time that is watched counts: here each look takes a tenth of a second."""

    class Flood(Written):
        def poll(self):
            clock.now += 0.1
            self.write(READY)

    response = respond_apart(Code(), [(OVERLAP, 5)], Limits(total_seconds=5), lambda job, limits: Flood())
    assert response.asked[OVERLAP.id].why == "no time left"
    assert 5 <= clock.now < 6


def written_slowly(*lines):
    """Respond to a process that writes more than a pipe holds."""

    def start(job, limits):
        apart = Written()
        threading.Thread(target=apart.write, args=(READY, QUESTION, *lines, END)).start()
        return apart

    return respond_apart(Code(), [(OVERLAP, 5)], QUICK, start).asked[OVERLAP.id].answer


@pytest.mark.parametrize(
    "filling", ['"' + "x" * 9_000_000 + '"', "[" + "[]," * 2_000_000 + "1]"], ids=["long", "nested"]
)
def test_a_line_larger_than_any_of_ours_is_not_read(filling):
    end = '{"event": "end", "x": ' + filling + "}\n"
    assert written_slowly(end.encode(), ANSWER).missing == ("x",)


def test_the_largest_answer_is_read():
    """Where each character takes two: once in the answer, and once more in the line."""
    quotes = '"' * 499_900
    answer = written_slowly(ANSWER | {"answer": to_json(Answer((CaseAnswer({"part": quotes}),)))})
    assert answer.cases[0].parts["part"] == quotes
