import type { Knex } from 'knex';

/** What is said in videos (docs/protocol.md, section 8): as it was heard live, then corrected. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('transcripts', table => {
    table.specificType('video_id', 'char(12)').primary().references('videos.id').onDelete('CASCADE');
    table.text('language');
    table.boolean('final').notNullable();
    table.text('model');
    // One column: they are read and written together, and searched by an index of their own.
    table.jsonb('segments').notNullable();
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('updated_at').notNullable().defaultTo(knex.fn.now());
  });
  await knex.schema.alterTable('videos', table => {
    table.boolean('has_captions').notNullable().defaultTo(false);
  });
}

/** Takes all transcripts away. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('videos', table => {
    table.dropColumn('has_captions');
  });
  await knex.schema.dropTable('transcripts');
}
