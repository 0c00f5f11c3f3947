"""The errors recbook raises on purpose. Their messages are written for the person who reads them."""


class RecbookError(Exception):
    """Something a person can put right; the message says what happened and what to do."""


class UnknownExercise(RecbookError, KeyError):
    """There is no exercise, or no chapter, of this name."""

    def __str__(self) -> str:  # KeyError would print the message in quotes
        return str(self.args[0])


class AnswerTooLarge(RecbookError):
    """An answer is larger than its question allows."""


class BadAnswer(RecbookError):
    """Bytes that came back from beside student code are not a well-formed answer."""
