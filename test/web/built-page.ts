import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

const cacheDir = join(tmpdir(), `livereel-pages-${process.getuid?.() ?? 0}`);
const sources = ['src', 'public', 'vite.config.ts', 'tsconfig.json', 'package-lock.json'];

/** The folder with the page as it is built of the present sources; built once, by the first test that wants it. */
export async function builtPage(): Promise<string> {
  const folder = join(cacheDir, await fingerprint());
  if (existsSync(folder)) return folder;
  await mkdir(cacheDir, { recursive: true });
  // Several files may begin at once: each builds its own, the first is kept.
  const made = await mkdtemp(join(cacheDir, 'making-'));
  await build({ configFile: 'vite.config.ts', logLevel: 'error', build: { outDir: made } });
  await rename(made, folder).catch(error => {
    if (!existsSync(folder)) throw error;
  });
  await rm(made, { recursive: true, force: true });
  return folder;
}

/** Of all that a build reads, as bytes: a change and its taking back are told apart from nothing. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    const isFile = /\.\w+$/.test(source);
    const entries = isFile ? [] : await readdir(source, { recursive: true, withFileTypes: true });
    const inside = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
    for (const file of isFile ? [source] : inside.sort()) hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}
