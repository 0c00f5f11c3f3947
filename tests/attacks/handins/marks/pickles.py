"""Pickles as answers, in results and in the journal; loading one would write a file."""

import base64
import json
import pickle


class Loaded:
    def __reduce__(self):
        return (open, ("@CANARY@/pickled", "w"))


define_all(Loaded())
data = base64.b64encode(pickle.dumps(Loaded())).decode()
for answer in (data, json.dumps({"cases": [{"parts": {"inputs": {"$pickle": data}}, "raised": None}], "missing": []}),
               json.dumps({"cases": [{"parts": {"inputs": {"$array": ["|O", [1], data]}}, "raised": None}], "missing": []})):
    journal({"event": "answer", "id": "autoencoder.sizes", "answer": answer, "seconds": 0, "peak_memory": 0})
