"""Right implementations written differently, one module a chapter. They keep questions from asking for one style."""
