"""Lines of the right kind whose fields have the wrong one."""

for odd in (None, [], {}, "x", 0, [1], {"a": 1}, True, [[]], -1.5):
    for event in ("ready", "cell", "cell-end", "question", "answer", "ended", odd):
        journal({"event": event, "index": odd, "id": odd, "outputs": odd, "error": odd, "answer": odd})
    journal({"event": "cell-end", "index": 0, "outputs": [odd], "error": odd})
    journal({"event": "cell-end", "index": 1, "outputs": [{"output_type": odd, "data": odd, "text": odd}], "error": {"type": odd}})
    journal({"event": "answer", "id": "autoencoder.sizes", "answer": odd, "seconds": odd, "peak_memory": odd})
