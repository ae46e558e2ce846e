"""What a generated checker is written in: vocabulary, times, expressions, criteria and stages as plain data.

Expressions are made with the functions of these modules (`all_of(result("alt", at_most(uln("3"))), …)`) and
evaluated by `Checker`. What each of them means is the language's meaning, section "Meaning" of the reference.
Numbers are exact and written as texts: `"0.85"`, `"1/3"`.
"""
