"""Random protocols written in the language: every construct of eligibility criteria, with random parameters.

`random_protocols.py` changes protocols that people wrote; this one writes what nobody has written. What it
writes is mostly well-typed; what the compiler refuses is thrown away, so that everything tested has passed
the same checks as a real trial.
"""

from __future__ import annotations

from random import Random

NUMBERS = {  # item: (limits, unit)
    "alt": ((40, 100, 120), "U/L"),
    "ast": ((40, 100), "U/L"),
    "bilirubin": ((1, "1.2", 2), "mg/dL"),
    "creatinine": (("0.9", "1.5", 2), "mg/dL"),
    "neutrophils": ((1, "1.5"), "10*9/L"),
    "egfr": ((30, 60), "mL/min/1.73m2"),
    "hbv_dna": ((20, 2000), "[IU]/mL"),
    "lvef": ((40, 50), "%"),
    "body_weight": ((40, 70), "kg"),
    "acuity": ((34, 70), "letters"),
    "urine_protein": ((1,), "g/d"),
    "cockcroft_gault": ((30, 60), "mL/min"),
    "schwartz": ((60, 90), "mL/min/1.73m2"),
    "rough_bmi": ((18, 25, 30), "kg/m2"),
    "mosteller": (("1.5", 2), "m2"),
    "dose_step": ((15, 25), "mL/min"),
    "liver_points": ((5, 7), "points"),
    "sledai": ((4, 8), "points"),
    "pga": ((1, 2), "points"),
}
LIMITED = ("alt", "ast", "bilirubin", "creatinine", "neutrophils")
OTHER_UNITS = {"creatinine": (88, "umol/L"), "bilirubin": (17, "umol/L"), "hbv_dna": (500, "[IU]/L")}
WORDS = {
    "hbsag": ("positive", "negative"),
    "pregnancy_test": ("positive", "negative"),
    "nyha": ("I", "II", "III", "IV"),
    "bilag.skin": ("A", "B", "C"),
}
CONDITIONS = (
    "lupus",
    "lupus_nephritis",
    "gout",
    "infarction",
    "infection",
    "infectious_disease",
    "malignancy",
    "meningitis",
    "heart_disease",
    "autoimmune",
    "uveitis",
)
DRUGS = (
    "prednisone",
    "glucocorticoid",
    "rituximab",
    "biologic_x",
    "quick",
    "methotrexate",
    "antibody",
    "azathioprine",
)
PROCEDURES = ("live_vaccine", "transfusion", "surgery")
UNDER = {
    "malignancy": "skin_cancer",
    "glucocorticoid": "prednisone",
    "antibody": "rituximab",
    "lupus": "lupus_nephritis",
    "heart_disease": "infarction",
    "infectious_disease": "meningitis",
    "autoimmune": "lupus",
}
OPS = (">=", "<=", ">", "<")
FRAME = """  timepoint consent_day
  timepoint screening after consent_day
  timepoint baseline ± 3 days after screening
  timepoint infusion after baseline
  timepoint month_3 = 3 months after infusion ± 7 days
  day 0 is infusion
"""


def written(rng: Random) -> str:
    """The body of a protocol: `spec/conftest.py` puts it into a whole one."""
    return _Writer(rng).body()


