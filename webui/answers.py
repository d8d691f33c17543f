"""The answers of a finished step, as far as the reader may see them."""

from sqlalchemy.orm import Session

from engine.choices import CaseDirectory
from engine.form import Component
from engine.language import current_language, locale_of
from engine.models import Case, FormSubmission
from engine.reading.viewer import SOURCE, Viewer
from webui.answerview import Answer, answers_view
from webui.context import application, profile
from webui.spoken import words


def answers_of(
    session: Session, submission: FormSubmission, case: Case, viewer: Viewer
) -> list[Answer]:
    """Return the answers of a submission with labels; fields of a closed class as confidential."""
    deployment = application().deployments.get(session, case.deployment_id)
    form = deployment.forms.get(submission.form_id)
    if form is None:
        return []
    return answers_view(
        words(deployment.id).form(form),
        submission.values,
        CaseDirectory(session, case).options,
        zone=profile().zone,
        locale=locale_of(current_language()),
        permitted=lambda component: _permitted(component, submission, viewer),
    )


def _permitted(component: Component, submission: FormSubmission, viewer: Viewer) -> bool:
    if component.field_class is None:
        return True
    if component.field_class.value == SOURCE and component.key not in submission.values:
        return False  # it was moved to where each reading of it is on record (tasks/signal.py)
    return viewer.reads_field(component.field_class.value)
