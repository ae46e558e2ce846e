-- NCT06892145 by hand, with the whole meaning: what is only known in part stays so, null is unknown.
-- For DuckDB. Beside the facts it reads two terminology tables, made beforehand as a data team keeps them:
--   meant(concept, thing, sure, brief)    codes that are (or may be) a thing; brief: of its first day only
--   absent(concept, thing, part, parts)   absences that rule a thing out: whole (0), or one of its parts
--   denies(absent, concept, thing)        an absence of the first contradicts an event of the second, as a thing
-- Daily doses (inclusion 3.b.1, glucocorticoid) and courses that touch (3.b.1, duration) are left unknown.
CREATE OR REPLACE TEMP MACRO ever() AS DATE '0001-01-01';
-- the last day something may be of: cut at the day the record speaks to
CREATE OR REPLACE TEMP MACRO cut(first, last, stated, ends) AS
  CASE WHEN first IS NULL THEN ends WHEN first <= stated AND last > stated THEN stated ELSE last END;
-- “the latest decides”: every one that may be the latest must agree
CREATE OR REPLACE TEMP MACRO latest(newest, yes, no, open) AS
  CASE WHEN open >= newest OR (yes >= newest AND no >= newest) THEN NULL
    WHEN yes >= newest THEN TRUE WHEN no >= newest THEN FALSE END;
-- 2: surely there, 1: perhaps there, 0: ruled out by an absence; else by completeness
CREATE OR REPLACE TEMP MACRO there(found, complete) AS
  CASE found WHEN 2 THEN TRUE WHEN 1 THEN NULL WHEN 0 THEN FALSE ELSE CASE WHEN complete THEN FALSE END END;

WITH asked(thing, domain, span, severity, response) AS (
  VALUES
    ('systemic_lupus_erythematosus', 'conditions', 'enrolled', NULL, NULL), ('gilbert_syndrome', 'conditions', 'enrolled', NULL, NULL),
    ('psychiatric_disorder', 'conditions', 'enrolled', 2, NULL), ('of_childbearing_potential', 'conditions', 'enrolled', NULL, NULL),
    ('neuropsychiatric_lupus', 'conditions', 'screened', 2, NULL), ('lupus_crisis', 'conditions', 'screened', NULL, NULL),
    ('other_autoimmune_disease', 'conditions', 'enrolled', NULL, NULL), ('heart_failure', 'conditions', 'enrolled', NULL, NULL),
    ('myocardial_infarction', 'conditions', 'half_year', NULL, NULL), ('ventricular_arrhythmia', 'conditions', 'ever', NULL, NULL),
    ('syncope', 'conditions', 'ever', NULL, NULL), ('non_ischemic_cardiomyopathy', 'conditions', 'ever', 2, NULL),
    ('infection', 'conditions', 'week', NULL, NULL), ('cerebrovascular_accident', 'conditions', 'screened_half_year', NULL, NULL),
    ('seizure', 'conditions', 'screened_half_year', NULL, NULL), ('deep_vein_thrombosis', 'conditions', 'screened_half_year', NULL, NULL),
    ('pulmonary_embolism', 'conditions', 'screened_half_year', NULL, NULL), ('arterial_embolism', 'conditions', 'screened_half_year', NULL, NULL),
    ('other_malignancy', 'conditions', 'ever', NULL, NULL), ('cervical_carcinoma_in_situ', 'conditions', 'ever', NULL, NULL),
    ('basal_cell_carcinoma', 'conditions', 'ever', NULL, NULL), ('squamous_cell_skin_cancer', 'conditions', 'ever', NULL, NULL),
    ('prostate_cancer', 'conditions', 'ever', NULL, NULL), ('localised_prostate_cancer', 'conditions', 'ever', NULL, NULL),
    ('ductal_carcinoma_in_situ', 'conditions', 'ever', NULL, NULL), ('pregnant', 'conditions', 'enrolled', NULL, NULL),
    ('breastfeeding', 'conditions', 'enrolled', NULL, NULL),
    ('hydroxychloroquine', 'medications', 'ever', NULL, NULL), ('cyclophosphamide', 'medications', 'ever', NULL, NULL),
    ('mycophenolate_mofetil', 'medications', 'ever', NULL, NULL), ('azathioprine', 'medications', 'ever', NULL, NULL),
    ('methotrexate', 'medications', 'ever', NULL, NULL), ('ciclosporin', 'medications', 'ever', NULL, NULL),
    ('tacrolimus', 'medications', 'ever', NULL, NULL), ('sirolimus', 'medications', 'ever', NULL, NULL),
    ('leflunomide', 'medications', 'ever', NULL, NULL), ('telitacicept', 'medications', 'ever', NULL, NULL),
    ('belimumab', 'medications', 'ever', NULL, NULL), ('conventional_sle_treatment', 'medications', 'ever', NULL, 'intolerant'),
    ('car_t_cells', 'medications', 'ever', NULL, NULL),
    ('renal_replacement_therapy', 'procedures', 'before_infusion', NULL, NULL), ('car_t_therapy', 'procedures', 'ever', NULL, NULL),
    ('gene_modified_cell_therapy', 'procedures', 'ever', NULL, NULL), ('coronary_artery_bypass', 'procedures', 'half_year', NULL, NULL),
    ('coronary_stent', 'procedures', 'half_year', NULL, NULL), ('organ_transplantation', 'procedures', 'before_screening', NULL, NULL),
    ('stem_cell_transplantation', 'procedures', 'before_screening', NULL, NULL), ('malignancy_treatment', 'procedures', 'two_years', NULL, NULL),
    ('radical_prostatectomy', 'procedures', 'ever', NULL, NULL), ('breast_cancer_surgery', 'procedures', 'ever', NULL, NULL),
    ('live_vaccine', 'procedures', 'screened_four_weeks', NULL, NULL), ('other_trial', 'procedures', 'month', NULL, NULL)
),
coded AS (SELECT m.*, domain, span, severity AS asked_severity, response AS asked_response FROM meant m JOIN asked USING (thing)),
ruling AS (SELECT a.*, domain, span FROM absent a JOIN asked USING (thing)),

