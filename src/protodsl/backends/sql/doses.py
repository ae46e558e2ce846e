def dose_of(builder, scope, asked):
    raise builder.not_carried("the daily dose of a drug")
