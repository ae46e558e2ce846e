"""What persons answer, the participant's sex, and where somebody takes part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.crossing import moment_crossings
from protodsl.runtime.findings import (
    ONLY,
    Finding,
    Node,
    cause_text,
)
from protodsl.runtime.model.expressions import Answered
from protodsl.runtime.model.windows import ANCHOR
from protodsl.runtime.record import FIRST_DAY, Answer
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.words import (
    answer_reason,
    answered_by_others,
    setting_reason,
    sex_reason,
)


class Said(NamedTuple):
    """An answer that may count; `counts`: it surely does."""

    answer: Answer
    first: int
    last: int
    counts: bool
    asked: bool  # by one of those who are asked

    @property
    def unasked(self) -> bool:
        """Answered by somebody who is not asked, or whose role is not recorded."""
        return not self.asked and self.answer.answer is not None


class AnswerNode(Node):
    """What a person must say: the latest answer on or before the anchor, not before the earlier stage's."""

    __slots__ = ("any_stage", "asked", "unanswered")

    def __init__(self, asked: Answered, *, any_stage: bool = False) -> None:
        """`any_stage`: also answers noted under another stage."""
        self.asked = asked
        self.any_stage = any_stage
        self.unanswered = Finding(self, None, (Cause("needs judgement", asked.question),), [], shared=True)

    def cost(self) -> int:
        return 2

    def truth(self, case: Case) -> Truth:
        answers = case.facts.answers(self.asked.question)
        if not answers:
            return None
        if len(answers) == 1 and self.plain(case, answers[0]):
            return answers[0].answer
        return self.found(case, answers).truth

    def finding(self, case: Case) -> Finding:
        answers = case.facts.answers(self.asked.question)
        if len(answers) == 1 and self.plain(case, answers[0]) and answers[0].answer is not None:
            first, last = answers[0].date or (FIRST_DAY, FIRST_DAY)
            return Finding(self, answers[0].answer, (), [Said(answers[0], first, last, True, True)])
        return self.found(case, answers)

    def plain(self, case: Case, answer: Answer) -> bool:
        """Whether it surely was given in time by one of those asked, whatever stage this is."""
        date, roles, anchor, as_of = answer.date, self.asked.roles, case.anchor, case.as_of
        return (
            (answer.stage is None and date is not None and case.previous_name is None)
            and (anchor is not None and as_of is not None and date[1] <= anchor and date[1] <= as_of)
            and (not roles or answer.role in roles)
        )

    def found(self, case: Case, answers: Sequence[Answer]) -> Finding:
        question = self.asked.question
        if case.anchor is None or case.as_of is None:
            return Finding(self, None, (case.undated(),), [])
        if case.previous is None and case.previous_name is not None and not self.any_stage:
            return Finding(self, None, (Cause("timepoint not dated", case.previous_name),), [])
        if not answers:
            return self.unanswered
        given = self.given(case)
        said = [one for one in given if one.asked or one.answer.role is None]
        if len(said) == 1 and said[0].counts and said[0].answer.answer is not None:
            return Finding(self, said[0].answer.answer, (), said)
        latest = _latest_said(said)
        told = [one.answer.answer for one in latest]
        if any(one.counts for one in latest) and None not in told and len(set(told)) == 1:
            return Finding(self, told[0], (), latest)
        if None in told or not any(one.counts for one in latest):
            cause = Cause("needs judgement", question)
            latest = [one for one in given if one.unasked or one in latest]
        else:
            whole = {(one.first, one.answer.answer) for one in latest if one.counts and one.first == one.last}
            tie = len(whole) > len({day for day, _ in whole})  # both answers on one day
            cause = Cause("conflicting" if tie else "imprecise", question)
        return Finding(self, None, (cause,), latest)

    def candidates(self, case: Case) -> list[Said]:
        """The answers of those asked, or of somebody whose role is not recorded, that may count."""
        return [one for one in self.given(case) if one.asked or one.answer.role is None]

    def given(self, case: Case) -> list[Said]:
        """The answers to the question that may have been given in time, whoever gave them."""
        anchor, as_of = case.anchor, case.as_of
        assert anchor is not None and as_of is not None
        limit = min(anchor, as_of)
        roles = self.asked.roles
        found: list[Said] = []
        for answer in case.facts.answers(self.asked.question):
            if not self.any_stage and answer.stage not in (None, case.stage) and case.stage is not None:
                continue
            first, last = (FIRST_DAY, as_of) if answer.date is None else answer.date
            if last > as_of and case.stated:
                last = as_of
            if first > limit:
                continue
            counts = last <= limit
            if case.previous is not None:
                if last < case.previous:
                    continue
                counts = counts and first >= case.previous
            asked = not roles or answer.role in roles
            found.append(Said(answer, first, last, counts and asked, asked))
        return found

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            others = [one.answer.role for one in finding.state if one.unasked]
            if others and finding.causes[0].kind == "needs judgement":
                return (answered_by_others(self.asked.text, others, self.asked.roles),)
            return tuple(cause_text(case, cause, text=self.asked.text) for cause in finding.causes)
        shown: Said = finding.state[0]
        for one in finding.state[1:]:
            if (one.last, one.first) > (shown.last, shown.first):
                shown = one
        answer = shown.answer
        return (answer_reason(self.asked.text, finding.truth, answer.role, answer.date),)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        state: list[Said] = finding.state
        return (
            (state[0].answer.where,)
            if len(state) == 1
            else tuple(dict.fromkeys([s.answer.where for s in state]))
        )

    def breaks(self, case: Case, days: set[int]) -> None:
        marks: set[int] = set()
        for answer in case.facts.answers(self.asked.question):
            marks.update(answer.date or ())
        if not marks:
            return
        moment_crossings(case, ANCHOR, marks, days)
        if case.as_of is not None and case.anchor is not None:
            moment_crossings(case, ANCHOR, [mark - case.as_of + case.anchor for mark in marks], days)
        if case.previous is not None and case.anchor is not None:
            shift = case.previous - case.anchor
            moment_crossings(case, ANCHOR, [mark - shift for mark in marks], days)


