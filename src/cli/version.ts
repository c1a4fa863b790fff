import { readFileSync } from 'node:fs';

/** livereel's version, e.g. `0.1.0`: the one in package.json, two folders up from here in `src/` and in `dist/`. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
