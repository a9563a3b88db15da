import { useSyncExternalStore } from "react";

/** One clock with a tick per second for the whole page; it runs only while it has subscribers. */
class Clock {
  private at = Date.now();
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly listeners = new Set<() => void>();

  readonly get = (): number => this.at;

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.listeners.size === 0) this.start();
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) clearInterval(this.timer);
    };
  };

  private start(): void {
    this.at = Date.now();
    this.timer = setInterval(() => {
      this.at = Date.now();
      for (const listener of this.listeners) listener();
    }, 1000);
  }
}

const clock = new Clock();
const never = () => () => {};

/** The current time, updated each second; with `ticking` false the last value, without rendering again. */
export function useNow(ticking: boolean): number {
  return useSyncExternalStore(ticking ? clock.subscribe : never, clock.get);
}
