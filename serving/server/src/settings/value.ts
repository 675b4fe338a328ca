/** How a setting's text becomes its value. `allowed` completes the sentence "allowed is ...". */
export interface ValueType<T> {
  readonly allowed: string;
  /** The value, or undefined where the text is none. */
  parse(text: string): T | undefined;
}

const TRUE = new Set(['1', 'true', 'yes', 'on']);
const FALSE = new Set(['0', 'false', 'no', 'off']);

/** NIM 1.x documents 0 and 1, NIM 2.x true and false; the operator writes 1 for both. */
export const flag: ValueType<boolean> = {
  allowed: '0, 1, true or false',
  parse: (text) => {
    const word = text.toLowerCase();
    return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
  },
};

export const text: ValueType<string> = { allowed: 'any text', parse: (value) => value };

export const httpAddress: ValueType<string> = {
  allowed: 'an http:// or https:// address',
  parse: (value) => (/^https?:\/\/[^\s/]/.test(value) ? value : undefined),
};

/** A comma-separated list; blanks around its items do not count. */
export const list: ValueType<readonly string[]> = {
  allowed: 'names separated by commas',
  parse: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
};

export function integer(least: number, most: number, unit: string): ValueType<number> {
  return {
    allowed: `a whole number of ${unit} from ${least} to ${most}`,
    parse: (value) => {
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      return number >= least && number <= most ? number : undefined;
    },
  };
}

export function oneOf<T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    allowed: words.join(', '),
    parse: (value) => words.find((word) => word === value.toLowerCase()),
  };
}

/** A share of a whole. Names of NIM 1.x say percent and mean shares, so both are understood. */
export const share: ValueType<number> = {
  allowed: 'a share such as 0.9 or a percentage such as 90',
  parse: (value) => {
    const [, digits] = /^(\d*\.?\d+)%?$/.exec(value) ?? [];
    const number = Number(digits);
    return number > 0 && number <= 100 ? (number <= 1 && !value.endsWith('%') ? number : number / 100) : undefined;
  },
};

const BYTE_UNITS = new Map([
  ['', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
  ['ki', 2 ** 10],
  ['mi', 2 ** 20],
  ['gi', 2 ** 30],
]);

/** A number of bytes, with the suffixes of Kubernetes quantities. */
export const bytes: ValueType<number> = {
  allowed: 'a number of bytes such as 8Gi or 8000000000',
  parse: (value) => {
    const [, digits, suffix] = /^(\d+(?:\.\d+)?)\s*([a-z]*?)b?$/i.exec(value) ?? [];
    const unit = digits === undefined ? undefined : BYTE_UNITS.get((suffix ?? '').toLowerCase());
    return unit === undefined ? undefined : Math.floor(Number(digits) * unit);
  },
};
