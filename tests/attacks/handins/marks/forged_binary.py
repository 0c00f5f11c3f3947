"""Bytes that are no text, no JSON, no line."""

import os

raw(bytes(range(256)) * 64)
raw(os.urandom(100_000))
raw(b"\xff\xfe\n\x00\n\n\n{\n}\n[]\nnull\n\"x\"\n")
