import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

/** The log that every owner gets handed; it binds its own names once with `log.child({ sessionId })`. */
export type Log = Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Told by pino in each line as a number (pino's documentation, "level mapping"). */
const levelNames: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info ',
  40: 'warn ',
  50: 'ERROR',
  60: 'FATAL',
};

// Some minutes of log: when nothing reads our output, lines are dropped, never kept without bound.
const maxWaitingBytes = 4 * 1024 * 1024;

/**
 * The root log: one JSON object a line on standard output, and short readable lines when that is a terminal.
 * Written asynchronously: a reader that is slow or gone never holds up the event loop.
 */
export function createLog(level: LogLevel): Log {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  if (process.stdout.isTTY) {
    return pino(
      options,
      readableLines(text => process.stdout.write(text)),
    );
  }
  return pino(options, pino.destination({ dest: 1, sync: false, maxLength: maxWaitingBytes }));
}

/** Passes on a line that another process of ours has logged, as our own. */
export function writeLogLine(line: string): void {
  process.stdout.write(`${process.stdout.isTTY ? readableLine(line) : line}\n`);
}

/** A destination for pino that turns each JSON line into a short line for people. */
export function readableLines(write: (text: string) => void): DestinationStream {
  return { write: line => write(`${readableLine(line)}\n`) };
}

/**
 * `12:00:00.123 info  segment published  segment=3 sizeBytes=1200`; an error's stack follows below.
 * What is no JSON comes back as it is.
 */
export function readableLine(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line.trimEnd();
  }
  const { level, time, msg, err, ...rest } = fields;
  const head = [String(time).slice(11, 23), levelNames[Number(level)] ?? String(level), msg ?? ''].join(' ');
  const facts = Object.entries(rest).map(([name, value]) => `${name}=${shortly(value)}`);
  const stack = isError(err) ? `\n    ${String(err.stack ?? err.message).replaceAll('\n', '\n    ')}` : '';
  return [head, ...facts].join('  ') + stack;
}

function shortly(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isError(value: unknown): value is { stack?: unknown; message?: unknown } {
  return typeof value === 'object' && value !== null && 'message' in value;
}
