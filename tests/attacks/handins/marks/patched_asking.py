"""The machinery that asks gives its own answers: none, empty, and "no part was wrong"."""

import recbook.asking
import recbook.respond
from recbook.answer import Answer, CaseAnswer

define_all(0)
recbook.asking._ask_case = lambda *a: CaseAnswer()
recbook.asking.draw_cases = lambda *a: []
recbook.respond.ask = recbook.asking.ask = lambda *a: Answer(cases=())
recbook.asking.plain = lambda value, depth=0: True