-- limits in each unit: range, what is plausible, the limit, or how many times the upper reference limit
limits(test, unit, least, most, unlikely_below, unlikely_above, least_good, most_good, times, undetected) AS (
  VALUES
    ('sledai_2k', '', 0, 105, NULL, NULL, 7, NULL, NULL, NULL),
    ('lvef', '%', 0, 100, 3, 95, 50, NULL, NULL, NULL),
    ('spo2', '%', 0, 100, 30, 100, 92, NULL, NULL, NULL),
    ('creatinine', 'mg/dL', 0, 100, 0.1, 40, NULL, NULL, 2, NULL),
    ('creatinine', 'mmol/L', 0, 8.840169, 0.008841, 3.536067, NULL, NULL, 2, NULL),
    ('alt', 'U/L', 0, 100000, NULL, NULL, NULL, NULL, 3, NULL),
    ('ast', 'U/L', 0, 100000, NULL, NULL, NULL, NULL, 3, NULL),
    ('bilirubin', 'mg/dL', 0, 100, 0.05, 60, NULL, NULL, 2, NULL),
    ('bilirubin', 'mmol/L', 0, 1.710395, 0.000856, 1.026237, NULL, NULL, 2, NULL),
    ('bilirubin_gilbert', 'mg/dL', 0, 100, 0.05, 60, NULL, NULL, 3, NULL),
    ('bilirubin_gilbert', 'mmol/L', 0, 1.710395, 0.000856, 1.026237, NULL, NULL, 3, NULL),
    ('hbv_dna', '[IU]/mL', NULL, NULL, NULL, NULL, NULL, NULL, 1, 20),
    ('hcv_rna', '[IU]/mL', NULL, NULL, NULL, NULL, NULL, NULL, 1, 15)
),
tests(test, item, good, bad) AS (  -- words that pass and words that fail
  VALUES
    ('sledai_2k', 'sledai_2k', NULL, NULL), ('lvef', 'lvef', NULL, NULL), ('spo2', 'spo2_room_air', NULL, NULL),
    ('creatinine', 'creatinine', NULL, NULL), ('alt', 'alt', NULL, NULL), ('ast', 'ast', NULL, NULL),
    ('bilirubin', 'bilirubin_total', NULL, NULL), ('bilirubin_gilbert', 'bilirubin_total', NULL, NULL),
    ('hbv_dna', 'hbv_dna', NULL, NULL), ('hcv_rna', 'hcv_rna', NULL, NULL),
    ('ana', 'ana', ['positive'], ['negative', 'indeterminate']), ('anti_dsdna', 'anti_dsdna', ['positive'], ['negative', 'indeterminate']),
    ('pregnancy_test', 'serum_pregnancy_test', ['negative'], ['positive', 'indeterminate']),
    ('hbsag', 'hbsag', ['positive'], ['negative', 'indeterminate']), ('hbcab', 'hbcab', ['positive'], ['negative', 'indeterminate']),
    ('hcv', 'hcv_antibody', ['positive'], ['negative', 'indeterminate']), ('hiv', 'hiv_antibody', ['positive'], ['negative', 'indeterminate']),
    ('syphilis', 'treponema_pallidum_antibody', ['positive'], ['negative', 'indeterminate']),
    ('nyha', 'nyha_class', ['iii', 'iv'], ['i', 'ii'])
),
tested AS (SELECT concept, sure, test, good, bad FROM meant JOIN tests ON item = thing),

people AS (
  SELECT *, least(enrollment, ends) AS until, least(screening, ends) AS screened_until, least(screening - 1, ends) AS day_before,
    (enrollment - INTERVAL 6 MONTH)::DATE AS half_year, (screening - INTERVAL 6 MONTH)::DATE AS screened_half_year,
    (enrollment - INTERVAL 24 MONTH)::DATE AS two_years, (infusion - INTERVAL 3 MONTH)::DATE AS before_infusion,
    (enrollment - INTERVAL 1 MONTH)::DATE AS month
  FROM (
    SELECT p.participant, p.id, p.sex, p.birth_first, p.as_of, t.* EXCLUDE (who), coalesce(p.as_of, t.enrollment) AS ends,
      CASE WHEN p.birth_first IS NOT NULL THEN cut(p.birth_first, p.birth_last, p.as_of, NULL) END AS birth_by
    FROM participants p LEFT JOIN (
      SELECT participant AS who, max(day) FILTER (timepoint = 'consent') AS consent,
        max(day) FILTER (timepoint = 'screening') AS screening, max(day) FILTER (timepoint = 'enrollment') AS enrollment,
        max(day) FILTER (timepoint = 'infusion') AS infusion, max(day) FILTER (timepoint = 'baseline') AS baseline
      FROM timepoints GROUP BY participant
    ) t ON t.who = p.participant
  )
),

