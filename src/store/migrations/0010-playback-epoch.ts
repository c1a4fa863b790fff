import type { Knex } from 'knex';

/** Which playback tokens of a video hold: those of its present epoch. A new epoch ends all that were given out. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('videos', table => {
    table.integer('playback_epoch').notNullable().defaultTo(0);
  });
}

/** Tokens of earlier epochs hold again until they expire. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('videos', table => {
    table.dropColumn('playback_epoch');
  });
}
