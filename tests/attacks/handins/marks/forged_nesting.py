"""JSON a hundred thousand levels deep, as a line and as an answer."""

deep = "[" * 100_000 + "]" * 100_000
raw(deep.encode() + b"\n")
raw(b'{"event": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}\n")
for text in (deep, '{"cases": %s, "missing": []}' % deep, '{"cases": [{"parts": {"inputs": %s}}]}' % deep):
    journal({"event": "answer", "id": "autoencoder.sizes", "answer": text, "seconds": 0, "peak_memory": 0})
