"""The services pack: its schema and its sample."""

from octavo.pipeline.definition import Pack

pack = Pack("services", "Services business", schemas=("services",), migrations="schema", sample="sample.sql")
