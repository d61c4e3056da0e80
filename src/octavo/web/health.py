"""Whether the process lives, whether it can work, and its metrics. No credential is needed, and nothing of an organization is told."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from octavo import __version__
from octavo.web import problems
from octavo.web.readiness import Readiness

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """That the process answers."""

    status: str = Field("ok", description="Always ok, when there is an answer.")
    version: str = Field(__version__, description="The version of Octavo.")


@router.get("/health", summary="Whether the process lives")
def health() -> Health:
    return Health()


@router.get(
    "/ready",
    summary="Whether the database answers, has the right migrations, and the store can be written",
    responses=problems.documented(503),
)
def ready(request: Request) -> Health:
    readiness: Readiness = request.app.state.readiness
    readiness.look()
    return Health()


_TEXT = {"description": "The metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}


@router.get("/metrics", summary="Metrics in the format of Prometheus", response_class=Response, responses={200: _TEXT})
def metrics(request: Request) -> Response:
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)
