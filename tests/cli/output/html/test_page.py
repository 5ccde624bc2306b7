"""The HTML page: its content, and that it loads nothing and runs nothing."""

from __future__ import annotations

import itertools
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

import ecr_constructs.cli.output.html
from ecr_constructs.cli.formatting import format_size, total_size
from ecr_constructs.cli.output.html import render_page
from ecr_constructs.cli.preview.gates import GateResult, GateViolation
from ecr_constructs.cli.preview.result import AwsOutcome, Disagreement, RepositoryPreview
from ecr_constructs.cli.sources.records import AwsDecision
from ecr_constructs.model import LifecyclePolicy, LifecycleRule, expire_untagged, keep_latest
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.outcome import UndocumentedBehavior
from ecr_constructs.testing import pipeline_images, tagged, untagged_images
from tests.cli.output.html.pages import AT, Element, history, page_of, preview, read, report, table

FULL = preview()
IN_USE = {
    FULL.evaluation.expired[0].image.digest: ("service prod/api", "task batch"),
    FULL.evaluation.kept[0].image.digest: ("service prod/api",),
}
HARMLESS = re.compile(
    "a|bdi|body|br|caption|circle|code|dd|details|div|dl|dt|figcaption|figure|footer|h[1-3]|head|header|html|li|line|main"
    "|meta|p|path|q|rect|section|small|span|strong|style|summary|svg|table|tbody|td|text|tfoot|th|thead|time|title|tr|ul"
)
STYLE = Path(ecr_constructs.cli.output.html.__file__).with_name("style.css").read_text(encoding="utf-8")


def many() -> list[RepositoryPreview]:
    images = [pipeline_images("build-{n}", days=days, until=AT) for days in (1, 20, 40)]
    return [preview(each, repository=f"prod/{len(each)}") for each in images]


@cache
def full_page() -> Element:
    """Return the page of one repository. Rendering takes a quarter of a second, and no test changes it."""
    return page_of(FULL)


@cache
def full_page_of_many() -> Element:
    """Return the page of several repositories, of which one has images in use."""
    return page_of(replace(FULL, in_use=IN_USE), *many())


def tiles(page: Element) -> dict[str, str]:
    return {tile.one("dt").text: tile.one("dd").text for tile in page.one("dl", class_="tiles").all("div")}


# --- no requests and no scripts of others -----------------------------------------------------------------------------


def test_the_page_loads_nothing() -> None:
    page = full_page_of_many()
    links = {value for each in page.all() for name, value in each.attributes.items() if name in {"href", "src", "data"}}

    assert {link[:1] for link in links} == {"#"}
    assert not re.search(r"url\(|@import|https?:", render_page(report(FULL)))


def test_the_page_can_only_use_its_style_and_run_its_own_script() -> None:
    text = render_page(report(preview()))
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()

    meta = read(text).one("meta", **{"http-equiv": "Content-Security-Policy"})
    assert meta.attributes["content"] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def test_only_the_script_can_run_or_load_content() -> None:
    page = full_page_of_many()

    assert [each.tag for each in page.all() if not HARMLESS.fullmatch(each.tag)] == ["script"]
    assert not [name for each in page.all() for name in each.attributes if name.startswith("on")]


HOSTILE = """</style></title><script>alert("1")</script><img src=x onerror='alert(2)'>{{ 7 * 7 }}&amp;"""


def test_texts_of_users_are_escaped() -> None:
    policy = LifecyclePolicy(
        rules=[replace(rule, description=HOSTILE) for rule in LifecyclePolicy.of(expire_untagged(after_days=7)).rules]
    )
    images = [tagged(pipeline_images("build-{n}", days=1, until=AT)[0], HOSTILE), *untagged_images(days=20, until=AT)]
    finding = Finding(id=HOSTILE, severity="warning", rule=None, sentence=HOSTILE, remedy=HOSTILE)
    shown = preview(images, policy=policy)
    gone = Decision(image=images[0], action="expire", rule=policy.rules[0], why=HOSTILE)
    hostile = replace(
        shown,
        repository=HOSTILE,
        where=HOSTILE,
        prefix=HOSTILE,
        findings=(finding,),
        evaluation=replace(shown.evaluation, expired=(gone,), uncertain=(gone,)),
        schedule=(),
        in_use={images[0].digest: (HOSTILE,)},
        by_aws=True,
        disagreements=(Disagreement(aws=AwsOutcome("keep", None, HOSTILE), evaluated=gone),),
        current=shown.evaluation,
        newly_lost=(gone,),
        newly_kept=(gone,),
    )
    page = page_of(hostile, replace(hostile, prefix=None), problems=(HOSTILE,), results=[result_of(HOSTILE, hostile)])

    assert [each.tag for each in page.all() if not HARMLESS.fullmatch(each.tag)] == ["script"]
    assert HOSTILE not in page.one("script").text
    assert [each.text for each in page.all("h2") if HOSTILE in each.text] == [HOSTILE, HOSTILE]
    assert all(HOSTILE in each.text for each in page.all("q"))
    assert page.text.count(HOSTILE) > 20


