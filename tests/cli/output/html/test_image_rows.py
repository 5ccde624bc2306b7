"""The rows of the list of images."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ecr_constructs.cli.output.html.image_rows import image_rows
from ecr_constructs.model import Image
from tests.cli.output.html.pages import AT, history, preview

_MARKUP = Image(digest="sha256:<b>", pushed_at=AT - timedelta(days=3), tags=["a&b", "c"], size=5)


@pytest.mark.parametrize("images", [history(), [*history(), _MARKUP], []], ids=["plain", "markup", "no images"])
@pytest.mark.parametrize("in_use", [None, {history()[0].digest: ("service prod/<api>",)}], ids=["unknown", "in use"])
def test_rows_whose_texts_are_looked_at_together_are_like_rows_that_are_escaped(
    images: list[Image], in_use: dict[str, tuple[str, ...]] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = preview(images, in_use=in_use)

    def rows() -> list[str]:
        return list(image_rows([shown, shown], has_repository=True, has_usage=in_use is not None))

    together = rows()
    monkeypatch.setattr("ecr_constructs.cli.output.html.image_rows.is_plain", lambda _: False)

    assert together == rows()
    assert "".join(together).count("<tr>") == 2 * len(images)
    assert "<b>" not in "".join(together)
