"""The output of `aws pricing get-products` in all its forms, and output without prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs.model.pricing.price_list import InvalidPriceList, read_prices
from ecr_constructs.model.pricing.prices import PRICES_BY_REGION, Prices
from tests.model.lifecycle.strategies import json_values

TIERS = (("0", "153600", "0.1000000000"), ("153600", "Inf", "0.0700000000"))


def product(
    usage_type: str = "EU-TimedStorage-ByteHrs",
    *,
    tiers: tuple[tuple[str, str, str], ...] = (("0", "Inf", "0.1000000000"),),
    region: str = "eu-west-1",
    currency: str = "USD",
    unit: str = "GB-Mo",
    service: str = "AmazonECR",
) -> dict[str, Any]:
    """Return a product as `GetProducts` returns it."""
    dimensions = {
        f"SKU.JRTCKXETXF.{number}": {
            "unit": unit,
            "beginRange": begin,
            "endRange": end,
            "description": f"${price} per GB-month",
            "pricePerUnit": {currency: price},
        }
        for number, (begin, end, price) in enumerate(tiers)
    }
    return {
        "product": {
            "productFamily": "EC2 Container Registry",
            "attributes": {"servicecode": service, "usagetype": usage_type, "regionCode": region},
            "sku": "SKU",
        },
        "serviceCode": service,
        "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions, "sku": "SKU"}}},
        "version": "20260924010101",
        "publicationDate": "2026-09-24T01:01:01Z",
    }


def page(*products: Mapping[str, Any]) -> dict[str, Any]:
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(each) for each in products]}


ARCHIVE = product("EU-TimedStorage-Archive-ByteHrs", tiers=TIERS)
OTHERS = (
    product("EU-Retrieval-Archive", unit="GB"),
    product("EU-DataTransfer-Out-Bytes", unit="GB"),
    product("TimedStorage-ByteHrs", service="AmazonECRPublic"),
)


def read(*documents: object, region: str | None = None) -> Prices:
    return read_prices(documents, region=region, source="prices.json")


def test_prices_are_read_from_all_pages_with_their_tiers() -> None:
    prices = read(page(product(), *OTHERS), page(ARCHIVE))

    assert (prices.region, prices.currency, prices.source) == ("eu-west-1", "USD", "prices.json")
    assert prices.day == date(2026, 9, 24)
    known = PRICES_BY_REGION["us-east-1"]
    assert (list(prices.standard.tiers), prices.archive and list(prices.archive.tiers)) == (
        list(known.standard.tiers),
        known.archive and list(known.archive.tiers),
    )


def test_products_can_be_objects_and_in_any_order_of_tiers() -> None:
    reversed_tiers = product("EU-TimedStorage-Archive-ByteHrs", tiers=TIERS[::-1])

    assert read({"PriceList": [product(), reversed_tiers]}) == read(page(product(), ARCHIVE))


def test_the_region_is_the_only_one_or_the_one_that_is_given() -> None:
    both = page(product(), product("TimedStorage-ByteHrs", region="us-east-1", tiers=(("0", "Inf", "0.5"),)))

    assert read(both, region="us-east-1").standard.tiers[0].price == Decimal("0.5")
    with pytest.raises(InvalidPriceList, match="the prices of eu-west-1, us-east-1; add --region"):
        read(both)
    with pytest.raises(InvalidPriceList, match="no prices of Amazon ECR in cn-north-1, it has those of eu-west-1"):
        read(page(product()), region="cn-north-1")


def test_the_archive_can_be_missing_and_the_currency_is_that_of_the_list() -> None:
    prices = read(page(product("CNN1-TimedStorage-ByteHrs", region="cn-north-1", currency="CNY")))

    assert (prices.archive, prices.currency) == (None, "CNY")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "it has no PriceList"),
        ({"PriceList": {}}, "it has no PriceList"),
        ({"PriceList": []}, "it has no prices of Amazon ECR"),
        ({"PriceList": ["{"]}, r"PriceList\[0\] is '{', not a product"),
        ({"PriceList": [{"product": 1}]}, r"PriceList\[0\]"),
        (page(*OTHERS), "it has no prices of Amazon ECR"),
        (page(product(unit="GB")), "is not a price of GB-Mo"),
        (page(product(tiers=(("0", "Inf", "cheap"),))), "'cheap' is not a number from 0 on"),
        (page(product(tiers=(("0", "Inf", "-1"),))), "'-1' is not a number from 0 on"),
        (page(product(tiers=(("0", "Inf", "NaN"),))), "'NaN' is not a number"),
        (page(product(tiers=(("5", "Inf", "1"),))), "gaps"),
        (page(product(tiers=(("0", "10", "1"), ("20", "Inf", "1")))), "gaps"),
        (page(product(tiers=())), "gaps"),
        (page(product(), product(tiers=(("0", "Inf", "0.2"),))), "several prices of TimedStorage-ByteHrs in eu-west-1"),
        (page(product(), product("EU-TimedStorage-Archive-ByteHrs", currency="CNY")), "in USD and in CNY"),
    ],
)
def test_a_document_that_cannot_be_used_is_an_error(document: object, problem: str) -> None:
    with pytest.raises(InvalidPriceList, match=problem) as error:
        read(document)
    assert all("; g" in each or "; add" in each for each in error.value.problems)


@given(json_values)
def test_any_document_is_read_or_rejected(document: object) -> None:
    for each in (document, {"PriceList": document}, {"PriceList": [{"product": document, "terms": document}]}):
        with pytest.raises(InvalidPriceList):
            read(each)
