"""Schedules: a template, when, and for whom; and what became of each planned time."""
