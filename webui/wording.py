"""The words that readers see for codes: states, levels, kinds, outcomes."""

from engine.language import gettext, mark

WORDS = mark(
    {
        # stages
        "intake": "Intake",
        "analysis": "Analysis",
        "plan": "Plan",
        "implementation": "Carrying out",
        "closure": "Closing",
        "monitoring": "Monitoring",
        # states of a case
        "open": "open",
        "closed": "closed",
        "ended": "ended without plan",
        "sealed": "sealed",
        "running": "running",
        # kinds of cases and channels
        "signal": "Concern",
        "returnee": "Return from a conflict zone",
        "release": "Release from prison",
        "public_page": "by the public page",
        "telephone": "by telephone",
        "partner": "by a partner agency",
        "in_person": "in person",
        # sharing levels
        "undeclared": "not said yet",
        "nothing": "nothing",
        "withheld": "information",
        "concern_only": "a concern without its reason",
        "summary": "a summary",
        "full": "everything it wrote",
        # kinds on the timeline
        "step": "Step",
        "assessment": "Assessment",
        "decision": "Decision",
        "contribution": "Information from a partner",
        "check_in": "Check-in",
        "monitoring_check": "Monitoring check",
        "opinion": "Opinion on closing",
        "question": "Question to the reporter",
        "answer": "Answer of the reporter",
        "note": "Note",
        # assessments
        "source": "The source",
        "arrival": "The arrival",
        "gaps": "Information gaps",
        "conference": "Case conference",
        "need": "Need for a plan",
        "risk": "Risk, assessed again",
        "effect": "Effect of the plan",
        "plan_findings": "Check of the plan",
        # decisions
        "route": "Route",
        "need_for_plan": "Whether a plan is needed",
        "plan_approval": "Approval of the plan",
        "withdrawal": "After the withdrawal",
        "reopening": "Reopening",
        "retention": "Keeping the file",
        "triage": "New information",
        "danger": "Urgent danger",
        "consent": "Consent",
        # notes
        "new_information": "New information",
        "promise": "What was promised",
        "safety": "Safety",
        "handover": "Handover",
        "partner_change": "Change of partners",
        # opinions
        "agree": "agrees",
        "disagree": "disagrees",
        "abstain": "abstains",
        "no_answer": "did not answer in time",
        "asked": "asked, no answer yet",
        # gaps
        "known": "known",
        "not_known": "not known",
        "refused": "refused",
        "answered": "answered",
        # plan and actions
        "draft": "draft",
        "approved": "approved",
        "published": "in force",
        "replaced": "replaced",
        "accepted": "accepted",
        "declined": "declined",
        "under_way": "under way",
        "done": "done",
        "stopped": "stopped",
        "security": "security",
        "social": "social",
        # progress of goals
        "worse": "further away",
        # passages
        "evidence_for": "What speaks for it",
        "evidence_against": "What speaks against it",
        "care_needs": "Signs of a need for care",
        "own_actions": "What it does already",
        "reasons": "Reasons",
        "outcome": "Outcome",
        "proposed": "The table had proposed",
        "body": "In full",
        "legal_basis": "Legal basis",
        "concern": "Concern",
        "concern_yes": "There is a concern",
        "concern_no": "There is no concern",
        "urgency": "Urgency, as they see it",
        "today": "urgent today",
        "this_week": "urgent this week",
        "can_wait": "can wait for the next meeting",
        # sections of a case and lists, as the audit trail names them
        "overview": "overview",
        "readers": "who looked",
        "reporter": "who reported, questions and files",
        "emergency": "in short, by an emergency access",
        "not_justified": "not justified",
        "work_item": "a step with its form",
        "events": "form: something happened",
        "notes": "form: add a note",
        "sharing": "who reads how much",
        "printing": "form: print the whole file",
        "whole_file": "the whole file, to print it",
        "cases": "list of cases",
        # where people stand in a case
        "invited": "invited",
        "suspended": "suspended",
        "recused": "stepped out: conflict of interest",
        "former": "took part earlier",
        "takes_part": "takes part",
        "relative": "family or household",
        "friend": "friend or acquaintance",
        "colleague": "works or worked with the person",
        "own_interest": "an interest of one's own",
        "other_conflict": "something else",
        "unavailable": "no time for it now",
        "named": "was named",
        "handed_on": "was handed on",
        "not_confirmed": "not confirmed in time",
        "memberships": "our people in cases",
        "many_cases": "many cases in a day",
        "many_refused": "many refused look-ups",
        "emergencies": "emergency access",
        "many_questions": "many questions whether somebody is known",
        "at_night": "opened cases at night",
        "agreements": "what waits for a second person",
        "comes_back": "may come back",
        "own_statements": "own statements after leaving",
        # messages
        "urgent_danger": "Urgent danger",
        "partner_changed": "Change of partners",
        "consent_withdrawn": "Consent withdrawn",
        "person_unwilling": "The person no longer wants to",
        "check_in_requested": "Earlier check-in asked for",
        "waiting": "waiting",
        "void": "no longer possible",
        # outcomes
        "multi_agency": "multi-agency",
        "unfounded": "unfounded",
        "regular_care": "regular care",
        "transferred": "transferred",
        "go_on": "go on",
        "relapse": "relapse: back to analysis",
        "propose_closing": "propose closing",
        "adjust_plan": "adjust the plan",
        "back_to_analysis": "back to analysis",
    }
)


def word(code: str | None) -> str:
    """Return the words for a code; an unknown one is shown without its underscores."""
    if not code:
        return ""
    return gettext(WORDS[code]) if code in WORDS else code.replace("_", " ")


def sentence(code: str | None) -> str:
    """Return the words for a code with a capital at the beginning."""
    words = word(code)
    return words[:1].upper() + words[1:]
