"""Moves running cases from one stored deployment to another, each proved from its new state."""
