"""A draft of a new profile: the set that it inherits, with the first answers of a policy team."""

from uuid import UUID

from engine.adaptation.beginning import Answers, begin
from engine.application import Application
from engine.deployment import keep_contents
from engine.errors import InputError
from engine.inheritance import story_paths
from engine.language.telling import told
from engine.models import CurrentDeployment
from engine.workshop.draft import (
    LONGEST_TITLE,
    begin_draft,
    begin_with,
    hash_of,
    owner,
    published_for,
)


def found(application: Application, actor: UUID, answers: Answers) -> UUID:
    """Begin a draft of a profile that is not there yet; return its id.

    It is judged and published by two people like any other; then it is there under its own code,
    and an installation runs it that is set to it.
    """
    folder, now_run = application.settings.processes_dir, application.settings.profile
    files = begin(folder, answers)
    stories = {
        name: path.read_bytes() for name, path in story_paths(folder, answers.inherits).items()
    }
    with application.database.transaction() as session:
        account = owner(session, actor)
        current = published_for(session, now_run)
        if session.get(CurrentDeployment, answers.code) is not None:
            raise InputError(
                told(
                    "There is a profile %(code)s already; choose another short name.",
                    code=answers.code,
                )
            )
        keep_contents(session, files.values())
        hashes = {path: hash_of(content) for path, content in files.items()}
        return begin_draft(
            session,
            account,
            application.now(session),
            profile=answers.code,
            title=answers.name.strip()[:LONGEST_TITLE],
            base_deployment_id=current.deployment_id,
            begun_with=begin_with(session, hashes, stories),
        )
