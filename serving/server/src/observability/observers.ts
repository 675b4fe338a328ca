import type { RunObserver } from '../generation/run.js';

/** One observer that tells all of those that are there; the one itself where it is alone. */
export function together(...candidates: readonly (RunObserver | undefined)[]): RunObserver | undefined {
  const observers = candidates.filter((observer) => observer !== undefined);
  if (observers.length < 2) {
    return observers[0];
  }
  const each = (tell: (observer: RunObserver) => void) => observers.forEach(tell);
  return {
    refused: () => each((observer) => observer.refused()),
    started: (promptTokens) => each((observer) => observer.started(promptTokens)),
    token: (choice, first, cachedTokens) => each((observer) => observer.token(choice, first, cachedTokens)),
    finished: (choice, reason, outputTokens) => each((observer) => observer.finished(choice, reason, outputTokens)),
  };
}
