"""The process owners' workshop: drafts, versions, judging and publishing of process sets."""
