"""The outreach pack: its schema and its sample."""

from octavo.pipeline.definition import Pack

pack = Pack(
    "outreach",
    "Outreach",
    schemas=("outreach",),
    migrations="schema",
    sample="sample",
    sample_factors={"small": 1, "medium": 12, "large": 60},
)
