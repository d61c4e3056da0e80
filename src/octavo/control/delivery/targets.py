"""A target as it is asked for over the API: the channel, and what that needs."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Target(BaseModel):
    """Where a file goes. What its channel does not take is left out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    channel: Literal["email", "place", "webhook"] = Field(description="By which way.")
    to: str | None = Field(None, description="email: one address.", max_length=254)
    place_id: Number | None = Field(None, description="place: its number, see /api/places.")
    folder: str | None = Field(
        None,
        description="place: a folder below it, which is made where it is not there; {report}, {date} and {period} stand for what they say.",
        max_length=300,
    )
    webhook_id: Number | None = Field(None, description="webhook: its number, see /api/webhooks.")

    @property
    def content(self) -> dict[str, Any]:
        """The target without what was not said."""
        return self.model_dump(exclude_none=True)
