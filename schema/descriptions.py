def describe(schema):
    pass
