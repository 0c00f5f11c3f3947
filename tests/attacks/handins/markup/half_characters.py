"""Half of a surrogate pair, which no file takes: printed, displayed, raised, returned, in names and in the journal."""

import json

from IPython.display import HTML, display

half = "\ud800"
print(half)
display(HTML(f"<b>{half}</b>"))
journal({"event": "cell-end", "index": 1, "outputs": [{"output_type": "stream", "name": "stdout", "text": half}, {half: half}], "error": dict.fromkeys(("type", "message", "where"), half)})
answers = [{"cases": [], "missing": [half]}, {"cases": [{"parts": {half: {"$opaque": half}}, "raised": dict.fromkeys(("type_name", "message", "where"), half)}], "missing": []}]
for id, answer in zip(ids(), answers):
    journal({"event": "question", "id": id})
    journal({"event": "answer", "id": id, "answer": json.dumps(answer), "seconds": 0, "peak_memory": 0})
# %%
define_all(half)


def sizes(*args):
    raise ValueError(half)


raise ValueError(half)
