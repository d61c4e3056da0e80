"""octavo openapi: the document of the API, for machines."""

import json


def print_document() -> None:
    """Print the OpenAPI document of the API."""
    from octavo import app

    print(json.dumps(app.routes().openapi(), indent=2, ensure_ascii=False))
