import type { Knex } from 'knex';

/** Uploads that can be resumed (tus), from their creation until all bytes are there. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('uploads', table => {
    table.specificType('video_id', 'char(12)').primary().references('videos.id').onDelete('CASCADE');
    // The second half of the upload's address: who knows it may go on with the upload.
    table.text('secret').notNullable();
    // Null while the client has not told it.
    table.bigInteger('size_bytes');
    // Whose it is for the limits: an account, or an address.
    table.text('uploader').notNullable();
    table.text('metadata');
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    // Of the last byte.
    table.timestamp('active_at').notNullable().defaultTo(knex.fn.now());
  });
  await knex.raw('create index uploads_active on uploads (active_at)');
}

/** Takes the table away: what was begun cannot be resumed. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('uploads');
}
