"""The errors the grader raises on purpose. Their messages are written for the person who reads them."""

from recbook.errors import RecbookError


class GraderError(RecbookError):
    """Something a person can put right; the message says what happened and what to do."""


class AuthorError(RecbookError):
    """Something in a chapter does not fit together; the message says where, and what to write instead."""


class UnknownChapter(GraderError):
    """There is no chapter of this name."""


class NoHandins(GraderError):
    """There is nothing to grade: no such folder, or nothing of this chapter in it."""


class NothingGraded(GraderError):
    """Results are asked for where nothing has been graded."""


class ExportProblem(GraderError):
    """Marks cannot be exported as they were asked for."""


class CollectError(GraderError):
    """A download cannot be collected: it is no archive, too large, or of no platform that is known."""


class OutNotWritable(GraderError):
    """The results cannot be written where they should go."""


class GradebookError(GraderError):
    """The gradebook cannot be read or written, or belongs to another version of the chapter."""


class FileProblem(GraderError):
    """A Python file that should be asked cannot be read."""


class HandinProblem(GraderError):
    """One hand-in cannot be read. It costs that hand-in only."""


class ChildProblem(GraderError):
    """The process that runs student code does not start at all: something is wrong with the installation."""


class BadLimits(GraderError):
    """A file of limits cannot be used."""


class NoIsolation(GraderError):
    """Student code cannot be locked in on this machine; the message says what is missing and how to get it."""


class NoScheduler(GraderError):
    """The cluster that should grade cannot be reached, or has nobody to do the work."""
