"""The teacher's side of recbook: course assembly, the site, grading. Nothing in here is shipped to students."""

import os
import sys

# nbgrader starts `alembic` by its bare name whenever it opens a gradebook. It lies beside this Python, which is not on
# the PATH when somebody runs `.venv/bin/python -m grader` without activating the environment.
_beside_python = os.path.dirname(sys.executable)
if _beside_python not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([_beside_python, os.environ.get("PATH", os.defpath)])

# jsonschema, which every notebook is checked with, would use this to check web addresses, which notebooks have none of;
# building its grammar takes longer than all other imports together.
sys.modules.setdefault("rfc3987_syntax", None)
