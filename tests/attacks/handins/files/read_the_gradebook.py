"""Reads the gradebook, the secret, the marks and what others have handed in."""

import os

for name in ("gradebook.db", "secret-seed.txt", "grades.csv", "log.jsonl", "source/autoencoder/autoencoder.ipynb",
             "records", "feedback", "../submitted", "../submitted/perfect/autoencoder/autoencoder.ipynb"):
    path = os.path.join("@OUT@", name)
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(100))
attempt("canary", lambda: open("@CANARY@/secret.txt").read())
