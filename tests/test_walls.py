"""The walls of the house: who imports whom, and what the wheel contains."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.assemble import build_wheel

ROOT = Path(__file__).parents[1]


def imported(path: Path) -> set[str]:
    """The top-level packages a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"no Python files in {folder}"
    return found


@pytest.mark.parametrize("path", files("src/recbook"), ids=lambda p: str(p.relative_to(ROOT)))
def test_recbook_knows_no_answer(path):
    assert not imported(path) & {"solutions", "grader", "tests"}


@pytest.mark.parametrize("path", files("solutions"), ids=lambda p: str(p.relative_to(ROOT)))
def test_solutions_do_not_import_the_grader(path):
    assert not imported(path) & {"grader", "tests"}


@pytest.mark.parametrize("path", files("grader"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_grader_does_not_import_the_tests(path):
    assert "tests" not in imported(path)


def test_a_chapter_has_one_name_in_every_room():
    rooms = ["solutions", "src/recbook/questions", "grader/mistakes", "grader/alternatives"]
    chapters = [{path.stem for path in (ROOT / room).glob("[a-z]*.py")} for room in rooms]
    chapters.append({path.stem for path in (ROOT / "notebooks").glob("*.md")})
    chapters.append({path.stem for path in (ROOT / "src/recbook/answers").glob("*.json")})
    assert all(names == chapters[0] for names in chapters), dict(
        zip([*rooms, "notebooks", "answers"], chapters, strict=True)
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_recbook_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"recbook"}
    assert "recbook/answers/autoencoder.json" in names
    assert any("bundled" in name and name.endswith(".gz") for name in names)
    assert wheel.stat().st_size < 3_000_000


def test_the_wheel_holds_no_line_of_a_solution(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = "\n".join(archive.read(n).decode("utf-8") for n in archive.namelist() if n.endswith((".py", ".json")))
    for path in (ROOT / "solutions").glob("[a-z]*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                body = node.body[1:] if isinstance(node, ast.FunctionDef) else []
                code = {line.strip() for statement in body for line in ast.unparse(statement).splitlines()}
                leaked = [line for line in code if len(line) > 30 and line in text]
                assert not leaked, f"{node.name}: {leaked}"


def test_importing_recbook_is_quick_and_pulls_in_nothing_heavy():
    code = "import time; t = time.perf_counter(); import recbook, sys; print(time.perf_counter() - t); " \
           "print([m for m in ('torch', 'pandas', 'sklearn', 'IPython') if m in sys.modules])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, heavy = done.stdout.splitlines()
    assert heavy == "[]"
    assert float(seconds) < 0.5
