import type { Knex } from 'knex';

/** A video's answers are read newest first, as far as the page goes, and not all of them put in order. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    'create index videos_replies_newest on videos (reply_to, created_at desc, id) where reply_to is not null',
  );
  await knex.raw('drop index videos_replies');
}

/** A page of a video with thousands of answers becomes slow. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('create index videos_replies on videos (reply_to) where reply_to is not null');
  await knex.raw('drop index videos_replies_newest');
}