def test_half_a_character_of_a_tag_does_not_keep_the_page_from_being_written() -> None:
    page = render_page(report(preview(repository="prod/\ud800api")))

    assert "prod/\\ud800api" in page.encode("utf-8").decode("utf-8")


def test_the_same_previews_give_the_same_page() -> None:
    assert render_page(report(preview())) == render_page(report(preview()))


# --- content of the page ----------------------------------------------------------------------------------------------


def test_the_head_counts_what_the_evaluation_has() -> None:
    evaluation = FULL.evaluation
    images = [each.image for each in (*evaluation.decisions, *evaluation.uncertain, *evaluation.kept)]

    assert tiles(page_of(replace(FULL, in_use=IN_USE))) == {
        "Images": f"{len(images):,} {format_size(total_size(images))}",
        "Delete": f"{len(evaluation.expired):,} {format_size(evaluation.bytes_freed)}",
        "Archive": f"{len(evaluation.archived):,} {format_size(evaluation.bytes_archived)}",
        "Uncertain": (
            f"{len(evaluation.uncertain):,} {format_size(total_size(each.image for each in evaluation.uncertain))}"
        ),
        "Keep": f"{len(evaluation.kept):,} {format_size(total_size(each.image for each in evaluation.kept))}",
        "In use and affected": "1",
    }
    assert all((evaluation.expired, evaluation.archived, evaluation.uncertain, evaluation.kept))


def test_repositories_add_up() -> None:
    previews = many()
    page = page_of(*previews)

    assert tiles(page)["Repositories"] == "3"
    assert tiles(page)["Images"].split()[0] == "61"
    assert tiles(page)["Delete"].split()[0] == str(sum(len(each.evaluation.expired) for each in previews))
    assert [row[:3] for row in table(page, "Outcomes by repository")] == [
        [each.repository, str(number), str(len(each.evaluation.expired))]
        for each, number in zip(reversed(previews), (40, 20, 1), strict=True)
    ]


def test_every_rule_shows_its_effect_and_its_images() -> None:
    rows = table(full_page(), "Effect of each rule")
    by_rule = [decision for decision in FULL.evaluation.expired if decision.rule == FULL.policy.rules[1]]
    images = sorted((decision.image for decision in by_rule), key=lambda image: image.pushed_at)
    sentence = full_page().one("ul", class_="sentences").all("li")[1].text

    assert sentence.startswith("Rule 2 deletes images")
    assert sentence.endswith("Expire images tagged build-* 14 days after push")
    assert next(row for row in rows if row[0] == "2") == [
        "2",
        "delete",
        str(len(images)),
        format_size(total_size(images)),
        f"{images[0].pushed_at:%Y-%m-%d}",
        f"{images[-1].pushed_at:%Y-%m-%d}",
        f"build-1, build-2, build-3 and {len(images) - 3} more",
    ]


def test_the_rules_account_for_every_image_once() -> None:
    rows = [row for row in table(full_page(), "Effect of each rule") if row[1] != "no images"]

    assert sum(int(row[2]) for row in rows) == len(history())


def test_the_page_has_the_instant_of_the_preview_in_utc() -> None:
    assert full_page().one("p", class_="kind").text == "ECR lifecycle preview at 2026-06-01 12:00 UTC"


def test_previews_at_different_instants_are_reported() -> None:
    page = page_of(FULL, replace(FULL, at=AT + timedelta(hours=1)))

    assert page.one("p", class_="kind").text.endswith("at 2026-06-01 12:00 UTC and 2026-06-01 13:00 UTC")


