"""The demonstration's sample data: given once, in the size that was asked for first."""

from typing import get_args

import pytest

from octavo import demo
from octavo.database.connection import Database
from octavo.errors import DefinitionError, UsageError
from octavo.pipeline import catalog
from octavo.pipeline.definition import Pack, SampleSize
from octavo.pipeline.document import Organization
from tests.packs import samples


def quotes(database: Database, organization: Organization) -> int:
    ((count,),) = samples.ask(database, organization, "select count(distinct number) from services.quote")
    return int(count)


def test_a_sample_is_given_once_and_keeps_its_size(database: Database, organization: Organization) -> None:
    """120 quotes, as the sample says of itself."""
    services = catalog.installed().pack("services")
    demo.load_sample(database, organization, services, 1, "small")
    assert quotes(database, organization) == 120
    demo.load_sample(database, organization, services, 1, "small")
    with pytest.raises(UsageError, match=r"alpha has the sample of services already, small; nothing was changed. Go on with --size small"):
        demo.load_sample(database, organization, services, 1, "large")
    assert quotes(database, organization) == 120


def test_every_pack_says_how_large_each_size_is() -> None:
    for installed in catalog.installed().packs.values():
        factors = [installed.pack.sample_factors[size] for size in get_args(SampleSize)]
        assert factors == sorted(set(factors))
    with pytest.raises(DefinitionError, match="needs a factor of 1 or more for each of: small, medium, large"):
        Pack("mine", "Mine", schemas=("mine",), sample_factors={"small": 1, "large": 3})
    with pytest.raises(DefinitionError, match="needs a factor of 1 or more"):
        Pack("mine", "Mine", schemas=("mine",), sample_factors={"small": 0, "medium": 1, "large": 3})
