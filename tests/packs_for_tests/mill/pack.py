"""The mill: makes as many rows as are asked for, in as long as is asked for."""

from octavo.pipeline.definition import Pack

pack = Pack("mill", "Mill", schemas=())
