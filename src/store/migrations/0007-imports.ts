import type { Knex } from 'knex';

/** Videos that are fetched from an address: from where, for whom, and how far. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('imports', table => {
    table.specificType('video_id', 'char(12)').primary().references('videos.id').onDelete('CASCADE');
    // As it was given, credentials included: an import that is tried again needs them.
    table.text('url').notNullable();
    // Whose it is for the limits: an account, or an address.
    table.text('importer').notNullable();
    // False: the video is called what the source calls itself.
    table.boolean('has_title').notNullable();
    // The place in the queue; again when it is tried again.
    table.timestamp('queued_at').notNullable().defaultTo(knex.fn.now());
    // Nobody wants it any more; who works on it stops.
    table.timestamp('cancelled_at');
    table.bigInteger('bytes').notNullable().defaultTo(0);
    // Null while nobody knows.
    table.bigInteger('total_bytes');
    table.index(['importer'], 'imports_importer');
  });
}

/** Takes the table away: what was not fetched never is. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('imports');
}
