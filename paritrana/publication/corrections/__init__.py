"""Correction of a published result: a new version that names what it replaces, and why."""
