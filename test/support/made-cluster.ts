import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/process/embedded-postgres.ts';
import { findPostgres } from '../../src/process/postgres-binaries.ts';
import { runProgram } from './run-program.ts';

const cacheDir = join(tmpdir(), `livereel-clusters-${process.getuid?.() ?? 0}`);
const embeddedSource = fileURLToPath(new URL('../../src/process/embedded-postgres.ts', import.meta.url));

/**
 * Gives an empty content directory the cluster that its first start would make: initdb takes seconds of a processor,
 * a copy of what it once made a tenth of one. Without tables; a folder that has a cluster is left alone.
 * What a first start does from nothing is for `test/process/embedded-postgres.test.ts` and `test/e2e/demo.test.ts`.
 */
export async function bringCluster(contentDir: string): Promise<void> {
  const dataDir = join(contentDir, 'postgres');
  if (existsSync(dataDir)) return;
  const { initdb } = await findPostgres();
  const { size, mtimeMs } = await stat(initdb);
  await copyCluster([await readFile(embeddedSource, 'utf8'), initdb, size, mtimeMs], dataDir, makeEmbedded);
}

/**
 * Copies a stopped cluster to `dataDir`, which is not there yet. `made` tells one kind of cluster from another; the
 * first who asks for a kind has it made by `make`, in the folder that this is called with.
 */
export async function copyCluster(
  made: readonly (string | number)[],
  dataDir: string,
  make: (dataDir: string) => Promise<void>,
): Promise<void> {
  const key = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16);
  const kept = join(cacheDir, key);
  if (!existsSync(kept)) {
    await mkdir(cacheDir, { recursive: true });
    // Several files may begin at once: each makes its own, the first is kept.
    const workshop = await mkdtemp(join(cacheDir, 'making-'));
    try {
      await make(join(workshop, 'cluster'));
      await rename(join(workshop, 'cluster'), kept).catch(error => {
        if (!existsSync(kept)) throw error;
      });
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  }
  // With its owner and modes, on which Postgres insists; whole or not at all.
  const partial = `${dataDir}.copy`;
  await runProgram('cp', ['-a', kept, partial]);
  await rename(partial, dataDir);
}

async function makeEmbedded(dataDir: string): Promise<void> {
  const contentDir = await mkdtemp(join(tmpdir(), 'livereel-cluster-'));
  try {
    const runDir = join(contentDir, 'run');
    await mkdir(runDir);
    const postgres = await EmbeddedPostgres.start({ contentDir, runDir, log: pino({ level: 'silent' }) });
    await postgres.close();
    await rename(join(contentDir, 'postgres'), dataDir);
  } finally {
    await rm(contentDir, { recursive: true, force: true });
  }
}
