from typing import Final

from schema.descriptions.words import Words

DEBUGGING: Final[Words] = {
    "ExpressionResult": (
        "What an expression gave when it was tried: a value, or an error.",
        {
            "value": "The value as JSON. A secret in it is `****`.",
            "type": "What kind of value it is, which tells null from none; null with an error.",
            "error": "Why there is no value; null when there is one.",
        },
    ),
    "ExpressionError": (
        "Why an expression cannot be evaluated.",
        {
            "message": "A sentence for its author.",
            "line": "The line of the expression that is wrong, from 1; null where that cannot be told.",
            "column": "The place in that line, from 1; null where that cannot be told.",
        },
    ),
    "ValueType": (
        "What kind of JSON a value is.",
        {
            "STRING": "Text.",
            "INT": "A whole number.",
            "FLOAT": "A number with a fraction.",
            "BOOL": "True or false.",
            "ARRAY": "A list.",
            "OBJECT": "Values by name.",
            "NULL": "Nothing.",
        },
    ),
}
