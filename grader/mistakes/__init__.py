"""Known mistakes, one module a chapter: plausible wrong implementations, each with the hint that cures it."""