class _Writer:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.staged = rng.random() < 0.25
        self.sides = rng.random() < 0.2
        self.defined: list[str] = []
        self.parameters: list[str] = []
        self.spans = False  # a length of time has a name
        self.number = 0

    def one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def some(self, *choices: str, odds: float = 0.3) -> str:
        """One of them now and then, with a space before it."""
        return " " + self.rng.choice(choices) if self.rng.random() < odds else ""

    def chance(self, odds: float) -> bool:
        return self.rng.random() < odds

    # ------------------------------------------------------------ the protocol

    def body(self) -> str:
        rng = self.rng
        lines = [FRAME]
        if not self.staged:
            lines.append(f"  anchor {self.one('screening', 'screening', 'screening', 'infusion')}")
        if self.chance(0.7):
            validity = self.one("within 28 days before screening", "within 3 months before screening", "ever")
            lines.append(f"  values {validity}")
        if self.sides:
            lines.append('  side study_eye "Study eye" other fellow_eye "Fellow eye"')
        if self.chance(0.3):
            lines.append(self.parameter())
        if self.chance(0.3):
            lines.append(self.span_parameter())
        for _ in range(rng.choice((0, 0, 1, 2))):
            name = f"defined_{len(self.defined)}"
            lines.append(f'  define {name} "What {name} says" means {self.expr(1)}')
            self.defined.append(name)
        if self.staged:
            lines += self.stages()
        else:
            lines += self.members(rng.randint(1, 4))
        return "\n".join(lines) + "\n"

    def parameter(self) -> str:
        self.parameters.append("limit_here")
        if self.chance(0.5):
            return '  parameter limit_here "A limit" = 2 ULN'
        case = self.one("country is japan", "arm is high", "site is s1", "part is b", "sex is female")
        return (
            '  parameter limit_here "A limit" {\n'
            f"    - 60 U/L if {case}\n"
            f"    - 120 U/L {self.one('otherwise', f'if not {case}')}\n  }}"
        )

    def span_parameter(self) -> str:
        self.spans = True
        if self.chance(0.4):
            return f"  parameter span_here = {self.length()}"
        case = self.one("country is japan", "site is s1", "sex is female")
        return (
            f"  parameter span_here {{\n    - {self.length()} if {case}\n"
            f"    - {self.length()} {self.one('otherwise', f'if not {case}')}\n  }}"
        )

    def stages(self) -> list[str]:
        lines = ['  stage step_1 "First" at screening {']
        lines += self.members(self.rng.randint(1, 3))
        lines += self.cohorts()
        requires = self.some("requires step_1", odds=0.7)
        lines += ["  }", f'  stage step_2 "Second" at infusion{requires} {{']
        lines += self.members(self.rng.randint(1, 2))
        if self.chance(0.3):
            lines += self.cohorts()
        return [*lines, "  }"]

    def cohorts(self) -> list[str]:
        lines: list[str] = []
        if self.chance(0.5):
            return lines
        names = ["arm_a", "arm_b"][: self.rng.randint(1, 2)]
        for name in names:
            lines.append(f'  cohort {name} "Cohort {name}" {{')
            if self.chance(0.4):
                lines.append(f"    applies if {self.leaf()}")
            lines += [*self.members(self.rng.randint(1, 2)), "  }"]
        if len(names) == 2 and self.chance(0.3):
            lines += ["  common to [arm_a, arm_b] {", *self.members(1, groups=False), "  }"]
        return lines

    def members(self, count: int, *, groups: bool = True) -> list[str]:
        lines: list[str] = []
        for _ in range(count):
            if groups and self.chance(0.15):
                quant = self.one("any of", "any of", "at least 2 of")
                lines.append(f"  satisfy {quant} {{")
                for _ in range(self.rng.randint(2, 3)):
                    lines += self.criterion("inclusion")
                lines.append("  }")
            else:
                lines += self.criterion(self.one("inclusion", "exclusion"))
        return lines

    def criterion(self, kind: str) -> list[str]:
        self.number += 1
        lines = [f'  {kind} {self.number} "Number {self.number}" {{']
        if self.chance(0.2):
            lines.append(f"    applies if {self.guard()}")
        if self.chance(0.1):
            lines.append(f"    values {self.window()}")
        if self.chance(0.2):
            quant = self.one("all of", "any of", "at least 2 of")
            lines.append(f"    parts {quant}")
            for place in range(self.rng.randint(2, 3)):
                lines.append(f'    part {place + 1} "Part {place + 1}" {{')
                if self.chance(0.3):
                    lines.append(f"      applies if {self.guard()}")
                lines += [f"      {self.rule(kind)}", "    }"]
        else:
            lines.append(f"    {self.rule(kind)}")
        return [*lines, "  }"]

    def rule(self, kind: str) -> str:
        word = "require" if kind == "inclusion" else "exclude if"
        unless = f" unless {self.term()}" if self.chance(0.12) else ""
        if not unless and self.chance(0.08):
            return f"{word} {self.relaxed()}"
        if not unless and self.chance(0.06):
            return f"{word} {self.by_case()}"
        if not unless and self.chance(0.06):
            return f"{word} {self.washouts()}"
        return f"{word} {self.term() if unless else self.expr(2)}{unless}"

    def guard(self) -> str:
        return self.one(
            "sex is female",
            "sex is male",
            "age at screening >= 18 years",
            self.leaf(),
            "country is japan",
            "underwent surgery",
        )

    # ------------------------------------------------------------ expressions

    def expr(self, depth: int) -> str:
        if depth == 0 or self.chance(0.55):
            return self.leaf()
        members = [self.member(depth - 1) for _ in range(self.rng.randint(2, 3))]
        match self.one("and", "or", "if", "list", "not"):
            case "and":
                return " and ".join(members)
            case "or":
                return " or ".join(members)
            case "if":
                other = f" else {members[-1]}" if self.chance(0.6) else ""
                return f"if {self.leaf()} then {members[0]}{other}"
            case "list":
                quant = self.one(
                    "all of", "any of", "none of", "at least 2 of", "at most 1 of", "exactly 1 of"
                )
                return f"{quant} {{" + "".join(f"\n      - {one}" for one in members) + "\n    }"
            case _:
                return f"not ({self.leaf()})"

    def member(self, depth: int) -> str:
        made = self.expr(depth)
        return (
            f"({made})"
            if made != ""
            and (" and " in made or " or " in made or made.startswith("if ") or "unless" in made)
            else made
        )

    def term(self) -> str:
        return f"({self.leaf()})"

    def leaf(self) -> str:
        ways = [
            self.number_test,
            self.number_test,
            self.number_test,
            self.words_test,
            self.words_test,
            self.age,
            self.event,
            self.event,
            self.event,
            self.event,
            self.drug,
            self.drug,
            self.drug,
            self.dose,
            self.dose,
            self.change,
            self.compared,
            self.asked,
            self.who,
            self.lines,
            self.panel,
            self.counted,
        ]
        if self.sides:
            ways += [self.of_side] * 6
        if self.defined:
            ways.append(lambda: self.one(*self.defined))
        if self.parameters:
            ways.append(lambda: f"{self.one('alt', 'ast')} {self.one(*OPS)} limit_here")
        return self.rng.choice(ways)()

    def limit(self, item: str) -> str:
        limits, unit = NUMBERS[item]
        if item in LIMITED and self.chance(0.25):
            return f"{self.one('1', '1.5', '3')} {self.one('ULN', 'ULN', 'LLN')}"
        if item in OTHER_UNITS and self.chance(0.3):
            limits_, unit_ = OTHER_UNITS[item]
            return f"{limits_} {unit_}"
        return f"{self.rng.choice(limits)} {unit}"

    def number_test(self) -> str:
        item = self.one(*NUMBERS)
        select = self.some("latest", "earliest", "any", "every", "highest", "lowest", odds=0.4).strip()
        if item == "creatinine" and self.chance(0.2):
            return f"creatinine {self.one('<=', '>')} either 2 mg/dL or 150 umol/L"
        at = self.some("at screening", "at baseline", "at month_3", "at 2 weeks before screening", odds=0.15)
        tail = "" if at else self.window_tail()
        if not select and self.chance(0.2):
            tail += " " + self.occasions()
        while self.chance(0.15):
            event = self.one("transfusion", "filgrastim", "infection", "any of [transfusion, surgery]")
            tail += f" with no {event} within {self.length()} before that sample"
        if self.chance(0.05):
            tail += ' judged "clinically significant"'
        if self.chance(0.15):
            low, high = NUMBERS[item][0][0], NUMBERS[item][0][-1]
            unit = NUMBERS[item][1]
            return f"{select} {item}{at} between {low} {unit} and {high} {unit}{tail}".strip()
        return f"{select} {item}{at} {self.one(*OPS)} {self.limit(item)}{tail}".strip()

    def occasions(self) -> str:
        return self.one(
            "on at least 2 occasions",
            "on at least 2 occasions spaced at least 1 weeks apart",
            "on exactly 1 occasion",
            "on at most 1 occasion",
            "on at least 2 occasions spaced at least 1 months apart",
            "on at least 2 of the last 3 measurements",
            "on the last 2 measurements",
            "on at most 1 of the last 2 measurements",
        )

    def words_test(self) -> str:
        item = self.one(*WORDS)
        values = WORDS[item]
        select = self.some("earliest", "any", "every", odds=0.3).strip()
        tail = self.window_tail()
        if not select and self.chance(0.2):
            tail += " " + self.occasions()
        if item == "nyha" and self.chance(0.5):
            if self.chance(0.2):
                return f"{select} nyha between II and III{tail}".strip()
            return f"{select} nyha {self.one(*OPS)} {self.one('II', 'III')}{tail}".strip()
        value = self.one(*values)
        test = self.one(
            f"is {value}",
            f"is not {value}",
            f"is one of [{values[0]}, {values[-1]}]",
            f"is none of [{value}]",
        )
        return f"{select} {item} {test}{tail}".strip()

    def age(self) -> str:
        at = self.some("at screening", "at infusion", "at 1 years after screening", odds=0.8)
        limit = self.one("18 years", "65 years", "216 months", "6570 days")
        return f"age{at} {self.one('>=', '<', '<=')} {limit}"

    def change(self) -> str:
        item = self.one(
            "alt", "creatinine", "sledai", "lvef", "egfr", "rough_bmi", "cockcroft_gault", "acuity"
        )
        unit = NUMBERS[item][1]
        amount = self.one("25 %", "50 %", f"4 {unit}", f"0.5 {unit}")
        if item == "lvef":
            amount = self.one("25 %", "10 percentage_points")
        when = self.one(
            "from screening to infusion",
            "from screening to month_3",
            "within 12 months before screening",
            "from baseline to infusion",
            "within 3 months before screening",
        )
        return f"{item} {self.one('falls', 'rises', 'changes')} by {self.one(*OPS)} {amount} {when}"

    def compared(self) -> str:
        ways = (
            f"alt {self.one(*OPS)} 2 * ast{self.window_tail()}",
            f"highest alt {self.one(*OPS)} 2 * lowest alt within 3 months before screening",
            f"earliest creatinine {self.one(*OPS)} latest creatinine within 6 months before screening",
            f"(creatinine in mg/dL) + (bilirubin in mg/dL) {self.one(*OPS)} 3 mg/dL",
            f"max(alt, ast) {self.one(*OPS)} 80 U/L",
            f"mean of the last {self.one('2', '3')} {self.one('alt', 'ast')} {self.one(*OPS)} 80 U/L",
            f"alt at screening {self.one(*OPS)} alt at baseline",
            f"cockcroft_gault {self.one(*OPS)} dose_step",
            f"creatinine / (creatinine at screening) {self.one(*OPS)} 1.5",
            f"sledai - pga {self.one(*OPS)} 4",
            f"(140 - age in years) * (body_weight in kg) / 72 {self.one(*OPS)} 60 kg",
            f"alt {self.one(*OPS)} (80 U/L if sex is female otherwise 100 U/L)",
            self.percentiles(),
        )
        return self.one(*ways)

    def percentiles(self) -> str:
        weight = f"percentile {self.one('3', '50', '97')} of weight_for_age"
        return self.one(
            f"{self.some('highest', 'earliest').strip()} body_weight{self.some('at baseline')} "
            f"{self.one(*OPS)} {weight}{self.window_tail()}".strip(),
            f"body_weight between percentile 3 of weight_for_age and {weight}",
            f"body_weight - {weight} {self.one(*OPS)} 2 kg",
            f"body_height {self.one(*OPS)} percentile 2.3 of length_for_age{self.window_tail()}",
        )

    def panel(self) -> str:
        count = self.one(">= 2", ">= 1", "< 2", "= 1")
        return f"count of bilag where (it is one of [{self.one('A, B', 'A')}]) {count}"

    def of_side(self) -> str:
        side = self.one("study_eye", "fellow_eye", "left", "right")
        way = self.one("falls", "rises", "changes")
        return self.one(
            f"acuity of {side} {self.one(*OPS)} 40 letters",
            f"acuity of {self.one('any', 'each')} side {self.one(*OPS)} 40 letters",
            "acuity of study_eye <= acuity of fellow_eye",
            f"acuity of {side} {way} by {self.one(*OPS)} 20 % from day -90 to day 0",
            f"had uveitis of {side}{self.window_tail()}",
            f"underwent surgery of {self.one('any side', 'each side', side)}{self.window_tail()}",
        )

    # ------------------------------------------------------------ events

    def event(self) -> str:
        kind = self.one("condition", "condition", "procedure")
        if kind == "procedure":
            name = self.one(*PROCEDURES)
            return f"underwent{self.some('no', odds=0.1)} {name}{self.etails(name, 'procedure')}"
        name = self.one(*CONDITIONS)
        verb = self.one("had", "had", "has", "was diagnosed with")
        tail = self.etails(name, "condition", timed=verb != "has")
        return f"{verb}{self.some('no', odds=0.1)} {name}{tail}"

    def etails(self, name: str, kind: str, *, timed: bool = True) -> str:
        tail = ""
        if kind == "condition" and self.chance(0.25):
            tail += " " + self.one(
                "of grade >= 3",
                "of grade = 2",
                "of severity >= severe",
                "of severity < moderate",
                "of stage >= III",
                "of stage = IIIB",
                "of stage < IV",
            )
        if name in UNDER and self.chance(0.25):
            tail += f" except {UNDER[name]}"
        if timed:
            tail += self.window_tail(0.75)
            if self.chance(0.15):
                tail += " " + self.one(
                    "on at least 2 occasions",
                    "on at least 2 occasions spaced at least 4 weeks apart",
                    "on at most 1 occasion",
                    "on exactly 1 occasion",
                )
        if kind == "condition" and self.chance(0.12):
            tail += f" for {self.one(*OPS)} {self.length()}"
        if self.chance(0.06):
            tail += ' judged "serious"'
        return tail

    def drug(self) -> str:
        name = self.one(*DRUGS)
        verb = self.one("received", "received", "receives", "started", "took")
        if self.chance(0.12):
            reaction = self.one(
                "refractory to", "intolerant to", "responded to", "relapsed after", "progressed on"
            )
            return f"{reaction} {name}{self.window_tail(0.3)}"
        if self.chance(0.15):
            listed = self.one("any of", "all of", "at least 2 of")
            return f"received {listed} [prednisone, rituximab, methotrexate]{self.window_tail(0.7)}"
        tail = ""
        if self.chance(0.2):
            tail += " given " + self.one("intravenous", "oral", "orally", "intravenously")
        if self.chance(0.1):
            tail += " because of " + self.one("toxicity", "cost")
        if name in UNDER and self.chance(0.25):
            tail += f" except {UNDER[name]}"
        if verb not in ("receives", "takes"):
            tail += self.window_tail(0.75)
        if self.chance(0.2):
            tail += f" for {self.one(*OPS)} {self.length()}"
        elif self.chance(0.12):
            tail += " " + self.one(
                "on at least 2 occasions",
                "on exactly 1 occasion",
                "on at least 2 occasions spaced at least 4 weeks apart",
            )
        return f"{verb}{self.some('no', odds=0.08)} {name}{tail}"

    def dose(self) -> str:
        drug = self.one("prednisone", "prednisone", "glucocorticoid as", "methotrexate", "rituximab")
        name, equivalent = (drug[:-3], " as prednisone_equivalent") if drug.endswith(" as") else (drug, "")
        amount = self.one(
            "10 mg/d", "7.5 mg/d", "20 mg/d", "0.5 mg/kg/d", "25 mg/wk", "0.01 g/d", "5 mg/m2/d"
        )
        plain = amount if "/kg" not in amount and "/m2" not in amount else "10 mg/d"
        window = self.one(
            "within 2 weeks before screening",
            "within 3 months before screening",
            "within 4 weeks after screening",
            "from screening to infusion",
            "within 5 half_lives before screening",
        )
        route = self.some("given oral", "given intravenous", odds=0.12)
        return self.one(
            f"received {name}{route} at {self.one(*OPS)} {amount}{equivalent} {window}",
            f"received {name}{route} at {self.one(*OPS)} {amount}{equivalent} "
            f"for {self.one(*OPS)} {self.length()} {window}",
            f"receives {name} at stable dose{equivalent} for >= {self.one('4 weeks', '3 months')}",
            f"dose of {name}{equivalent} changes {window}",
            f"cumulative dose of {name}{equivalent} {self.one(*OPS)} {self.one('1 g', '500 mg')} {window}",
            f"{self.one('highest', 'lowest')} dose of {name}{equivalent} {self.one(*OPS)} {plain} {window}",
            f"highest dose of {name}{equivalent} <= 1.1 * lowest dose of {name}{equivalent} {window}",
            f"dose of {name}{equivalent}{self.some('at screening', 'at month_3')} {self.one(*OPS)} {plain}",
        )

    def lines(self) -> str:
        how = self.one("at least 2 lines", "at most 1 line", "exactly 1 line", "at least 1 line")
        return (
            f"received {how} of {self.one('antibody', 'glucocorticoid', 'rituximab')}{self.window_tail(0.3)}"
        )

    def counted(self) -> str:
        quant = self.one("at least 2 of", "any of", "each of", "none of", "at most 1 of", "exactly 1 of")
        both = quant.replace("each", "all")
        return self.one(
            f"{quant} [alt, ast, creatinine] {self.one('<=', '>')} 1.5 ULN",
            f"had {both} [lupus, gout, any of [asthma, uveitis]]{self.window_tail(0.5)}",
            f"alt at {self.one('each of', 'any of')} [screening, baseline] <= 100 U/L",
        )

    def washouts(self) -> str:
        rows = [
            f"{self.one(*DRUGS)} {self.window()}" + (f" unless {self.term()}" if self.chance(0.2) else "")
            for _ in range(self.rng.randint(2, 3))
        ]
        return "received any of {" + "".join(f"\n      - {row}" for row in rows) + "\n    }"

    def relaxed(self) -> str:
        item = self.one("alt", "ast", "creatinine", "bilirubin")
        return f"{item} <= {self.limit(item)}, or <= {self.one('3 ULN', '5 ULN')} if {self.leaf()}"

    def by_case(self) -> str:
        item = self.one("alt", "creatinine", "egfr", "body_weight")
        unit = NUMBERS[item][1]
        if self.chance(0.5):
            return (
                f"{item} is {{\n      - {self.one(*OPS)} 1 {unit} if sex is male\n"
                f"      - between 1 {unit} and 60 {unit} if sex is female\n"
                f"      - <= 50 {unit} otherwise\n    }}"
            )
        return (
            f"{item} is first of {{\n      - {self.one(*OPS)} 2 {unit} if {self.leaf()}\n"
            f"      - {self.one(*OPS)} 1 {unit} if age at screening >= 16 years\n"
            f"      - <= 50 {unit} otherwise\n    }}"
        )

    # ------------------------------------------------------------ persons and places

    def asked(self) -> str:
        return self.one(
            'judged "stable disease"',
            'judged "stable disease" by sponsor',
            'agrees "use contraception"',
            'agrees "use contraception" by guardian',
            "confirmed consent",
            'agrees "use contraception" until 1 years after infusion',
        )

    def who(self) -> str:
        return self.one(
            "sex is female",
            "sex is not male",
            "is pregnant",
            "is not pregnant",
            "country is japan",
            "country is not japan",
            "arm is one of [high, low]",
            "site is s1",
            "part is none of [a, b]",
            "ana >= 1:80 ever",
        )

    # ------------------------------------------------------------ time

    def length(self) -> str:
        return self.one(
            "3 days", "14 days", "4 weeks", "1 months", "3 months", "1 years", "48 hours", "2 weeks"
        )

    def window_tail(self, odds: float = 0.5) -> str:
        if self.spans and self.chance(0.2):
            return f" within span_here {self.one('before', 'after', 'of')} {self.anchor()}"
        return f" {self.window()}" if self.chance(odds) else ""

    def anchor(self) -> str:
        if self.chance(0.75):
            return self.one(
                "screening", "screening", "infusion", "baseline", "consent_day", "day -5", "month_3"
            )
        event = self.one(*CONDITIONS, *DRUGS, *PROCEDURES)
        return self.one(
            f"first {event}",
            f"last {event}",
            f"onset of {self.one(*CONDITIONS)}",
            f"start of {self.one(*DRUGS)}",
            f"end of {event}",
            "2 weeks before screening",
            "1 months after infusion",
            f"1 weeks after last {event}",
        )

    def window(self) -> str:
        span = self.length()
        if self.chance(0.12):
            span = self.one(
                "5 half_lives",
                "the longer of 4 weeks and 5 half_lives",
                "the shorter of 3 months and 2 half_lives",
            )
        less = self.some("less than", odds=0.1)
        one = self.anchor()
        return self.one(
            f"within{less} {span} before {one}",
            f"within{less} {span} before {one}",
            f"within{less} {span} before screening",
            f"within{less} {span} after {one}",
            f"within {span} of {one}",
            f"at least {span} before {one}",
            f"at least {span} after {one}",
            f"before {one}",
            f"after {one}",
            f"since {one}",
            f"until {one}",
            f"from {one} to {self.anchor()}",
            "ever",
        )
