"""The catalogue of prose fields: what each block of a protocol may say, and what a committee expects in it.

One place for the compiler (unknown field, "did you mean", required field missing), the documents (label,
section) and the crosswalk (SPIRIT 2025, ICH M11 of November 2025, WHO Trial Registration Data Set 1.3.1). An
item number left empty means that standard asks for nothing of the kind.

A required field is written in the file, be it as `not stated` or `not applicable "why"`: nothing is merely
absent. Some are required only of trials with a feature (`design { features [cell_therapy, dose_finding] }`).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

Feature = Literal["cell_therapy", "dose_finding", "minors", "randomised"]
FEATURES: tuple[tuple[Feature, str], ...] = (
    ("cell_therapy", "cell or gene therapy"),
    ("dose_finding", "dose finding"),
    ("minors", "participants under the age of consent"),
    ("randomised", "randomised"),
)

SECTIONS: tuple[str, ...] = (
    "About this document",
    "The trial at a glance",
    "Summary in plain language",
    "Why the trial is done",
    "Objectives and endpoints",
    "Design of the trial",
    "What participants are given",
    "Dose escalation, dose-limiting toxicity and stopping rules",
    "Who can take part",
    "Vulnerable people, consent and assent",
    "Pregnancy and contraception",
    "Risks and how they are managed",
    "How safety is assessed",
    "Follow-up",
    "Benefits, alternatives, oversight, insurance, data and interests",
    "Points to clarify",
    "Not stated in the source",
)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. `section` is the number of the document section it is printed in; 0 the banner.

    `required`: always, never, or of trials with that feature. `words`: the bare words it takes, each with its
    label; empty: any text, date, number, list or word.
    """

    name: str
    label: str
    section: int
    required: bool | Feature = False
    spirit: str = ""
    m11: str = ""
    who: str = ""
    hint: str = ""
    words: tuple[tuple[str, str], ...] = ()

    def is_required(self, features: Collection[str]) -> bool:
        return self.required is True or (isinstance(self.required, str) and self.required in features)

    def word_label(self, text: str) -> str | None:
        """The label of a bare word this field knows, else None."""
        return dict(self.words).get(text)


_STATUS = (
    ("not_yet_recruiting", "Not yet recruiting"),
    ("recruiting", "Recruiting"),
    ("enrolling_by_invitation", "Enrolling by invitation"),
    ("active_not_recruiting", "Active, not recruiting"),
    ("suspended", "Suspended"),
    ("terminated", "Terminated"),
    ("completed", "Completed"),
    ("withdrawn", "Withdrawn"),
    ("unknown_status", "Unknown"),
)
_SEX = (("both", "All sexes"), ("female", "Female"), ("male", "Male"))
_ALLOCATION = (
    ("single_group", "Single group, nobody is randomised"),
    ("randomised", "Randomised"),
    ("non_randomised", "Several groups, not randomised"),
)
_MASKING = (
    ("open_label", "Open label: everybody knows what is given"),
    ("single_blind", "Single blind"),
    ("double_blind", "Double blind"),
    ("triple_blind", "Triple blind"),
    ("quadruple_blind", "Quadruple blind"),
)
_STUDY_TYPE = (("interventional", "Interventional"), ("observational", "Observational"))
_MODEL = (
    ("single_group", "Single group"),
    ("parallel", "Parallel groups"),
    ("crossover", "Crossover"),
    ("factorial", "Factorial"),
    ("sequential", "Sequential groups"),
)
_KIND = (
    ("biological", "Biological"),
    ("drug", "Drug"),
    ("device", "Device"),
    ("vaccine", "Vaccine"),
    ("procedure", "Procedure"),
    ("behavioural", "Behavioural"),
    ("radiation", "Radiation"),
    ("dietary_supplement", "Dietary supplement"),
    ("genetic", "Gene therapy"),
    ("cell_therapy", "Cell therapy"),
    ("diagnostic_test", "Diagnostic test"),
    ("other", "Other"),
)
_ARM = (
    ("experimental", "Experimental"),
    ("active_comparator", "Active comparator"),
    ("placebo_comparator", "Placebo comparator"),
    ("sham_comparator", "Sham comparator"),
    ("no_intervention", "No intervention"),
)


