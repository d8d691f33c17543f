"""Makes SpiffWorkflow unable to evaluate Python, whatever a diagram or a stored state says.

Imported before anything else of this package. The library evaluates any Python found in a
diagram at about 25 places and, when it migrates an old state, in the state as well (engine.md).
"""

import logging
from typing import Any, Final, NoReturn

from SpiffWorkflow.bpmn.script_engine.python_environment import TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer.migration import version_migration

from engine.errors import ExpressionError
from engine.language.telling import told

_LOGGERS: Final = ("spiff", "spiff.task", "spiff.workflow", "spiff.data")


def refuse_python(*_arguments: Any, **_options: Any) -> NoReturn:
    """Stand in for the library's `eval` and `exec`."""
    raise ExpressionError(told("Python in diagrams is never evaluated; write a FEEL expression."))


def close_library() -> None:
    """Cut off the default environment, the migrations that evaluate text, and the data logs."""
    TaskDataEnvironment.evaluate = refuse_python
    TaskDataEnvironment.execute = refuse_python
    version_migration.MIGRATIONS.clear()
    for name in _LOGGERS:
        # Below INFO the library writes process variables into its log records.
        logging.getLogger(name).setLevel(logging.WARNING)


close_library()
