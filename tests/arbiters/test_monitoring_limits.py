"""The limits of alarms and suppression rules are those of the models of botocore."""

from __future__ import annotations

import pytest

from ecr_constructs.monitoring import metric_alarms, suppression_rules
from tests.arbiters.sources import shape

pytestmark = pytest.mark.arbiter


def test_an_alarm_has_as_many_topics_as_actions() -> None:
    assert shape("ResourceList", "cloudwatch")["max"] == metric_alarms._MOST_TOPICS


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("FilterName", suppression_rules._LONGEST_NAME),
        ("FilterDescription", suppression_rules._LONGEST_DESCRIPTION),
        ("StringFilterList", suppression_rules._MOST_VALUES),
    ],
)
def test_a_suppression_rule_is_as_long_as_amazon_inspector_allows(name: str, limit: int) -> None:
    assert shape(name, "inspector2")["max"] == limit
