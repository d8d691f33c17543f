"""Which actions take which role, read in one place; engine/access decides by it (S1)."""

CONTRIBUTORS = frozenset(
    {"intake_desk", "chair", "process_coordinator", "content_coordinator", "partner"}
)
"""Roles that work on cases; the profile says which of them open one in an emergency."""

HOLDERS = frozenset(
    {
        "dpo",
        "desk_head",
        "chair",
        "accountable_person",
        "process_coordinator",
        "content_coordinator",
    }
)
"""Roles that can set legal holds; the profile's `hold_roles` says which do, besides the officer."""

PRODUCT_ROLES = CONTRIBUTORS | HOLDERS | {"agency_lead", "operator", "process_owner"}
"""Roles on which rights of the product stand: a profile names them as it likes, and keeps them."""

DESK_ACTIONS = {
    "signal:create": frozenset({"intake_desk"}),
    "case:reopen": frozenset(
        {"intake_desk", "chair", "process_coordinator", "content_coordinator"}
    ),
    "protection:read": frozenset({"dpo"}),
    "membership:confirm": frozenset({"agency_lead"}),
    "health:read": frozenset({"operator", "process_owner", "desk_head"}),
    "absence:enter_for": frozenset({"desk_head", "agency_lead"}),
    "emergency:open": CONTRIBUTORS,
    "identity:ask": CONTRIBUTORS,
    "identity:allow": CONTRIBUTORS,
    "hold:read": HOLDERS,
    "disclosure:answer": frozenset({"dpo"}),
    "workshop:edit": frozenset({"process_owner"}),
    "workshop:publish": frozenset({"process_owner"}),
    "profile:read": frozenset({"process_owner", "desk_head"}),
    "profile:begin": frozenset({"process_owner"}),
    "erasure:read": frozenset({"dpo"}),
    "erasure:ask": frozenset({"dpo", "chair", "process_coordinator", "content_coordinator"}),
}
"""Actions that a role alone allows."""

ROLES_IN_CASE = {
    "case:reopen": DESK_ACTIONS["case:reopen"],
    "report:read": frozenset({"intake_desk"}),
    "report:ask": frozenset({"intake_desk"}),
}
"""Actions in a case that one sees, and only with a role: who reported is the desk's alone (A3)."""

LEADING_ACTIONS = frozenset({"case:audit", "case:member:name"})
"""Actions in a case for those who lead it."""

IN_PERSON = frozenset({"case:own", "case:member:name", "case:print"})
"""Actions that no deputy does: whoever names members could name oneself, for longer (P36), and
whoever carries a file out on paper answers for it in person.
"""

NOT_DELEGATED = frozenset({"accountable_person", "dpo"})
"""Roles whose steps nobody else does, however late it gets (P93, S19): an escalation only tells.

What an organisation owes is not done for it either: it alone says what it shares (P22).
"""

WATCHES_EMERGENCIES = frozenset({"dpo", "desk_head", "chair"})
"""Roles that are told of every emergency access, besides the members of the case."""
