from typing import Final

from schema.descriptions.shared_texts import Descriptions

DEBUGGING: Final[Descriptions] = {
    "ExpressionResult": (
        "The result of evaluating an expression: a value, or an error.",
        {
            "value": "The value as JSON. Secrets in it are `****`.",
            "type": "The type of the value, which distinguishes null from no value; null with an error.",
            "error": "Why there is no value; null when there is one.",
        },
    ),
    "ExpressionError": (
        "Why an expression cannot be evaluated.",
        {
            "message": "A message for the author of the expression.",
            "line": "The line of the fault in the expression, from 1; null if unknown.",
            "column": "The column in that line, from 1; null if unknown.",
        },
    ),
    "ValueType": (
        "The JSON type of a value.",
        {
            "STRING": "Text.",
            "INT": "An integer.",
            "FLOAT": "A number with a fraction.",
            "BOOL": "True or false.",
            "ARRAY": "A list.",
            "OBJECT": "An object.",
            "NULL": "Null.",
        },
    ),
}
