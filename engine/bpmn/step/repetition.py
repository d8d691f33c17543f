"""Repetition of an activity: once per entry of a collection, or while a condition holds."""

from typing import Any

from SpiffWorkflow.spiff.specs.defaults import (
    ParallelMultiInstanceTask as LibraryParallelMultiInstanceTask,
)
from SpiffWorkflow.spiff.specs.defaults import (
    SequentialMultiInstanceTask as LibrarySequentialMultiInstanceTask,
)
from SpiffWorkflow.spiff.specs.defaults import StandardLoopTask as LibraryStandardLoopTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.interpreter import place
from engine.bpmn.merge import clone, combine
from engine.bpmn.step.base import Step
from engine.errors import ExpressionError
from engine.language.telling import told


class _Repetition(Step):
    """Frames the steps that are repeated; completes when the last of them has."""

    repeats = True

    def _open(self, my_task: Any, data: dict[str, Any], **marks: Any) -> None:
        child = my_task._add_child(my_task.workflow.spec.task_specs[self.task_spec])  # noqa: SLF001
        child.data = data
        child.internal_data.update(marks)
        child.task_spec._update(child)  # noqa: SLF001


class StandardLoop(_Repetition, LibraryStandardLoopTask):  # type: ignore[misc]
    """Repeats while the condition is true, at most so many times."""

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        my_task.internal_data["count"] = 0
        if self.test_before and self._done(my_task):
            return True
        my_task._set_state(TaskState.STARTED)  # noqa: SLF001
        self._open(my_task, {})
        return False

    def _done(self, my_task: Any) -> bool:
        if self.maximum is not None and my_task.internal_data["count"] >= self.maximum:
            return True
        return self.condition is not None and not my_task.workflow.script_engine.holds(
            my_task, self.condition
        )

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Take over the data of a finished round, and open the next one if there is one."""
        del workflow
        my_task = child.parent
        my_task.data = clone(child.data)
        my_task.internal_data["count"] += 1
        if self._done(my_task):
            my_task._ready()  # noqa: SLF001
        else:
            self._open(my_task, {})


class _MultiInstance(_Repetition):
    """Repeats for each entry of a collection: a context keyed by partner, or a list."""

    sequential = False

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        entries = self._entries(my_task)
        self._prepare(my_task)
        if not entries:
            return True
        my_task._set_state(TaskState.STARTED)  # noqa: SLF001
        if self.sequential:
            my_task.internal_data["remaining"] = entries[1:]
            entries = entries[:1]
        for key in entries:
            self._open_entry(my_task, key)
        return False

    def _entries(self, my_task: Any) -> list[Any]:
        """Return the keys of the collection, or the positions of the list."""
        name = self.data_input.bpmn_id
        collection = my_task.data.get(name)
        if isinstance(collection, dict):
            return list(collection)
        if isinstance(collection, list):
            return list(range(len(collection)))
        raise ExpressionError(
            told(
                "%(place)s: `%(name)s` is no context or list; set it before the step.",
                place=place(my_task),
                name=name,
            )
        )

    def _prepare(self, my_task: Any) -> None:
        """Provide the collection for the results; entries of an earlier round stay in a context."""
        if self.data_output is None or self.data_output.bpmn_id == self.data_input.bpmn_id:
            return
        keyed = isinstance(my_task.data[self.data_input.bpmn_id], dict)
        name = self.data_output.bpmn_id
        if not isinstance(my_task.data.get(name), dict):
            my_task.data[name] = {} if keyed else []

    def _open_entry(self, my_task: Any, key: Any) -> None:
        value = my_task.data[self.data_input.bpmn_id][key]
        plain = isinstance(value, str | int) and not isinstance(value, bool)
        shown = key if isinstance(key, str) or not plain else str(value)
        data = {} if self.input_item is None else {self.input_item.bpmn_id: clone(value)}
        self._open(my_task, data, key=key, item=shown)

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Put the result of a finished entry under its key; complete after the last one."""
        del workflow
        my_task = child.parent
        self._store(my_task, child)
        running = [
            other for other in my_task.children if not other.has_state(TaskState.FINISHED_MASK)
        ]
        remaining = my_task.internal_data.get("remaining", [])
        if self.condition is not None and my_task.workflow.script_engine.holds(
            my_task, self.condition
        ):
            for other in running:
                other.cancel()
            my_task._ready()  # noqa: SLF001
        elif remaining:
            my_task.internal_data["remaining"] = remaining[1:]
            self._open_entry(my_task, remaining[0])
        elif not running:
            my_task._ready()  # noqa: SLF001

    def _store(self, my_task: Any, child: Any) -> None:
        if self.data_output is not None and self.output_item is not None:
            name = self.data_output.bpmn_id
            results, key = my_task.data[name], child.internal_data["key"]
            result = clone(child.data.get(self.output_item.bpmn_id))
            # Never in place: a loaded step shares its nested values with the steps before it.
            if isinstance(results, dict):
                my_task.data[name] = {**results, str(key): result}
            elif name == self.data_input.bpmn_id:
                my_task.data[name] = [*results[:key], result, *results[key + 1 :]]
            else:
                my_task.data[name] = [*results, result]
            return
        item = None if self.input_item is None else self.input_item.bpmn_id
        changed = {name: value for name, value in child.data.items() if name != item}
        before = my_task.parent.data
        if item in before:
            changed[item] = before[item]
        mine = before if self.sequential else my_task.data
        my_task.data = combine(before, [mine, changed])


class ParallelMultiInstance(_MultiInstance, LibraryParallelMultiInstanceTask):  # type: ignore[misc]
    """Opens all entries at once."""


class SequentialMultiInstance(_MultiInstance, LibrarySequentialMultiInstanceTask):  # type: ignore[misc]
    """Opens one entry after the other."""

    sequential = True
