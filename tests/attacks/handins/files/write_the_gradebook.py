"""Opens the gradebook and gives itself full marks; writes marks, feedback, records and the log."""

import os
import sqlite3


def all_points():
    with sqlite3.connect("@OUT@/gradebook.db") as db:
        return db.execute("UPDATE grade SET auto_score = 100, manual_score = 100").rowcount


attempt("gradebook", all_points)
for name in ("grades.csv", "log.jsonl", "feedback/perfect/autoencoder.html", "records/eve/autoencoder.json", "new", "gradebook.db"):
    attempt(name, lambda: open(os.path.join("@OUT@", name), "a").write("x"))
attempt("canary", lambda: open("@CANARY@/secret.txt", "a").write("x"))
attempt("remove", lambda: os.remove("@CANARY@/secret.txt") or "removed")
