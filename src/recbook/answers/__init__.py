"""Recorded answers, one JSON file a chapter. Generated: run `python -m grader record`."""
