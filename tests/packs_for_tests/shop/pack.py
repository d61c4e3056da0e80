"""The shop: one schema that belongs to one organization as a whole."""

from octavo.pipeline.definition import Pack

pack = Pack("shop", "Shop", schemas=("shop",), single_tenant="alpha")
