"""Templates: how a report is asked for again and again."""
