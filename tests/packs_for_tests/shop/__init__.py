"""A shop's pack, as a stranger would write it: its whole source belongs to the organization alpha."""
