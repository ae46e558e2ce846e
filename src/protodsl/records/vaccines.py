"""Vaccines: what a CVX code is in ATC, where one code says which kind of vaccine it is.

ATC tells live vaccines from others and its codes nest, CVX does neither. So a vaccine coded in CVX gains the
ATC code it falls under. Codes of an unspecified formulation, and those that are not listed here, gain none:
such a vaccine may be any.

Sources: CDC, "CVX - Vaccines Administered" (full vaccine names); WHO Collaborating Centre for Drug Statistics
Methodology, ATC index, J07 (both also as FHIR value sets of US Core and International Patient Summary).
"""

from __future__ import annotations

from collections.abc import Iterable

from protodsl.runtime.record import Coded

_CVX = {
    # live
    "J07AE02": "174", "J07AN01": "19", "J07AP01": "25",  # cholera, BCG, typhoid by mouth
    "J07BB03": "111 125 149",  # influenza into the nose
    "J07BD01": "5", "J07BD52": "3", "J07BD53": "4", "J07BD54": "94",  # measles, MMR, MR, MMRV
    "J07BE01": "7", "J07BJ01": "6", "J07BJ51": "38",  # mumps, rubella, both
    "J07BF01": "179", "J07BF02": "2", "J07BF04": "178",  # poliomyelitis by mouth
    "J07BH": "74 122", "J07BH01": "119", "J07BH02": "116",  # rotavirus: there is no other than live
    "J07BK01": "21", "J07BK02": "121",  # varicella, zoster
    "J07BL01": "37", "J07BX01": "75", "J07BX04": "56",  # yellow fever, smallpox, dengue
    # toxoids, killed germs, parts of them, messenger RNA, vectors that do not multiply
    "J07AC01": "24", "J07AG01": "17 46 47 48 49", "J07AG52": "22 50",  # anthrax, Haemophilus B
    "J07AH": "32 103 108 114 136 147 148 162 163 164 203",  # meningococci
    "J07AJ51": "1", "J07AJ52": "20 106 107 115",  # pertussis with toxoids
    "J07AL01": "33", "J07AL02": "100 133 152 177 215 216",  # pneumococci
    "J07AM01": "35 112", "J07AM51": "9 28 113 138 139",  # tetanus, with diphtheria
    "J07AP03": "101", "J07BA02": "39 134",  # typhoid (Vi), Japanese encephalitis
    "J07BB01": "16",  # influenza
    "J07BB02": "15 126 127 135 140 141 144 150 153 155 158 161 166 168 171 185 186 197 205",
    "J07BC01": "8 42 43 44 45 189", "J07BC02": "31 52 83 84 85", "J07BC20": "104",  # hepatitis B, A, both
    "J07BF03": "10", "J07BG01": "18 175 176", "J07BK03": "187",  # poliomyelitis, rabies, zoster
    "J07BM01": "62", "J07BM02": "118", "J07BM03": "165",  # papillomavirus
    "J07BN01": "207 208 217 218 219 221 228 229 230 309", "J07BN02": "210 212", "J07BN04": "211",  # Covid-19
    "J07CA02": "130", "J07CA06": "120", "J07CA08": "51", "J07CA09": "132 146", "J07CA11": "102",
    "J07CA12": "110",
}  # fmt: skip
_ATC = {cvx: atc for atc, listed in _CVX.items() for cvx in listed.split()}


def is_vaccine(codes: Iterable[tuple[str | None, str | None]]) -> bool:
    """Whether one of a fact's codes says that it is a vaccine: CVX has nothing else, nor has ATC's J07."""
    return any(
        system == "cvx" or (system == "atc" and (code or "").startswith("J07")) for system, code in codes
    )


def with_atc(coded: Coded) -> Coded:
    """A vaccine with the ATC code it falls under, where its CVX code tells and nobody has coded it in ATC."""
    own = ((coded.system, coded.code), *coded.also)
    if any(system == "atc" for system, _ in own):
        return coded
    found = {
        atc: None for system, code in own if system == "cvx" and (atc := _ATC.get((code or "").lstrip("0")))
    }
    return coded._replace(also=(*coded.also, *(("atc", one) for one in found))) if found else coded
