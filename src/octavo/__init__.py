"""Octavo: reports and exports from PostgreSQL that are right, governed and delivered."""

from importlib.metadata import version

__version__ = version("octavo")