-- answers: the latest of the person asked
said AS (
  SELECT participant, question, latest(newest, yes, no, open) AS answer
  FROM (
    SELECT participant, question, max(first_day) FILTER (role IS NOT NULL AND last_day <= until) AS newest,
      max(last_day) FILTER (answer) AS yes, max(last_day) FILTER (NOT answer) AS no,
      max(last_day) FILTER (answer IS NULL) AS open
    FROM (
      SELECT a.participant, question, role, answer, until, coalesce(date_first, ever()) AS first_day,
        cut(date_first, date_last, as_of, ends) AS last_day
      FROM answers a JOIN people USING (participant)
      WHERE role IS NULL OR CASE
        WHEN question IN ('informed_consent', 'reliable and effective contraception, the safe period excluded',
          'barrier contraception in intercourse with fertile women',
          'no donation of eggs or sperm for assisted reproduction') THEN role IN ('participant', 'guardian')
        WHEN question = 'plans_children_within_1_year' THEN role = 'participant'
        ELSE role = 'investigator' END
    )
    WHERE first_day <= until GROUP BY participant, question
  )
),
answered AS (
  SELECT participant,
    bool_or(answer) FILTER (question = 'informed_consent') AS consented,
    bool_or(answer) FILTER (question = 'eular_acr_2019_sle') AS classified,
    bool_or(answer) FILTER (question LIKE 'another immunosuppressant%') AS other_suppressant,
    bool_or(answer) FILTER (question LIKE 'another approved biological%') AS other_biologic,
    bool_or(answer) FILTER (question LIKE 'the disease is still active%') AS active,
    bool_or(answer) FILTER (question LIKE 'conventional therapy as a whole%') AS not_tolerated,
    bool_or(answer) FILTER (question LIKE 'meets the standards%') AS apheresis,
    bool_or(answer) FILTER (question LIKE 'no other contraindication%') AS collection,
    bool_or(answer) FILTER (question LIKE 'reliable and effective%') AS contraception,
    bool_or(answer) FILTER (question LIKE 'barrier contraception%') AS barrier,
    bool_or(answer) FILTER (question LIKE 'no donation%') AS donation,
    bool_or(answer) FILTER (question LIKE 'CNS lupus active%') AS cns_active,
    bool_or(answer) FILTER (question LIKE 'significant renal%') AS renal,
    bool_or(answer) FILTER (question LIKE 'the lupus crisis%') AS crisis_open,
    bool_or(answer) FILTER (question LIKE 'the other autoimmune%') AS treated,
    bool_or(answer) FILTER (question LIKE 'the ventricular%') AS arrhythmia_treated,
    bool_or(answer) FILTER (question LIKE 'the syncope%') AS syncope_open,
    bool_or(answer) FILTER (question LIKE 'the infection%') AS infection_open,
    bool_or(answer) FILTER (question LIKE 'no active lesion%') AS lesion_gone,
    bool_or(answer) FILTER (question LIKE 'cervical carcinoma%') AS skin_treated,
    bool_or(answer) FILTER (question LIKE 'the prostate cancer%') AS confined,
    bool_or(answer) FILTER (question = 'plans_children_within_1_year') AS children,
    bool_or(answer) FILTER (question LIKE 'unsuitable%') AS unsuitable
  FROM said GROUP BY participant
),

-- results: in the 28 days before enrollment (antibodies ever), the latest
measured AS (
  SELECT participant, test, latest(newest, yes, no, open) AS passes
  FROM (
    SELECT participant, test, max(first_day) FILTER (sure AND last_day <= until AND first_day >= opens) AS newest,
      max(last_day) FILTER (passes) AS yes, max(last_day) FILTER (NOT passes) AS no,
      max(last_day) FILTER (passes IS NULL) AS open
    FROM (
      SELECT participant, test, sure, first_day, last_day, until, opens,
        CASE
          WHEN good IS NOT NULL THEN CASE WHEN word IN good THEN TRUE WHEN word IN bad THEN FALSE END
          WHEN known_unit IS NULL THEN NULL
          WHEN word = 'not_detected' THEN CASE WHEN uln < 0 THEN TRUE WHEN uln >= undetected THEN FALSE END
          WHEN word IS NOT NULL OR value_high < least OR (value_high_open AND value_high = least)
            OR value_low > most OR (value_low_open AND value_low = most)
            OR (NOT confirmed AND (value_high < unlikely_below OR value_low > unlikely_above)) THEN NULL
          WHEN least_good IS NOT NULL THEN CASE WHEN value_low >= least_good THEN TRUE
            WHEN value_high < least_good OR (value_high_open AND value_high = least_good) THEN FALSE END
          WHEN undetected IS NOT NULL THEN CASE
            WHEN value_low > uln OR (value_low_open AND value_low = uln) THEN TRUE WHEN value_high <= uln THEN FALSE END
          WHEN uln IS NOT NULL THEN CASE
            WHEN least(value_high, most) <= times * uln THEN TRUE
            WHEN greatest(value_low, 0) > times * uln OR (value_low_open AND value_low = times * uln) THEN FALSE END
        END AS passes
      FROM (
        SELECT r.*, t.* EXCLUDE (concept), l.* EXCLUDE (test, unit), l.test AS known_unit, as_of, until, ends,
          CASE WHEN t.test IN ('ana', 'anti_dsdna') THEN ever() ELSE enrollment - 28 END AS opens,
          coalesce(date_first, ever()) AS first_day, cut(date_first, date_last, as_of, ends) AS last_day
        FROM results r
        JOIN tested t ON t.concept = r.concept
        LEFT JOIN limits l ON l.test = t.test AND l.unit = coalesce(r.unit, '')
        JOIN people USING (participant)
      )
      WHERE first_day <= until AND last_day >= opens AND opens <= until
    )
    GROUP BY participant, test
  )
),
labs AS (
  SELECT participant, bool_or(passes) FILTER (test = 'sledai_2k') AS sledai, bool_or(passes) FILTER (test = 'lvef') AS lvef,
    bool_or(passes) FILTER (test = 'spo2') AS spo2, bool_or(passes) FILTER (test = 'creatinine') AS creatinine,
    bool_or(passes) FILTER (test = 'alt') AS alt, bool_or(passes) FILTER (test = 'ast') AS ast,
    bool_or(passes) FILTER (test = 'bilirubin') AS bilirubin,
    bool_or(passes) FILTER (test = 'bilirubin_gilbert') AS bilirubin_gilbert,
    bool_or(passes) FILTER (test = 'hbv_dna') AS hbv_dna, bool_or(passes) FILTER (test = 'hcv_rna') AS hcv_rna,
    bool_or(passes) FILTER (test = 'ana') AS ana, bool_or(passes) FILTER (test = 'anti_dsdna') AS anti_dsdna,
    bool_or(passes) FILTER (test = 'pregnancy_test') AS pregnancy_test,
    bool_or(passes) FILTER (test = 'hbsag') AS hbsag, bool_or(passes) FILTER (test = 'hbcab') AS hbcab,
    bool_or(passes) FILTER (test = 'hcv') AS hcv, bool_or(passes) FILTER (test = 'hiv') AS hiv,
    bool_or(passes) FILTER (test = 'syphilis') AS syphilis, bool_or(passes) FILTER (test = 'nyha') AS nyha
  FROM measured GROUP BY participant
),

