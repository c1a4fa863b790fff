import type { Knex } from 'knex';
import { titleKey } from '../title-key.ts';
import { fillFromTitle } from './fill-from-title.ts';

/**
 * The orders in which videos are listed, each with an index for all of one visibility and for all of one owner
 * (`coalesce`: nobody's are found like an owner's). A page is read from where it begins, however long the list.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table videos add column title_key text collate "C" not null default ''`);
  await fillFromTitle(knex, 'title_key', titleKey);
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
