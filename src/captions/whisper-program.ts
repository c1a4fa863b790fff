import { existsSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LivereelError } from '../errors.ts';
import { findProgram } from '../process/find-program.ts';

/** A link that the set-up makes (scripts/recogniser/build.mjs); it leads nowhere while the recogniser is being built. */
const built = fileURLToPath(new URL('../../dist/whisper-server', import.meta.url));
/** Beside what the link leads to, while a set-up works on it. */
const buildingFile = 'building';

/** Whether a set-up is building the recogniser just now. */
export function isBeingBuilt(): boolean {
  try {
    return !existsSync(built) && existsSync(join(dirname(readlinkSync(built)), buildingFile));
  } catch {
    return false;
  }
}

/**
 * The path of whisper.cpp's `whisper-server`: what is named, else what the set-up built, else one in PATH.
 * @throws LivereelError `program-missing` that says how to get it.
 */
export function whisperProgram(named: string | undefined): string {
  const path =
    named === undefined ? (findProgram(built) ?? findProgram('whisper-server')) : findProgram(named);
  if (path !== undefined) return path;
  const how =
    named === undefined
      ? 'Run `npm run build` in the project, which says what it needs'
      : `Check WHISPER_SERVER_PATH, which holds ${JSON.stringify(named)}`;
  throw new LivereelError(
    'program-missing',
    `Captions need whisper.cpp's whisper-server, which is not here. Streams go on without them. ${how}; ` +
      'or name another speech server in WHISPER_URL, or set CAPTIONS=off.',
  );
}
