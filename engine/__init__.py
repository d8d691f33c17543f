"""Runs the drawn diagrams: processes, decisions, forms, work items, timers, records.

Knows no Flask and no Celery.
"""
