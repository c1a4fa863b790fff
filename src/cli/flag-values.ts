import { parseArgs } from 'node:util';
import type { Flag, Flags } from './command.ts';
import { nearest } from './nearest-word.ts';

/** What every command takes besides its own. */
export const globalFlags = {
  json: { kind: 'switch', says: 'one JSON object a line, for scripts' },
  help: { kind: 'switch', short: 'h', says: 'how a command is used' },
  version: { kind: 'switch', short: 'v', says: 'the version' },
} as const satisfies Flags;

/** The options and the other arguments of a command line, or what is wrong with it. */
export type ReadFlags =
  | {
      readonly values: Readonly<Record<string, string | number | boolean | undefined>>;
      readonly operands: readonly string[];
    }
  | { readonly wrong: string };

type Token = NonNullable<ReturnType<typeof parse>['tokens']>[number];

/** Reads `argv` as these options say; a text that may come from the environment is taken from there. */
export function readFlags(argv: readonly string[], flags: Flags, environment: NodeJS.ProcessEnv): ReadFlags {
  const values: Record<string, string | number | boolean | undefined> = {};
  const operands: string[] = [];
  for (const token of parse(argv, flags).tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const read = readOption(token, flags);
    if ('wrong' in read) return read;
    values[token.name] = read.value;
  }
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.kind === 'switch') values[name] ??= false;
    if (flag.kind === 'text' && flag.variable) values[name] ??= environment[flag.variable] || undefined;
  }
  return { values, operands };
}

function parse(argv: readonly string[], flags: Flags) {
  const options = Object.entries(flags).map(([name, { kind, short }]) => [
    name,
    { type: kind === 'switch' ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
  ]);
  // Not strict: what is wrong is said in our words, with the nearest option.
  return parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(options) as Record<string, { type: 'boolean' | 'string'; short?: string }>,
  });
}

function readOption(
  { name, rawName, value }: Extract<Token, { kind: 'option' }>,
  flags: Flags,
): { readonly value: string | number | boolean } | { readonly wrong: string } {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) {
    const near = rawName.startsWith('--') ? nearest(name, Object.keys(flags)) : undefined;
    return {
      wrong: `There is no option "${rawName.slice(0, 40)}".${near ? ` Did you mean "--${near}"?` : ''}`,
    };
  }
  if (flag.kind === 'switch') {
    return value === undefined ? { value: true } : { wrong: `"--${name}" takes no value.` };
  }
  if (value === undefined || value === '')
    return { wrong: `"--${name}" needs a value: --${name} <${flag.placeholder}>.` };
  return flag.kind === 'number' ? readNumber(name, flag, value) : readText(name, flag, value);
}

function readText(name: string, flag: Extract<Flag, { kind: 'text' }>, value: string) {
  if (flag.choices === undefined || flag.choices.includes(value)) return { value };
  return { wrong: `"--${name}" may be ${flag.choices.join(', ')}, but not "${value.slice(0, 40)}".` };
}

function readNumber(name: string, flag: Extract<Flag, { kind: 'number' }>, text: string) {
  const value = /^-?[0-9]{1,15}(\.[0-9]{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  const isFit = value >= flag.minimum && value <= flag.maximum && (!flag.isWhole || Number.isInteger(value));
  if (isFit) return { value };
  const kind = flag.isWhole ? 'a whole number' : 'a number';
  return {
    wrong: `"--${name}" is ${kind} from ${flag.minimum} to ${flag.maximum}, but not "${text.slice(0, 40)}".`,
  };
}
