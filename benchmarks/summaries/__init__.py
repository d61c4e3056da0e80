"""How long the figures of a report take over HTTP, ten clients at once."""
