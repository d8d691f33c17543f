"""The tables, one subject a file."""

from engine.models.absence import Absence
from engine.models.audit import AuditCheckpoint, AuditEntry, AuditHead, AuditSeal
from engine.models.base import Base
from engine.models.case import Case, CaseLink, CaseMember, CasePartner, CaseState, Person
from engine.models.casefile import (
    Action,
    Assessment,
    CheckIn,
    ClosingDossier,
    Contribution,
    Decision,
    Document,
    Goal,
    InformationGap,
    Note,
    Opinion,
    PlanVersion,
    Signal,
)
from engine.models.credential import (
    AccountEvent,
    FailedAttempt,
    ProviderFlow,
    ProviderLink,
    ProviderSession,
    RecoveryCode,
    SecurityKey,
    SpentLogout,
    TotpFactor,
    TotpStep,
)
from engine.models.deployment import CurrentDeployment, DemoClock, Deployment, DeploymentFile
from engine.models.directory import (
    Account,
    AccountRole,
    Organisation,
    SessionStage,
    WebSession,
)
from engine.models.disclosure import Disclosure, DisclosureCase, ReleaseDecision
from engine.models.emergency import EmergencyAccess, EmergencyReview
from engine.models.erasing import ErasureRound
from engine.models.fence import install as install_fence
from engine.models.fence import remove as remove_fence
from engine.models.guard import install as install_guard
from engine.models.guard import remove as remove_guard
from engine.models.hit import HitAllowance, IdentityQuery
from engine.models.hold import LegalHold
from engine.models.job import InboxMessage, Incident, Job, Notice
from engine.models.key import CaseKey
from engine.models.mark import PersonMark
from engine.models.membership import BARRING, CaseStanding, Outcome, Standing
from engine.models.migration import InstanceMove, MigrationOutcome, MigrationRun
from engine.models.play import ScenarioResult, WorkshopAct, WorkshopPlay
from engine.models.printing import FilePrinting
from engine.models.process import (
    Episode,
    EpisodeState,
    InstanceState,
    ProcessInstance,
    StepHistory,
)
from engine.models.report import (
    ReportAnswer,
    ReportAttachment,
    ReportQuestion,
    SignalSource,
    SpentChallenge,
)
from engine.models.restoration import Restoration
from engine.models.sharing import ContributionShare, SharingRequest
from engine.models.work import Draft, FormSubmission, Timer, TimerState, WorkItem, WorkItemState
from engine.models.workshop import (
    DraftState,
    WorkshopChange,
    WorkshopDraft,
    WorkshopFile,
    WorkshopJudgement,
    WorkshopPublication,
    WorkshopVersion,
)

__all__ = [
    "BARRING",
    "Absence",
    "Account",
    "AccountEvent",
    "AccountRole",
    "Action",
    "Assessment",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "Base",
    "Case",
    "CaseKey",
    "CaseLink",
    "CaseMember",
    "CasePartner",
    "CaseStanding",
    "CaseState",
    "CheckIn",
    "ClosingDossier",
    "Contribution",
    "ContributionShare",
    "CurrentDeployment",
    "Decision",
    "DemoClock",
    "Deployment",
    "DeploymentFile",
    "Disclosure",
    "DisclosureCase",
    "Document",
    "Draft",
    "DraftState",
    "EmergencyAccess",
    "EmergencyReview",
    "Episode",
    "EpisodeState",
    "ErasureRound",
    "FailedAttempt",
    "FilePrinting",
    "FormSubmission",
    "Goal",
    "HitAllowance",
    "IdentityQuery",
    "InboxMessage",
    "Incident",
    "InformationGap",
    "InstanceMove",
    "InstanceState",
    "Job",
    "LegalHold",
    "MigrationOutcome",
    "MigrationRun",
    "Note",
    "Notice",
    "Opinion",
    "Organisation",
    "Outcome",
    "Person",
    "PersonMark",
    "PlanVersion",
    "ProcessInstance",
    "ProviderFlow",
    "ProviderLink",
    "ProviderSession",
    "RecoveryCode",
    "ReleaseDecision",
    "ReportAnswer",
    "ReportAttachment",
    "ReportQuestion",
    "Restoration",
    "ScenarioResult",
    "SecurityKey",
    "SessionStage",
    "SharingRequest",
    "Signal",
    "SignalSource",
    "SpentChallenge",
    "SpentLogout",
    "Standing",
    "StepHistory",
    "Timer",
    "TimerState",
    "TotpFactor",
    "TotpStep",
    "WebSession",
    "WorkItem",
    "WorkItemState",
    "WorkshopAct",
    "WorkshopChange",
    "WorkshopDraft",
    "WorkshopFile",
    "WorkshopJudgement",
    "WorkshopPlay",
    "WorkshopPublication",
    "WorkshopVersion",
    "install_fence",
    "install_guard",
    "remove_fence",
    "remove_guard",
]
