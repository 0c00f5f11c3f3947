"""A quiet IPython shell: it runs a notebook's cells without a screen, a terminal or a kernel, and keeps the outputs.

Used by `recbook.respond` beside student code. IPython comes with every notebook; nothing else in recbook needs it.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import re
import signal
import sys
from collections.abc import Iterator
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from recbook.asking import OutOfTime

#: The most characters of output kept for one cell, pictures apart, and for one picture.
MAX_TEXT = 30_000
MAX_PICTURE = 400_000
#: The most pictures kept for one cell, and the most characters of all outputs of one notebook together.
MAX_PICTURES = 8
MAX_ALL = 4_000_000
_PICTURE_DPI = 72
_KEPT_TEXT = ("text/plain", "text/html", "text/markdown", "text/latex")
_KEPT_PICTURES = ("image/png", "image/jpeg")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BEFORE_CARRIAGE_RETURN = re.compile(r"[^\n]*\r(?!\n)")

#: Magics that would install or start something, or wait for a person.
_NOT_RUN = frozenset(
    ("pip", "conda", "mamba", "micromamba", "uv", "system", "sx", "sc", "bash", "sh", "script", "perl", "ruby", "edit")
)
_SILENT = frozenset({"matplotlib"})  # asks for pictures in the notebook: they are kept anyway


class Recorder:
    """The outputs of the running cell, in nbformat's shape, in order and within limits."""

    def __init__(self) -> None:
        self._room = MAX_ALL
        self.begin()

    def begin(self) -> None:
        """Forget the outputs of the last cell."""
        self.outputs: list[dict[str, Any]] = []
        self._text_left = MAX_TEXT
        self._pictures_left = MAX_PICTURES

    def stream(self, name: str, text: str) -> None:
        """Add printed text; a progress bar that rewrites its line keeps its last state only."""
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") == name and len(text) <= MAX_TEXT and "\r" in text + last["text"]:
            last["text"] = _BEFORE_CARRIAGE_RETURN.sub("", last["text"] + text)[-MAX_TEXT:]
            return
        text = self._take_text(text)
        if text and last.get("name") == name:
            last["text"] += text
        elif text:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def display(self, output_type: str, data: dict[str, Any]) -> None:
        """Add a result or a displayed object, as far as a feedback page can show it."""
        kept = {}
        for kind in _KEPT_TEXT:
            if isinstance(data.get(kind), str) and (kind == "text/plain" or len(data[kind]) <= self._text_left):
                kept[kind] = self._take_text(data[kind])
        for kind in _KEPT_PICTURES:
            picture = data.get(kind)
            if isinstance(picture, bytes):
                picture = base64.b64encode(picture).decode("ascii")
            if isinstance(picture, str) and self._take_picture(len(picture)):
                kept[kind] = picture
        if kept:
            self.outputs.append({"output_type": output_type, "data": kept, "metadata": {}})

    def error(self, type_name: str, message: str, lines: list[str]) -> None:
        """Add a traceback; the first of a cell also where there is no room for its lines."""
        text = self._take_text(_ANSI.sub("", "\n".join(lines)))
        if text or not any(output["output_type"] == "error" for output in self.outputs):
            self.outputs.append(
                {"output_type": "error", "ename": type_name, "evalue": message[:1000], "traceback": text.splitlines()}
            )

    def _take_text(self, text: str) -> str:
        left = min(self._text_left, self._room)
        if left <= 0:
            return ""
        if len(text) > left:
            text = text[:left] + "\n... (the rest of this output is not kept)\n"
        self._text_left -= len(text)
        self._room -= len(text)
        return text

    def _take_picture(self, size: int) -> bool:
        if size > MAX_PICTURE or size > self._room or not self._pictures_left:
            return False
        self._pictures_left -= 1
        self._room -= size
        return True


class _Printed(io.TextIOBase):
    """Stands for stdout or stderr while a cell runs."""

    def __init__(self, recorder: Recorder, name: str):
        self._recorder, self._name = recorder, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._recorder.stream(self._name, str(text))
        return len(text)


class _RecordingHook(DisplayHook):
    """Keeps the value of a cell's last expression instead of printing it."""

    recorder: Recorder

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        self.recorder.display("execute_result", format_dict)

    def log_output(self, format_dict) -> None:
        pass

    def finish_displayhook(self) -> None:
        self._is_active = False


class _RecordingPublisher(DisplayPublisher):
    """Keeps what `display(...)` shows."""

    recorder: Recorder

    def publish(self, data, metadata=None, *args, **kwargs) -> None:
        self.recorder.display("display_data", data)

    def clear_output(self, wait=False) -> None:
        self.recorder.begin()


