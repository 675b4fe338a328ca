import type { Reporter, TestCase } from 'vitest/node';

/** Closes a run with the line that CI counts, and names what was skipped: a missing tool must not pass unseen. */
export default class CountReporter implements Reporter {
  private readonly counts = { passed: 0, failed: 0, skipped: 0 };
  private readonly skipped: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result();
    if (state === 'pending') {
      return;
    }
    this.counts[state] += 1;
    if (state === 'skipped') {
      this.skipped.push(test.fullName);
    }
  }

  onTestRunEnd(): void {
    for (const name of this.skipped) {
      console.log(`skipped: ${name}`);
    }
    const { passed, failed, skipped } = this.counts;
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}
