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
IN_SITU_OR_SKIN = ("cervical_carcinoma_in_situ", "basal_cell_carcinoma", "squamous_cell_skin_cancer")


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
        lambda: diagnosed(p),
        lambda: any_of(lambda: active_despite_treatment(p), lambda: intolerant(p)),
    )


def diagnosed(p: Participant) -> Truth:
    return all_of(lambda: p.now("systemic_lupus_erythematosus"), lambda: p.investigator("eular_acr_2019_sle"))


def active_despite_treatment(p: Participant) -> Truth:
    return all_of(
        lambda: p.ever("hydroxychloroquine"),
        p.glucocorticoid,
        lambda: two_immunosuppressants(p),
        lambda: biologic(p),
        lambda: treated_for_three_months(p),
        lambda: still_active(p),
    )


def biologic(p: Participant) -> Truth:
    return any_of(
        lambda: p.ever("telitacicept"),
        lambda: p.ever("belimumab"),
        lambda: p.investigator("another approved biological agent, not named in the list, was given"),
    )


def still_active(p: Participant) -> Truth:
    return p.investigator("the disease is still active despite the treatment")


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
        lambda: heart(p), lambda: kidney(p), lambda: liver(p), lambda: bilirubin(p), lambda: lung(p)
    )


def heart(p: Participant) -> Truth:
    return p.recent("lvef", ">=", 50)


def kidney(p: Participant) -> Truth:
    return any_of(lambda: p.recent("creatinine", "<=", 2, times_uln=True), p.creatinine_clearance)


def liver(p: Participant) -> Truth:
    return all_of(
        lambda: p.recent("alt", "<=", 3, times_uln=True), lambda: p.recent("ast", "<=", 3, times_uln=True)
    )


def bilirubin(p: Participant) -> Truth:
    return any_of(
        lambda: p.recent("bilirubin_total", "<=", 2, times_uln=True),
        lambda: all_of(
            lambda: p.recent("bilirubin_total", "<=", 3, times_uln=True),
            lambda: p.now("gilbert_syndrome"),
        ),
    )


def lung(p: Participant) -> Truth:
    return p.recent("spo2_room_air", ">=", 92)


def inclusion_7(p: Participant) -> Truth:
    return negate(p.now("psychiatric_disorder", severe=True))


def inclusion_8(p: Participant) -> Truth:
    return all_of(
        lambda: p.investigator("meets the standards for apheresis or venous blood collection"),
        lambda: p.investigator("no other contraindication to cell collection"),
    )


def inclusion_9(p: Participant) -> Truth:
    return all_of(
        lambda: any_of(lambda: negate(may_bear_a_child(p)), lambda: tested_negative(p)),
        lambda: contraception(p),
        lambda: any_of(lambda: negate(p.male()), lambda: barrier(p)),
        lambda: no_donation(p),
    )


def may_bear_a_child(p: Participant) -> Truth:
    return all_of(p.female, lambda: p.now("of_childbearing_potential"))


def tested_negative(p: Participant) -> Truth:
    return p.word("serum_pregnancy_test", ("negative",))


def contraception(p: Participant) -> Truth:
    return p.says("reliable and effective contraception, the safe period excluded", *BY_ANYONE)


def barrier(p: Participant) -> Truth:
    return p.says("barrier contraception in intercourse with fertile women", *BY_ANYONE)


def no_donation(p: Participant) -> Truth:
    return p.says("no donation of eggs or sperm for assisted reproduction", *BY_ANYONE)


# ---------------------------------------------------------------- exclusion


def exclusion_1(p: Participant) -> Truth:
    return all_of(
        lambda: p.happened("neuropsychiatric_lupus", p.screening, p.screening, severe=True),
        lambda: p.investigator("CNS lupus active and requiring therapeutic intervention at screening"),
    )


def exclusion_2(p: Participant) -> Truth:
    return any_of(lambda: renal_replacement(p), lambda: renal_deterioration(p))


def renal_replacement(p: Participant) -> Truth:
    since = None if p.infusion is None else months_before(p.infusion, 3)
    return p.happened("renal_replacement_therapy", since, p.enrollment)


