"""Proves the safety rules on every path of the drawings before they are used (V1-V3, L1-L12)."""