def _f(
    name: str,
    label: str,
    section: int,
    required: bool | Feature = False,
    spirit: str = "",
    m11: str = "",
    who: str = "",
    hint: str = "",
    words: tuple[tuple[str, str], ...] = (),
) -> FieldSpec:
    return FieldSpec(name, label, section, required, spirit, m11, who, hint, words)


_PROTOCOL = (
    _f("acronym", "Acronym", 1, m11="Title page", who="10"),
    _f("public_title", "Public title", 1, spirit="1a", m11="Title page", who="9"),
    _f("phase", "Phase", 1, True, "12", "Title page", "15"),
    _f("sponsor", "Sponsor", 1, True, "3b", "Title page", "5", "an institution, never a person's contact"),
    _f("collaborators", "Collaborators and further sponsors", 1, False, "3b", "Title page", "6"),
    _f("status", "Recruitment status", 1, True, "1b", "", "18", words=_STATUS),
    _f("conditions", "Conditions studied", 1, True, "1b", "1.1.2", "12", "a list of conditions"),
    _f("planned_number", "Planned number of participants", 1, True, "19", "10.11", "17"),
    _f("sex", "Sexes", 1, True, "14a", "5.1", "14", words=_SEX),
    _f("age", "Ages", 1, True, "14a", "5.1", "14", "`age 5 to 18 years`"),
)
_IDENTIFIERS = (
    _f("registry_number", "Registration number", 1, True, "4", "Title page", "1"),
    _f("registry", "Registry", 1, False, "4", "Title page", "1"),
    _f("registration_date", "Date of registration", 1, False, "4", "", "2"),
    _f("secondary_numbers", "Other identifying numbers", 1, False, "4", "Title page", "3"),
    _f("version", "Protocol version", 1, True, "2", "Title page"),
    _f("date", "Date of the version", 1, True, "2", "Title page", hint="of the protocol or registry entry"),
    _f("amendments", "Amendments", 1, False, "31", "12.3"),
    _f("source_document", "Source document", 0, True, hint="path of the text the file was written from"),
    _f("eligibility_from", "Eligibility text begins at", 0, hint="first words of the eligibility text"),
    _f("eligibility_to", "Eligibility text ends at", 0, hint="first words after the eligibility text"),
)
_DESIGN = (
    _f(
        "features",
        "Features",
        5,
        True,
        hint='any of cell_therapy, dose_finding, minors, randomised in brackets; or "none"',
    ),
    _f("study_type", "Study type", 5, False, "12", "1.1.2", "15", words=_STUDY_TYPE),
    _f("allocation", "Allocation", 5, True, "12", "6.7", "15", words=_ALLOCATION),
    _f("model", "Intervention model", 5, False, "12", "4.1", "15", words=_MODEL),
    _f("masking", "Blinding", 5, True, "24a", "6.7.3", "15", words=_MASKING),
    _f("arms", "Number of arms", 5, True, "12", "1.1.2", "15"),
    _f("randomisation", "How participants are randomised", 5, "randomised", "21a", "6.7.2"),
    _f("comparator", "Comparator", 5, "randomised", "15a", "1.1.2", "13"),
    _f("framework", "Framework", 5, False, "12", "4.1", "15", "exploratory, superiority, non-inferiority …"),
    _f("centres", "Number of centres", 5, True, "13", "1.1.2"),
    _f("locations", "Places", 5, True, "13", "1.1.2", hint="institutions and towns, no contacts"),
    _f("countries", "Countries of recruitment", 5, True, "13", "1.1.2", "11"),
    _f("start_date", "First enrolment", 5, True, "", "4.4", "16"),
    _f("completion_date", "Completion", 5, True, "", "4.4", "22"),
    _f("participant_duration", "Time in the trial for one participant", 5, True, "18", "1.1.2"),
    _f("end_of_trial", "End of the trial", 5, False, "", "4.4"),
    _f("recruitment", "How participants are found", 5, False, "20"),
    _f("sample_size", "Reason for the number of participants", 5, True, "19", "10.11"),
    _f("analysis", "Planned analysis", 5, True, "27a", "10.4"),
    _f("interim_analysis", "Interim analyses", 5, False, "28b", "10.9"),
    _f("public_involvement", "Involvement of patients and public", 5, False, "11", "4.1.1"),
)
_BACKGROUND = (
    _f("brief_summary", "Brief summary in the source", 2, True, "1b", "1.1"),
    _f("lay_summary", "Lay summary", 2, True, hint="for a reader without medical training"),
    _f("disease", "The disease", 3, False, "9a", "2.1"),
    _f("rationale", "Rationale", 3, True, "9a", "2.1", hint="why this trial, why now"),
    _f("earlier_evidence", "Earlier evidence", 3, True, "9a", "2.1", hint="laboratory, animals, people"),
    _f("population_rationale", "Why these participants", 3, False, "14a", "5.1"),
    _f("dose_rationale", "Why these doses", 3, True, "15a", "6.2"),
    _f("comparator_rationale", "Why this comparator", 3, "randomised", "9b", "4.2.3"),
    _f("purpose", "Purpose", 4, False, "10", "2.1", hint="the objective in the source's words"),
)
_ESCALATION = (
    _f("starts_at", "First dose", 7, "dose_finding", "15a", "6.3"),
    _f("rule", "Escalation rule", 7, "dose_finding", "12", "6.4", hint="3+3, BOIN … with its boundaries"),
    _f("cohort_size", "Participants per dose level", 7, "dose_finding", "19", "6.4"),
    _f("staggering", "Interval between participants", 7, "dose_finding", "15a", "6.3"),
    _f("dose_limiting_toxicity", "Dose-limiting toxicity", 7, "dose_finding", "17", "6.4"),
    _f("toxicity_window", "Time for observing dose-limiting toxicity", 7, "dose_finding", "17", "6.4"),
    _f("maximum_tolerated_dose", "Maximum tolerated or recommended dose", 7, "dose_finding", "12", "6.4"),
    _f("expansion", "Expansion", 7, False, "12", "4.1"),
    _f("redosing", "Repeated doses", 7, False, "15a", "6.3"),
    _f("who_decides", "Who decides on the next dose", 7, "dose_finding", "28a", "11.4"),
)
_SAFETY = (
    _f("stopping_rules", "Rules for stopping the trial", 7, True, "28b", "4.3"),
    _f("individual_stopping", "Rules for stopping in one participant", 7, True, "15b", "7.1"),
    _f("grading_scale", "Grading of adverse events, with version", 12, True, "17", "9.1"),
    _f("crs_grading", "Grading of cytokine release syndrome", 12, "cell_therapy", "17", "9.2.4"),
    _f("icans_grading", "Grading of neurotoxicity (ICANS)", 12, "cell_therapy", "17", "9.2.4"),
    _f("events_of_interest", "Adverse events of special interest", 12, True, "17", "9.2.4"),
    _f("collection_period", "Time for which adverse events are collected", 12, True, "17", "9.2.1"),
    _f("reporting", "Reporting of serious adverse events", 12, True, "17", "9.2.3"),
    _f("assessments", "Safety assessments", 12, False, "17", "8.4"),
    _f("inpatient_monitoring", "Monitoring in hospital", 12, "cell_therapy", "15a", "8.4"),
    _f("concomitant", "Permitted and forbidden treatment", 6, False, "15d", "6.10"),
    _f("washout", "Treatments stopped beforehand", 6, True, "18", "6.10"),
    _f("follow_up", "Follow-up in the trial", 13, True, "18", "1.3"),
    _f("long_term_follow_up", "Long-term follow-up", 13, "cell_therapy", "18", "8.4"),
    _f("lost_to_follow_up", "Participants lost to follow-up", 13, False, "25b", "7.3"),
    _f("monitoring_committee", "Data monitoring committee", 14, True, "28a", "11.4"),
)
_ETHICS = (
    _f("approval", "Approval by an ethics committee", 9, True, "30", "11.1", "21"),
    _f("consent", "Consent", 9, True, "32a", "11.3"),
    _f("assent", "Assent of minors", 9, True, "32a", "11.3"),
    _f("vulnerable", "Vulnerable participants", 9, True, "14a", "5.1"),
    _f("withdrawal", "Withdrawal of consent", 9, True, "15b", "7.2"),
    _f("samples", "Biological samples and consent to their use", 9, False, "32b", "11.3.2"),
    _f("contraception", "Contraception: who", 10, True, "14a", "5.4"),
    _f("contraception_methods", "Contraception: methods", 10, True, "14a", "5.4.2"),
    _f("contraception_start", "Contraception: from", 10, True, "14a", "5.4.2"),
    _f("contraception_end", "Contraception: until", 10, True, "14a", "5.4.2"),
    _f("gamete_donation", "Donation of eggs or sperm", 10, False, "14a", "5.4.2"),
    _f("pregnancy_follow_up", "Pregnancy during the trial", 10, True, "17", "9.3"),
    _f("risks", "Risks", 11, True, "9a", "2.2.1"),
    _f("risk_crs", "Cytokine release syndrome", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_icans", "Neurotoxicity (ICANS)", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_hlh", "Haemophagocytic syndrome (HLH)", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_cytopenia", "Low blood counts", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_infection", "Infection, reactivation of hepatitis B", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_hypogammaglobulinaemia", "Lack of antibodies", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_secondary_malignancy", "Secondary malignancy", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_lymphodepletion", "Lymphodepletion, fertility", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_flare", "Flare when drugs are stopped", 11, "cell_therapy", "17", "2.2.1"),
    _f("risk_manufacturing_failure", "Failed manufacture", 11, "cell_therapy", "17", "2.2.1"),
    _f("burdens", "Burdens", 11, False, "18", "2.2.1", hint="visits, samples, time in hospital"),
    _f("benefits", "Expected benefit", 14, True, "9a", "2.2.2"),
    _f("benefit_risk", "Benefit weighed against risk", 14, True, "9a", "2.2.3"),
    _f("alternatives", "Alternatives to taking part", 14, True, "", "2.2.3"),
    _f("data_monitoring", "Monitoring of data and conduct", 14, True, "29", "11.2"),
    _f("insurance", "Insurance and compensation for harm", 14, True, "34", "11.5"),
    _f("payment", "Payment and expenses", 14),
    _f("post_trial_care", "Care after the trial", 14, True, "34", "4.5"),
    _f("data_protection", "Data protection", 14, True, "33", "11.8"),
    _f("data_sharing", "Sharing of participants' data", 14, True, "6", "11.12", "24"),
    _f("publication", "Publication of results", 14, False, "8", "11.12", "23"),
    _f("funding", "Funding", 14, True, "7a", "", "4"),
    _f("interests", "Conflicts of interest", 14, True, "7b"),
)
_INTERVENTION = (
    _f("kind", "Kind", 6, True, "15a", "6.1", "13", words=_KIND),
    _f("other_names", "Other names", 6, False, "15a", "6.1", "13"),
    _f("description", "Description", 6, False, "15a", "6.1", "13"),
    _f("target", "Target", 6, "cell_therapy", "15a", "6.1"),
    _f("entity", "What the dose counts", 6, "cell_therapy", "15a", "6.1", hint="cells, CAR-positive cells …"),
    _f("dose", "Dose", 6, False, "15a", "6.3", "13", "where there are no dose levels"),
    _f("route", "Route", 6, True, "15a", "6.3", "13"),
    _f("frequency", "How often", 6, True, "15a", "6.3", "13"),
    _f("duration", "Duration", 6, False, "15a", "6.3", "13"),
    _f("manufacturer", "Manufacturer", 6, False, "15a", "6.6"),
    _f("manufacturing", "Manufacture and release", 6, "cell_therapy", "15a", "6.6"),
)
_REGIMEN = (
    _f("purpose", "Purpose", 6, False, "15a", "6.9"),
    _f("description", "Description", 6, False, "15a", "6.9"),
    _f("premedication", "Premedication", 6, False, "15d", "6.10"),
)
_ARM_FIELDS = (
    _f("kind", "Kind", 5, False, "12", "4.1", "13", words=_ARM),
    _f("description", "Description", 5, False, "15a", "4.1", "13"),
    _f("planned_number", "Planned number", 5, False, "19", "10.11"),
)
_VISIT = (
    _f("window", "Window", 5, False, "18", "1.3"),
    _f("description", "Description", 5, False, "18", "1.3"),
)
_ENDPOINT = (
    _f("metric", "Metric", 4, False, "16", "3.1", "19, 20", "value, change from baseline, time to event …"),
    _f("aggregation", "Aggregation", 4, False, "16", "3.1", "19, 20", "proportion, mean, median …"),
    _f("instrument", "Instrument, version, scale", 4, False, "16", "8.3", "19, 20"),
    _f("method", "Method", 4, False, "16", "8.3", "19, 20"),
    _f("population", "Analysis set", 4, False, "27b", "10.2"),
    _f("assessed_by", "Assessed by", 4, False, "16", "8.3"),
)
_OBJECTIVE = (_f("estimand", "Estimand", 4, False, "16", "3.1"),)

