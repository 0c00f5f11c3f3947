"""Ends the journal before a question was asked."""

journal({"event": "end"})
journal({"event": "end"})
