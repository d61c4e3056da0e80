"""octavo render --compare: a file beside an earlier period, which is verified like any other, also against what the database gives today."""

import json

from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine


def test_a_compared_file_is_made_verified_and_asked_again(octavo: CommandLine, organization: Organization) -> None:
    made = octavo(
        "render", "retail.sales", "--param", "period=month_to_date", "--compare", "previous_period", "--format", "json", "-o", "sales.json"
    )
    assert made.returncode == 0, made.stderr
    sealed = json.loads((octavo.folder / "sales.json.manifest.json").read_text(encoding="utf-8"))
    assert sealed["parameters"]["compare"]["months"] == 1
    assert sealed["parameters"]["compare"]["start"][-2:] == "01"
    again = octavo("verify", "sales.json", "--again")
    assert (again.returncode, again.stderr) == (0, "")
    assert "asked again, the database answers the same" in again.stdout


def test_what_cannot_be_compared_is_wrong_usage(octavo: CommandLine, organization: Organization) -> None:
    for arguments, said in (
        (("retail.sales", "--compare", "last_week"), "compare is one of: previous_period, same_period_last_year"),
        (("energy.contracts", "--compare", "previous_period"), "is about no period"),
        (("retail.sales", "--compare", "previous_period"), "give it a period with period="),
    ):
        refused = octavo("render", *arguments, "--output", "none.csv")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert octavo.files == []
