import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopStrings } from '../../src/generation/stop-strings.js';

/** The definition: the shortest beginning of the text that ends with a stop string, of which the longest counts. */
function defined(text: string, stops: readonly string[], include: boolean): { text: string; stop?: string } {
  for (let end = 1; end <= text.length; end++) {
    const [found] = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length);
    if (found !== undefined) {
      return { text: text.slice(0, include ? end : end - found.length), stop: found };
    }
  }
  return { text };
}

describe('stop strings', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 4 });
  it('are found as defined, however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(few, { maxLength: 12 }),
        fc.array(few, { maxLength: 4 }),
        fc.boolean(),
        (pieces, stops, include) => {
          const output = new StopStrings(stops, include);
          let [text, stop] = ['', undefined as string | undefined];
          for (const piece of pieces) {
            const checked = output.push(piece);
            text += checked.text;
            stop = checked.stop;
            if (stop !== undefined) {
              break;
            }
          }
          expect({ text: text + output.flush(), ...(stop === undefined ? {} : { stop }) }).toEqual(
            defined(pieces.join(''), stops, include),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never give out any of what may become one', () => {
    const output = new StopStrings(['<end>']);
    expect([output.push('a<'), output.push('e'), output.push('x<en'), output.push('d>b')]).toEqual([
      { text: 'a' },
      { text: '' },
      { text: '<ex' },
      { text: '', stop: '<end>' },
    ]);
  });

  it('cost as much where the text is made to fit them', () => {
    const stops = Array.from({ length: 32 }, (_, at) => `${'a'.repeat(1000 + (at % 20))}b`);
    const output = new StopStrings(stops);
    const begin = performance.now();
    for (let token = 0; token < 2000; token++) {
      output.push('aaaa');
    }
    // 64 stops of vLLM's way of looking take minutes; a machine under load takes a second for this.
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
