"""What a screened cohort tells, whole: counts of each protocol, what-ifs, and how exact all that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from protodsl.cohort.counts import Asked, Verdicts, asked, verdicts
from protodsl.cohort.engine import Answered
from protodsl.cohort.screen import Screened
from protodsl.cohort.whatif import Setting


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One limit, what it is now, and the verdicts with other values."""

    protocol: str
    limit: str
    now: str
    values: tuple[tuple[str, Verdicts], ...]


@dataclass(frozen=True, slots=True)
class Report:
    participants: int
    protocols: tuple[Asked, ...]
    what_if: tuple[WhatIf, ...]
    exactness: tuple[str, ...]
    simulated: str | None  # from which protocol the people were made up

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(screened: Screened, settings: Sequence[tuple[str, Setting]]) -> Report:
    """`settings`: (protocol, limit), whose questions follow the protocols' own, in this order."""
    whole = [each for each in screened.answers if each.question.whole]
    changed = [each for each in screened.answers if not each.question.whole]
    what_if: list[WhatIf] = []
    for protocol, setting in settings:
        own, changed = changed[: len(setting.values)], changed[len(setting.values) :]
        told = [
            (value, verdicts(screened, each)) for (value, _), each in zip(setting.values, own, strict=True)
        ]
        what_if.append(WhatIf(protocol, setting.told, setting.now, tuple(told)))
    return Report(
        screened.participants,
        tuple(asked(screened, each) for each in whole),
        tuple(what_if),
        tuple(exactness(screened, whole)),
        screened.engine.manifest.get("simulated_from"),
    )


def exactness(screened: Screened, whole: Sequence[Answered]) -> list[str]:
    """How far a verdict can be trusted, in sentences."""
    said = [
        "Verdicts mean what protodsl screen means: true, false and unknown are kept apart, units are "
        "compared exactly, dates known in part are intervals. Formulas are computed in double precision "
        "and rounded to nine decimals."
    ]
    refused = [
        f"{one.question.protocol.id + ' ' if len(whole) > 1 else ''}{each.where} ({each.what})"
        for one in whole
        for each in one.statement.refused
    ]
    if refused:
        said.append(
            "SQL does not carry everything: what follows is unknown for everybody, and may leave somebody "
            "undetermined whom protodsl screen decides: " + "; ".join(dict.fromkeys(refused)) + "."
        )
    else:
        said.append("SQL carries every criterion asked.")
    manifest = screened.engine.manifest
    if not manifest:
        said.append("What was lost when the tables were made is not known: nothing stands beside them.")
    for key, told in (
        ("refused", "records could not be read when the tables were made, and are not counted"),
        (
            "rounded_numbers",
            "numbers have more than six decimals: each is the interval between its neighbours",
        ),
        ("limits_not_kept", "results have a reference limit with more than six decimals: they are not used"),
    ):
        if manifest.get(key):
            said.append(f"{manifest[key]:,} {told}.")
    return said
