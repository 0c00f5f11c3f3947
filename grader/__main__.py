"""`python -m grader`: the command line."""

from grader.cli import run

if __name__ == "__main__":
    run()