class QuietShell(InteractiveShell):
    """An IPython shell whose outputs are recorded and whose ways out of the notebook lead nowhere."""

    displayhook_class = Type(_RecordingHook)
    display_pub_class = Type(_RecordingPublisher)
    recorder: Recorder

    async def run_ast_nodes(self, nodelist, cell_name, interactivity="last_expr", compiler=compile, result=None):
        """Run the statements of a cell, up to the first that fails, unless that one is an import.

        Where the student works, the library may be there: of a cell with a failed import, all is run that can be.
        """
        failed = False
        for node in nodelist:
            shown = interactivity if node is nodelist[-1] or interactivity == "all" else "none"
            # The cell's error is its first.
            if await super().run_ast_nodes([node], cell_name, shown, compiler, None if failed else result):
                if not (failed or _is_failed_import(node, result.error_in_exec)):
                    return True
                failed = True
        return failed

    def run_line_magic(self, magic_name, line, *args, **kwargs):
        """Run a `%magic`, unless it is one that leads out of the notebook."""
        if self._stops(magic_name):
            return None
        return super().run_line_magic(magic_name, line, *args, **kwargs)

    def run_cell_magic(self, magic_name, line, cell):
        """Run a `%%magic`, unless it is one that leads out of the notebook."""
        if self._stops(magic_name):
            return None
        return super().run_cell_magic(magic_name, line, cell)

    def _stops(self, magic_name: str) -> bool:
        if magic_name in _NOT_RUN:
            print(f"(%{magic_name} is not run here)")
        return magic_name in _NOT_RUN or magic_name in _SILENT

    def system(self, cmd):
        """`!command` runs nothing."""
        print(f"(!{str(cmd)[:60]} is not run here)")

    system_raw = system_piped = system

    def getoutput(self, cmd, split=True, depth=0):
        """`lines = !command` gives no lines."""
        self.system(cmd)
        return [] if split else ""

    @contextlib.contextmanager
    def _tee(self, channel):
        """IPython would keep a copy of everything printed, without a limit."""
        yield

    def ask_exit(self) -> None:
        """`exit` and `quit` do not end the notebook."""

    def showtraceback(self, exc_tuple=None, *args, **kwargs) -> None:
        """Record a traceback."""
        kind, value, _ = exc_tuple or sys.exc_info()
        if kind is OutOfTime:
            # The alarm goes on ringing for code that swallows it: not while we write about it.
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
            self.recorder.error("OutOfTime", "the cell did not end in time", ["The cell was stopped: out of time."])
        elif kind is SystemExit:
            self.recorder.error("SystemExit", str(value), ["The cell called exit()."])
        else:
            super().showtraceback(exc_tuple, *args, **kwargs)

    def _showtraceback(self, etype, evalue, stb) -> None:
        try:
            message = str(evalue)
        except BaseException:
            message = "(its message could not be read)"
        self.recorder.error(etype.__name__, message, list(stb))


def _is_failed_import(node: ast.stmt, error: BaseException | None) -> bool:
    """An import that runs out of time is none, nor one of a file that calls `exit()`."""
    return isinstance(node, ast.Import | ast.ImportFrom) and isinstance(error, Exception)


def quiet_shell() -> QuietShell:
    """The one shell of this process. Its profile lives in `IPYTHONDIR`, its history nowhere."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    # Python's own traceback: IPython's, with the lines around, takes longer to make than most cells take to run.
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.cache_size = 100
    shell = QuietShell.instance(config=config)
    shell.recorder = Recorder()
    shell.displayhook.recorder = shell.display_pub.recorder = shell.recorder
    return shell


def run_cell(shell: QuietShell, source: str, draw: bool = True) -> BaseException | None:
    """Run one cell; its outputs are then in `shell.recorder.outputs`. Returns what ended it early, if anything.

    Without `draw`, figures are left out: each costs more time than most cells.
    """
    shell.recorder.begin()
    with _printing_to(shell.recorder):
        try:
            result = shell.run_cell(source, store_history=True)
            _close_figures(shell.recorder, draw)
        except BaseException as error:  # an alarm that rings outside the cell's own code, KeyboardInterrupt, ...
            return error
    return result.error_before_exec or result.error_in_exec


@contextlib.contextmanager
def _printing_to(recorder: Recorder) -> Iterator[None]:
    printed, warned = _Printed(recorder, "stdout"), _Printed(recorder, "stderr")
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(warned):
        yield


def _picture(figure: Any) -> bytes:
    file = io.BytesIO()
    # A layout engine has made everything fit already; cutting out tightly would draw everything twice.
    tight = None if figure.get_layout_engine() else "tight"
    figure.savefig(file, format="png", dpi=_PICTURE_DPI, bbox_inches=tight)
    return file.getvalue()


def _close_figures(recorder: Recorder, draw: bool) -> None:
    """Draw and close the open matplotlib figures, as a notebook does at the end of a cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums() if draw else ():
        try:
            figure = pyplot.figure(number)
            recorder.display("display_data", {"text/plain": repr(figure), "image/png": _picture(figure)})
        except Exception as error:
            recorder.stream("stderr", f"(a figure could not be drawn: {type(error).__name__})\n")
    pyplot.close("all")
