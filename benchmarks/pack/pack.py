"""The benchmark's own source: one organization, the schema `bench`."""

from octavo.pipeline.definition import Pack

pack = Pack("bench", "Benchmark", schemas=("bench",), single_tenant="bench")
