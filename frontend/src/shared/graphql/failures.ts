import type { CombinedError } from "@urql/core";
import { useEffect, useSyncExternalStore } from "react";

/** A read that failed and has no newer answer; `again` asks at once, where the server may answer next time. */
export type Failure = { error: CombinedError; again?: () => void };

/** Every failed read of the page, and which of them something on the screen tells. */
export class FailureStore {
  private failures: readonly Failure[] = [];
  private untold: readonly Failure[] = [];
  private readonly told: CombinedError[] = [];
  private readonly listeners = new Set<() => void>();

  readonly getAll = (): readonly Failure[] => this.failures;

  readonly getUntold = (): readonly Failure[] => this.untold;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Until the returned function is called. */
  add(failure: Failure): () => void {
    this.change([...this.failures, failure]);
    return () => this.change(this.failures.filter((one) => one !== failure));
  }

  /** Something on the screen tells this error, until the returned function is called. */
  tell(error: CombinedError): () => void {
    this.told.push(error);
    this.change(this.failures);
    return () => {
      this.told.splice(this.told.indexOf(error), 1);
      this.change(this.failures);
    };
  }

  private change(failures: readonly Failure[]): void {
    this.failures = failures;
    this.untold = failures.filter(({ error }) => !this.told.includes(error));
    for (const listener of this.listeners) listener();
  }
}

export const failures = new FailureStore();

/** Asks at once for everything that failed, wherever on the page it was asked. */
export function askAgain(): void {
  for (const { again } of failures.getAll()) again?.();
}

export function useFailures(): readonly Failure[] {
  return useSyncExternalStore(failures.subscribe, failures.getAll);
}

/** Those that nothing on the screen tells. */
export function useUntold(): readonly Failure[] {
  return useSyncExternalStore(failures.subscribe, failures.getUntold);
}

/** For what tells the error of a read: nothing else tells it then. */
export function useTold(error: CombinedError | undefined): void {
  useEffect(() => error && failures.tell(error), [error]);
}
