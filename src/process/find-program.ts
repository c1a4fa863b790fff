import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { LivereelError } from '../errors.ts';

/** Where a program of this name or path is, or undefined. Names are looked up in PATH, paths are made absolute. */
export function findProgram(program: string): string | undefined {
  if (program.includes('/')) return isRunnable(resolve(program)) ? resolve(program) : undefined;
  // Debian keeps nginx in /usr/sbin, which is not in everyone's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders
    .filter(isAbsolute)
    .map(folder => join(folder, program))
    .find(isRunnable);
}

/** As `findProgram`. @throws LivereelError `program-missing` that says how to get it. */
export function requireProgram(program: string): string {
  const path = findProgram(program);
  if (path !== undefined) return path;
  throw new LivereelError(
    'program-missing',
    `The program ${JSON.stringify(program)} is not installed, or may not be run. ` +
      'Install it (on Debian or Ubuntu: apt-get install ffmpeg nginx util-linux), ' +
      'or name its path in the configuration.',
  );
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
