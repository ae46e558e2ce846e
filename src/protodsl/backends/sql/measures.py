def samples(builder, scope, asked):
    raise builder.not_carried("a formula")
