"""Plants one small mistake for a whole run of tests, in a process of its own (S1).

Loaded by `pytest -p tests.authz.planted`; CASETABLE_PLANT says which: a module and the number of
the mistake in it.
"""

import importlib
import os

from tests.authz.mutant import mutants

MODULE, _, NUMBER = os.environ["CASETABLE_PLANT"].partition(" ")
# Left in place to the end: the process is there for this alone.
_PLANTED = list(mutants(importlib.import_module(MODULE)))[int(NUMBER)].at_work()
_PLANTED.__enter__()