-- creatinine clearance (Cockcroft–Gault) at each creatinine, with the latest weight of the 30 days before:
-- of every number and date the least and the greatest it may be
kidney AS (
  SELECT r.participant, r.fact, m.sure, p.sex, p.birth_first, p.birth_by, p.ends, p.until, p.enrollment - 28 AS opens,
    coalesce(date_first, ever()) AS first_day, cut(date_first, date_last, p.as_of, p.ends) AS last_day,
    CASE WHEN NOT usable THEN NULL WHEN low IS NULL THEN 0 ELSE greatest(low, 0) END AS low,
    CASE WHEN usable THEN least(coalesce(high, 100), 100) END AS high
  FROM (
    SELECT *, value_low * scale AS low, value_high * scale AS high, word IS NULL AND scale IS NOT NULL
        AND (high < 0 OR (high = 0 AND value_high_open) OR low > 100 OR (low = 100 AND value_low_open)
          OR (NOT confirmed AND (high < 0.1 OR low > 40))) IS NOT TRUE AS usable
    FROM (SELECT *, CASE unit WHEN 'mg/dL' THEN 1e0 WHEN 'mmol/L' THEN 11.312e0 END AS scale FROM results)
  ) r
  JOIN meant m ON m.concept = r.concept AND m.thing = 'creatinine' JOIN people p USING (participant)
),
weights AS (
  SELECT w.participant, sure, coalesce(date_first, ever()) AS first_day, cut(date_first, date_last, as_of, ends) AS last_day,
    CASE WHEN usable THEN greatest(coalesce(value_low::DOUBLE, 0), 0) END AS low,
    CASE WHEN usable THEN least(coalesce(value_high::DOUBLE, 700), 700) END AS high
  FROM (
    SELECT *, word IS NULL AND unit = 'kg' AND (value_high < 0 OR (value_high = 0 AND value_high_open) OR value_low > 700
      OR (value_low = 700 AND value_low_open) OR (NOT confirmed AND (value_high < 0.3 OR value_low > 650))) IS NOT TRUE AS usable
    FROM results
  ) w
  JOIN meant m ON m.concept = w.concept AND m.thing = 'body_weight' JOIN people USING (participant)
),
weighed AS (
  SELECT participant, fact, min(low) AS low, max(high) AS high, bool_or(low IS NULL) AS unknown
  FROM (
    SELECT k.participant, k.fact, w.low, w.high, w.last_day, max(w.first_day) FILTER (w.sure AND k.last_day - 30 <= least(k.first_day, k.ends)
        AND w.last_day <= least(k.first_day, k.ends) AND w.first_day >= k.last_day - 30)
      OVER (PARTITION BY k.participant, k.fact) AS newest
    FROM kidney k JOIN weights w USING (participant)
    WHERE w.first_day <= least(k.last_day, k.ends) AND w.last_day >= k.first_day - 30
  )
  WHERE last_day >= newest GROUP BY participant, fact
),
clearance AS (
  SELECT participant, latest(max(first_day) FILTER (sure AND last_day <= until AND first_day >= opens),
      max(last_day) FILTER (passes), max(last_day) FILTER (NOT passes), max(last_day) FILTER (passes IS NULL)) AS passes
  FROM (
    SELECT *, CASE WHEN NOT adult OR least_of > 1000 OR most_of < 0 THEN NULL WHEN least_of >= 60 THEN TRUE WHEN most_of < 60 THEN FALSE END AS passes
    FROM (
      SELECT *, birth_by <= (first_day - INTERVAL 18 YEAR)::DATE AS adult,
        round(least(young * w.low, young * w.high, old * w.low, old * w.high) / (72 * k.high) * CASE sex WHEN 'male' THEN 1 ELSE 0.85e0 END, 9) AS least_of,
        round(greatest(young * w.low, young * w.high, old * w.low, old * w.high) / (72 * k.low) * CASE sex WHEN 'female' THEN 0.85e0 ELSE 1 END, 9) AS most_of
      FROM (SELECT * REPLACE (CASE WHEN low > 0 THEN low END AS low, CASE WHEN low > 0 THEN high END AS high), 140 - date_sub('year', birth_by, first_day) AS young, 140 - date_sub('year', birth_first, last_day) AS old FROM kidney) k
      LEFT JOIN weighed w ON w.participant = k.participant AND w.fact = k.fact AND NOT w.unknown
    )
    WHERE first_day <= until AND last_day >= opens AND opens <= until
  )
  GROUP BY participant
),

