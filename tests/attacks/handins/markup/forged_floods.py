"""A table of several megabytes for the page, which a cleaner would chew on for minutes."""

bad = "<div><style></style   " * 40_000 + "<table>" * 100_000
journal({"event": "cell-end", "index": 1, "error": None, "outputs": [
    {"output_type": "display_data", "data": {"text/html": bad}, "metadata": {}},
    {"output_type": "stream", "name": "stdout", "text": "x" * 3_000_000}]})
