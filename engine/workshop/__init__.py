"""What process owners work with: drafts, comparing, playing, scenarios, where cases run."""
