"""Arrays whose type is a text that NumPy would read as a small program, or fail to read in a way of its own."""

import json

odd = ["(,)f4", "(01,)f4", ",f4", "1 2f4", "0777f4", "(" * 1000, "<f4,<f4", "f4\ud800", "S9999999999", {"names": ["a"], "formats": ["f4"], "itemsize": 10**30}]
for number, id in enumerate(ids()):
    parts = {"$array": [odd[number % len(odd)], [1], "AAAAAA=="]}
    answer = {"cases": [{"parts": {"inputs": parts}, "raised": None}], "missing": []}
    journal({"event": "question", "id": id})
    journal({"event": "answer", "id": id, "answer": json.dumps(answer), "seconds": 0, "peak_memory": 0})
journal({"event": "end"})
