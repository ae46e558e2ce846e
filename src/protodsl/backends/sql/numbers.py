def comparison(builder, scope, asked):
    raise builder.not_carried("numbers")
