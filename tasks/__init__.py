"""The Python behind service tasks and record keeping ("operators"), and the background worker."""

OPERATOR_MODULES = (
    "closing",
    "fade_out",
    "handover",
    "monitoring",
    "notification",
    "mail",
    "effect",
    "analysis",
    "contribution",
    "coordinator",
    "partner",
    "plan",
    "plan_decision",
    "plan_form",
    "episode",
    "event",
    "referral",
    "reopening",
    "retention",
    "signal",
)
