"""Answers with parts, missing names and exceptions that no question has."""

import json

texts = ["<b>x</b>", "__class__", "{0.__init__}", "%s%n", "../../x", "'); DROP TABLE grade;--", "\u202e\x00\x1b[2J"]
for id in ids():
    answer = {
        "cases": [{"parts": dict.fromkeys(texts, 1), "raised": {"type_name": t, "message": t, "where": t}} for t in texts],
        "missing": texts if id.endswith(("sizes", "fit")) else [],
    }
    journal({"event": "answer", "id": id, "answer": json.dumps(answer), "seconds": 0, "peak_memory": 0})
journal({"event": "end"})
