"""nbgrader's settings for this course. `nbgrader` reads this file when it is started at the root of the repository."""

import sys
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from grader.preprocessors import RestoreStubs  # noqa: E402

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "recbook"
c.CourseDirectory.root = str(ROOT / "build" / "course")

# nbgrader's own steps, and one of ours right after the solutions are cleared.
steps = list(GenerateAssignment.preprocessors.default_args[0])
steps.insert(steps.index(ClearSolutions) + 1, RestoreStubs)
c.GenerateAssignment.preprocessors = steps

# What a hand-in shows must not run in the browser of the person who marks it.
c.HTMLExporter.sanitize_html = True