def test_an_image_in_use_that_would_be_deleted_is_the_first_alert() -> None:
    page = page_of(replace(FULL, in_use=IN_USE))
    gone = FULL.evaluation.expired[0]

    assert page.one("main").all()[0].attributes["class"] == "alert-box"
    assert page.one("section", class_="alert-box").one("h2").text == "1 image in use to delete or archive"
    assert page.one("section", class_="alert-box").one("li").text == (
        f"prod/api: {gone.image.tags[0]}, delete by rule 5, in use by service prod/api, task batch"
    )
    assert [row[0] for row in table(page, "Images in use to delete or archive")] == [gone.image.tags[0]]


def test_an_image_in_use_with_an_uncertain_outcome_is_an_alert() -> None:
    uncertain = FULL.evaluation.uncertain[0]
    page = page_of(replace(FULL, in_use={uncertain.image.digest: ("task batch",)}))

    assert page.one("section", class_="alert-box").one("h2").text == "1 image in use uncertain"
    assert "uncertain: delete" in page.one("section", class_="alert-box").one("li").text


def test_there_is_no_alert_if_images_in_use_are_kept() -> None:
    kept = FULL.evaluation.kept[0].image.digest

    assert page_of(replace(FULL, in_use={kept: ("task batch",)})).all(class_="alert-box") == []
    assert full_page().all(class_="alert-box") == []
    assert tiles(page_of(replace(FULL, in_use={kept: ("task batch",)})))["In use and affected"] == "0"


def test_the_page_shows_whether_usage_was_read() -> None:
    compared = replace(FULL, current=FULL.evaluation, newly_lost=tuple(FULL.evaluation.expired[:2]))
    unasked, asked = page_of(compared), page_of(replace(compared, in_use={}))

    assert tiles(unasked)["In use and affected"] == "\N{EN DASH} not checked (use --live)"
    assert tiles(asked)["In use and affected"] == "\N{EN DASH} none is known to be in use"
    assert "In use by" not in unasked.text
    assert "In use by" in asked.text
    assert [len(row) for row in table(asked, "Images by age")] == [
        len(row) + 1 for row in table(unasked, "Images by age")
    ]


def test_the_page_shows_whether_ecr_previewed_the_policy() -> None:
    asked = replace(FULL, by_aws=True)

    assert "ECR's preview was not used" in full_page().text
    assert "This is the result of ECR's preview. The local evaluation has the same outcomes" in page_of(asked).text
    assert "This is the result of ECR's preview for 1 of 2 repositories" in page_of(FULL, asked).text


def test_disagreements_with_aws_are_shown() -> None:
    decision = next(each for each in FULL.evaluation.expired if each.image.tags)
    image, differing = decision.image, Disagreement(aws=AwsOutcome("keep", None, "it is kept"), evaluated=decision)
    page = page_of(replace(FULL, by_aws=True, disagreements=(differing,)))

    assert "ECR's preview and the local evaluation differ for 1 image." in page.text
    assert table(page, "Differences between ECR's preview and the local evaluation") == [
        [image.tags[0], f"{image.pushed_at:%Y-%m-%d}", "keep", f"delete by rule 5: {decision.why}"]
    ]


def test_images_that_only_ecr_lists_are_reported() -> None:
    unlisted = (AwsDecision(digest="sha256:" + "0" * 64, action="expire", rule_priority=1),)

    assert (
        "also deletes or archives 1 image pushed after the images were listed"
        in page_of(replace(FULL, by_aws=True, unlisted=unlisted)).text
    )


def test_the_difference_from_the_deployed_policy_is_shown_on_request() -> None:
    lost, kept = tuple(FULL.evaluation.expired[:2]), tuple(FULL.evaluation.kept[:1])
    page = page_of(replace(FULL, current=FULL.evaluation, newly_lost=lost, newly_kept=kept))
    same = page_of(replace(FULL, current=FULL.evaluation))

    assert len(table(page, "Newly lost, compared with the deployed policy: 2 images")) == 2
    assert len(table(page, "Newly kept, compared with the deployed policy: 1 image")) == 1
    assert "No image is newly lost." in same.text
    assert "No image is newly kept." in same.text
    assert "deployed policy" not in full_page().text
    assert "Compared with the deployed policy of --current-policy, which would delete" in page.text
    live = page_of(replace(FULL, current=FULL.evaluation, newly_lost=lost), is_live=True)
    assert "Compared with the policy deployed in the account, which would delete" in live.text


