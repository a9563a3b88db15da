import { CombinedError } from "@urql/core";
import { expect, it } from "vitest";
import { answerSentenceOf, mutationSentenceOf, sentenceOf } from "./ErrorState";

const lost = new CombinedError({ networkError: new Error("Failed to fetch") });
const signedOut = new CombinedError({ networkError: new Error("401"), response: { status: 401 } });
const reported = new CombinedError({ graphQLErrors: [{ message: "the database is away" }] });

it("announces a retry only for reads, and doubts only mutations", () => {
  expect(sentenceOf(lost)).toBe("Headway cannot be reached. This page tries again by itself.");
  expect(answerSentenceOf(lost)).toBe("Headway cannot be reached. Try again.");
  expect(mutationSentenceOf(lost)).toMatch(/may not have been done/);
});

it.each([sentenceOf, answerSentenceOf, mutationSentenceOf])("%o returns the server's message", (sentence) => {
  expect(sentence(reported)).toBe("the database is away");
  expect(sentence(signedOut)).toMatch(/^You are signed out/);
});
