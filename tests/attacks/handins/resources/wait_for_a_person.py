"""Waits for somebody to type."""

import getpass
import sys

attempt("input", lambda: input("Your marks? "))
attempt("stdin", lambda: sys.stdin.read(1))
attempt("password", lambda: getpass.getpass())
breakpoint()
