import type { Knex } from 'knex';
import { titleWords } from '../title-words.ts';
import { fillFromTitle } from './fill-from-title.ts';

/** Not allowed; not installed; not on this kind of server (docs of PostgreSQL, appendix A). */
const refusals = new Set(['42501', '58P01', '0A000']);

/**
 * Words of titles are found by an index of trigrams. Where the database does not let us have the extension (it is
 * "trusted" from PostgreSQL 13 on: who may create in the database may make it), titles are read instead.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table videos add column title_words text collate "C" not null default ''`);
  await fillFromTitle(knex, 'title_words', titleWords);
  // How common a word is is told from a sample of titles: whether to read along the order, or to look up and sort.
  await knex.raw('alter table videos alter column title_words set statistics 1000');
  await makeExtension(knex);
  const { rows } = await knex.raw(
    "select nspname from pg_opclass join pg_namespace on opcnamespace = pg_namespace.oid where opcname = 'gin_trgm_ops'",
  );
  if (rows.length === 0) return;
  // Without a list of what is not in the index yet, which every search would have to read.
  await knex.raw(
    'create index videos_title_words on videos using gin (title_words ??.gin_trgm_ops) with (fastupdate = off)',
    [rows[0].nspname],
  );
}

/** Searching reads every title, which the extension does not prevent: it may be others' too. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table videos drop column title_words');
}

/** One for the whole database, whatever schema we are in; servers that start at once wait for each other. */
async function makeExtension(knex: Knex): Promise<void> {
  await knex.raw("select pg_advisory_xact_lock(hashtext('livereel pg_trgm'))");
  await knex
    .transaction(savepoint => savepoint.raw('create extension if not exists pg_trgm schema public'))
    .catch(error => {
      if (!refusals.has(error.code)) throw error;
    });
}
