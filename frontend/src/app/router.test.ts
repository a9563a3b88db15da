import { expect, it } from "vitest";
import { makeRouter } from "./router";

const { parseSearch, stringifySearch } = makeRouter().options;

it("a URL stays readable and round-trips", () => {
  expect(stringifySearch({ q: "state:failed flow:etl*" })).toBe("?q=state:failed+flow:etl*");
  const search = { q: 'a:b,c&d=e#f%3A%2C <1 >2 "+" ü', cols: "label.a%2Cb", task: "" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
  expect(stringifySearch({ q: "", view: undefined })).toBe("");
});
