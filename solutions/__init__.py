"""Reference implementations, one module a chapter. Never part of the wheel, never beside student code."""
