"""Images, as `aws ecr describe-images` prints them, and the names of their repositories."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.cli.sources.images import read_repositories
from ecr_constructs.errors import EcrConstructsError
from tests.cli.listings import HISTORY, RELEASES, detail, listing, page
from tests.model.lifecycle.strategies import json_values

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file below one folder and returns its path."""

    def _write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return _write


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def problem(*sources: str) -> str:
    with pytest.raises(EcrConstructsError) as caught:
        read_repositories(sources)
    assert len(caught.value.problems) == 1
    return f"{caught.value.path}: {caught.value.problems[0]}"


# --- the repository of an image ---------------------------------------------------------------------------------------


def test_images_have_the_name_of_their_repository(write: Write) -> None:
    file = write("whatever.json", listing(HISTORY, "prod/api"))

    (repository,) = read_repositories([file])
    assert (repository.name, set(repository.images)) == ("prod/api", set(HISTORY))


def test_one_file_may_hold_several_repositories(write: Write) -> None:
    both = [page(RELEASES[:2], "prod/web"), page(RELEASES[2:], "prod/api")]
    file = write("both.json", json.dumps(both))

    api, web = read_repositories([file])
    assert (api.name, api.images) == ("prod/api", tuple(RELEASES[2:]))
    assert (web.name, web.images) == ("prod/web", tuple(RELEASES[:2]))


@pytest.mark.parametrize(
    "shape",
    [
        lambda first, second: json.dumps([first, second]),
        lambda first, second: f"{json.dumps(first)}\n\n{json.dumps(second)}\n",
        lambda first, second: json.dumps(first) + json.dumps(second),
        lambda first, second: json.dumps(first["imageDetails"] + second["imageDetails"]),
    ],
    ids=["pages in a list", "pages one after the other", "pages without a line between", "bare details"],
)
def test_pages_of_a_repository_are_put_together(write: Write, shape: Callable[..., str]) -> None:
    file = write("api.json", shape(page(RELEASES[:2], "prod/api"), page(RELEASES[2:], "prod/api")))

    (repository,) = read_repositories([file])
    assert (repository.name, repository.images) == ("prod/api", tuple(RELEASES))


def test_pages_may_be_in_several_files(write: Write) -> None:
    first, second = (
        write(f"{n}.json", listing(images, "prod/api")) for n, images in enumerate((RELEASES, HISTORY[4:]))
    )

    (repository,) = read_repositories([first, second])
    assert set(repository.images) == set(HISTORY)


@pytest.mark.parametrize(
    ("file", "name"),
    [("api.json", "api"), ("prod__api.json", "prod/api"), ("prod/api.json", "prod/api"), ("a/b__c.json", "a/b/c")],
)
def test_a_file_names_the_repository_where_its_images_do_not(
    write: Write, file: str, name: str, tmp_path: Path
) -> None:
    write(file, listing(RELEASES, None))

    (repository,) = read_repositories([str(tmp_path)])
    assert repository.name == name


def test_a_file_that_is_given_by_itself_is_named_without_its_folder(write: Write) -> None:
    file = write("listings/prod__api.json", listing(RELEASES, None))

    assert [each.name for each in read_repositories([file])] == ["prod/api"]


def test_a_repository_without_images_is_named_by_its_file(write: Write) -> None:
    file = write("prod__new.json", listing([], None))

    (repository,) = read_repositories([file])
    assert (repository.name, repository.images) == ("prod/new", ())


def test_an_empty_page_beside_others_makes_no_repository(write: Write) -> None:
    file = write("dump.json", listing(RELEASES, "prod/api") + listing([], None))

    assert [each.name for each in read_repositories([file])] == ["prod/api"]


