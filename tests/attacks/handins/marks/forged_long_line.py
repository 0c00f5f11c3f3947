"""One line of the journal that does not end."""

for _ in range(100):
    raw(b"x" * 65536)
