"""The settings that several repositories share, as constants of the program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ecr_constructs.cli.adoption.identifiers import UniqueNames, identifier
from ecr_constructs.cli.adoption.planned import PlannedConstruct, is_repository
from ecr_constructs.cli.python_code.calls import Call, render_one_line

__all__ = ["SharedSettings", "SharingResult", "share"]

# Settings that a repository can add to its shared settings.
_TAGS = "resource_tags"
_ACCESS = "access"
_FEWEST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedSettings:
    """
    A constant with settings.

    Attributes:
        name: The name of the constant.
        settings: The settings that differ from `ADOPTED`.
        repositories: The names of the repositories that have them.

    """

    name: str
    settings: Mapping[str, object]
    repositories: tuple[str, ...]


class SharingResult(NamedTuple):
    """
    The constants, and the constructs that use them.

    Attributes:
        settings: The constants.
        of: The construct with shared settings, by the identity of the original construct.

    """

    settings: tuple[SharedSettings, ...]
    of: Mapping[int, PlannedConstruct]


def share(constructs: Sequence[PlannedConstruct]) -> SharingResult:
    """
    Return the settings that at least two repositories have, and the constructs with these settings.

    Args:
        constructs: All constructs of the program.

    """
    groups: defaultdict[str, list[PlannedConstruct]] = defaultdict(list)
    for each in filter(is_repository, constructs):
        groups[_as_argument(_shareable(each.settings))].append(each)
    names = UniqueNames(separator="_")
    found: list[SharedSettings] = []
    changed: dict[int, PlannedConstruct] = {}
    for group in groups.values():
        settings = {**_shareable(group[0].settings), **_common_access(group), **_common_tags(group)}
        if len(group) >= _FEWEST and settings:
            constant = SharedSettings(
                name=names.add(_constant_name(group)),
                settings=settings,
                repositories=tuple(each.name for each in group),
            )
            found.append(constant)
            changed |= {id(each): _using(each, constant) for each in group}
    return SharingResult(tuple(found), changed)


def _using(construct: PlannedConstruct, constant: SharedSettings) -> PlannedConstruct:
    own = {name: value for name, value in construct.settings.items() if name not in constant.settings}
    tags = {key: value for key, value in _tags(construct).items() if key not in _tags_of(constant.settings)}
    if tags:
        own[_TAGS] = tags
    shared = {render_one_line(each) for each in _access_of(constant.settings)}
    access = [each for each in _access_of(construct.settings) if render_one_line(each) not in shared]
    if access:
        own[_ACCESS] = access
    return replace(construct, settings=own, shared=constant.name)


def _shareable(settings: Mapping[str, object]) -> dict[str, object]:
    """Return the settings that are replaced as a whole, without an encryption that needs the variable of a key."""
    return {name: value for name, value in settings.items() if name not in (_TAGS, _ACCESS) and not _has_key(value)}


def _has_key(value: object) -> bool:
    return isinstance(value, Call) and value.name.startswith("Encryption.") and bool(value.arguments)


def _common_access(group: Sequence[PlannedConstruct]) -> dict[str, object]:
    first, *others = (_access_of(each.settings) for each in group)
    texts = [{render_one_line(each) for each in access} for access in others]
    common = [each for each in first if all(render_one_line(each) in access for access in texts)]
    return {_ACCESS: common} if common else {}


def _access_of(settings: Mapping[str, object]) -> list[object]:
    access = settings.get(_ACCESS, [])
    return access if isinstance(access, list) else []


def _common_tags(group: Sequence[PlannedConstruct]) -> dict[str, object]:
    first, *others = map(_tags, group)
    common = {
        key: value
        for key, value in first.items()
        if all(key in each and render_one_line(each[key]) == render_one_line(value) for each in others)
    }
    return {_TAGS: common} if common else {}


def _tags(construct: PlannedConstruct) -> Mapping[str, object]:
    return _tags_of(construct.settings)


def _tags_of(settings: Mapping[str, object]) -> Mapping[str, object]:
    tags = settings.get(_TAGS, {})
    return tags if isinstance(tags, Mapping) else {}


def _constant_name(group: Sequence[PlannedConstruct]) -> str:
    """Return the name of a constant: `PROD_SETTINGS` for repositories under `prod/`."""
    namespaces = {each.name.partition("/")[0] if "/" in each.name else "" for each in group}
    namespace = namespaces.pop() if len(namespaces) == 1 else ""
    return identifier(namespace, suffix="settings").upper() if namespace else "SETTINGS"


def _as_argument(settings: Mapping[str, object]) -> str:
    return render_one_line(dict(settings))
