/** The fragment of the address that leads to the field for an expression. */
export const EXPRESSION = "expression";