def test_listings_without_a_name_are_those_of_the_selected_repository(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("images.json", listing(RELEASES, None))
    assert [each.name for each in read_repositories([file], unnamed="prod/api")] == ["prod/api"]

    pipe(monkeypatch, listing(RELEASES, None).encode())
    assert [each.name for each in read_repositories(["-"], unnamed="prod/api")] == ["prod/api"]


@pytest.mark.parametrize("source", ["file", "standard input"])
def test_an_empty_listing_belongs_to_the_selected_repository(
    write: Write, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    pipe(monkeypatch, listing([], None).encode())
    given = "-" if source == "standard input" else write("images.json", listing([], None))

    (repository,) = read_repositories([given], unnamed="prod/api")
    assert (repository.name, repository.images) == ("prod/api", ())


def test_a_listing_with_a_repository_is_of_no_other_repository(write: Write) -> None:
    file = write("listings/prod__web.json", listing(RELEASES, None))
    folder = str(Path(file).parent)
    named = write("named.json", listing(RELEASES, "prod/db"))

    assert [each.name for each in read_repositories([folder], unnamed="prod/api")] == ["prod/web"]
    assert [each.name for each in read_repositories([named], unnamed="prod/api")] == ["prod/db"]


# --- incomplete listings ----------------------------------------------------------------------------------------------


def test_images_with_incomplete_fields_are_counted(write: Write) -> None:
    whole, bare = detail(RELEASES[0], "api"), detail(RELEASES[1], "api")
    del bare["imageManifestMediaType"]
    other = bare | {"imageDigest": RELEASES[2].digest, "imageSizeInBytes": None}
    file = write("api.json", json.dumps([whole, bare, bare, other]))

    (repository,) = read_repositories([file])
    assert repository.missing == {"imageManifestMediaType": 2, "imageSizeInBytes": 1}
    assert read_repositories([write("whole.json", json.dumps([whole]))])[0].missing == {}


@pytest.mark.parametrize("token", ["nextToken", "NextToken"])
@pytest.mark.parametrize("name", ["api", None])
def test_an_incomplete_listing_is_rejected(write: Write, tmp_path: Path, token: str, name: str | None) -> None:
    file = write("api.json", json.dumps(page(RELEASES, name) | {token: "more"}))
    sentence = "the last page of the listing of api is missing; list without --max-items, or give every page"

    assert problem(file) == f"{file}: {sentence}"
    assert problem(str(tmp_path)) == f"{file}: {sentence}"


def test_an_empty_incomplete_page_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, json.dumps(page([], None) | {"nextToken": "more"}).encode())

    assert problem("-") == (
        "standard input: the last page of the listing is missing; list without --max-items, or give every page"
    )


@pytest.mark.parametrize("order", [1, -1])
def test_pages_of_one_listing_in_several_files_are_complete(write: Write, order: int) -> None:
    first = write("1.json", json.dumps(page(RELEASES[:2], "api") | {"nextToken": "more"}))
    last = write("2.json", listing(RELEASES[2:], "api"))

    (repository,) = read_repositories([first, last][::order])
    assert set(repository.images) == set(RELEASES)


def test_the_end_of_another_listing_is_not_the_end_of_this_one(write: Write) -> None:
    pages = [page(RELEASES, "api") | {"nextToken": "more"}, page(RELEASES, "web")]

    assert "the last page of the listing of api is missing" in problem(write("both.json", json.dumps(pages)))


# --- files and folders ------------------------------------------------------------------------------------------------


def test_a_folder_is_searched_whole_for_json(write: Write, tmp_path: Path) -> None:
    write("one.json", listing(RELEASES[:1], "one"))
    write("deep/er/two.json", listing(RELEASES[1:2], "two"))
    write("README.md", "not JSON")

    assert [each.name for each in read_repositories([str(tmp_path)])] == ["one", "two"]


def test_policies_in_the_folder_of_the_images_are_skipped(write: Write, tmp_path: Path) -> None:
    write("api.json", listing(RELEASES, "api"))
    beside = write("api.policy.json", json.dumps({"repositoryName": "api", "lifecyclePolicyText": "{}"}))

    assert [each.name for each in read_repositories([str(tmp_path)])] == ["api"]
    assert problem(beside) == (f"{beside}: a policy or a template, not a listing of images; give it before --images")


def test_a_policy_file_in_the_folder_of_the_images_is_skipped(write: Write, tmp_path: Path) -> None:
    write("api.json", listing(RELEASES, "api"))
    write("policy.json", json.dumps({"rules": []}))

    assert [each.name for each in read_repositories([str(tmp_path)])] == ["api"]


def test_standard_input_is_read_as_a_loop_over_repositories_prints_it(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "\n".join([listing(RELEASES, "prod/api"), listing([], None), listing(RELEASES, "prod/web")])
    pipe(monkeypatch, printed.encode())

    assert [each.name for each in read_repositories(["-"])] == ["prod/api", "prod/web"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_redirected_output_of_a_windows_shell_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "api.json").write_text(listing(RELEASES, "prod/api"), encoding=encoding)

    assert [each.name for each in read_repositories([str(tmp_path)])] == ["prod/api"]


def test_the_same_image_twice_is_one_image(write: Write) -> None:
    file = write("api.json", listing(RELEASES, "prod/api"))

    (repository,) = read_repositories([file, file])
    assert repository.images == tuple(RELEASES)


# --- rejected policies ------------------------------------------------------------------------------------------------


def test_an_image_that_changed_between_two_listings_is_rejected(write: Write) -> None:
    old, new = detail(RELEASES[0], "api"), detail(RELEASES[0], "api") | {"imageTags": ["v1", "stable"]}
    file = write("api.json", json.dumps([old, new]))

    digest = RELEASES[0].digest
    assert problem(file) == (f"{file}: image {digest!r} of api is listed twice and differs; remove the older listing")


def test_images_without_a_repository_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, listing(RELEASES, None).encode())

    assert problem("-") == (
        "standard input: the images have no repositoryName; add --repository, "
        "or write them to a file that is named after the repository"
    )


@pytest.mark.parametrize("name", ["", "Prod", 7, ["api"]])
def test_an_invalid_repository_name_is_rejected(write: Write, name: object) -> None:
    entry = detail(RELEASES[0], None) | {"repositoryName": name}
    file = write("api.json", json.dumps([entry]))

    assert problem(file).startswith(f"{file}: {name!r} is not a repository name; keep repositoryName in the output")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty; give the JSON that the AWS CLI printed"),
        (" \n", "empty; give the JSON that the AWS CLI printed"),
        (
            "nothing",
            "not JSON: Expecting value: line 1 column 1 (char 0); give the output of the AWS CLI with --output json",
        ),
        ("[" * 100_000, "not JSON: "),
        (f'{{"imageDetails": {"9" * 5000}}}', "not JSON: "),
        ("{}", "{} is not the output of `aws ecr describe-images`: an object with imageDetails"),
        ("[][]", "no images are listed; give the output of 'aws ecr describe-images'"),
    ],
)
def test_a_document_that_is_not_a_listing_is_reported_in_one_sentence(write: Write, text: str, sentence: str) -> None:
    said = problem(write("b.json", text))

    assert sentence in said
    assert "\n" not in said


