"""The outreach pack: its schema and its sample."""

from octavo.pipeline.definition import Pack

pack = Pack("outreach", "Outreach", schemas=("outreach",), migrations="schema", sample="sample.sql")
