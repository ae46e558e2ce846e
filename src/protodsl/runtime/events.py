"""Whether something happened: conditions, courses of drugs, procedures in a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protodsl.runtime.attribute_tests import attribute_truth, recorded_attribute
from protodsl.runtime.case import Case
from protodsl.runtime.codes import Match, Vocabulary
from protodsl.runtime.crossing import event_breaks
from protodsl.runtime.dates import in_days_and_months, shifted_day
from protodsl.runtime.facts import Fact, Happening, Lasted
from protodsl.runtime.findings import Causes, Finding, Node, Piece, cause_text, remember
from protodsl.runtime.frames import Frame, Span
from protodsl.runtime.joining import Fit, course_numbers, joined_courses, lasted_truth
from protodsl.runtime.model.expressions import Event, Lasting
from protodsl.runtime.record import Coded, Condition, Days, Medication, Procedure
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.words import (
    attribute_text,
    dose_text,
    event_text,
    exists_reason,
    lasting_text,
    length_text,
    none_reason,
)


class Found(NamedTuple):
    """What was decided, and by what."""

    truth: Truth
    causes: Causes
    fits: Sequence[Fit]  # those that surely are (true), or may be (unknown)
    ruled_out: Sequence[Fact] = ()
    number: int = 1


class EventNode(Node):
    """An event of an item in a window, with attributes, a duration, a number of occasions."""

    __slots__ = (
        *("_exceptions", "amount", "asked", "bare", "domain", "easy", "excepted", "frame", "item"),
        *("listed", "missing", "none", "nothing", "plain", "vague", "whole"),
    )

    def __init__(self, asked: Event, frame: Frame, vocabulary: Vocabulary) -> None:
        self.asked = asked
        self.frame = frame
        self.item = asked.item
        self.domain = vocabulary.domains[asked.item]
        self.bare = not asked.attributes and not asked.but_not  # the code alone makes it a candidate
        self.plain = self.bare and not asked.first_day and asked.lasting is None and asked.least == 1
        # a single course decides it: the whole it is part of lasts no less
        self.easy = self.plain or (
            (self.bare and not asked.first_day and asked.least == 1)
            and (asked.lasting is not None and asked.lasting.op in (">", ">="))
        )
        self.amount = (0, 0) if asked.lasting is None else in_days_and_months(asked.lasting.length)
        self.excepted = tuple((other, vocabulary.domains[other] == self.domain) for other in asked.but_not)
        self.listed = Found(False, (), ())
        self.missing = Found(None, (Cause("missing", self.item),), ())
        self.none = Finding(self, False, (), self.listed, shared=True)
        self.nothing = Finding(self, None, self.missing.causes, self.missing, shared=True)
        self.vague = Cause("imprecise", self.item)
        self.whole = (frame, self.domain)  # under which a case remembers whether it is listed throughout
        self._exceptions: dict[Coded, tuple[Truth, bool]] = {}

    def cost(self) -> int:
        return 3 if self.plain else 40 if self.asked.lasting is not None else 6

    def truth(self, case: Case) -> Truth:
        span = case.spans.get(self.frame) or case.span(self.frame)
        facts = case.facts
        if span.__class__ is Span and not facts.denied(self.item):
            if self.item not in facts.placed:
                return False if self.throughout(case, span) else None
            if self.easy:  # one that surely fits, nothing denied, is enough
                happenings = facts.happenings(self.item)
                as_of = case.as_of
                assert as_of is not None
                start, end = span[1], span[2] if span[2] < as_of else as_of
                for happening in happenings:
                    if happening.match is Match.SURE:
                        days = case.lasted(happening)
                        if days is not None and days[1] <= end and days[2] >= start and self.long(days, span):
                            return True
        return self.judged(case).truth

    def long(self, days: Lasted, span: Span) -> bool:
        """Whether an event surely lasts at least as long as is asked, if a length is."""
        lasting = self.asked.lasting
        return lasting is None or lasted_truth(days, span, lasting.op, self.amount) is True

    def finding(self, case: Case) -> Finding:
        facts = case.facts
        if self.item not in facts.placed and not facts.denied(self.item):
            listed = case.memo.get(self.whole)
            if listed is None:
                span = case.span(self.frame)
                if span.__class__ is Span:
                    listed = self.throughout(case, span)
            if listed is not None:
                return self.none if listed else self.nothing
        found = self.judged(case)
        if found is self.listed:
            return self.none
        if found is self.missing:
            return self.nothing
        return Finding(self, found.truth, found.causes, found)

    def throughout(self, case: Case, span: Span) -> bool:
        """Whether the domain is declared complete over the whole window: asked of many items."""
        listed: bool | None = case.memo.get(self.whole)
        if listed is None:
            listed = case.memo[self.whole] = case.complete(self.domain, span[0], span[3])
        return listed

    def judged(self, case: Case) -> Found:
        asked = self.asked
        span = case.spans.get(self.frame) or case.span(self.frame)
        if isinstance(span, Cause):
            return Found(None, (span,), ())
        facts = case.facts
        denials = facts.denied(self.item)
        happenings = facts.happenings(self.item)
        if not (happenings or denials):
            return self.listed if self.throughout(case, span) else self.missing
        if self.plain and not denials:
            good = self.surely(case, span, happenings)
            if good:
                return Found(True, (), good, number=len(good))
        fits = self.fits(case, span) if happenings else ()
        sure = [fit for fit in fits if fit.sure]
        contradicted: list[Fit] = []
        good = sure
        if sure and denials:
            contradicted = [fit for fit in sure if self.contradicted(case, span, fit)]
            if contradicted:
                good = [fit for fit in sure if fit not in contradicted and self.alone(case, span, fit)]
        if good and (asked.least == 1 or self.number(case, good, sure=True) >= asked.least):
            return Found(True, (), good, number=len(good))
        listed = self.throughout(case, span)
        absences = case.covering(self.item, span[0], span[3]) if denials else ()
        denied = bool(absences) and not contradicted  # a denial that a record contradicts vouches for nothing
        if (listed or denied) and (not fits or self.number(case, fits, sure=False) < asked.least):
            return Found(False, (), (), absences) if denied else self.listed
        if not fits and not absences:
            return self.missing
        covered = listed or bool(absences)
        enough = bool(sure) and self.number(case, sure, sure=True) >= asked.least
        return Found(None, (self.cause(fits, enough, covered, bool(contradicted)),), fits)

    def cause(self, fits: Sequence[Fit], enough: bool, covered: bool, contradicted: bool) -> Cause:
        """The first that applies."""
        if any(fit.opened for fit in fits):
            return Cause("needs judgement", self.item)
        if not covered and not enough:
            return Cause("missing", self.item)
        unnumbered = self.asked.lines and self.asked.least > 1 and any(_line(fit) is None for fit in fits)
        if unnumbered or any(fit.lacking for fit in fits):
            return Cause("missing", self.item)
        return Cause("conflicting", self.item) if contradicted else self.vague

    # ------------------------------------------------------------ which records fit

    def surely(self, case: Case, span: Span, happenings: Sequence[Happening]) -> list[Fit]:
        """Those that surely are the event by their own days; none where courses they are part of matter."""
        as_of = case.as_of
        assert as_of is not None
        start_lo, start, end, may_end = span
        if end > as_of:
            end = as_of
        found: list[Fit] = []
        for happening in happenings:
            if happening.match is not Match.SURE:
                continue
            days = case.lasted(happening)
            if days is None:
                continue
            if days[1] <= end and days[2] >= start:
                found.append(Fit(happening, days, True))
            elif self.domain == "medications" and not (days[0] > may_end or days[3] < start_lo):
                return []
        return found

    def fits(self, case: Case, span: Span) -> list[Fit]:
        """Every record that may be the event, in record order."""
        candidates = self.candidates(case)
        if not candidates:
            return []
        lasting = self.asked.lasting
        if lasting is not None:
            return self.lasting_fits(case, span, candidates, lasting)
        found: list[Fit] = []
        as_of = case.as_of
        assert as_of is not None
        start_lo, start_hi, end_lo, end_hi = span
        sure_end, may_end = min(end_lo, as_of), min(end_hi, as_of)
        if start_lo > may_end:
            return []  # a window without a day that has come
        first_day = self.asked.first_day
        courses: list[Lasted] | None = None
        for index, fit in enumerate(candidates):
            own = fit.days
            if own[0] > may_end or own[3] < start_lo:
                continue
            if not first_day and own[1] <= sure_end and own[2] >= start_hi:
                found.append(fit)  # and so is the course it is part of
                continue
            if courses is None:
                courses = self.joined(case, candidates)
            first_lo, first_hi, last_lo, last_hi = courses[index]
            if first_day:
                last_lo, last_hi = first_lo, first_hi
            if first_lo > may_end or last_hi < start_lo:
                continue
            inside = first_hi <= sure_end and last_lo >= start_hi
            found.append(fit if inside else fit._replace(sure=False))
        return found

    def candidates(self, case: Case) -> list[Fit]:
        """Records that may fit in code and attributes, whenever they were."""
        if not self.bare:
            return self.tested(case)
        key = ("candidates", self.item)
        found: list[Fit] | None = case.memo.get(key)
        if found is None:
            found = []
            for happening in case.facts.happenings(self.item):
                days = case.lasted(happening)
                if days is not None:
                    match = happening.match
                    found.append(Fit(happening, days, match is Match.SURE, match is Match.OPEN))
            case.memo[key] = found
        return found

    def tested(self, case: Case) -> list[Fit]:
        """Candidates with exceptions or attributes."""
        found: list[Fit] = []
        for happening in case.facts.happenings(self.item):
            days = case.lasted(happening)
            if days is None:
                continue
            sure = happening.match is Match.SURE
            opened = happening.match is Match.OPEN
            lacking = False
            if self.excepted:
                excepted, judged = self.exception(case.vocabulary, happening.fact.code)
                if excepted:
                    continue
                sure, opened = sure and excepted is False, opened or judged
            for test in self.asked.attributes:
                truth = attribute_truth(happening.fact, test)
                if truth is False:
                    break
                if truth is None:
                    sure = False
                    lacking = lacking or recorded_attribute(happening.fact, test.name) is None
            else:
                found.append(Fit(happening, days, sure, opened, lacking))
        return found

    def exception(self, vocabulary: Vocabulary, code: Coded) -> tuple[Truth, bool]:
        """Whether a record with this code is one of those left out, and whether a person must judge that."""
        known = self._exceptions.get(code)
        if known is None:
            excepted: Truth = False
            opened = False
            for other, same_domain in self.excepted:
                match = vocabulary.match(code, other)
                if match is Match.SURE:
                    excepted = True
                    break
                if match is not Match.NO and same_domain:
                    excepted = None
                    opened = opened or match is Match.OPEN
            known = remember(self._exceptions, code, (excepted, opened))
        return known

    def lasting_fits(self, case: Case, span: Span, candidates: list[Fit], lasting: Lasting) -> list[Fit]:
        amount, as_of = self.amount, case.as_of
        assert as_of is not None
        found: list[Fit] = []
        if span.start_lo > min(span.end_hi, as_of):
            return found  # a window without a day that has come
        for fit, days in zip(candidates, self.joined(case, candidates), strict=True):
            first_lo, first_hi, last_lo, last_hi = days
            own_last = fit.days.last_hi
            if self.asked.first_day:  # then the first day alone lies in the window
                last_lo, last_hi, own_last = first_lo, first_hi, fit.days.first_hi
            may_end = min(span.end_hi, as_of)
            if max(fit.days.first_lo, first_lo) > may_end or min(own_last, last_hi) < span.start_lo:
                continue
            inside = first_hi <= min(span.end_lo, as_of) and last_lo >= span.start_hi
            long = lasted_truth(days, span, lasting.op, amount)
            if long is False:
                continue
            found.append(fit if inside and long else fit._replace(sure=False))
        return found

    def joined(self, case: Case, candidates: list[Fit]) -> list[Lasted]:
        """For each record the course it is part of: courses of one drug that touch or overlap are one."""
        if self.domain != "medications" or len(candidates) < 2:
            return [fit.days for fit in candidates]
        key = ("joined", self.item)
        found: list[Lasted] | None = case.memo.get(key) if self.bare else None
        if found is None:
            found = joined_courses(case.vocabulary, candidates)
            if self.bare:
                case.memo[key] = found
        return found

    def contradicted(self, case: Case, span: Span, fit: Fit) -> bool:
        """Whether an absence surely covers a day the event shares with the window."""
        denials = case.facts.denials(self.domain, fit.happening.fact.code)
        _, first_hi, last_lo, _ = fit.days
        for absence in (*case.facts.absences(self.item), *denials):
            covered = case.absent(absence)
            in_window = covered.first <= span.end_lo and covered.last >= span.start_hi
            if in_window and first_hi <= covered.last and last_lo >= covered.first:
                return True
        return False

    def alone(self, case: Case, span: Span, fit: Fit) -> bool:
        """Whether it fits by its own days, without the courses it is one with: those may be denied."""
        own, as_of, lasting = fit.days, case.as_of, self.asked.lasting
        assert as_of is not None
        candidates = self.candidates(case)
        places = [one.happening.index for one in candidates]
        course = self.joined(case, candidates)[places.index(fit.happening.index)]
        days = Lasted(course.first_lo, own.first_hi, own.last_lo, course.last_hi)
        over = days.first_lo if self.asked.first_day else days.last_lo
        if days.first_hi > min(span.end_lo, as_of) or over < span.start_hi:
            return False
        return lasting is None or bool(lasted_truth(days, span, lasting.op, self.amount))

    def number(self, case: Case, fits: Sequence[Fit], *, sure: bool) -> int:
        """How many occasions these are: at least (`sure`) or at most."""
        asked = self.asked
        if asked.least == 1:
            return len(fits)
        days = [fit.days for fit in fits]
        if self.domain == "medications":
            days = self.courses(case, fits, sure=sure)
        if asked.lines:
            told = [getattr(fit.happening.fact, "line", None) for fit in fits]
            different = len(set(told) - {None})
            return max(different, 1) if sure else different + told.count(None)
        if asked.spaced is None:
            return len(days)
        amount = in_days_and_months(asked.spaced)
        whole = [one for one in days if sure or one.first_lo == one.first_hi]
        count, previous = 0, None
        for one in sorted(whole, key=lambda lasted: (lasted.first_hi, lasted.first_lo)):
            if previous is None or previous <= shifted_day(one.first_lo, -1, amount):
                count, previous = count + 1, one.first_hi
        return count + len(days) - len(whole)

    def courses(self, case: Case, fits: Sequence[Fit], *, sure: bool) -> list[Lasted]:
        """Courses of one drug that touch are one, the first of them: as few as they may be (`sure`), or as
        many.
        """
        candidates = self.candidates(case)
        joined = self.joined(case, candidates)
        groups = course_numbers(case.vocabulary, candidates, may=sure)
        places = {fit.happening.index: place for place, fit in enumerate(candidates)}
        found: dict[int, Lasted] = {}
        for fit in fits:
            place = places[fit.happening.index]
            one, other = joined[place], found.get(groups[place])
            if other is None or (one.first_hi, one.first_lo) < (other.first_hi, other.first_lo):
                found[groups[place]] = one
        return list(found.values())

    # ------------------------------------------------------------ saying

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        found: Found = finding.state
        asked, item = self.asked, case.vocabulary.items[self.item]
        if found.truth is None:
            recorded = bool(found.fits)
            return tuple(cause_text(case, cause, recorded=recorded) for cause in found.causes)
        window = self.frame.text(case)
        if found.truth is False:
            return (self.none_words(item.label, window, absent=bool(found.ruled_out)),)
        sure = [fit for fit in found.fits if fit.sure]  # of a dose, some may only perhaps have run
        shown = sure[0].happening.fact if sure else None
        details: list[str] = []
        if shown is not None:
            for test in asked.attributes:
                details.append(attribute_text(test.name, recorded_attribute(shown, test.name)))
        if asked.lasting is not None:
            length = asked.lasting.length
            details.append(lasting_text(asked.lasting.op, length_text(length.count, length.unit)))
        if asked.dose is not None:
            details.append(dose_text(asked.dose.op, asked.dose.amount, asked.dose.unit))
        event = item.label if shown is None else self.event_words(case, shown)
        return (exists_reason(event, details, window, found.number if asked.least > 1 else 1),)

    def pieces(self, finding: Finding, case: Case) -> tuple[Piece, ...]:
        if finding.truth is None:
            return super().pieces(finding, case)
        label = case.vocabulary.items[self.item].label
        before, behind = self.none_words(label, "\0", absent=False).split("\0")
        return ((before, self.frame, behind),)

    def none_words(self, label: str, window: str, *, absent: bool) -> str:
        asked = self.asked
        return none_reason(label, window, self.domain, absent=absent, least=asked.least, lines=asked.lines)

    def event_words(self, case: Case, fact: Fact) -> str:
        vocabulary = case.vocabulary
        label = vocabulary.items[self.item].label
        code = vocabulary.one_code(fact.code)
        own = vocabulary.items.get(code.code) if code.system is None and code.code is not None else None
        first = fact.onset if isinstance(fact, Condition) else _started(fact)
        point = (isinstance(fact, Condition) and case.vocabulary.is_brief(fact.code)) or (
            isinstance(fact, Procedure) and fact.end is None and not fact.ongoing
        )
        return event_text(
            label, own.label if own is not None else label, first, fact.end, point=point, ongoing=fact.ongoing
        )

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        found = finding.state
        facts = found.ruled_out if found.truth is False else [fit.happening.fact for fit in found.fits]
        return (facts[0].where,) if len(facts) == 1 else tuple(dict.fromkeys([fact.where for fact in facts]))

    def breaks(self, case: Case, days: set[int]) -> None:
        event_breaks(case, self.item, self.asked.window, days, self.asked.lasting)


def _line(fit: Fit) -> int | None:
    """The line of treatment a course belongs to, where that is recorded."""
    fact = fit.happening.fact
    return fact.line if isinstance(fact, Medication) else None


def _started(fact: Fact) -> Days | None:
    if isinstance(fact, Medication):
        return fact.start
    return fact.date if isinstance(fact, Procedure) else fact.onset
