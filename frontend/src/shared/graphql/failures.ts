import type { CombinedError } from "@urql/core";
import { useEffect, useSyncExternalStore } from "react";

/** A failed read without a newer answer; `again` retries at once, if the server may answer next time. */
export type Failure = { error: CombinedError; again?: () => void };

/** All failed reads of the page, and which of their errors are shown by a component. */
export class FailureStore {
  private failures: readonly Failure[] = [];
  private hidden: readonly Failure[] = [];
  private readonly shown: CombinedError[] = [];
  private readonly listeners = new Set<() => void>();

  readonly getAll = (): readonly Failure[] => this.failures;

  readonly getHidden = (): readonly Failure[] => this.hidden;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Adds a failure until the returned function is called. */
  add(failure: Failure): () => void {
    this.change([...this.failures, failure]);
    return () => this.change(this.failures.filter((one) => one !== failure));
  }

  /** Marks the error as shown by a component, until the returned function is called. */
  markShown(error: CombinedError): () => void {
    this.shown.push(error);
    this.change(this.failures);
    return () => {
      this.shown.splice(this.shown.indexOf(error), 1);
      this.change(this.failures);
    };
  }

  private change(failures: readonly Failure[]): void {
    this.failures = failures;
    this.hidden = failures.filter(({ error }) => !this.shown.includes(error));
    for (const listener of this.listeners) listener();
  }
}

export const failures = new FailureStore();

/** Retries all failed reads of the page at once. */
export function retryAll(): void {
  for (const { again } of failures.getAll()) again?.();
}

export function useFailures(): readonly Failure[] {
  return useSyncExternalStore(failures.subscribe, failures.getAll);
}

/** The failures whose error no component shows. */
export function useHiddenFailures(): readonly Failure[] {
  return useSyncExternalStore(failures.subscribe, failures.getHidden);
}

/** Marks the error of a read as shown by the calling component, so that no other one shows it. */
export function useShownError(error: CombinedError | undefined): void {
  useEffect(() => error && failures.markShown(error), [error]);
}