def renal_deterioration(p: Participant) -> Truth:
    return p.investigator(
        "significant renal deterioration, likely to require prednisone ≥ 1 mg/kg/day or equivalent, "
        "cyclophosphamide or mycophenolate during the first 3 months of the study"
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
        lambda: hepatitis_b(p),
        lambda: hepatitis_c(p),
        lambda: p.word("hiv_antibody", ("positive",)),
        lambda: p.word("treponema_pallidum_antibody", ("positive",)),
    )


def hepatitis_b(p: Participant) -> Truth:
    return all_of(
        lambda: any_of(lambda: p.word("hbsag", ("positive",)), lambda: p.word("hbcab", ("positive",))),
        lambda: p.recent("hbv_dna", ">", 1, times_uln=True),
    )


def hepatitis_c(p: Participant) -> Truth:
    return all_of(
        lambda: p.word("hcv_antibody", ("positive",)), lambda: p.recent("hcv_rna", ">", 1, times_uln=True)
    )


def exclusion_7(p: Participant) -> Truth:
    return any_of(
        lambda: heart_failure(p),
        lambda: infarction(p),
        lambda: arrhythmia(p),
        lambda: p.ever("non_ischemic_cardiomyopathy", severe=True),
    )


def heart_failure(p: Participant) -> Truth:
    return all_of(lambda: p.now("heart_failure"), lambda: p.word("nyha_class", ("iii", "iv")))


def infarction(p: Participant) -> Truth:
    def recent(name: str) -> Truth:
        since = None if p.enrollment is None else months_before(p.enrollment, 6)
        return p.happened(name, since, p.enrollment)

    return any_of(
        lambda: recent("myocardial_infarction"),
        lambda: recent("coronary_artery_bypass"),
        lambda: recent("coronary_stent"),
    )


def arrhythmia(p: Participant) -> Truth:
    return any_of(
        lambda: all_of(
            lambda: p.ever("ventricular_arrhythmia"),
            lambda: p.investigator("the ventricular arrhythmia requires or required treatment"),
        ),
        lambda: all_of(
            lambda: p.ever("syncope"),
            lambda: p.investigator("the syncope is unexplained: neither vasovagal nor due to dehydration"),
        ),
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
    return any_of(lambda: other_tumour(p), lambda: skin_tumour(p), lambda: prostate(p), lambda: breast(p))


def not_gone(p: Participant) -> Truth:
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


def other_tumour(p: Participant) -> Truth:
    others = (*IN_SITU_OR_SKIN, "prostate_cancer", "ductal_carcinoma_in_situ")
    return all_of(lambda: p.ever("malignancy", but_not=others), lambda: not_gone(p))


def skin_tumour(p: Participant) -> Truth:
    return all_of(
        lambda: any_of(*(lambda name=name: p.ever(name) for name in IN_SITU_OR_SKIN)),
        lambda: not_gone(p),
        lambda: negate(p.investigator("cervical carcinoma in situ or skin cancer adequately treated")),
    )


def prostate(p: Participant) -> Truth:
    def operated() -> Truth:
        return all_of(
            lambda: p.ever("radical_prostatectomy"),
            lambda: any_of(
                lambda: p.ever("localised_prostate_cancer"),
                lambda: p.investigator("the prostate cancer was confined to the prostate"),
            ),
        )

    return all_of(lambda: p.ever("prostate_cancer"), lambda: not_gone(p), lambda: negate(operated()))


def breast(p: Participant) -> Truth:
    return all_of(
        lambda: p.ever("ductal_carcinoma_in_situ"),
        lambda: not_gone(p),
        lambda: negate(p.ever("breast_cancer_surgery")),
    )


def exclusion_13(p: Participant) -> Truth:
    since = None if p.screening is None else p.screening - 28
    return p.happened("live_vaccine", since, p.screening)


def exclusion_14(p: Participant) -> Truth:
    """The shorter of a month and five half-lives: of another trial's drug the half-life is not known."""
    since = None if p.enrollment is None else months_before(p.enrollment, 1)
    return p.happened("other_trial", since, p.enrollment, since_at_most=p.enrollment)


def exclusion_15(p: Participant) -> Truth:
    return any_of(lambda: all_of(p.female, lambda: expecting(p)), lambda: plans_children(p))


def expecting(p: Participant) -> Truth:
    return any_of(lambda: p.now("pregnant"), lambda: p.now("breastfeeding"))


def plans_children(p: Participant) -> Truth:
    return p.says("plans_children_within_1_year", "participant")


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
