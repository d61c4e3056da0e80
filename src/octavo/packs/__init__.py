"""The business domains that come with Octavo: one folder a domain, one folder a report in it."""
