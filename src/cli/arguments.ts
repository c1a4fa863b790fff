import type { Call, Command } from './command.ts';
import { commands } from './commands.ts';
import { globalFlags, readFlags } from './flag-values.ts';
import { commandHelp, helpText } from './help-text.ts';
import { nearest } from './nearest-word.ts';

/** What a command line asks for: run something, or print a text and exit with a code. */
export type Invocation =
  | {
      readonly kind: 'run';
      readonly name: string;
      readonly command: Command;
      readonly isJson: boolean;
      readonly call: Pick<Call, 'values' | 'operands'>;
    }
  /** `exitCode` 0: the text was asked for (standard output); 2: it says what is wrong (standard error). */
  | { readonly kind: 'print'; readonly text: string; readonly exitCode: 0 | 2 };

/** Reads the arguments after `node main.js`. Never throws: what is wrong is told in the text, with exit code 2. */
export function readArguments(
  argv: readonly string[],
  version: string,
  environment: NodeJS.ProcessEnv = {},
): Invocation {
  // The first word that is no option; options of a command come behind it.
  const at = argv.findIndex(word => !word.startsWith('-'));
  const name = at === -1 ? undefined : argv[at];
  const rest = argv.filter((_, index) => index !== at);
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || name === undefined) return withoutCommand(name, rest, version);

  const read = readFlags(rest, { ...command.flags, ...globalFlags }, environment);
  if ('wrong' in read) return refusal(read.wrong, name);
  const { json, help, version: isVersion, ...values } = read.values;
  if (isVersion) return { kind: 'print', text: version, exitCode: 0 };
  if (help) return { kind: 'print', text: commandHelp(name, command), exitCode: 0 };
  const wrong = wrongOperands(name, command, read.operands) ?? missingFlag(name, command, values);
  if (wrong !== undefined) return refusal(wrong, name);
  return { kind: 'run', name, command, isJson: json === true, call: { values, operands: read.operands } };
}

function withoutCommand(name: string | undefined, rest: readonly string[], version: string): Invocation {
  if (name !== undefined && !rest.includes('--help') && !rest.includes('-h')) {
    const near = nearest(name, Object.keys(commands));
    const question = near === undefined ? '' : ` Did you mean "${near}"?`;
    return refusal(`There is no command "${name.slice(0, 40)}".${question}`);
  }
  const read = readFlags(rest, globalFlags, {});
  if ('wrong' in read) return refusal(read.wrong);
  if (read.values.version) return { kind: 'print', text: version, exitCode: 0 };
  return { kind: 'print', text: helpText(commands), exitCode: read.values.help ? 0 : 2 };
}

function wrongOperands(name: string, command: Command, given: readonly string[]): string | undefined {
  const missing = command.operands.slice(given.length).find(({ isOptional }) => !isOptional);
  if (missing) return `"${name}" needs <${missing.name}>: ${missing.says}.`;
  const tooMuch = given[command.operands.length];
  if (tooMuch === undefined) return undefined;
  const most = command.operands.length === 0 ? 'no argument' : `${command.operands.length} at most`;
  return `"${name}" takes ${most}, but got "${tooMuch.slice(0, 40)}".`;
}

function missingFlag(
  name: string,
  command: Command,
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [flagName, flag] of Object.entries(command.flags)) {
    if (flag.kind !== 'text' || !flag.isRequired || values[flagName] !== undefined) continue;
    const orVariable = flag.variable === undefined ? '' : ` (or ${flag.variable} in the environment)`;
    return `"${name}" needs --${flagName} <${flag.placeholder}>${orVariable}: ${flag.says}.`;
  }
  return undefined;
}

function refusal(reason: string, name?: string): Invocation {
  const help = name === undefined ? 'livereel --help' : `livereel ${name} --help`;
  return { kind: 'print', text: `${reason}\nSee "${help}".`, exitCode: 2 };
}
