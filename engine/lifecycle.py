"""What the process of an episode is called, and by which messages an episode of a case begins."""

LIFECYCLE = "case_management"
STARTS = {
    "signal": "signal_received",
    "returnee": "returnee_announced",
    "release": "release_announced",
}
"""Kind of case -> message."""
HANDED_OVER = "file_handed_over"
"""The message by which a file begins that another one opens; never sent by anybody else."""
