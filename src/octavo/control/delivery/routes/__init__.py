"""The HTTP of deliveries: the ledger, what an organization is told, and its places."""

from fastapi import APIRouter

from octavo.control.delivery.routes import deliveries, notifications, places

router = APIRouter()
for one in (deliveries, notifications, places):
    router.include_router(one.router)