def test_bytes_that_are_not_text_are_reported(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_bytes(b'{"a": "\xff\xfe"}')

    assert "not text: invalid start byte; give the JSON that the AWS CLI printed" in problem(str(tmp_path / "api.json"))


def test_a_missing_source_is_reported(tmp_path: Path) -> None:
    file = str(tmp_path / "none.json")

    assert problem(file) == f"{file}: no such file or folder; give the output of the AWS CLI, or '-' for standard input"


def test_a_folder_that_cannot_be_read_is_reported(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("open/api.json", listing(RELEASES, "api"))
    write("shut/web.json", listing(RELEASES, "web"))
    look = os.scandir

    def denied(path: str) -> Any:
        if path.endswith("shut"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return look(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(PermissionError, match="shut"):
        read_repositories([str(tmp_path)])


def test_a_folder_without_listings_is_reported(tmp_path: Path) -> None:
    sentence = "no .json file in this folder; give a folder with the output of the AWS CLI"

    assert problem(str(tmp_path)) == f"{tmp_path}: {sentence}"


def test_every_problem_of_an_image_is_reported_with_its_file_and_place(write: Write) -> None:
    broken = [detail(RELEASES[0], "api"), {"imageDigest": 1}, {"imagePushedAt": "soon"}]
    file = write("api.json", json.dumps({"imageDetails": broken}))
    with pytest.raises(EcrConstructsError) as caught:
        read_repositories([file])

    assert caught.value.path == file
    assert [text.partition(":")[0] for text in caught.value.problems] == [
        "imageDetails[1].imagePushedAt",
        "imageDetails[2].imageDigest",
        "imageDetails[2].imagePushedAt",
        "--query may have left out missing fields; list the images without it",
    ]


def test_a_very_long_list_of_problems_is_shortened(write: Write) -> None:
    broken = [detail(RELEASES[0], "api") | {"imagePushedAt": "soon"}] * 50
    with pytest.raises(EcrConstructsError) as caught:
        read_repositories([write("api.json", json.dumps(broken))])

    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "and 30 more"


details = st.fixed_dictionaries(
    {},
    optional={field: st.one_of(st.just(value), json_values) for field, value in detail(RELEASES[0], "api").items()},
)


@given(document=st.one_of(json_values, st.builds(lambda entries: {"imageDetails": entries}, st.lists(details))))
def test_every_json_document_is_read_or_rejected(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    file = tmp_path_factory.mktemp("listing") / "api.json"
    file.write_text(json.dumps(document))
    try:
        repositories = read_repositories([str(file)])
    except EcrConstructsError as error:
        assert error.problems  # noqa: PT017  (whether it is raised is open)
    else:
        assert repositories
