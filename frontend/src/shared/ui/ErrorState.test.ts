import { CombinedError } from "@urql/core";
import { expect, it } from "vitest";
import { answerSentenceOf, mutationSentenceOf, sentenceOf } from "./ErrorState";

const lost = new CombinedError({ networkError: new Error("Failed to fetch") });
const signedOut = new CombinedError({ networkError: new Error("401"), response: { status: 401 } });
const told = new CombinedError({ graphQLErrors: [{ message: "the database is away" }] });

it("promises a new try only of what is read again, and doubts only what may have changed something", () => {
  expect(sentenceOf(lost)).toBe("Headway cannot be reached. This page tries again by itself.");
  expect(answerSentenceOf(lost)).toBe("Headway cannot be reached. Try again.");
  expect(mutationSentenceOf(lost)).toMatch(/may not have been done/);
});

it.each([sentenceOf, answerSentenceOf, mutationSentenceOf])("%o says what the server said", (sentence) => {
  expect(sentence(told)).toBe("the database is away");
  expect(sentence(signedOut)).toMatch(/^You are signed out/);
});
