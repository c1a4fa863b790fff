import type { Command, Flag, Flags, Operand } from './command.ts';
import { globalFlags } from './flag-values.ts';

/** What `livereel --help` prints. */
export function helpText(commands: Readonly<Record<string, Command>>): string {
  return `livereel: live video from a browser or a script, watched within a second, kept as a video.

Usage: livereel <command> [options]

Commands:
${inColumns(Object.entries(commands).map(([name, { summary }]) => [name, summary]))}

Options of every command:
${inColumns(flagRows(globalFlags))}

"livereel <command> --help" shows a command with examples. Settings of the server are environment
variables, e.g. HOST, PORT, CONTENT_DIR: see docs/configuration.md.`;
}

/** What `livereel <name> --help` prints. */
export function commandHelp(name: string, { help, examples, operands, flags }: Command): string {
  const isPlain = Object.keys(flags).length === 0;
  const usage = ['livereel', name, ...operands.map(shownOperand), ...(isPlain ? [] : ['[options]'])];
  const sections = [`Usage: ${usage.join(' ')}`, help];
  if (operands.length > 0) {
    sections.push(`Arguments:\n${inColumns(operands.map(each => [`<${each.name}>`, each.says]))}`);
  }
  sections.push(`Options:\n${inColumns(flagRows({ ...flags, ...globalFlags }))}`);
  sections.push(`Examples:\n${examples.map(({ line, says }) => `  ${line}\n      ${says}`).join('\n')}`);
  return sections.join('\n\n');
}

function shownOperand({ name, isOptional }: Operand): string {
  return isOptional ? `[<${name}>]` : `<${name}>`;
}

function flagRows(flags: Flags): [string, string][] {
  return Object.entries(flags).map(([name, flag]) => [
    `${flag.short ? `-${flag.short}, ` : '    '}--${name}${flag.kind === 'switch' ? '' : ` <${flag.placeholder}>`}`,
    describe(flag),
  ]);
}

function describe(flag: Flag): string {
  if (flag.kind !== 'text') return flag.says;
  const choices = flag.choices === undefined ? '' : ` (${flag.choices.join(', ')})`;
  const variable = flag.variable === undefined ? '' : ` [or ${flag.variable}]`;
  return `${flag.says}${choices}${variable}`;
}

/** Two columns, the second one beginning where the longest of the first ends. */
function inColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
