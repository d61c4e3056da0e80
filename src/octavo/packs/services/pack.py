"""The services pack: its schema and its sample."""

from octavo.pipeline.definition import Pack

pack = Pack(
    "services",
    "Services business",
    schemas=("services",),
    migrations="schema",
    sample="sample",
    sample_factors={"small": 1, "medium": 15, "large": 150},
)
