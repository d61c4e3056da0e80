"""The HTTP of access: who I am, sessions, members, keys."""

from fastapi import APIRouter

from octavo.control.access.routes import keys, members, sessions

router = APIRouter()
for part in (sessions, members, keys):
    router.include_router(part.router)