def _latest_said(found: Sequence[Said]) -> list[Said]:
    counting = [one for one in found if one.counts]
    return [one for one in found if not any(other.first > one.last for other in counting)]


class SettingNode(Node):
    """Where the participant takes part."""

    __slots__ = ("missing", "name", "values")

    def __init__(self, name: str, values: tuple[str, ...]) -> None:
        self.name = name
        self.values = frozenset(values)
        self.missing = Finding(self, None, (Cause("missing", name),), shared=True)

    def truth(self, case: Case) -> Truth:
        said = case.record.setting.get(self.name)
        return None if said is None else said in self.values

    def finding(self, case: Case) -> Finding:
        truth = self.truth(case)  # the words of one that is decided are the record's own
        return self.missing if truth is None else Finding(self, truth, ())

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            return tuple(cause_text(case, cause) for cause in finding.causes)
        return (setting_reason(self.name, case.record.setting[self.name]),)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return ()

    def outlook(self, case: Case) -> int:
        return ONLY[self.truth(case)]

    def breaks(self, case: Case, days: set[int]) -> None:
        """A place does not change with time."""


class SexNode(Node):
    __slots__ = ("findings", "sex")

    def __init__(self, sex: str) -> None:
        self.sex = sex
        self.findings: dict[Truth, Finding] = {
            truth: Finding(self, truth, () if truth is not None else (Cause("missing", "sex"),), shared=True)
            for truth in (True, False, None)
        }

    def cost(self) -> int:
        return 1

    def truth(self, case: Case) -> Truth:
        sex = case.record.sex
        return None if sex is None else sex == self.sex

    def finding(self, case: Case) -> Finding:
        return self.findings[self.truth(case)]

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            return tuple(cause_text(case, cause) for cause in finding.causes)
        return (sex_reason(case.record.sex or ""),)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return ()

    def outlook(self, case: Case) -> int:
        return ONLY[self.truth(case)]

    def breaks(self, case: Case, days: set[int]) -> None:
        """Sex does not change with time."""