BLOCKS: dict[str, tuple[FieldSpec, ...]] = {
    "protocol": _PROTOCOL,
    "identifiers": _IDENTIFIERS,
    "background": _BACKGROUND,
    "design": _DESIGN,
    "escalation": _ESCALATION,
    "safety": _SAFETY,
    "ethics": _ETHICS,
    "intervention": _INTERVENTION,
    "regimen": _REGIMEN,
    "arm": _ARM_FIELDS,
    "visit": _VISIT,
    "activity": _VISIT,
    "objective": _OBJECTIVE,
    "endpoint": _ENDPOINT,
}
"""Fields by block. `protocol` are those that stand in the protocol itself; the six that follow are sections,
of which a protocol has one each; the others may stand many times."""

SINGLE_BLOCKS: tuple[str, ...] = (
    "protocol", "identifiers", "background", "design", "escalation", "safety", "ethics",
)  # fmt: skip


def find(block: str, name: str) -> FieldSpec | None:
    """The field of that name in that block, or None."""
    return next((spec for spec in BLOCKS.get(block, ()) if spec.name == name), None)


def suggest(block: str, name: str) -> tuple[str, str] | None:
    """(block, field) probably meant by an unknown field: of another block, or one spelt almost like it."""
    for other, specs in BLOCKS.items():
        if any(spec.name == name for spec in specs):
            return other, name
    here = difflib.get_close_matches(name, [spec.name for spec in BLOCKS.get(block, ())], n=1, cutoff=0.6)
    if here:
        return block, here[0]
    places = {spec.name: other for other, specs in BLOCKS.items() if other in SINGLE_BLOCKS for spec in specs}
    there = difflib.get_close_matches(name, list(places), n=1, cutoff=0.75)
    return (places[there[0]], there[0]) if there else None


def missing(block: str, given: Iterable[str], features: Collection[str] = ()) -> tuple[FieldSpec, ...]:
    """Required fields of the block that are not among those given, in catalogue order."""
    present = set(given)
    return tuple(s for s in BLOCKS.get(block, ()) if s.is_required(features) and s.name not in present)


def features_in(text: str) -> tuple[Feature, ...]:
    """The features named in `design { features … }`, by word or label; unknown words are left out."""
    named = _words(text)
    return tuple(word for word, label in FEATURES if word in named or label in named)


def unknown_features(text: str) -> tuple[str, ...]:
    """Words in `features` that name no feature (`none` is allowed)."""
    known = {"none"} | {word for word, _ in FEATURES} | {label for _, label in FEATURES}
    return tuple(word for word in _words(text) if word not in known)


def _words(text: str) -> tuple[str, ...]:
    """The features of a list; `dose finding` is as good as `dose_finding`."""
    words = (part.strip().lower() for part in text.split(","))
    known = {label for _, label in FEATURES}
    return tuple(word if word in known else word.replace(" ", "_") for word in words if word)
