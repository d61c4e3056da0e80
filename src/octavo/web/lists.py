"""Lists in pages: the same two parameters and the same four fields everywhere."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

Item = TypeVar("Item")
Source = TypeVar("Source")

PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="Which page, from 1.")]
PageSize = Annotated[int, Query(ge=1, le=100, description="How many items a page, 100 at most.")]


class Listed(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item] = Field(description="The items of this page.")
    total: int = Field(description="How many items there are on all pages.")
    page: int = Field(description="Which page this is.")
    page_size: int = Field(description="How many items a page has.")


def page_of(found: Sequence[Source], shown: Callable[[Source], Item], page: int, page_size: int) -> Listed[Item]:
    """One page of a list that is short enough to be read whole: members, keys, projects."""
    begin = (page - 1) * page_size
    return Listed(items=[shown(one) for one in found[begin : begin + page_size]], total=len(found), page=page, page_size=page_size)
