"""The frame of every page of a case: head, stage bar and tabs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import render_template

from engine.access import may
from engine.deployment import ResolvedDeployment
from engine.lifecycle import LIFECYCLE
from engine.linked_file import linked_files
from engine.models import Case, Episode, EpisodeState, LegalHold
from engine.profile import Profile
from engine.reading.cases import newest_episode
from engine.reading.hold import hold_on
from engine.reading.stage import Stage, stages
from engine.reading.travel import travel
from engine.reading.viewer import Viewer, viewer_of
from webui.context import account, application, now, reading, subject
from webui.reading_record import note_reading
from webui.spoken import speak_of, words


@dataclass(frozen=True)
class CaseFrame:
    """One case in front of one person; what its head shows is read once."""

    case: Case
    episode: Episode | None
    deployment: ResolvedDeployment
    viewer: Viewer

    @property
    def running(self) -> bool:
        """Say whether an episode runs, so that events can be told to it."""
        return self.episode is not None and self.episode.status == EpisodeState.RUNNING.value

    @property
    def file(self) -> str:
        """Return what the file is called where a structure keeps files apart; else nothing."""
        files = self.profile.files
        return files[self.case.file].name if self.case.file in files else ""

    @cached_property
    def linked(self) -> list[tuple[str, str]]:
        """Return code and name of the other files of the person, for who may know of both."""
        files = self.profile.files
        return [
            (other.code, files[other.file].name if other.file in files else "")
            for other in linked_files(reading(), account(), self.case)
        ]

    @cached_property
    def hold(self) -> LegalHold | None:
        """Return the legal hold on the case: everybody who works on it sees that it is kept."""
        return hold_on(reading(), self.case.id)

    @cached_property
    def shows_readers(self) -> bool:
        """Say whether this person may see who looked at the case."""
        return may(reading(), account(), "case:audit", self.case)

    @cached_property
    def stages(self) -> list[Stage]:
        """Return the phases of the drawn lifecycle and how far this episode has come."""
        process = self.deployment.processes.get(LIFECYCLE)
        if process is None or self.episode is None:
            return []
        path = travel(reading(), self.episode.instance, LIFECYCLE)
        current = self.episode.stage if self.running else ""
        found = stages(words().process(process), current, path.visited)
        own = self.deployment.profile.files.get(self.case.file)
        return [one for one in found if own is None or not own.stages or one.code in own.stages]

    @property
    def profile(self) -> Profile:
        """Return the profile that the case runs in, as this reader reads it."""
        return words().profile(self.deployment.profile)


def open_case(section: str, *, anew: bool = False) -> CaseFrame:
    """Return the case of this request; that it was opened is on record before anything is shown.

    `anew` reads behind the record, where a page shows this opening, too.
    """
    note_reading(subject().id, section, anew=anew)
    session = reading()
    case = session.get_one(Case, subject().id)
    deployment = application().deployments.get(session, case.deployment_id)
    speak_of(deployment)
    viewer = viewer_of(session, case, account(), deployment.profile)
    return CaseFrame(case, newest_episode(session, case), deployment, viewer)


def case_page(template: str, section: str, **values: Any) -> str:
    """Render a section of a case inside the frame."""
    frame = values.pop("frame", None) or open_case(section)
    values |= {"frame": frame, "case": frame.case, "section": section, "printed_at": now()}
    return render_template(template, **values)
