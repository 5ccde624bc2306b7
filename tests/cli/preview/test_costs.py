"""Costs, images that are not pulled, and full repositories: in every report, and with which options."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.records import Repository
from ecr_constructs.model import Image
from ecr_constructs.model.pricing.prices import GIGABYTE
from tests.cli.listings import NOW, page
from tests.cli.preview.test_run import FakeAccount, FakeFleet
from tests.model.pricing.test_price_list import ARCHIVE, product
from tests.model.pricing.test_price_list import page as price_page

AT = "--at=2026-06-01T00:00:00Z"
US = "--region=us-east-1"
# Releases of more than 100 days are archived, images of pull requests of more than 10 days are deleted.
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["v*"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 100,
            },
            "action": {"type": "transition", "targetStorageClass": "archive"},
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["pr-*"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 10,
            },
            "action": {"type": "expire"},
        },
    ]
}
Call = Callable[..., str]


def image(number: int, days: int, tag: str, gigabytes: int) -> Image:
    return Image(
        digest=f"sha256:{number:064}",
        pushed_at=NOW - timedelta(days=days),
        tags=[tag],
        size=gigabytes * GIGABYTE,
        manifest_media_type="application/vnd.oci.image.manifest.v1+json",
    )


API = [image(1, 200, "v1", 10), image(2, 5, "v2", 20), image(3, 50, "pr-1", 30)]
WEB = [image(4, 95, "v1", 40)]
# Today 60 GB and 40 GB; afterwards 10 GB in the archive and 20 GB, and 40 GB.
MONTH = {"api": {"today": 6.0, "after": 3.0, "archive": 1.0, "archive_minimum": 3.0, "unpulled": 1.0}}
MONTH["web"] = {"today": 4.0, "after": 4.0, "archive": 0.0, "archive_minimum": 0.0, "unpulled": 4.0}
TOTAL = {name: MONTH["api"][name] + MONTH["web"][name] for name in MONTH["api"]}


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that previews the policy, and returns the output, or the errors with another exit code."""
    monkeypatch.chdir(tmp_path)
    for name, images in (("api", API), ("web", WEB)):
        (tmp_path / f"{name}.json").write_text(json.dumps(page(images, name)), encoding="utf-8")
    (tmp_path / "policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
    prices = price_page(product(tiers=(("0", "Inf", "0.2"),)), ARCHIVE)
    (tmp_path / "prices.json").write_text(json.dumps(prices), encoding="utf-8")

    def call(*arguments: str, code: int = 0) -> str:
        files = ["policy.json", "--images=api.json", "--images=web.json", AT]
        assert run(["preview", *files, *arguments]) == code
        out, err = capsys.readouterr()
        return out if code == 0 else err

    return call


def document(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_json_has_the_costs_of_each_repository_and_the_total(call: Call) -> None:
    report = document(call(US, "--format=json"))

    assert {each["repository"]: each["costs"] for each in report["repositories"]} == MONTH
    assert report["totals"]["costs"] == TOTAL
    assert report["totals"]["unpulled"] == {"days": 90, "images": 2, "bytes": 50 * GIGABYTE}
    assert (report["prices"]["region"], report["prices"]["currency"]) == ("us-east-1", "USD")
    assert report["prices"]["archive"][1] == {"above_gigabytes": "153600", "price": "0.07"}


def test_the_table_has_the_costs_of_each_repository_and_the_total(call: Call) -> None:
    lines = call(US).splitlines()

    api = "cost: 6.00 USD a month today, 3.00 USD after the policy; 1.00 USD of that in the archive, "
    assert api + "which costs at least 3.00 USD until the end of its minimum of 90 days" in lines
    assert "cost: 4.00 USD a month today, 4.00 USD after the policy" in lines
    assert sum(line.startswith("cost: 10.00 USD a month today, 7.00 USD after the policy; ") for line in lines) == 2
    assert "unpulled: 1 image, 42.9 GB, 4.00 USD a month: not pulled for more than 90 days" in lines
    assert "prices: those of storage in us-east-1 of 2026-09-24, from https://aws.amazon.com/ecr/pricing/" in lines


def test_a_table_of_many_repositories_has_columns_for_the_costs(call: Call, tmp_path: Path) -> None:
    names = [f"team-{number}" for number in range(12)]
    for name in names:
        (tmp_path / f"{name}.json").write_text(json.dumps(page(WEB, name)), encoding="utf-8")

    text = call(US, *(f"--images={name}.json" for name in names), "--repository=team-*")

    [head] = [line for line in text.splitlines() if line.startswith("repository ")]
    rows = [line.split() for line in text.splitlines() if line.startswith(("team-", "total  "))]
    assert head.endswith("a month  after")
    assert [row[-2:] for row in rows if len(row) > 5] == [["4.00", "4.00"]] * 12 + [["48.00", "48.00"]]


def test_markdown_and_html_have_the_costs(call: Call) -> None:
    markdown = call(US, "--format=markdown")
    assert "| Repository | Images | Delete | Freed | Archive | Uncertain | Keep | A month | After |" in markdown
    assert "| 6.00 | 3.00 |" in markdown
    assert "**cost**: 10.00 USD a month today, 7.00 USD after the policy" in markdown

    html = call(US, "--format=html")
    for text in ("10.00 USD", "7.00 USD after the policy", "6.00 USD", "Cost: 4.00 USD a month today"):
        assert text in html, text


def test_csv_has_the_costs_of_each_image(call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(call(US, "--format=csv"))))

    assert {row["currency"] for row in rows} == {"USD"}
    assert sum(float(row["cost_a_month"]) for row in rows) == pytest.approx(TOTAL["today"])


def test_other_prices_are_those_of_the_file(call: Call) -> None:
    report = document(call("--prices=prices.json", "--format=json"))

    assert (report["prices"]["region"], report["prices"]["source"]) == ("eu-west-1", "prices.json")
    assert report["totals"]["costs"] == {
        "today": 20.0,
        "after": 13.0,
        "archive": 1.0,
        "archive_minimum": 3.0,
        "unpulled": 10.0,
    }


@pytest.mark.parametrize("options", [[], ["--region=eu-west-1"]])
def test_without_a_price_no_money_is_shown(call: Call, options: list[str]) -> None:
    assert "USD" not in call(*options)
    assert "month" not in call(*options, "--format=markdown")
    html = call(*options, "--format=html")
    assert "a month" not in html.partition("<style>")[0] + html.partition("<main>")[2].partition("<figcaption>")[0]
    report = document(call(*options, "--format=json"))
    assert report["prices"] is report["totals"]["costs"] is report["totals"]["unpulled"] is None


def test_a_region_without_prices_has_a_note(call: Call) -> None:
    note = "note: --region eu-west-1: no prices are built in for it; give --prices to show costs"

    assert note in call("--region=eu-west-1").splitlines()
    assert note not in call("--region=eu-west-1", "--prices=prices.json").splitlines()


def test_without_a_price_of_the_archive_a_note_has_the_reason_for_missing_costs(call: Call, tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text(json.dumps(price_page(product())), encoding="utf-8")

    text = call("--prices=prices.json")

    assert "USD" not in text
    assert "note: prices.json has no price of the archive in eu-west-1, so no costs are shown" in text


def test_images_without_a_recent_pull_are_counted_without_prices_on_request(call: Call) -> None:
    text = call("--unpulled-days=40")

    assert "unpulled: 2 images, 42.9 GB: not pulled for more than 40 days" in text.splitlines()
    assert document(call("--unpulled-days=40", "--format=json"))["totals"]["unpulled"]["images"] == 3


def test_a_repository_that_becomes_full_has_a_message(call: Call) -> None:
    text = call("--image-quota=10")

    message = "the repository reaches its quota of 10 images on 2027-01-27 under this policy, with 0.033 images pushed"
    assert f"quota: {message} a day; " in text
    report = document(call("--image-quota=10", "--format=json"))
    assert report["image_quota"] == 10
    assert [each["growth"]["full_on"] for each in report["repositories"]] == ["2027-01-27", None]
    assert "quota" in call("--image-quota=10", "--format=markdown")
    assert "reaches its quota" in call("--image-quota=10", "--format=html")


@pytest.mark.usefixtures("call")  # the files of the policy
def test_the_region_of_an_account_has_its_prices(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = FakeAccount(Repository(name="web", images=tuple(WEB)))
    account.region = "us-east-1"
    monkeypatch.setattr("ecr_constructs.cli.aws.connect_fleet", lambda *_: FakeFleet(account))

    assert run(["preview", "policy.json", "--live", "--no-in-use", "--repository=web"]) == 0
    assert "cost: 4.00 USD a month today" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--unpulled-days=0"], "--unpulled-days is 0; give a number from 1 to 100,000,000"),
        (["--image-quota=-1"], "--image-quota is -1; give a number from 1 to 100,000,000"),
        (["--unpulled-days=999999999999"], "give a number from 1 to"),
        (["--prices=policy.json"], "--prices policy.json: it has no PriceList; give the output of 'aws pricing"),
        (["--prices=prices.json", US], "--prices prices.json: it has no prices of Amazon ECR in us-east-1, it has"),
        (["--prices=nowhere.json"], "nowhere.json: no such file or folder"),
        (["--prices=-", "--images=-"], "standard input can be read once"),
    ],
)
def test_options_that_cannot_be_used_are_an_error(call: Call, options: list[str], problem: str) -> None:
    assert problem in call(*options, code=2)