def test_uncertain_images_are_grouped_by_reason_whichever_image_the_reason_names() -> None:
    reason = "it follows its subject {} within 24 hours"
    first, second = FULL.evaluation.expired[:2]
    uncertain = tuple(
        Decision(image=each.image, action="expire", rule=each.rule, why=reason.format(each.image.digest))
        for each in (first, second)
    )
    page = page_of(replace(FULL, evaluation=replace(FULL.evaluation, uncertain=uncertain), schedule=()))

    assert [row[1:3] for row in table(page, "Uncertain images by reason")] == [
        ["it follows its subject within 24 hours", "2"]
    ]


def test_findings_are_shown_as_sentences() -> None:
    finding = Finding(
        id="shadowed-rule", severity="error", rule=FULL.policy.rules[2], sentence="it never acts", remedy="leave it out"
    )
    page = page_of(replace(FULL, findings=(finding,)))

    assert page.one("ul", class_="findings").text == "error rule 3 shadowed-rule It never acts. Leave it out."
    assert "No findings." in page_of(replace(FULL, findings=())).text


def test_the_policy_of_a_creation_template_counts_for_nothing_that_is_there() -> None:
    page = page_of(replace(FULL, prefix="prod/", in_use=IN_USE))

    assert tiles(page)["Delete"] == "0"
    assert page.all(class_="alert-box") == []
    assert "the policy of the creation template for prod/" in page.text
    assert "Images in use to delete or archive" not in page.text


def test_creation_templates_have_a_table_of_their_own_and_are_in_no_sum() -> None:
    templates = [replace(each, repository=f"new/{place}", prefix="new") for place, each in enumerate(many())]
    page = page_of(*many(), *templates)

    rows = table(page, "Outcomes by repository")
    assert [row[0] for row in rows] == ["prod/40", "prod/20", "prod/1"]
    assert page.all("tfoot")[0].all("td")[0].text == "61"
    of_templates = table(
        page, "Policies of creation templates, which ECR does not apply to existing repositories; not in the total"
    )
    assert [row[0] for row in of_templates] == ["new/0", "new/1", "new/2"]
    assert tiles(page)["Repositories"] == "3"
    summaries = [each.all("summary")[0].text for each in page.all("details", class_="repository")]
    says = "Policy of the creation template for new, which ECR does not apply to existing repositories."
    assert [says in summary for summary in summaries] == [False] * 3 + [True] * 3


def result_of(gate: str, shown: RepositoryPreview, *, unknown: tuple[str, ...] = ()) -> GateResult:
    caught = tuple(
        GateViolation(repository=shown.repository, decision=decision, is_certain=True, users=None)
        for decision in shown.evaluation.expired
    )
    return GateResult(gate=gate, violations=caught, unknown=unknown, remedy="keep such images")


def test_a_failed_gate_is_the_first_alert_of_the_page() -> None:
    result = result_of("expires:v*", FULL)
    gates = (
        page_of(FULL, results=[result, GateResult(gate="in-use", violations=(), unknown=(), remedy="")])
        .one("main")
        .all()[0]
    )

    assert gates.attributes["class"] == "gates alert-box"
    assert gates.one("h2").text == "1 of 2 gates failed"
    assert f"expires:v*: failed for {len(result.violations)} images. Keep such images." in gates.text
    assert gates.all("li")[1].text == str(result.violations[0])
    assert f"and {len(result.violations) - 10} more images; --format json has all" in gates.text
    assert gates.all("li")[-1].text == "in-use: passed"


def test_a_gate_without_complete_data_has_the_reason() -> None:
    result = GateResult(gate="in-use", violations=(), unknown=("nobody is seen to run any image",), remedy="")
    gates = page_of(FULL, results=[result]).one("section", class_="gates")

    assert gates.attributes["class"] == "gates missing"
    assert gates.text == "1 of 1 gate cannot be checked in-use: cannot be checked nobody is seen to run any image"


