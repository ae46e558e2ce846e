-- NCT06892145 by hand, as a data team would write it: one pivot of results, one each of conditions, drugs,
-- procedures and answers, then the criteria. Three values as SQL has them: null is unknown.
-- Left out, and present in the generated statement: dates known in part, censored numbers, units but one for
-- each item, published codes, contradictions, ties, absences of single things, doses, courses that touch.
WITH people AS (
  SELECT p.participant, p.id, p.sex, p.birth_first AS born,
    max(t.day) FILTER (WHERE t.timepoint = 'consent') AS consent,
    max(t.day) FILTER (WHERE t.timepoint = 'screening') AS screening,
    max(t.day) FILTER (WHERE t.timepoint = 'enrollment') AS enrollment,
    max(t.day) FILTER (WHERE t.timepoint = 'infusion') AS infusion
  FROM participants p LEFT JOIN timepoints t USING (participant)
  GROUP BY ALL
),
listed AS (
  SELECT participant, bool_or(domain = 'conditions') AS conditions, bool_or(domain = 'medications') AS drugs,
    bool_or(domain = 'procedures') AS procedures
  FROM completeness WHERE since_first IS NULL GROUP BY participant
),
labs AS (
  SELECT r.participant,
    max_by(r.value_low, r.date_last) FILTER (WHERE c.key = 'sledai_2k') AS sledai,
    max_by(r.value_low, r.date_last) FILTER (WHERE c.key = 'lvef') AS lvef,
    max_by(r.value_low, r.date_last) FILTER (WHERE c.key = 'spo2_room_air') AS spo2,
    max_by(r.value_low, r.date_last) FILTER (WHERE c.key = 'creatinine') AS creatinine,
    max_by(r.value_low <= 2 * r.uln, r.date_last) FILTER (WHERE c.key = 'creatinine') AS creatinine_ok,
    max_by(r.value_low, r.date_last) FILTER (WHERE c.key = 'body_weight') AS weight,
    max_by(r.value_low <= 3 * r.uln, r.date_last) FILTER (WHERE c.key = 'alt') AS alt_ok,
    max_by(r.value_low <= 3 * r.uln, r.date_last) FILTER (WHERE c.key = 'ast') AS ast_ok,
    max_by(r.value_low <= 2 * r.uln, r.date_last) FILTER (WHERE c.key = 'bilirubin_total') AS bilirubin_ok,
    max_by(r.value_low <= 3 * r.uln, r.date_last) FILTER (WHERE c.key = 'bilirubin_total') AS bilirubin_gilbert,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'serum_pregnancy_test') AS pregnancy_test,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'hbsag') AS hbsag,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'hbcab') AS hbcab,
    max_by(coalesce(r.value_low, 0) > r.uln, r.date_last) FILTER (WHERE c.key = 'hbv_dna') AS hbv_dna_high,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'hcv_antibody') AS hcv,
    max_by(coalesce(r.value_low, 0) > r.uln, r.date_last) FILTER (WHERE c.key = 'hcv_rna') AS hcv_rna_high,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'hiv_antibody') AS hiv,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'treponema_pallidum_antibody') AS syphilis,
    max_by(r.word, r.date_last) FILTER (WHERE c.key = 'nyha_class') AS nyha
  FROM results r JOIN concepts c USING (concept) JOIN people p USING (participant)
  WHERE r.date_last BETWEEN p.enrollment - 28 AND p.enrollment
  GROUP BY r.participant
),
antibodies AS (
  SELECT r.participant, bool_or(r.word = 'positive') AS found
  FROM results r JOIN concepts c USING (concept)
  WHERE c.key IN ('ana', 'anti_dsdna') GROUP BY r.participant
),
ills AS (
  SELECT f.participant,
    bool_or(c.key = 'systemic_lupus_erythematosus' AND now) AS lupus,
    bool_or(c.key = 'gilbert_syndrome' AND now) AS gilbert,
    bool_or(c.key IN ('psychosis', 'psychiatric_disorder', 'schizophrenia') AND f.severity >= 2 AND now) AS mental,
    bool_or(c.key = 'neuropsychiatric_lupus' AND f.severity >= 2 AND now) AS cns,
    bool_or(c.key = 'lupus_crisis' AND now) AS crisis,
    bool_or(c.key IN ('rheumatoid_arthritis', 'sjogren_syndrome', 'dermatomyositis', 'systemic_sclerosis') AND now)
      AS autoimmune,
    bool_or(c.key = 'heart_failure' AND now) AS heart_failure,
    bool_or(c.key = 'myocardial_infarction' AND f.start_first >= enrollment - INTERVAL 6 MONTH) AS infarction,
    bool_or(c.key = 'ventricular_arrhythmia') AS arrhythmia, bool_or(c.key = 'syncope') AS syncope,
    bool_or(c.key = 'non_ischemic_cardiomyopathy' AND f.severity >= 2) AS cardiomyopathy,
    bool_or(c.key = 'infection' AND coalesce(f.end_last, enrollment) >= enrollment - 7) AS infection,
    bool_or(c.key IN ('cerebrovascular_accident', 'seizure', 'deep_vein_thrombosis', 'pulmonary_embolism',
      'arterial_embolism') AND f.start_first >= screening - INTERVAL 6 MONTH) AS vascular,
    bool_or(c.key = 'malignancy') AS malignancy,
    bool_or(c.key IN ('cervical_carcinoma_in_situ', 'basal_cell_carcinoma', 'squamous_cell_skin_cancer')) AS skin,
    bool_or(c.key = 'prostate_cancer') AS prostate, bool_or(c.key = 'ductal_carcinoma_in_situ') AS breast,
    bool_or(c.key IN ('pregnant', 'breastfeeding') AND now) AS pregnant,
    bool_or(c.key = 'of_childbearing_potential' AND now) AS fertile
  FROM (
    SELECT f.*, p.enrollment, p.screening,
      f.start_first <= p.enrollment AND coalesce(f.end_last, p.enrollment) >= p.enrollment AS now
    FROM conditions f JOIN people p USING (participant) WHERE f.start_first <= p.enrollment
  ) f JOIN concepts c USING (concept)
  GROUP BY f.participant
),
drugs AS (
  SELECT f.participant,
    bool_or(c.key = 'hydroxychloroquine') AS hydroxychloroquine,
    count(DISTINCT c.key) FILTER (WHERE c.key IN ('cyclophosphamide', 'mycophenolate_mofetil', 'azathioprine',
      'methotrexate', 'ciclosporin', 'tacrolimus', 'sirolimus', 'leflunomide')) AS immunosuppressants,
    bool_or(c.key IN ('telitacicept', 'belimumab')) AS biologic,
    bool_or(c.key IN ('prednisone', 'prednisolone', 'methylprednisolone') AND f.dose_low >= 60) AS steroid,
    bool_or(f.start_first <= p.enrollment - INTERVAL 3 MONTH) AS long,
    bool_or(f.response = 'intolerant') AS intolerant,
    bool_or(c.key = 'car_t_cells') AS car_t
  FROM medications f JOIN concepts c USING (concept) JOIN people p USING (participant)
  WHERE f.start_first <= p.enrollment GROUP BY f.participant
),
procedures_done AS (
  SELECT f.participant,
    bool_or(c.key IN ('haemodialysis', 'peritoneal_dialysis') AND f.start_first >= p.infusion - INTERVAL 3 MONTH)
      AS dialysis,
    bool_or(c.key IN ('car_t_therapy', 'gene_modified_cell_therapy')) AS cells,
    bool_or(c.key IN ('coronary_artery_bypass', 'coronary_stent')
      AND f.start_first >= p.enrollment - INTERVAL 6 MONTH) AS coronary,
    bool_or(c.key IN ('kidney_transplantation', 'liver_transplantation', 'stem_cell_transplantation')
      AND f.start_first < p.screening) AS transplanted,
    bool_or(c.key LIKE '%vaccine%' AND f.start_first >= p.screening - 28) AS vaccine,
    bool_or(c.key = 'other_trial' AND f.start_first >= p.enrollment - INTERVAL 1 MONTH) AS trial,
    bool_or(c.key = 'breast_cancer_surgery') AS breast_surgery,
    bool_or(c.key = 'radical_prostatectomy') AS prostatectomy
  FROM procedures f JOIN concepts c USING (concept) JOIN people p USING (participant)
  WHERE f.start_first <= p.enrollment GROUP BY f.participant
),
said AS (
  SELECT a.participant,
    max_by(answer, date_last) FILTER (WHERE question = 'informed_consent') AS consented,
    max_by(answer, date_last) FILTER (WHERE question = 'eular_acr_2019_sle') AS classified,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'another immunosuppressant%') AS other_suppressant,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'another approved biological%') AS other_biologic,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the disease is still active%') AS active,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'conventional therapy as a whole%') AS not_tolerated,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'meets the standards%') AS apheresis,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'no other contraindication%') AS collection,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'reliable and effective%') AS contraception,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'barrier contraception%') AS barrier,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'no donation%') AS donation,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'CNS lupus active%') AS cns_active,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'significant renal%') AS renal,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the lupus crisis%') AS crisis_open,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the other autoimmune%') AS treated,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the ventricular%') AS arrhythmia_treated,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the syncope%') AS syncope_open,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the infection%') AS infection_open,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'no active lesion%') AS tumour_gone,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'cervical carcinoma%') AS skin_treated,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'the prostate cancer%') AS confined,
    max_by(answer, date_last) FILTER (WHERE question = 'plans_children_within_1_year') AS children,
    max_by(answer, date_last) FILTER (WHERE question LIKE 'unsuitable%') AS unsuitable
  FROM answers a JOIN people p USING (participant)
  WHERE a.date_last <= p.enrollment GROUP BY a.participant
),
whole AS (
  SELECT * EXCLUDE (participant), people.participant,
    CASE WHEN coalesce(listed.conditions, FALSE) THEN FALSE END AS no_condition,
    CASE WHEN coalesce(listed.drugs, FALSE) THEN FALSE END AS no_drug,
    CASE WHEN coalesce(listed.procedures, FALSE) THEN FALSE END AS no_procedure
  FROM people LEFT JOIN listed USING (participant) LEFT JOIN labs USING (participant)
  LEFT JOIN antibodies USING (participant) LEFT JOIN ills USING (participant) LEFT JOIN drugs USING (participant)
  LEFT JOIN procedures_done USING (participant) LEFT JOIN said USING (participant)
),
criteria AS (
  SELECT id,
    consented AS i1,
    born <= screening - INTERVAL 18 YEAR AS i2,
    (lupus OR no_condition) AND classified AND (
      ((hydroxychloroquine OR no_drug) AND (steroid OR no_drug)
        AND (immunosuppressants >= 2 OR (immunosuppressants >= 1 AND other_suppressant) OR no_drug)
        AND (biologic OR other_biologic OR no_drug) AND (long OR no_drug) AND active)
      OR ((intolerant OR no_drug) AND not_tolerated)
    ) AS i3,
    sledai >= 7 AS i4,
    CASE WHEN found THEN TRUE END AS i5,
    lvef >= 50 AND (creatinine_ok OR (140 - date_sub('year', born, enrollment)) * weight
        * CASE sex WHEN 'female' THEN 0.85 WHEN 'male' THEN 1 END / (72 * nullif(creatinine, 0)) >= 60)
      AND alt_ok AND ast_ok AND (bilirubin_ok OR (bilirubin_gilbert AND (gilbert OR no_condition))) AND spo2 >= 92
      AS i6,
    NOT (mental OR no_condition) AS i7,
    apheresis AND collection AS i8,
    (sex <> 'female' OR NOT (fertile OR no_condition) OR pregnancy_test = 'negative') AND contraception
      AND (sex <> 'male' OR barrier) AND donation AS i9,
    (cns OR no_condition) AND cns_active AS e1,
    (dialysis OR no_procedure) OR renal AS e2,
    (crisis OR no_condition) AND crisis_open AS e3,
    (cells OR no_procedure) OR (car_t OR no_drug) AS e4,
    (autoimmune OR no_condition) AND treated AS e5,
    ((hbsag = 'positive' OR hbcab = 'positive') AND hbv_dna_high) OR (hcv = 'positive' AND hcv_rna_high)
      OR hiv = 'positive' OR syphilis = 'positive' AS e6,
    ((heart_failure OR no_condition) AND nyha IN ('iii', 'iv')) OR (infarction OR no_condition)
      OR (coronary OR no_procedure) OR ((arrhythmia OR no_condition) AND arrhythmia_treated)
      OR ((syncope OR no_condition) AND syncope_open) OR (cardiomyopathy OR no_condition) AS e7,
    (infection OR no_condition) AND infection_open AS e8,
    transplanted OR no_procedure AS e9,
    vascular OR no_condition AS e10,
    ((malignancy OR no_condition) AND NOT tumour_gone)
      OR ((skin OR no_condition) AND NOT (tumour_gone OR skin_treated))
      OR ((prostate OR no_condition) AND NOT (tumour_gone OR ((prostatectomy OR no_procedure) AND confined)))
      OR ((breast OR no_condition) AND NOT (tumour_gone OR breast_surgery OR no_procedure)) AS e12,
    vaccine OR no_procedure AS e13,
    trial OR no_procedure AS e14,
    (sex = 'female' AND (pregnant OR no_condition)) OR children AS e15,
    unsuitable AS e16
  FROM whole
)
SELECT *,
  CASE i1 AND i2 AND i3 AND i4 AND i5 AND i6 AND i7 AND i8 AND i9 AND NOT e1 AND NOT e2 AND NOT e3 AND NOT e4
    AND NOT e5 AND NOT e6 AND NOT e7 AND NOT e8 AND NOT e9 AND NOT e10 AND NOT e12 AND NOT e13 AND NOT e14
    AND NOT e15 AND NOT e16
  WHEN TRUE THEN 'eligible' WHEN FALSE THEN 'ineligible' ELSE 'undetermined' END AS verdict
FROM criteria
