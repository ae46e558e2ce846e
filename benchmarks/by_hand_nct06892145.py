"""The criteria of NCT06892145 at enrollment, written by hand: what the generated checker is measured against.

The verdict only, for this one trial; `by_hand_record` reads a record and answers what is asked of it,
`by_hand_values` and `by_hand_codes` have the numbers and the codes. The table of codes itself is given from
outside, as such tables are (see `Term`); `record` is what `json.loads` makes of a record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from by_hand_codes import Codes
from by_hand_record import Participant
from by_hand_values import (
    FIRST,
    IMMUNOSUPPRESSANTS,
    TREATMENT,
    Truth,
    all_of,
    any_of,
    at_least,
    months_before,
    negate,
)

BY_ANYONE = ("participant", "guardian")


def verdict(record: dict[str, Any], codes: Codes) -> str:
    """ "eligible", "ineligible" or "undetermined": the first criterion that fails decides."""
    participant = Participant(record, codes)
    found = "eligible"
    for inclusion in INCLUSION:
        truth = inclusion(participant)
        if truth is False:
            return "ineligible"
        if truth is None:
            found = "undetermined"
    for exclusion in EXCLUSION:
        truth = exclusion(participant)
        if truth:
            return "ineligible"
        if truth is None:
            found = "undetermined"
    return found


# ---------------------------------------------------------------- inclusion


def inclusion_1(p: Participant) -> Truth:
    return p.says("informed_consent", *BY_ANYONE)


def inclusion_2(p: Participant) -> Truth:
    return p.adult()


def inclusion_3(p: Participant) -> Truth:
    return all_of(
        lambda: p.now("systemic_lupus_erythematosus"),
        lambda: p.investigator("eular_acr_2019_sle"),
        lambda: any_of(lambda: active_despite_treatment(p), lambda: intolerant(p)),
    )


def active_despite_treatment(p: Participant) -> Truth:
    return all_of(
        lambda: p.ever("hydroxychloroquine"),
        p.glucocorticoid,
        lambda: two_immunosuppressants(p),
        lambda: any_of(
            lambda: p.ever("telitacicept"),
            lambda: p.ever("belimumab"),
            lambda: p.investigator("another approved biological agent, not named in the list, was given"),
        ),
        lambda: treated_for_three_months(p),
        lambda: p.investigator("the disease is still active despite the treatment"),
    )


def two_immunosuppressants(p: Participant) -> Truth:
    named = (p.ever(drug) for drug in IMMUNOSUPPRESSANTS)
    another = p.investigator("another immunosuppressant, not named in the list, was given")
    return at_least(2, (another, *named))


def treated_for_three_months(p: Participant) -> Truth:
    def begun() -> Truth:
        until = None if p.enrollment is None else months_before(p.enrollment, 3)
        return p.happened(TREATMENT, FIRST, until, started=True)

    return any_of(
        lambda: p.ever(TREATMENT, three_months=True),
        lambda: all_of(begun, lambda: p.investigator("the treatments together lasted 3 months or more")),
    )


def intolerant(p: Participant) -> Truth:
    return all_of(
        lambda: p.ever(TREATMENT, intolerant=True),
        lambda: p.investigator("conventional therapy as a whole cannot be tolerated"),
    )


def inclusion_4(p: Participant) -> Truth:
    return p.recent("sledai_2k", ">=", 7)


def inclusion_5(p: Participant) -> Truth:
    return any_of(
        lambda: p.word("ana", ("positive",), ever=True),
        lambda: p.word("anti_dsdna", ("positive",), ever=True),
    )


def inclusion_6(p: Participant) -> Truth:
    return all_of(
        lambda: p.recent("lvef", ">=", 50),
        lambda: any_of(lambda: p.recent("creatinine", "<=", 2, times_uln=True), p.creatinine_clearance),
        lambda: p.recent("alt", "<=", 3, times_uln=True),
        lambda: p.recent("ast", "<=", 3, times_uln=True),
        lambda: any_of(
            lambda: p.recent("bilirubin_total", "<=", 2, times_uln=True),
            lambda: all_of(
                lambda: p.recent("bilirubin_total", "<=", 3, times_uln=True),
                lambda: p.now("gilbert_syndrome"),
            ),
        ),
        lambda: p.recent("spo2_room_air", ">=", 92),
    )


def inclusion_7(p: Participant) -> Truth:
    return negate(p.now("psychiatric_disorder", severe=True))


def inclusion_8(p: Participant) -> Truth:
    return all_of(
        lambda: p.investigator("meets the standards for apheresis or venous blood collection"),
        lambda: p.investigator("no other contraindication to cell collection"),
    )


def inclusion_9(p: Participant) -> Truth:
    return all_of(
        lambda: any_of(
            lambda: negate(p.female()),
            lambda: negate(p.now("of_childbearing_potential")),
            lambda: p.word("serum_pregnancy_test", ("negative",)),
        ),
        lambda: p.says("reliable and effective contraception, the safe period excluded", *BY_ANYONE),
        lambda: any_of(
            lambda: negate(p.male()),
            lambda: p.says("barrier contraception in intercourse with fertile women", *BY_ANYONE),
        ),
        lambda: p.says("no donation of eggs or sperm for assisted reproduction", *BY_ANYONE),
    )


# ---------------------------------------------------------------- exclusion


def exclusion_1(p: Participant) -> Truth:
    return all_of(
        lambda: p.happened("neuropsychiatric_lupus", p.screening, p.screening, severe=True),
        lambda: p.investigator("CNS lupus active and requiring therapeutic intervention at screening"),
    )


def exclusion_2(p: Participant) -> Truth:
    since = None if p.infusion is None else months_before(p.infusion, 3)
    return any_of(
        lambda: p.happened("renal_replacement_therapy", since, p.enrollment),
        lambda: p.investigator(
            "significant renal deterioration, likely to require prednisone ≥ 1 mg/kg/day or equivalent, "
            "cyclophosphamide or mycophenolate during the first 3 months of the study"
        ),
    )


def exclusion_3(p: Participant) -> Truth:
    return all_of(
        lambda: p.happened("lupus_crisis", p.screening, p.screening),
        lambda: p.investigator("the lupus crisis is not controlled at screening"),
    )


def exclusion_4(p: Participant) -> Truth:
    return any_of(
        lambda: p.ever("car_t_therapy"),
        lambda: p.ever("gene_modified_cell_therapy"),
        lambda: p.ever("car_t_cells"),
    )


def exclusion_5(p: Participant) -> Truth:
    lupus = ("systemic_lupus_erythematosus", "lupus_nephritis", "neuropsychiatric_lupus", "lupus_crisis")
    return all_of(
        lambda: p.now("autoimmune_disease", but_not=lupus),
        lambda: p.investigator("the other autoimmune disease requires systemic treatment"),
    )


def exclusion_6(p: Participant) -> Truth:
    return any_of(
        lambda: all_of(
            lambda: any_of(lambda: p.word("hbsag", ("positive",)), lambda: p.word("hbcab", ("positive",))),
            lambda: p.recent("hbv_dna", ">", 1, times_uln=True),
        ),
        lambda: all_of(
            lambda: p.word("hcv_antibody", ("positive",)),
            lambda: p.recent("hcv_rna", ">", 1, times_uln=True),
        ),
        lambda: p.word("hiv_antibody", ("positive",)),
        lambda: p.word("treponema_pallidum_antibody", ("positive",)),
    )


def exclusion_7(p: Participant) -> Truth:
    def recent(name: str) -> Truth:
        since = None if p.enrollment is None else months_before(p.enrollment, 6)
        return p.happened(name, since, p.enrollment)

    return any_of(
        lambda: all_of(lambda: p.now("heart_failure"), lambda: p.word("nyha_class", ("iii", "iv"))),
        lambda: recent("myocardial_infarction"),
        lambda: recent("coronary_artery_bypass"),
        lambda: recent("coronary_stent"),
        lambda: all_of(
            lambda: p.ever("ventricular_arrhythmia"),
            lambda: p.investigator("the ventricular arrhythmia requires or required treatment"),
        ),
        lambda: all_of(
            lambda: p.ever("syncope"),
            lambda: p.investigator("the syncope is unexplained: neither vasovagal nor due to dehydration"),
        ),
        lambda: p.ever("non_ischemic_cardiomyopathy", severe=True),
    )


def exclusion_8(p: Participant) -> Truth:
    since = None if p.enrollment is None else p.enrollment - 7
    return all_of(
        lambda: p.happened("infection", since, p.enrollment),
        lambda: p.investigator("the infection is uncontrollable"),
    )


def exclusion_9(p: Participant) -> Truth:
    until = None if p.screening is None else p.screening - 1
    return any_of(
        lambda: p.happened("organ_transplantation", FIRST, until),
        lambda: p.happened("stem_cell_transplantation", FIRST, until),
    )


def half_a_year_before_screening(p: Participant, *names: str) -> Truth:
    since = None if p.screening is None else months_before(p.screening, 6)
    return any_of(*(lambda name=name: p.happened(name, since, p.screening) for name in names))


def exclusion_10(p: Participant) -> Truth:
    return half_a_year_before_screening(p, "cerebrovascular_accident", "seizure")


def exclusion_11(p: Participant) -> Truth:
    return half_a_year_before_screening(p, "deep_vein_thrombosis", "pulmonary_embolism", "arterial_embolism")


def exclusion_12(p: Participant) -> Truth:
    in_situ_or_skin = ("cervical_carcinoma_in_situ", "basal_cell_carcinoma", "squamous_cell_skin_cancer")

    def not_gone() -> Truth:
        since = None if p.enrollment is None else months_before(p.enrollment, 24)
        return any_of(
            lambda: negate(
                p.investigator(
                    "no active lesion of a malignant tumour, and all its treatment, drugs included, "
                    "ended more than 2 years ago"
                )
            ),
            lambda: p.happened("malignancy_treatment", since, p.enrollment),
        )

    def operated_prostate() -> Truth:
        return all_of(
            lambda: p.ever("radical_prostatectomy"),
            lambda: any_of(
                lambda: p.ever("localised_prostate_cancer"),
                lambda: p.investigator("the prostate cancer was confined to the prostate"),
            ),
        )

    return any_of(
        lambda: all_of(
            lambda: p.ever(
                "malignancy", but_not=(*in_situ_or_skin, "prostate_cancer", "ductal_carcinoma_in_situ")
            ),
            not_gone,
        ),
        lambda: all_of(
            lambda: any_of(*(lambda name=name: p.ever(name) for name in in_situ_or_skin)),
            not_gone,
            lambda: negate(p.investigator("cervical carcinoma in situ or skin cancer adequately treated")),
        ),
        lambda: all_of(lambda: p.ever("prostate_cancer"), not_gone, lambda: negate(operated_prostate())),
        lambda: all_of(
            lambda: p.ever("ductal_carcinoma_in_situ"),
            not_gone,
            lambda: negate(p.ever("breast_cancer_surgery")),
        ),
    )


def exclusion_13(p: Participant) -> Truth:
    since = None if p.screening is None else p.screening - 28
    return p.happened("live_vaccine", since, p.screening)


def exclusion_14(p: Participant) -> Truth:
    """The shorter of a month and five half-lives: of another trial's drug the half-life is not known."""
    since = None if p.enrollment is None else months_before(p.enrollment, 1)
    return p.happened("other_trial", since, p.enrollment, since_at_most=p.enrollment)


def exclusion_15(p: Participant) -> Truth:
    return any_of(
        lambda: all_of(p.female, lambda: any_of(lambda: p.now("pregnant"), lambda: p.now("breastfeeding"))),
        lambda: p.says("plans_children_within_1_year", "participant"),
    )


def exclusion_16(p: Participant) -> Truth:
    return p.investigator("unsuitable to participate for another reason")


INCLUSION: tuple[Callable[[Participant], Truth], ...] = (
    *(inclusion_1, inclusion_2, inclusion_3, inclusion_4, inclusion_5, inclusion_6, inclusion_7),
    *(inclusion_8, inclusion_9),
)
EXCLUSION: tuple[Callable[[Participant], Truth], ...] = (
    *(exclusion_1, exclusion_2, exclusion_3, exclusion_4, exclusion_5, exclusion_6, exclusion_7),
    *(exclusion_8, exclusion_9, exclusion_10, exclusion_11, exclusion_12, exclusion_13, exclusion_14),
    *(exclusion_15, exclusion_16),
)