def test_passed_gates_are_a_note_and_without_gates_there_is_none() -> None:
    passed = GateResult(gate="in-use", violations=(), unknown=(), remedy="")

    assert page_of(FULL, results=[passed]).one("section", class_="gates").text == "1 gate passed in-use: passed"
    assert page_of(FULL, results=[passed]).one("section", class_="gates").attributes["class"] == "gates"
    assert full_page().all("section", class_="gates") == []


def test_the_page_has_the_note_of_a_gate_that_passed() -> None:
    passed = GateResult(
        gate="expires:x*", violations=(), unknown=(), remedy="", note="no image has a tag that matches x*"
    )

    assert page_of(FULL, results=[passed]).one("section", class_="gates").one("li").text == (
        "expires:x*: passed; no image has a tag that matches x*"
    )


def test_no_message_states_that_an_image_was_deleted() -> None:
    page = page_of(FULL, *many())

    assert re.findall(r"(?<!would be )(?<!Would be )(?<!can be )(?<!been )deleted", page.one("body").text) == []


def test_an_image_without_a_size_is_shown_without_one() -> None:
    index = replace(
        pipeline_images("v{n}", days=1, until=AT)[0], manifest_media_type="application/vnd.oci.image.index.v1+json"
    )
    page = page_of(preview([index]))

    assert tiles(page)["Images"] == "1 size unknown"
    assert table(page, "Effect of each rule")[-1][:4] == ["none", "keep", "1", "\N{EN DASH}"]
    assert "0 bytes" not in page.text


def test_the_page_has_the_option_that_reads_which_images_belong_to_an_index() -> None:
    uncertain = Decision(
        image=FULL.evaluation.kept[0].image, action="expire", rule=None, why=f"but {UndocumentedBehavior.CHILD.value}"
    )
    shown = replace(FULL, evaluation=replace(FULL.evaluation, uncertain=(uncertain,)))

    assert "--live uses ECR's preview" in page_of(shown).text
    assert "--read-indexes" not in page_of(replace(FULL, evaluation=replace(FULL.evaluation, uncertain=()))).text


def test_sentences_of_rules_wrap_outside_the_scrolled_table() -> None:
    page = full_page()

    assert len(page.one("ul", class_="sentences").all("li")) == len(FULL.policy.rules)
    assert "Rule 1 keeps" not in " ".join(box.text for box in page.all("div", class_="scroll"))


def test_missing_inputs_are_at_the_beginning_of_the_page() -> None:
    page = page_of(FULL, problems=("repository prod/web: access denied",))

    assert page.one("section", class_="missing").one("li").text == "repository prod/web: access denied"
    assert full_page().all(class_="missing") == []


# --- where there is little, and where there is much -------------------------------------------------------------------


def test_no_repository_is_a_sentence() -> None:
    assert page_of().one("main").text == "There is no repository to show."


def test_an_empty_repository_has_a_sentence_and_no_chart() -> None:
    page = page_of(preview([]))

    assert "The repository has no images." in page.text
    assert page.all("svg") == []


def test_a_policy_without_rules_is_a_sentence() -> None:
    page = page_of(preview(policy=LifecyclePolicy.none()))

    assert "The policy has no rules, so every image is kept" in page.text
    assert "No image is deleted or archived" in page.text


def test_one_image_is_one_block() -> None:
    page = page_of(
        preview(pipeline_images("v{n}", days=1, until=AT), policy=LifecyclePolicy.of(keep_latest(3, matching="v*")))
    )

    assert len(page.all("rect")) == 1
    assert "1 image (100.0 MB): none to delete, 1 to keep (100.0 MB)." in page.text


@pytest.mark.slow
def test_the_page_of_twenty_thousand_images_has_less_than_400_bytes_for_each() -> None:
    images = [*pipeline_images("build-{n}", days=1000, a_day=19, until=AT), *untagged_images(days=1000, until=AT)]
    page = render_page(report(preview(images, policy=LifecyclePolicy.of(expire_untagged(after_days=7)))))

    assert len(page.encode("utf-8")) < 400 * 20_000
    assert "20,000" in read(page).text


def test_long_lists_are_shortened_and_have_the_number_of_the_other_entries() -> None:
    expired = FULL.evaluation.expired
    page = page_of(replace(FULL, in_use={each.image.digest: ("task batch",) for each in expired}))
    rows = table(page, "Images in use to delete or archive")

    assert len(rows) == 20
    assert f"And {len(expired) - 20} more; --format json has all." in page.text
    assert page.one("section", class_="alert-box").all("li")[-1].text == f"prod/api: and {len(expired) - 5} more"


