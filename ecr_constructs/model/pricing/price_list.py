"""
The prices in the output of `aws pricing get-products --service-code AmazonECR`.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.pricing.prices import PricePerGigabyte, Prices, Tier
from ecr_constructs.model.validation import abbreviate

__all__ = ["InvalidPriceList", "read_prices"]

_UNIT = "GB-Mo"
# A usage type begins with an abbreviation of the Region, except in us-east-1.
_STANDARD = re.compile(r"([A-Z0-9]+-)?TimedStorage-ByteHrs")
_ARCHIVE = re.compile(r"([A-Z0-9]+-)?TimedStorage-Archive-ByteHrs")
_FIX = "give the output of 'aws pricing get-products --service-code AmazonECR'"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ENDLESS = "Inf"


class InvalidPriceList(EcrConstructsError):
    """The error for a document without the prices of Amazon ECR in a Region."""


def read_prices(documents: Sequence[object], *, region: str | None, source: str) -> Prices:
    """
    Return the prices of the storage of private repositories.

    Args:
        documents: The parsed output, one document for each page.
        region: The Region. None for the only Region in the output.
        source: The file with the output.

    Raises:
        InvalidPriceList: If the output has no price of the standard storage class in the Region, or several.

    """
    products = [product for document in documents for product in _products(document)]
    chosen = _region_of(products, region)
    own = [product for product in products if _attributes(product).get("regionCode") == chosen]
    standard = _price(own, _STANDARD, chosen)
    if standard is None:
        raise InvalidPriceList([f"it has no price of TimedStorage-ByteHrs in {chosen}; {_FIX}"])
    archive = _price(own, _ARCHIVE, chosen)
    if archive is not None and archive[0] != standard[0]:
        raise InvalidPriceList([f"the prices are in {standard[0]} and in {archive[0]}; give those of one currency"])
    return Prices(
        region=chosen,
        currency=standard[0],
        standard=standard[1],
        archive=archive[1] if archive else None,
        source=source,
        day=max((day for each in own if (day := _published(each))), default=None),
    )


def _products(document: object) -> Iterator[Mapping[str, Any]]:
    """Yield the products of a page. The AWS CLI prints each of them as a text with JSON."""
    if not isinstance(document, Mapping) or not isinstance(entries := document.get("PriceList"), list):
        raise InvalidPriceList([f"it has no PriceList; {_FIX}"])
    for number, entry in enumerate(entries):
        product = _decoded(entry)
        if not isinstance(product, Mapping) or not isinstance(product.get("product"), Mapping):
            raise InvalidPriceList([f"PriceList[{number}] is {abbreviate(entry)}, not a product; {_FIX}"])
        if _attributes(product).get("servicecode", product.get("serviceCode")) == "AmazonECR":
            yield product


def _decoded(entry: object) -> object:
    if not isinstance(entry, str):
        return entry
    try:
        return json.loads(entry)
    except (ValueError, RecursionError):
        return entry


def _attributes(product: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = product["product"].get("attributes")
    return attributes if isinstance(attributes, Mapping) else {}


def _region_of(products: Sequence[Mapping[str, Any]], region: str | None) -> str:
    regions = sorted(
        {
            str(attributes["regionCode"])
            for product in products
            if "regionCode" in (attributes := _attributes(product))
            and _STANDARD.fullmatch(str(attributes.get("usagetype")))
        }
    )
    if region is not None and region in regions:
        return region
    found = ", ".join(regions[:5]) + (", ..." if len(regions) > len(regions[:5]) else "")
    if region is not None:
        has = f"it has those of {found}" if found else "it has none"
        raise InvalidPriceList([f"it has no prices of Amazon ECR in {region}, {has}; {_FIX} for the Region"])
    if len(regions) != 1:
        known = f"it has the prices of {found}; add --region" if regions else f"it has no prices of Amazon ECR; {_FIX}"
        raise InvalidPriceList([known])
    return regions[0]


def _price(
    products: Sequence[Mapping[str, Any]], usage_type: re.Pattern[str], region: str
) -> tuple[str, PricePerGigabyte] | None:
    """Return the currency and the price of a usage type, or None if the products have no such price."""
    found = {
        price
        for product in products
        if usage_type.fullmatch(str(_attributes(product).get("usagetype")))
        for price in _offers(product)
    }
    if len(found) > 1:
        raise InvalidPriceList(
            [f"it has several prices of {usage_type.pattern.rpartition('?')[2]} in {region}; {_FIX}"]
        )
    return next(((currency, PricePerGigabyte(tiers=tiers)) for currency, tiers in found), None)


def _offers(product: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Tier, ...]]]:
    """Yield the currency and the tiers of each offer on demand."""
    terms = product.get("terms")
    offers = terms.get("OnDemand") if isinstance(terms, Mapping) else None
    for offer in offers.values() if isinstance(offers, Mapping) else ():
        dimensions = offer.get("priceDimensions") if isinstance(offer, Mapping) else None
        tiers = [_tier(each) for each in dimensions.values()] if isinstance(dimensions, Mapping) else []
        currencies = {currency for currency, _, _ in tiers}
        ordered = sorted(tier for _, tier, _ in tiers)
        ends = sorted(end for _, _, end in tiers if end is not None)
        if len(currencies) != 1 or ends != [tier.above for tier in ordered[1:]] or ordered[0].above != 0:
            raise InvalidPriceList([f"the tiers of a price have gaps or several currencies; {_FIX}"])
        yield currencies.pop(), tuple(ordered)


def _tier(dimension: object) -> tuple[str, Tier, Decimal | None]:
    """Return the currency, the tier and its end, which is None for the last one."""
    if not isinstance(dimension, Mapping) or dimension.get("unit") != _UNIT:
        raise InvalidPriceList([f"{abbreviate(dimension)} is not a price of {_UNIT}; {_FIX}"])
    prices = dimension.get("pricePerUnit")
    if not isinstance(prices, Mapping) or len(prices) != 1:
        raise InvalidPriceList([f"{abbreviate(prices)} is not a price in one currency; {_FIX}"])
    [(currency, price)] = prices.items()
    end = dimension.get("endRange", _ENDLESS)
    tier = Tier(_number(dimension.get("beginRange", "0")), _number(price))
    return str(currency), tier, None if end == _ENDLESS else _number(end)


def _number(text: object) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise InvalidPriceList([f"{abbreviate(text)} is not a number from 0 on; {_FIX}"])
    return number


def _published(product: Mapping[str, Any]) -> date | None:
    """Return the day on which AWS published the price of a product."""
    found = _DAY.match(str(product.get("publicationDate")))
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None
