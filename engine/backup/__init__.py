"""Backups that are proved: made at one instant, without keys, brought back into nothing (R14)."""
