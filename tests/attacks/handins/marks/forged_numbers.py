"""Numbers that are none, or larger than any."""

answer = '{"cases": [{"parts": {"inputs": NaN, "outputs": Infinity, "n_parameters": -Infinity}, "raised": null}], "missing": []}'
for value in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 4000, "-1", "null", '"x"', "[]", "true"):
    raw(b'{"event": "cell", "index": %s}\n' % value.encode())
    raw(b'{"event": "cell-end", "index": %s, "outputs": [], "error": null}\n' % value.encode())
    line = {"event": "answer", "id": "autoencoder.sizes", "answer": answer, "seconds": "@", "peak_memory": "@"}
    journal(line, lambda text: text.replace('"@"', value))
