"""Whose data each sealed column holds, and what it is called to who asks for the own data (S21)."""

from engine.language import mark

OWN = "own data, after a decision on the record"
WRITTEN = "goes out only in a text written for it: its words may tell who reported"
SOURCE = "tells who reported"
OTHERS = "about people and organisations that work on the case"
COPY = "the same words stand in a record of their own"
REQUEST = "of a request for access itself, or of a hold"

_BY_CLASS = {
    OWN: (
        "person.name person.birth_date person.details assessment.summary assessment.evidence_for "
        "assessment.evidence_against assessment.details contribution.summary contribution.body "
        "contribution.legal_basis contribution.details information_gap.question "
        "information_gap.answer information_gap.details plan_version.reason "
        "plan_version.social_context plan_version.details goal.title goal.reason goal.indicator "
        "goal.baseline goal.details action.title action.acceptance_reason action.details "
        "check_in.summary check_in.details decision.reasons decision.details note.text "
        "note.details opinion.reasons opinion.details document.name document.content "
        "document.details"
    ),
    WRITTEN: "signal.text signal.about",
    SOURCE: (
        "signal_source.said report_question.text report_answer.text report_attachment.name "
        "report_attachment.content"
    ),
    OTHERS: (
        "plan_version.evaluator case_member.legal_basis case_standing.text "
        "case_standing.legal_basis case_partner.sharing_statement emergency_access.motive "
        "emergency_review.reasons identity_query.reason sharing_request.reason "
        "file_printing.purpose file_printing.reason"
    ),
    COPY: (
        "form_submission.values draft.values contribution_share.summary "
        "contribution_share.legal_basis sharing_request.summary sharing_request.legal_basis "
        "closing_dossier.details inbox_message.payload"
    ),
    REQUEST: (
        "disclosure.requester disclosure.contact disclosure.about_name disclosure.about_born "
        "disclosure.scope disclosure.identity_note release_decision.reason release_decision.text "
        "legal_hold.reference legal_hold.reason legal_hold.lift_reason "
        "erasure_round.legal_basis erasure_round.reason erasure_round.neutral_words "
        "erasure_round.refusal_reason"
    ),
}
CLASSES = {column: kind for kind, columns in _BY_CLASS.items() for column in columns.split()}
LABELS = mark(
    {
        "acceptance_reason": "Why it was accepted or declined",
        "answer": "Answer",
        "baseline": "Baseline",
        "birth_date": "Birth date",
        "body": "In full",
        "details": "Details",
        "evidence_against": "What speaks against it",
        "evidence_for": "What speaks for it",
        "indicator": "Indicator",
        "legal_basis": "Legal basis",
        "name": "Name",
        "question": "Question",
        "reason": "Reason",
        "reasons": "Reasons",
        "social_context": "Social context",
        "summary": "Summary",
        "text": "Text",
        "title": "Title",
    }
)
"""What a column is called to who asks; a test holds that each that goes out has a name."""
