/** The URL fragment that focuses the field for an expression. */
export const EXPRESSION = "expression";
