"""Every criterion of NCT06892145 and every part of one by hand: what is answered of each, and the verdict.

`by_hand_nct06892145.verdict` ends at the first criterion that fails; this asks them all, as whoever fills in
a screening log does. It gives no reasons either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import by_hand_nct06892145 as by_hand
from by_hand_codes import Codes
from by_hand_record import Participant
from by_hand_values import Truth, negate

Ask = Callable[[Participant], Truth]

ASKED: dict[str, Ask] = {
    "inclusion 1": by_hand.inclusion_1,
    "inclusion 2": by_hand.inclusion_2,
    "inclusion 3.a": by_hand.diagnosed,
    "inclusion 3.b.1.hydroxychloroquine": lambda p: p.ever("hydroxychloroquine"),
    "inclusion 3.b.1.glucocorticoid": Participant.glucocorticoid,
    "inclusion 3.b.1.immunosuppressants": by_hand.two_immunosuppressants,
    "inclusion 3.b.1.biologic": by_hand.biologic,
    "inclusion 3.b.1.duration": by_hand.treated_for_three_months,
    "inclusion 3.b.1.activity": by_hand.still_active,
    "inclusion 3.b.2": by_hand.intolerant,
    "inclusion 4": by_hand.inclusion_4,
    "inclusion 5": by_hand.inclusion_5,
    "inclusion 6.1": by_hand.heart,
    "inclusion 6.2": by_hand.kidney,
    "inclusion 6.3": by_hand.liver,
    "inclusion 6.4": by_hand.bilirubin,
    "inclusion 6.5": by_hand.lung,
    "inclusion 7": by_hand.inclusion_7,
    "inclusion 8": by_hand.inclusion_8,
    "inclusion 9.a": by_hand.tested_negative,
    "inclusion 9.b": by_hand.contraception,
    "inclusion 9.c": by_hand.barrier,
    "inclusion 9.d": by_hand.no_donation,
    "exclusion 1": by_hand.exclusion_1,
    "exclusion 2.a": by_hand.renal_replacement,
    "exclusion 2.b": by_hand.renal_deterioration,
    "exclusion 3": by_hand.exclusion_3,
    "exclusion 4": by_hand.exclusion_4,
    "exclusion 5": by_hand.exclusion_5,
    "exclusion 6.a": by_hand.hepatitis_b,
    "exclusion 6.b": by_hand.hepatitis_c,
    "exclusion 6.c": lambda p: p.word("hiv_antibody", ("positive",)),
    "exclusion 6.d": lambda p: p.word("treponema_pallidum_antibody", ("positive",)),
    "exclusion 7.1": by_hand.heart_failure,
    "exclusion 7.2": by_hand.infarction,
    "exclusion 7.3": by_hand.arrhythmia,
    "exclusion 7.4": lambda p: p.ever("non_ischemic_cardiomyopathy", severe=True),
    "exclusion 8": by_hand.exclusion_8,
    "exclusion 9": by_hand.exclusion_9,
    "exclusion 10": by_hand.exclusion_10,
    "exclusion 11": by_hand.exclusion_11,
    "exclusion 12.a": by_hand.other_tumour,
    "exclusion 12.b": by_hand.skin_tumour,
    "exclusion 12.c": by_hand.prostate,
    "exclusion 12.d": by_hand.breast,
    "exclusion 13": by_hand.exclusion_13,
    "exclusion 14": by_hand.exclusion_14,
    "exclusion 15.a": by_hand.expecting,
    "exclusion 15.b": by_hand.plans_children,
    "exclusion 16": by_hand.exclusion_16,
}
GUARDS: dict[str, Ask] = {
    "inclusion 9.a": by_hand.may_bear_a_child,
    "inclusion 9.c": Participant.male,
    "exclusion 15.a": Participant.female,
}


def all_true(truths: Sequence[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def any_true(truths: Sequence[Truth]) -> Truth:
    return True if True in truths else None if None in truths else False


Join = Callable[[Sequence[Truth]], Truth]
LISTS: dict[str, tuple[Join, tuple[str, ...]]] = {  # inner ones first
    "inclusion 3.b.1": (all_true, tuple(name for name in ASKED if name.startswith("inclusion 3.b.1."))),
    "inclusion 3.b": (any_true, ("inclusion 3.b.1", "inclusion 3.b.2")),
    "inclusion 3": (all_true, ("inclusion 3.a", "inclusion 3.b")),
    "inclusion 6": (all_true, tuple(f"inclusion 6.{part}" for part in "12345")),
    "inclusion 9": (all_true, tuple(f"inclusion 9.{part}" for part in "abcd")),
    "exclusion 2": (any_true, ("exclusion 2.a", "exclusion 2.b")),
    "exclusion 6": (any_true, tuple(f"exclusion 6.{part}" for part in "abcd")),
    "exclusion 7": (any_true, tuple(f"exclusion 7.{part}" for part in "1234")),
    "exclusion 12": (any_true, tuple(f"exclusion 12.{part}" for part in "abcd")),
    "exclusion 15": (any_true, ("exclusion 15.a", "exclusion 15.b")),
}
_NAMES = {name.split(".")[0]: None for name in ASKED}
_INCLUSIONS = tuple(name for name in _NAMES if name.startswith("inclusion"))
_EXCLUSIONS = tuple(name for name in _NAMES if name.startswith("exclusion"))
_OUTCOMES = {True: "passes", False: "fails", None: "unknown"}


def outcomes(record: dict[str, Any], codes: Codes) -> tuple[str, dict[str, str]]:
    """The verdict, and "passes", "fails", "unknown" or "not applicable" of every criterion and part."""
    participant = Participant(record, codes)
    found = {name: ask(participant) for name, ask in ASKED.items()}
    told: dict[str, str] = {}
    for name, guard in GUARDS.items():
        applies = guard(participant)
        if applies is False:
            told[name] = "not applicable"
        if name.startswith("inclusion"):
            found[name] = any_true((negate(applies), found[name]))
        else:
            found[name] = all_true((applies, found[name]))
    for name, (join, parts) in LISTS.items():
        found[name] = join([found[part] for part in parts])
    for name, truth in found.items():
        if name not in told:
            told[name] = _OUTCOMES[truth if name.startswith("inclusion") else negate(truth)]
    held = [found[name] for name in _INCLUSIONS] + [negate(found[name]) for name in _EXCLUSIONS]
    return {True: "eligible", False: "ineligible", None: "undetermined"}[all_true(held)], told
