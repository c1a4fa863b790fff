import type { Knex } from 'knex';
import { titleKey } from '../title-key.ts';

const rowsAtOnce = 1_000;

/**
 * The orders in which videos are listed, each with an index for all of one visibility and for all of one owner
 * (`coalesce`: nobody's are found like an owner's). A page is read from where it begins, however long the list.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table videos add column title_key text collate "C" not null default ''`);
  await writeTitleKeys(knex);
  const keys = {
    newest: 'created_at desc',
    longest: 'coalesce(duration_seconds, -1) desc',
    largest: 'coalesce(size_bytes, -1) desc',
    title: 'title_key',
  };
  for (const [name, key] of Object.entries(keys)) {
    await knex.raw(`create index videos_by_${name} on videos (visibility, ${key}, id)`);
    await knex.raw(`create index videos_owned_by_${name} on videos ((coalesce(owner_id, '')), ${key}, id)`);
  }
  // What is neither ready nor failed is found by "videos_unfinished"; both kinds are few, and put in order when asked for.
  await knex.raw("create index videos_failed on videos (created_at desc, id) where state = 'failed'");
  await knex.raw('drop index videos_newest');
}

/** Lists become slow, and titles unordered. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('create index videos_newest on videos (created_at desc, id)');
  await knex.raw('drop index videos_failed');
  for (const name of ['newest', 'longest', 'largest', 'title']) {
    await knex.raw(`drop index videos_by_${name}`);
    await knex.raw(`drop index videos_owned_by_${name}`);
  }
  await knex.raw('alter table videos drop column title_key');
}

async function writeTitleKeys(knex: Knex): Promise<void> {
  for (let after = ''; ; ) {
    const rows: { id: string; title: string }[] = await knex('videos')
      .select('id', 'title')
      .where('id', '>', after)
      .orderBy('id')
      .limit(rowsAtOnce);
    const last = rows.at(-1);
    if (last === undefined) return;
    const values = rows.map(() => '(?, ?)').join(', ');
    await knex.raw(
      `update videos set title_key = given.key from (values ${values}) as given (id, key) where videos.id = given.id`,
      rows.flatMap(({ id, title }) => [id, titleKey(title)]),
    );
    after = last.id;
  }
}
