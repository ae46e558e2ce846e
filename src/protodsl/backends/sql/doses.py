"""The highest daily dose of a drug in a window: named as not carried until it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql.numbers import Value
from protodsl.backends.sql.times import Scope

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


def dose_of(builder: Builder, scope: Scope, asked: ir.DoseOf) -> Value:
    raise builder.not_carried("the daily dose of a drug")