-- events: the first and the last day each may be of, against the window of what is asked
events AS (
  SELECT 'conditions' AS domain, participant, fact, concept, start_first, start_last, end_first, end_last, ongoing, severity,
    NULL AS response FROM conditions
  UNION ALL SELECT 'medications', participant, fact, concept, start_first, start_last, end_first, end_last, ongoing, NULL, response
  FROM medications
  UNION ALL SELECT 'procedures', participant, fact, concept, start_first, start_last, end_first, end_last, ongoing, NULL, NULL
  FROM procedures
),
seen AS (
  SELECT *, start_from <= closes AND end_by >= opens AND opens <= closes AND start_from <= ends AS possible,
    sure AND suits AND opens_last <= closes
      AND CASE WHEN ordered THEN least(start_by, end_cut) ELSE start_by END <= closes
      AND CASE WHEN ordered THEN least(greatest(end_from, start_from), end_by) ELSE end_from END >= opens_last AS surely,
    CASE WHEN ordered THEN least(start_by, end_cut) ELSE start_by END AS begun,
    CASE WHEN ordered THEN least(greatest(end_from, start_from), end_by) ELSE end_from END AS ended
  FROM (
    SELECT *, coalesce(start_from <= end_cut AND end_first IS NOT NULL AND NOT brief, FALSE) AS ordered,
      CASE WHEN lasting THEN CASE WHEN end_first IS NULL OR end_first > ends THEN ends ELSE end_first END ELSE start_from END AS end_from,
      CASE WHEN lasting THEN CASE WHEN end_first IS NULL OR end_first > ends THEN ends ELSE least(end_cut, ends) END
        WHEN domain = 'medications' THEN greatest(start_from, ends) ELSE start_by END AS end_by
    FROM (
      SELECT e.participant, e.fact, e.concept, e.domain, thing, sure, brief, end_first, ends, as_of, p.enrollment, p.screening,
        coalesce(start_first, ever()) AS start_from, cut(start_first, start_last, as_of, ends) AS start_by,
        cut(end_first, end_last, as_of, ends) AS end_cut,
        CASE e.domain WHEN 'conditions' THEN NOT brief ELSE ongoing OR end_first IS NOT NULL END AS lasting,
        CASE WHEN asked_severity IS NOT NULL THEN severity >= asked_severity
          WHEN asked_response IS NOT NULL THEN response = asked_response ELSE TRUE END AS suits,
        CASE span WHEN 'enrolled' THEN enrollment WHEN 'screened' THEN screening WHEN 'half_year' THEN half_year WHEN 'week' THEN enrollment - 7
          WHEN 'screened_half_year' THEN screened_half_year WHEN 'before_infusion' THEN before_infusion WHEN 'two_years' THEN two_years
          WHEN 'screened_four_weeks' THEN screening - 28 WHEN 'month' THEN month ELSE ever() END AS opens,
        CASE WHEN span = 'month' THEN enrollment ELSE opens END AS opens_last,
        CASE WHEN span IN ('screened', 'screened_half_year', 'screened_four_weeks') THEN screened_until
          WHEN span = 'before_screening' THEN day_before ELSE until END AS closes,
        CASE WHEN span IN ('screened', 'screened_half_year', 'screened_four_weeks') THEN screening
          WHEN span = 'before_screening' THEN screening - 1 ELSE enrollment END AS to_day
      FROM events e JOIN coded c ON c.concept = e.concept AND c.domain = e.domain JOIN people p USING (participant)
    )
  )
  WHERE suits IS NOT FALSE AND possible
),
denied AS (  -- events that an absence contradicts
  SELECT DISTINCT s.participant, s.fact, s.thing, s.domain
  FROM absences a JOIN denies d ON d.absent = a.concept
  JOIN seen s ON s.participant = a.participant AND s.concept = d.concept AND s.thing = d.thing
    AND s.domain = a.domain
  WHERE s.surely AND coalesce(since_first, ever()) <= least(cut(until_first, until_last, as_of, ends), ends)
    AND begun <= least(coalesce(until_first, ends), ends) AND ended >= coalesce(since_last, ever())
    AND coalesce(since_last, ever()) <= to_day AND opens <= to_day AND least(coalesce(until_first, ends), ends) >= opens_last
),
ruled_out AS (
  SELECT participant, thing FROM (
    SELECT a.participant, thing, part, parts,
      CASE span WHEN 'enrolled' THEN enrollment WHEN 'screened' THEN screening WHEN 'half_year' THEN half_year WHEN 'week' THEN enrollment - 7
        WHEN 'screened_half_year' THEN screened_half_year WHEN 'before_infusion' THEN before_infusion WHEN 'two_years' THEN two_years
        WHEN 'screened_four_weeks' THEN screening - 28 WHEN 'month' THEN month ELSE ever() END AS opens,
      CASE WHEN span IN ('screened', 'screened_half_year', 'screened_four_weeks') THEN screening
        WHEN span = 'before_screening' THEN screening - 1 ELSE enrollment END AS to_day
    FROM absences a JOIN ruling r ON r.concept = a.concept AND r.domain = a.domain JOIN people USING (participant)
    WHERE ends IS NOT NULL AND coalesce(since_last, ever()) <= opens AND least(coalesce(until_first, ends), ends) >= to_day
  )
  GROUP BY participant, thing, parts HAVING bool_or(part = 0) OR count(DISTINCT part) >= parts
),
found AS (
  SELECT participant, thing, CASE WHEN surely AND d.fact IS NULL THEN 2 ELSE 1 END AS found
  FROM seen s LEFT JOIN denied d USING (participant, fact, thing, domain)
  UNION ALL SELECT participant, thing, 0 FROM ruled_out
),
history AS (
  SELECT participant,
    max(found) FILTER (thing = 'systemic_lupus_erythematosus') AS systemic_lupus_erythematosus,
    max(found) FILTER (thing = 'gilbert_syndrome') AS gilbert_syndrome,
    max(found) FILTER (thing = 'psychiatric_disorder') AS psychiatric_disorder,
    max(found) FILTER (thing = 'of_childbearing_potential') AS of_childbearing_potential,
    max(found) FILTER (thing = 'neuropsychiatric_lupus') AS neuropsychiatric_lupus,
    max(found) FILTER (thing = 'lupus_crisis') AS lupus_crisis,
    max(found) FILTER (thing = 'other_autoimmune_disease') AS other_autoimmune_disease,
    max(found) FILTER (thing = 'heart_failure') AS heart_failure,
    max(found) FILTER (thing = 'myocardial_infarction') AS myocardial_infarction,
    max(found) FILTER (thing = 'ventricular_arrhythmia') AS ventricular_arrhythmia,
    max(found) FILTER (thing = 'syncope') AS syncope,
    max(found) FILTER (thing = 'non_ischemic_cardiomyopathy') AS non_ischemic_cardiomyopathy,
    max(found) FILTER (thing = 'infection') AS infection,
    max(found) FILTER (thing = 'cerebrovascular_accident') AS cerebrovascular_accident,
    max(found) FILTER (thing = 'seizure') AS seizure,
    max(found) FILTER (thing = 'deep_vein_thrombosis') AS deep_vein_thrombosis,
    max(found) FILTER (thing = 'pulmonary_embolism') AS pulmonary_embolism,
    max(found) FILTER (thing = 'arterial_embolism') AS arterial_embolism,
    max(found) FILTER (thing = 'other_malignancy') AS other_malignancy,
    max(found) FILTER (thing = 'cervical_carcinoma_in_situ') AS cervical_carcinoma_in_situ,
    max(found) FILTER (thing = 'basal_cell_carcinoma') AS basal_cell_carcinoma,
    max(found) FILTER (thing = 'squamous_cell_skin_cancer') AS squamous_cell_skin_cancer,
    max(found) FILTER (thing = 'prostate_cancer') AS prostate_cancer,
    max(found) FILTER (thing = 'localised_prostate_cancer') AS localised_prostate_cancer,
    max(found) FILTER (thing = 'ductal_carcinoma_in_situ') AS ductal_carcinoma_in_situ,
    max(found) FILTER (thing = 'pregnant') AS pregnant, max(found) FILTER (thing = 'breastfeeding') AS breastfeeding,
    max(found) FILTER (thing = 'hydroxychloroquine') AS hydroxychloroquine,
    max(found) FILTER (thing = 'cyclophosphamide') AS cyclophosphamide,
    max(found) FILTER (thing = 'mycophenolate_mofetil') AS mycophenolate_mofetil,
    max(found) FILTER (thing = 'azathioprine') AS azathioprine, max(found) FILTER (thing = 'methotrexate') AS methotrexate,
    max(found) FILTER (thing = 'ciclosporin') AS ciclosporin, max(found) FILTER (thing = 'tacrolimus') AS tacrolimus,
    max(found) FILTER (thing = 'sirolimus') AS sirolimus, max(found) FILTER (thing = 'leflunomide') AS leflunomide,
    max(found) FILTER (thing = 'telitacicept') AS telitacicept, max(found) FILTER (thing = 'belimumab') AS belimumab,
    max(found) FILTER (thing = 'conventional_sle_treatment') AS conventional_sle_treatment,
    max(found) FILTER (thing = 'car_t_cells') AS car_t_cells,
    max(found) FILTER (thing = 'renal_replacement_therapy') AS renal_replacement_therapy,
    max(found) FILTER (thing = 'car_t_therapy') AS car_t_therapy,
    max(found) FILTER (thing = 'gene_modified_cell_therapy') AS gene_modified_cell_therapy,
    max(found) FILTER (thing = 'coronary_artery_bypass') AS coronary_artery_bypass,
    max(found) FILTER (thing = 'coronary_stent') AS coronary_stent,
    max(found) FILTER (thing = 'organ_transplantation') AS organ_transplantation,
    max(found) FILTER (thing = 'stem_cell_transplantation') AS stem_cell_transplantation,
    max(found) FILTER (thing = 'malignancy_treatment') AS malignancy_treatment,
    max(found) FILTER (thing = 'radical_prostatectomy') AS radical_prostatectomy,
    max(found) FILTER (thing = 'breast_cancer_surgery') AS breast_cancer_surgery,
    max(found) FILTER (thing = 'live_vaccine') AS live_vaccine, max(found) FILTER (thing = 'other_trial') AS other_trial
  FROM found GROUP BY participant
),
listed AS (  -- whether everything is listed from the first day of a window to its last
  SELECT participant,
    bool_or(domain = 'conditions' AND since <= enrollment AND reaches >= enrollment) AS conditions_enrolled,
    bool_or(domain = 'conditions' AND since <= screening AND reaches >= screening) AS conditions_screened,
    bool_or(domain = 'conditions' AND since <= half_year AND reaches >= enrollment) AS conditions_half_year,
    bool_or(domain = 'conditions' AND since <= enrollment - 7 AND reaches >= enrollment) AS conditions_week,
    bool_or(domain = 'conditions' AND since <= screened_half_year AND reaches >= screening) AS conditions_screened_half_year,
    bool_or(domain = 'conditions' AND since <= ever() AND reaches >= enrollment) AS conditions_ever,
    bool_or(domain = 'medications' AND since <= ever() AND reaches >= enrollment) AS medications_ever,
    bool_or(domain = 'procedures' AND since <= before_infusion AND reaches >= enrollment) AS procedures_before_infusion,
    bool_or(domain = 'procedures' AND since <= ever() AND reaches >= enrollment) AS procedures_ever,
    bool_or(domain = 'procedures' AND since <= ever() AND reaches >= screening - 1) AS procedures_before_screening,
    bool_or(domain = 'procedures' AND since <= half_year AND reaches >= enrollment) AS procedures_half_year,
    bool_or(domain = 'procedures' AND since <= two_years AND reaches >= enrollment) AS procedures_two_years,
    bool_or(domain = 'procedures' AND since <= screening - 28 AND reaches >= screening) AS procedures_screened_four_weeks,
    bool_or(domain = 'procedures' AND since <= month AND reaches >= enrollment) AS procedures_month
  FROM (
    SELECT *, coalesce(since_last, ever()) AS since, CASE WHEN until_first IS NULL THEN ends ELSE least(until_first, ends) END AS reaches
    FROM completeness JOIN people USING (participant) WHERE ends IS NOT NULL
  )
  GROUP BY participant
),
known AS (
  SELECT p.participant, id, sex, consent, screening, enrollment, infusion, baseline, birth_first, birth_by,
    answered.* EXCLUDE (participant), labs.* EXCLUDE (participant), clearance.passes AS clearance,
    there(history.systemic_lupus_erythematosus, conditions_enrolled) AS systemic_lupus_erythematosus,
    there(history.gilbert_syndrome, conditions_enrolled) AS gilbert_syndrome,
    there(history.psychiatric_disorder, conditions_enrolled) AS psychiatric_disorder,
    there(history.of_childbearing_potential, conditions_enrolled) AS of_childbearing_potential,
    there(history.neuropsychiatric_lupus, conditions_screened) AS neuropsychiatric_lupus,
    there(history.lupus_crisis, conditions_screened) AS lupus_crisis,
    there(history.other_autoimmune_disease, conditions_enrolled) AS other_autoimmune_disease,
    there(history.heart_failure, conditions_enrolled) AS heart_failure,
    there(history.myocardial_infarction, conditions_half_year) AS myocardial_infarction,
    there(history.ventricular_arrhythmia, conditions_ever) AS ventricular_arrhythmia,
    there(history.syncope, conditions_ever) AS syncope,
    there(history.non_ischemic_cardiomyopathy, conditions_ever) AS non_ischemic_cardiomyopathy,
    there(history.infection, conditions_week) AS infection,
    there(history.cerebrovascular_accident, conditions_screened_half_year) AS cerebrovascular_accident,
    there(history.seizure, conditions_screened_half_year) AS seizure,
    there(history.deep_vein_thrombosis, conditions_screened_half_year) AS deep_vein_thrombosis,
    there(history.pulmonary_embolism, conditions_screened_half_year) AS pulmonary_embolism,
    there(history.arterial_embolism, conditions_screened_half_year) AS arterial_embolism,
    there(history.other_malignancy, conditions_ever) AS other_malignancy,
    there(history.cervical_carcinoma_in_situ, conditions_ever) AS cervical_carcinoma_in_situ,
    there(history.basal_cell_carcinoma, conditions_ever) AS basal_cell_carcinoma,
    there(history.squamous_cell_skin_cancer, conditions_ever) AS squamous_cell_skin_cancer,
    there(history.prostate_cancer, conditions_ever) AS prostate_cancer,
    there(history.localised_prostate_cancer, conditions_ever) AS localised_prostate_cancer,
    there(history.ductal_carcinoma_in_situ, conditions_ever) AS ductal_carcinoma_in_situ,
    there(history.pregnant, conditions_enrolled) AS pregnant,
    there(history.breastfeeding, conditions_enrolled) AS breastfeeding,
    there(history.hydroxychloroquine, medications_ever) AS hydroxychloroquine,
    there(history.cyclophosphamide, medications_ever) AS cyclophosphamide,
    there(history.mycophenolate_mofetil, medications_ever) AS mycophenolate_mofetil,
    there(history.azathioprine, medications_ever) AS azathioprine,
    there(history.methotrexate, medications_ever) AS methotrexate, there(history.ciclosporin, medications_ever) AS ciclosporin,
    there(history.tacrolimus, medications_ever) AS tacrolimus, there(history.sirolimus, medications_ever) AS sirolimus,
    there(history.leflunomide, medications_ever) AS leflunomide, there(history.telitacicept, medications_ever) AS telitacicept,
    there(history.belimumab, medications_ever) AS belimumab,
    there(history.conventional_sle_treatment, medications_ever) AS conventional_sle_treatment,
    there(history.car_t_cells, medications_ever) AS car_t_cells,
    there(history.renal_replacement_therapy, procedures_before_infusion) AS renal_replacement_therapy,
    there(history.car_t_therapy, procedures_ever) AS car_t_therapy,
    there(history.gene_modified_cell_therapy, procedures_ever) AS gene_modified_cell_therapy,
    there(history.coronary_artery_bypass, procedures_half_year) AS coronary_artery_bypass,
    there(history.coronary_stent, procedures_half_year) AS coronary_stent,
    there(history.organ_transplantation, procedures_before_screening) AS organ_transplantation,
    there(history.stem_cell_transplantation, procedures_before_screening) AS stem_cell_transplantation,
    there(history.malignancy_treatment, procedures_two_years) AS malignancy_treatment,
    there(history.radical_prostatectomy, procedures_ever) AS radical_prostatectomy,
    there(history.breast_cancer_surgery, procedures_ever) AS breast_cancer_surgery,
    there(history.live_vaccine, procedures_screened_four_weeks) AS live_vaccine,
    there(history.other_trial, procedures_month) AS other_trial
  FROM people p LEFT JOIN answered USING (participant) LEFT JOIN labs USING (participant)
  LEFT JOIN clearance USING (participant) LEFT JOIN history USING (participant) LEFT JOIN listed USING (participant)
),
criteria AS (
  SELECT *,
    consented AS i1,
    CASE WHEN birth_by <= (screening - INTERVAL 18 YEAR)::DATE THEN TRUE
      WHEN NOT birth_first <= (screening - INTERVAL 18 YEAR)::DATE THEN FALSE END AS i2,
    systemic_lupus_erythematosus AND classified AND (
      (hydroxychloroquine AND NULL AND active AND (telitacicept OR belimumab OR other_biologic)
        AND CASE
          WHEN len(list_filter(suppressants, lambda x: x)) >= 2 THEN TRUE
          WHEN len(list_filter(suppressants, lambda x: x IS NOT FALSE)) < 2 THEN FALSE END)
      OR (conventional_sle_treatment AND not_tolerated)
    ) AS i3,
    sledai AS i4, ana OR anti_dsdna AS i5,
    lvef AND (creatinine OR clearance) AND alt AND ast AND (bilirubin OR (bilirubin_gilbert AND gilbert_syndrome)) AND spo2 AS i6,
    NOT psychiatric_disorder AS i7, apheresis AND collection AS i8,
    (NOT (sex = 'female' AND of_childbearing_potential) OR pregnancy_test) AND contraception
      AND (sex <> 'male' OR barrier) AND donation AS i9,
    neuropsychiatric_lupus AND cns_active AS e1, renal_replacement_therapy OR renal AS e2, lupus_crisis AND crisis_open AS e3,
    car_t_therapy OR gene_modified_cell_therapy OR car_t_cells AS e4, other_autoimmune_disease AND treated AS e5,
    ((hbsag OR hbcab) AND hbv_dna) OR (hcv AND hcv_rna) OR hiv OR syphilis AS e6,
    (heart_failure AND nyha) OR myocardial_infarction OR coronary_artery_bypass OR coronary_stent
      OR (ventricular_arrhythmia AND arrhythmia_treated) OR (syncope AND syncope_open) OR non_ischemic_cardiomyopathy AS e7,
    infection AND infection_open AS e8, organ_transplantation OR stem_cell_transplantation AS e9,
    cerebrovascular_accident OR seizure AS e10, deep_vein_thrombosis OR pulmonary_embolism OR arterial_embolism AS e11,
    (other_malignancy AND NOT tumour_gone)
      OR ((cervical_carcinoma_in_situ OR basal_cell_carcinoma OR squamous_cell_skin_cancer) AND NOT (tumour_gone OR skin_treated))
      OR (prostate_cancer AND NOT (tumour_gone OR (radical_prostatectomy AND (localised_prostate_cancer OR confined))))
      OR (ductal_carcinoma_in_situ AND NOT (tumour_gone OR breast_cancer_surgery)) AS e12,
    live_vaccine AS e13, other_trial AS e14, (sex = 'female' AND (pregnant OR breastfeeding)) OR children AS e15, unsuitable AS e16,
    screening < consent OR enrollment < screening OR baseline < consent OR infusion < enrollment AS disordered
  FROM (
    SELECT *, lesion_gone AND NOT malignancy_treatment AS tumour_gone,
      [cyclophosphamide, mycophenolate_mofetil, azathioprine, methotrexate, ciclosporin, tacrolimus, sirolimus, leflunomide,
        other_suppressant] AS suppressants
    FROM known
  )
)
SELECT id, COLUMNS('^[ie][0-9]+$'),
  CASE WHEN disordered THEN 'refused' ELSE
    CASE i1 AND i2 AND i3 AND i4 AND i5 AND i6 AND i7 AND i8 AND i9 AND NOT e1 AND NOT e2 AND NOT e3 AND NOT e4
      AND NOT e5 AND NOT e6 AND NOT e7 AND NOT e8 AND NOT e9 AND NOT e10 AND NOT e11 AND NOT e12 AND NOT e13 AND NOT e14
      AND NOT e15 AND NOT e16
    WHEN TRUE THEN 'eligible' WHEN FALSE THEN 'ineligible' ELSE 'undetermined' END
  END AS verdict
FROM criteria