def test_repositories_with_messages_are_expanded() -> None:
    quiet = [replace(each, findings=()) for each in many()]
    page = page_of(*quiet, replace(FULL, in_use=IN_USE))

    # `prod/40` would lose more than half of its images, which is an alarm.
    assert ["open" in each.attributes for each in page.all("details", class_="repository")] == [True] * 2 + [False] * 2


def test_an_alarm_has_the_name_of_the_repository_as_it_is() -> None:
    texts = [item.text for box in page_of(*many()).all("section", class_="alert-box") for item in box.all("li")]

    assert any(text.startswith("prod/40 would ") for text in texts)


# --- accessibility ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> Element:
    gone = tuple(FULL.evaluation.expired[:2])
    loud = replace(FULL, in_use=IN_USE, by_aws=True, current=FULL.evaluation, newly_lost=gone, newly_kept=gone)
    return page_of(loud, *many(), problems=("something",))


def test_ids_are_unique_and_links_lead_to_them(page: Element) -> None:
    ids = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    pointed = {each.attributes["href"][1:] for each in page.all("a")}
    labels = {each.attributes["aria-labelledby"] for each in page.all() if "aria-labelledby" in each.attributes}

    assert len(ids) == len(set(ids))
    assert pointed | labels <= set(ids)
    assert len(pointed) == 4


def test_no_level_of_headings_is_skipped(page: Element) -> None:
    levels = [int(each.tag[1]) for each in page.all() if re.fullmatch(r"h\d", each.tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_page_has_a_language_and_a_viewport(page: Element) -> None:
    assert page.one("html").attributes["lang"] == "en"
    assert page.one("meta", name="viewport").attributes["content"] == "width=device-width, initial-scale=1"


def test_every_table_has_a_caption_and_scopes_and_can_be_scrolled_with_the_keyboard(page: Element) -> None:
    boxes = page.all("div", class_="scroll")

    assert len(boxes) == len(page.all("table")) == len(page.all("caption")) > 5
    assert all(each.attributes["tabindex"] == "0" and each.attributes["aria-label"] for each in boxes)
    assert all(each.attributes["scope"] in {"col", "row", "rowgroup"} for each in page.all("th"))


def test_every_chart_is_described_or_hidden(page: Element) -> None:
    pictures = [each for each in page.all("svg") if "viewbox" not in each.attributes]

    assert len(pictures) > 5
    assert all(each.attributes.get("aria-label") or each.attributes.get("aria-hidden") for each in pictures)


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{([^}]*)\}", STYLE)[:2]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else light + dark))


def contrast(first: str, second: str) -> float:
    """Compute the ratio of WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


TEXTS = [(text, background) for text in ("text", "muted", "link") for background in ("background", "panel")]
TEXTS += [("text", "alert-panel"), ("muted", "alert-panel"), ("alert", "alert-panel"), ("alert", "background")]
GROUPS = ("expired", "archived", "uncertain", "kept")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_outcomes_contrast_with_their_background(scheme: str) -> None:
    palette = colours(scheme)

    assert [pair for pair in TEXTS if contrast(palette[pair[0]], palette[pair[1]]) < 4.5] == []
    assert [group for group in GROUPS if contrast(palette[group], palette["background"]) < 3] == []


def test_a_result_of_ecr_with_an_unknown_rule_is_shown() -> None:
    unknown = tuple(
        Decision(image=each.image, action="expire", rule=None, why="AWS says so") for each in FULL.evaluation.expired
    )
    rows = table(page_of(replace(FULL, evaluation=replace(FULL.evaluation, expired=unknown))), "Effect of each rule")

    assert ["none", "delete", str(len(unknown))] in [row[:3] for row in rows]


def test_a_rule_without_images_is_marked() -> None:
    rule = LifecycleRule(
        rule_priority=1, tag_status="tagged", tag_pattern_list=["x*"], count_type="sinceImagePushed", count_number=1
    )
    rows = table(page_of(preview(policy=LifecyclePolicy(rules=[rule]))), "Effect of each rule")

    assert rows[0] == ["1", "no images"]
