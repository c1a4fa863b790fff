import { parseArgs } from 'node:util';
import { type CommandName, commands } from './commands.ts';

/** What a command line asks for: run something, or print a text and exit with a code. */
export type Invocation =
  | { readonly kind: 'run'; readonly command: CommandName }
  /** `exitCode` 0: the text was asked for (standard output); 2: it says what is wrong (standard error). */
  | { readonly kind: 'print'; readonly text: string; readonly exitCode: 0 | 2 };

const commandNames = Object.keys(commands) as CommandName[];

/** Reads the arguments after `node main.js`. Never throws: what is wrong is told in the text, with exit code 2. */
export function readArguments(argv: readonly string[], version: string): Invocation {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return refusal(error instanceof Error ? error.message : String(error));
  }
  const [name, ...rest] = parsed.positionals;
  if (parsed.values.version) return { kind: 'print', text: version, exitCode: 0 };
  const command = commandNames.find(known => known === name);
  if (parsed.values.help) {
    return { kind: 'print', text: command === undefined ? helpText() : commandHelp(command), exitCode: 0 };
  }
  if (name === undefined) return { kind: 'print', text: helpText(), exitCode: 2 };
  if (command === undefined) return refusal(unknownCommand(name));
  if (rest[0] !== undefined) return refusal(`"${command}" takes no argument, but got "${rest[0]}".`);
  return { kind: 'run', command };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  });
}

function refusal(reason: string): Invocation {
  return { kind: 'print', text: `${reason}\nSee "livereel --help".`, exitCode: 2 };
}

function helpText(): string {
  const width = Math.max(...commandNames.map(name => name.length));
  const lines = commandNames.map(name => `  ${name.padEnd(width)}  ${commands[name].summary}`);
  return `livereel: live video from a browser or a script, watched within a second, kept as a video.

Usage: livereel <command>

Commands:
${lines.join('\n')}

Options:
  -h, --help     this text, or with a command that command's
  -v, --version  the version

Settings are environment variables, e.g. HOST, PORT, CONTENT_DIR: see docs/configuration.md.`;
}

function commandHelp(name: CommandName): string {
  return `Usage: livereel ${name}\n\n${commands[name].help}`;
}

function unknownCommand(name: string): string {
  const shown = name.slice(0, 40);
  const [nearest] = commandNames
    .map(known => ({ known, distance: editDistance(shown, known) }))
    .sort((one, other) => one.distance - other.distance);
  // More than half the word wrong: a guess would only puzzle.
  const isNear = nearest !== undefined && nearest.distance <= Math.ceil(nearest.known.length / 2);
  const question = isNear ? ` Did you mean "${nearest.known}"?` : '';
  return `There is no command "${shown}".${question}`;
}

/** How many letters must be put in, left out or exchanged to make one word of the other (Levenshtein). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const exchanged = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
