"""The table report: the numbers of each rule, the totals and the messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ecr_constructs.cli.formatting import (
    count,
    decision_labels,
    format_size,
    image_label,
    omitted,
    printable,
    truncate,
)
from ecr_constructs.cli.output.table_report import render_table, terminal
from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.gates import GateResult, GateViolation, read_gate
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Repository
from ecr_constructs.model import Decision, Image, LifecyclePolicy, expire_older_than, expire_untagged, keep_latest
from ecr_constructs.testing import pipeline_images, release_images, tagged, untagged_images
from tests.cli.listings import GENEROUS, HISTORY, NOW, POLICY, RELEASES, policy

V1, V2, V3, V4 = RELEASES
INDEX = "application/vnd.oci.image.index.v1+json"


def preview(
    images: list[Image] = HISTORY, *, of: LifecyclePolicy = POLICY, prefix: str | None = None, **known: Any
) -> RepositoryPreview:
    repository = Repository(name="prod/api", images=tuple(images), **known)
    return build(policy(of, where="cdk.out: App/Api", prefix=prefix), repository, NOW)


def plain(
    *previews: RepositoryPreview, results: Sequence[GateResult] = (), is_complete: bool = False, **values: Any
) -> str:
    report = PreviewReport(at=NOW, previews=previews, **values)
    return render_table(report, Console(file=StringIO()), results=results, is_complete=is_complete)


def on_terminal(shown: RepositoryPreview, width: int) -> str:
    console = Console(file=StringIO(), force_terminal=True, width=width, color_system="standard")
    return render_table(PreviewReport(at=NOW, previews=(shown,)), console)


def line(text: str, word: str) -> str:
    (found,) = (line for line in text.splitlines() if line.startswith(word))
    return found


def test_a_preview_reads_from_the_repository_to_the_sum() -> None:
    shown = preview(in_use={V1.digest: ("service prod/api",)}, deployed=GENEROUS)

    text = plain(replace(shown, findings=()))
    digests = [image.digest[:19] for image in HISTORY[4:]]
    assert text.splitlines() == [
        "prod/api: 8 images, 800.0 MB, 1 known to be in use",
        "policy of cdk.out: App/Api, evaluated at 2026-06-01 00:00 UTC",
        "Rule 1 keeps the newest 2 images with a tag like v*, by time of push, and deletes the others.",
        "Rule 2 deletes images without a tag more than 1 day after their push.",
        " rule  outcome  images      size  oldest      newest      such as",
        "    1  delete        2  200.0 MB  2026-05-11  2026-05-18  v1, v2",
        "    1  keep          2  200.0 MB  2026-05-25  2026-06-01  v3, v4",
        f"    2  delete        2  200.0 MB  2026-05-29  2026-05-30  {digests[0]}, {digests[1]}",
        f"    2  keep          2  200.0 MB  2026-05-31  2026-06-01  {digests[2]}, {digests[3]}",
        f"total  delete        4  400.0 MB  2026-05-11  2026-05-30  v1, v2, {digests[0]}, ...",
        f"total  keep          4  400.0 MB  2026-05-25  2026-06-01  v3, {digests[2]}, v4, ...",
        *text.splitlines()[11:16],
        "in use: v1 would be deleted and is in use by service prod/api",
        "newly lost: 1 image, 100.0 MB, compared with the deployed policy of --current-policy: v2",
        "",
        "total: 1 repository: 4 images to delete (400.0 MB), 0 to archive, 0 uncertain, 4 to keep",
    ]


def test_the_images_of_the_worst_repository_are_listed_in_use_first() -> None:
    text = plain(preview(in_use={V2.digest: ("service prod/api",)}))
    head = next(number for number, line in enumerate(text.splitlines()) if line.startswith("image"))

    assert [re.split(r"  +", line) for line in text.splitlines()[head : head + 5]] == [
        ["image", "outcome", "rule", "digest", "size", "pushed", "last pulled", "in use by", "reason"],
        *(
            [
                image.tags[0] if image.tags else "untagged",
                "delete",
                rule,
                image.digest,
                "100.0 MB",
                f"{image.pushed_at:%Y-%m-%d}",
                "-",
                users,
                why,
            ]
            for image, rule, users, why in (
                (V2, "1", "service prod/api", "it is not among the newest 2 that the rule selects"),
                (V1, "1", "-", "it is not among the newest 2 that the rule selects"),
                (HISTORY[4], "2", "-", "it was pushed more than 1 day ago"),
                (HISTORY[5], "2", "-", "it was pushed more than 1 day ago"),
            )
        ),
    ]


def test_the_first_ten_images_are_listed_and_all_on_request() -> None:
    shown = preview(pipeline_images("v{n}", days=30, until=NOW))
    text, complete = plain(shown), plain(shown, is_complete=True)

    assert text.count("it is not among the newest 2") == 10
    assert "\nand 18 more images to delete or archive, or uncertain; --all lists them\n" in text
    assert complete.count("it is not among the newest 2") == 28
    assert "--all" not in complete


def test_every_repository_lists_its_images_on_request() -> None:
    others = [replace(each, repository=f"team/{place:02}") for place, each in enumerate([preview()] * 12)]

    assert plain(*others).count(V1.digest) == 1
    assert plain(*others, is_complete=True).count(V1.digest) == 12


def test_uncertain_images_are_listed_with_their_possible_outcome() -> None:
    index = replace(V4, manifest_media_type=INDEX)

    assert re.search(
        r"^untagged +uncertain +2 .*  delete is possible: it was pushed more than 1 day ago; but",
        plain(preview([index, *untagged_images(days=4, until=NOW)])),
        re.MULTILINE,
    )


def test_the_samples_have_the_tag_of_the_gate_first() -> None:
    images = [*pipeline_images("main-{n}", days=30, until=NOW)]
    images[20] = tagged(images[20], "production")
    shown = preview(images, of=LifecyclePolicy.of(keep_latest(2, matching="main-*")))
    result = read_gate("expires:production").evaluate(PreviewReport(at=NOW, previews=(shown,)))
    text = plain(shown, results=[result])

    assert re.search(r"^ +1  delete .*  production \(\+1\), main-1, main-2, \.\.\.$", text, re.MULTILINE)
    assert re.search(r"^production \(\+1\) +delete", text, re.MULTILINE)
    assert "production" not in plain(shown)


# --- alarms -----------------------------------------------------------------------------------------------------------

AGE = LifecyclePolicy.of(expire_older_than(after_days=5))


def test_an_emptied_repository_is_the_first_and_the_last_thing_in_the_output() -> None:
    text = plain(preview(), replace(preview([V1, V2], of=AGE), repository="prod/old"))
    alarm = "alarm: prod/old would be emptied: 2 of 2 images (100%): 2 to delete; the newest is v2, pushed 2026-05-18"
    total = "total: 2 repositories: 6 images to delete (600.0 MB), 0 to archive, 0 uncertain, 4 to keep"

    assert text.splitlines()[:4] == [alarm, total, "", "prod/old: 2 images, 200.0 MB"]
    assert text.splitlines()[-2:] == [alarm, total]
    assert text.count("\nalarm: the repository would be emptied: ") == 1


def test_alarms_of_one_kind_are_one_line_and_the_worst_kind_is_first() -> None:
    newest = preview(
        [V1, V2, V3, tagged(V4, "x")], of=LifecyclePolicy.of(expire_older_than(after_days=1, matching="v*"))
    )
    emptied = [replace(preview([V1], of=AGE), repository=f"old/{number}") for number in range(7)]
    text = plain(newest, *emptied)

    assert [line for line in text.splitlines() if line.startswith("alarm")][:2] == [
        (
            "alarm: 7 repositories would be emptied: "
            "old/0 (100%), old/1 (100%), old/2 (100%), old/3 (100%), old/4 (100%) and 2 more"
        ),
        "alarm: prod/api would lose more than 50% of its images: 3 of 4 images (75%): 3 to delete",
    ]


def test_there_is_no_alarm_if_half_of_the_images_remain() -> None:
    assert "alarm" not in plain(preview())


def test_repositories_are_sorted_by_damage() -> None:
    quiet = replace(preview(of=LifecyclePolicy.none()), repository="a/quiet")
    some, emptied = preview(), replace(preview([V1], of=AGE), repository="z/emptied")
    running = replace(preview([V1, V3, V4]), repository="m/running", in_use={V1.digest: ("task batch",)})
    template = replace(preview([V1], of=AGE, prefix="new"), repository="b/new")
    heads = re.findall(
        r"^([a-z]+/[a-z]+)(?: \(policy .*?\))?: \d", plain(quiet, template, some, emptied, running), re.MULTILINE
    )

    assert heads == ["m/running", "z/emptied", "prod/api", "a/quiet", "b/new"]


def test_the_oldest_images_of_a_row_are_first() -> None:
    assert "  v1, v2, v3, ...\n" in plain(preview(RELEASES[::-1], of=LifecyclePolicy.none()))


def test_more_than_ten_repositories_without_a_policy_are_shortened() -> None:
    names = tuple(f"data/{number:02}" for number in range(13))

    assert line(plain(without_policy=names), "no policy:") == (
        f"no policy: 13 repositories: {', '.join(names[:10])} and 3 more; --format json has all"
    )


def test_the_table_has_whether_usage_was_read() -> None:
    assert plain(preview()).startswith("prod/api: 8 images, 800.0 MB\n")
    assert plain(preview(in_use={})).startswith("prod/api: 8 images, 800.0 MB, none known to be in use\n")


def test_findings_come_with_severity_fix_and_id() -> None:
    (finding,) = preview().findings

    assert line(plain(preview()), "warning:") == f"warning: {finding.sentence}; {finding.remedy} [{finding.id}]"


def test_a_rule_without_images_is_marked_and_unselected_images_are_last() -> None:
    text = plain(preview([tagged(V1, "dev")], of=LifecyclePolicy.of(expire_older_than(after_days=9, matching="x*"))))

    rows = [line.split()[:3] for line in text.splitlines() if re.match(r" *(\d+|none|total)  ", line)]
    assert rows == [["1", "no", "images"], ["none", "keep", "1"], ["total", "keep", "1"]]


def test_uncertain_images_have_separate_rows_and_reasons() -> None:
    index = replace(V4, manifest_media_type=INDEX)
    text = plain(preview([index, *untagged_images(days=4, until=NOW)]))

    assert re.search(r"^ +2  uncertain +2 ", text, re.MULTILINE)
    assert (
        "\nuncertain: 2 images might be deleted by rule 2: it was "
        "pushed more than 1 day ago; but it may belong to an index, "
    ) in text
    assert line(text, "total: ").endswith("0 images to delete, 0 to archive, 2 uncertain, 3 to keep")


def test_an_index_has_no_size_of_its_own_and_an_unknown_size_has_a_reason() -> None:
    index = replace(V4, manifest_media_type=INDEX)

    assert plain(preview([V3, index])).startswith("prod/api: 2 images, 100.0 MB\n")
    text = plain(preview([index]))
    assert text.startswith("prod/api: 1 image, all of them image indexes, which have no size of their own\n")
    assert re.search(r"^total  keep +1 +-  2026", text, re.MULTILINE)
    assert plain(preview([replace(V4, size=0)])).startswith("prod/api: 1 image, size unknown\n")


def test_a_repository_without_images_is_a_line_and_no_table() -> None:
    text = plain(preview([]))

    assert text.startswith("prod/api: no images\n")
    assert "\n rule  action" not in text


def test_uncertain_images_with_one_reason_are_one_line_whichever_image_the_reason_names() -> None:
    shown = preview()
    why = "it follows its subject {} within 24 hours"
    uncertain = tuple(replace_why(each, why.format(each.image.digest)) for each in shown.evaluation.kept)
    text = plain(replace(shown, evaluation=replace(shown.evaluation, uncertain=uncertain)))

    assert [line for line in text.splitlines() if line.startswith("uncertain")] == [
        "uncertain: 2 images might be deleted by rule 1: it follows its subject within 24 hours",
        "uncertain: 2 images might be deleted by rule 2: it follows its subject within 24 hours",
    ]


def test_the_option_that_reads_indexes_is_reported_once() -> None:
    index = replace(V4, manifest_media_type=INDEX)
    uncertain = preview([index, *untagged_images(days=4, until=NOW)])
    other = replace(uncertain, repository="prod/web")

    assert plain(uncertain, other).count("--manifests") == 1
    assert "\nuncertain: --live uses ECR's preview" in plain(uncertain, other)
    assert "\nuncertain: --read-indexes reads which images" in plain(uncertain, is_live=True)
    assert "--manifests" not in plain(preview())


def test_a_creation_template_is_reported_and_is_not_in_the_total() -> None:
    text = plain(preview(prefix="prod", in_use={V1.digest: ("service prod/api",)}))

    assert text.startswith(
        "prod/api (policy of the creation template for prod, which "
        "ECR does not apply to existing repositories): 8 images, "
    )
    assert line(text, "total: ") == "total: 0 repositories: 0 images to delete, 0 to archive, 0 uncertain, 0 to keep"
    assert "\nin use:" not in text


def test_a_policy_without_rules_is_explained_as_such() -> None:
    assert "\nThe policy has no rules: every image is kept.\n" in plain(preview(of=LifecyclePolicy.none()))


def test_an_unchanged_policy_is_reported_as_such() -> None:
    assert (
        line(plain(preview(deployed=POLICY)), "same:")
        == "same: the deployed policy has the same effect on these images"
    )
    assert "same:" not in plain(preview())


def test_newly_kept_images_are_reported_as_such() -> None:
    text = plain(preview(of=GENEROUS, deployed=POLICY), is_live=True)

    assert line(text, "newly") == "newly kept: 1 image, 100.0 MB, compared with the policy deployed in the account: v2"


def test_only_the_most_frequent_reasons_are_listed() -> None:
    shown = preview()
    decisions = [replace_why(decision, f"reason {n % 12}") for n, decision in enumerate([*shown.evaluation.kept] * 6)]
    text = plain(replace(shown, evaluation=replace(shown.evaluation, uncertain=tuple(decisions))))

    assert text.count("\nuncertain: 2 images might be deleted by rule ") == 10
    assert "\nuncertain: and 2 more reasons; --format json has all\n" in text


def replace_why(decision: Decision, why: str) -> Decision:
    return Decision(image=decision.image, action="expire", rule=decision.rule, why=why)


def test_disagreements_with_aws_give_both_sides() -> None:
    takes = AwsDecision(digest=V4.digest, action="expire", rule_priority=1)
    late = AwsDecision(digest="sha256:" + "9" * 64, action="expire", rule_priority=1)
    text = plain(preview(RELEASES[2:], aws_preview=(takes, late)))

    assert "\npolicy of cdk.out: App/Api, from ECR's preview at 2026-06-01 00:00 UTC\n" in text
    assert line(text, "disagreement:") == (
        "disagreement: v4: delete by rule 1 in ECR's preview, "
        "keep (rule 1 selects it, and it is among the newest 2) in the local evaluation"
    )
    assert line(text, "not listed:").startswith(
        "not listed: ECR's preview deletes or archives 1 image pushed after the images"
    )


def test_long_lists_are_shortened_and_name_the_option_for_all_entries() -> None:
    images = pipeline_images("v{n}", days=30, until=NOW)
    text = plain(preview(images, in_use={image.digest: ("service a",) for image in images}, aws_preview=()))

    assert text.count("\ndisagreement: ") == 11
    assert "\ndisagreement: and 18 more images; --format json has all\n" in text
    shown = preview(images, in_use={image.digest: ("service a",) for image in images})
    assert plain(shown).count("\nin use: ") == 11
    assert "\nin use: and 18 more images; --format json has all\n" in plain(shown)


def test_policies_without_a_preview_are_reported() -> None:
    unread = UnreadablePolicy(where="App/Web", problems=("worked out later",), is_invalid=False)
    missing = [policy(repository="web"), policy(prefix="web"), policy()]
    text = plain(unread=(unread,), without_images=tuple(missing), without_policy=("db", "queue"), notes=("mind this",))

    assert text.splitlines() == [
        "not read: App/Web: worked out later",
        "no images: policy.json: there is no repository web among the given images",
        ("no images: policy.json: every given repository under web/ has a policy of its own, or there is none"),
        (
            "no images: policy.json: "
            "the name of its repository is not known before deployment; write one, or preview its policy alone"
        ),
        "no policy: 2 repositories: db, queue",
        "note: mind this",
        "total: 0 repositories: 0 images to delete, 0 to archive, 0 uncertain, 0 to keep",
    ]
    assert "there is no repository web\n" in plain(without_images=(missing[0],), is_live=True)


# --- many repositories ------------------------------------------------------------------------------------------------


def crowd(number: int, **known: Any) -> list[RepositoryPreview]:
    return [replace(preview(**known), repository=f"team/{place:02}") for place in range(number)]


def test_repositories_with_the_same_policy_have_a_line_each_and_one_explanation() -> None:
    text = plain(*crowd(11))

    assert text.splitlines()[2:8] == [
        "11 repositories with the same policy: 88 images, 8.8 GB",
        "policy of cdk.out: App/Api, evaluated at 2026-06-01 00:00 UTC",
        "Rule 1 keeps the newest 2 images with a tag like v*, by time of push, and deletes the others.",
        "Rule 2 deletes images without a tag more than 1 day after their push.",
        "repository  images      size  delete     freed  archive  uncertain  keep",
        "team/00          8  800.0 MB       4  400.0 MB        0          0     4",
    ]
    assert text.splitlines()[18] == "total           88    8.8 GB      44    4.4 GB        0          0    44"
    assert text.splitlines()[0] == text.splitlines()[-1]
    # The shared table, and the tables of the worst three.
    assert text.count("Rule 1 ") == 4


def test_a_few_repositories_have_a_table_each() -> None:
    assert plain(*crowd(10)).count("Rule 1 ") == 10
    assert "with the same policy" not in plain(*crowd(10))


def test_repositories_with_endangered_images_in_use_have_a_table_of_their_own() -> None:
    first, *others = crowd(12)
    running = replace(first, in_use={V1.digest: ("service prod/api",)})

    assert plain(running, *others).count("Rule 1 ") == 4
    assert "\nteam/00: 8 images, 800.0 MB, 1 known to be in use\n" in plain(running, *others)


def test_repositories_that_fail_a_gate_have_a_table_of_their_own() -> None:
    previews = [*crowd(11), replace(preview(of=GENEROUS), repository="other")]
    decision = previews[3].evaluation.expired[0]
    catch = GateViolation(repository="team/03", decision=decision, is_certain=True, users=None)
    result = GateResult(gate="expires:v*", violations=(catch,), unknown=(), remedy="keep them")

    heads = re.findall(r"^(team/\d+|other): 8", plain(*previews, results=[result]), re.MULTILINE)
    assert heads == ["team/00", "team/01", "team/02", "team/03", "other"]


def test_repositories_with_another_result_of_ecr_have_a_table_of_their_own() -> None:
    previews = crowd(12, aws_preview=())
    agreeing = [replace(each, disagreements=()) for each in previews[1:]]

    heads = re.findall(r"^(team/\d+): 8", plain(previews[0], *agreeing), re.MULTILINE)
    assert heads == ["team/00"]


def test_findings_of_some_repositories_name_them_in_order_of_severity() -> None:
    first, second, *others = crowd(12)
    (warning,) = first.findings
    error = replace(warning, id="bad", severity="error", sentence="it is bad")
    of = [replace(each, findings=(warning, error)) for each in (first, second)]
    text = plain(*of, *others)

    assert [line for line in text.splitlines() if line.startswith(("error", "warning"))][:2] == [
        f"error: 2 repositories, such as team/00: it is bad; {error.remedy} [bad]",
        f"warning: {warning.sentence}; {warning.remedy} [{warning.id}]",
    ]


def test_newly_lost_images_of_many_repositories_are_a_column_with_the_compared_policy() -> None:
    text = plain(*crowd(11, deployed=GENEROUS))

    assert text.splitlines()[6].endswith("keep  newly lost  newly kept")
    assert text.splitlines()[7].endswith("4           1           0")
    assert "\ncompared: with the deployed policy of --current-policy, for each repository\n" in text


def test_a_template_for_many_has_no_sum() -> None:
    text = plain(*crowd(11, prefix="team"))

    assert "\n11 repositories with the same policy (policy of the creation template for team, " in text
    assert "\ntotal  " not in text


def test_on_a_terminal_many_repositories_fit() -> None:
    cases: list[int] = [40, 60, 80, 120]
    for width in cases:
        console = Console(file=StringIO(), force_terminal=True, width=width, color_system=None)
        previews = [replace(each, repository=f"a-long-name/of-a-team/{each.repository}") for each in crowd(60)]
        lines = render_table(PreviewReport(at=NOW, previews=tuple(previews)), console).splitlines()

        assert max(map(len, lines)) <= width
        table = lines[next(number for number, line in enumerate(lines) if line.startswith("repository")) :]
        assert sum("team/" in line for line in table[: table.index("")]) == 60


def test_a_message_about_several_repositories_is_reported_once() -> None:
    notes = ("team/00: mind this", "mind: that", "team/01: mind this", "team/02: mind something else")

    assert [line for line in plain(*crowd(3), notes=notes).splitlines() if line.startswith("note")] == [
        "note: mind: that",
        "note: 2 repositories, such as team/00: mind this",
        "note: team/02: mind something else",
    ]


# --- terminals and pipes ----------------------------------------------------------------------------------------------


def test_output_to_a_pipe_is_plain_text_without_boxes_colours_or_trailing_blanks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = plain(preview())

    assert text.isascii()
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert len(line(text, "warning:")) > 200


def test_on_a_terminal_every_line_fits() -> None:
    cases: list[int] = [36, 40, 55, 56, 75, 76, 91, 92, 120]
    for width in cases:
        text = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal(preview(), width))

        assert max(map(len, text.splitlines())) <= width
        heading = next(line for line in text.splitlines() if line.startswith(" rule"))
        hidden = [word for word, least in (("oldest", 92), ("newest", 56), ("such as", 76)) if width < least]
        assert [word for word in ("oldest", "newest", "such as") if word not in heading] == hidden
        # The list of images has the columns digest, size, pushed, last pulled and reason.
        image_columns = {"digest": 100, "size": 64, "pushed": 76, "last pulled": 112, "reason": 132}
        hidden += [word for word, least in image_columns.items() if width < least]
        note = f"note: the terminal is {width} characters wide; columns not shown: {', '.join(hidden)}"
        assert note in " ".join(text.split())
        assert re.search(r"2 +delete +2 +200.0 MB", text)


def test_examples_are_cut_to_the_width_and_rows_stay_one_line() -> None:
    cases: list[int] = [76, 80, 92, 120]
    for width in cases:
        images = [
            tagged(image, f"release-{image.tags[0]}") for image in release_images("2026.{n}", count=20, until=NOW)
        ]
        of = LifecyclePolicy.of(keep_latest(9, matching="2026.*"), expire_untagged(after_days=3))
        text = re.sub(
            r"\x1b\[[0-9;]*m", "", on_terminal(preview([*images, *untagged_images(days=9, until=NOW)], of=of), width)
        )
        head = next(number for number, line in enumerate(text.splitlines()) if "such as" in line)

        rows = [line.split()[:2] for line in text.splitlines()[head + 1 : head + 7]]
        assert rows == [[rule, outcome] for rule in ("1", "2", "total") for outcome in ("delete", "keep")]
        assert text.count(", ...") == 6


def test_deletions_are_red_on_a_terminal() -> None:
    assert "\x1b[31mdelete" in on_terminal(preview(), 100)


def test_without_colour_there_is_no_escape_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in render_table(PreviewReport(at=NOW, previews=(preview(),)), terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in render_table(PreviewReport(at=NOW, previews=(preview(),)), terminal())


def test_texts_of_users_have_no_control_characters() -> None:
    evil = "\x1b]0;owned\x07[red]\ud800"
    images = (replace(V1, tags=[evil, "v1"]),)
    rule = replace(POLICY.rules[1], description="\u202e[red]")
    sly = policy(LifecyclePolicy(rules=[rule]), where=evil, prefix=evil)
    text = plain(build(sly, Repository(name="prod/api", images=images), NOW), without_images=(sly,), notes=(evil,))

    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
    assert text.count("\\x1b]0;owned\\x07[red]\\ud800") > 4


# --- quantities -------------------------------------------------------------------------------------------------------


def test_characters_that_cannot_be_printed_are_escaped_as_in_python() -> None:
    cases: list[tuple[str, str]] = [
        ("é", "é"),
        ("\x1b", "\\x1b"),
        ("\n", "\\n"),
        ("\u2028", "\\u2028"),
        ("\U000e0001", "\\U000e0001"),
    ]
    for letter, written in cases:
        assert printable(f"a{letter}b") == f"a{written}b"


def test_bytes_are_written_in_the_unit_that_fits() -> None:
    cases: list[tuple[int, str]] = [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (10**15, "1.0 PB"),
        (10**18, "1,000.0 PB"),
    ]
    for number, text in cases:
        assert format_size(number) == text


def test_a_count_has_the_singular_or_the_plural_of_its_noun() -> None:
    assert [count(number, "repository") for number in (0, 1, 2000)] == [
        "0 repositories",
        "1 repository",
        "2,000 repositories",
    ]
    assert [count(2, noun) for noun in ("image", "policy")] == ["2 images", "2 policies"]


def test_images_are_called_by_a_tag_or_else_by_the_beginning_of_their_digest() -> None:
    assert image_label(V1) == "v1"
    assert image_label(tagged(V1, "a", "b")) == "a (+2)"
    assert image_label(HISTORY[-1]) == HISTORY[-1].digest[:19]
    decisions = [Decision(image, "keep", None, "") for image in RELEASES]
    assert decision_labels(decisions[:3]) == "v1, v2, v3"
    assert decision_labels(decisions) == "v1, v2, v3, ..."


def test_a_shortened_list_ends_with_the_number_of_the_others() -> None:
    assert [truncate(["a", "b", "c"], limit) for limit in (3, 2)] == [["a", "b", "c"], ["a", "b", "and 1 more"]]
    assert [omitted(1000, "image"), omitted(1, "repository")] == ["and 1,000 more images", "and 1 more repository"]
