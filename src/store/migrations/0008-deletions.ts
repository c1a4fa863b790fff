import type { Knex } from 'knex';

/**
 * Videos that were deleted: noted in the transaction that takes the row away, so that a server that dies in the
 * middle knows at its next start whose files are still to go. And how much a video takes of the disk.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('deletions', table => {
    table.specificType('video_id', 'char(12)').primary();
    // Who may be told that it is gone, when the same request comes once more.
    table.text('owner_id');
    table.binary('ingest_token_hash');
    table.timestamp('deleted_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('files_removed_at');
  });
  await knex.raw('create index deletions_old on deletions (deleted_at)');
  await knex.schema.alterTable('videos', table => {
    // All its files together, journal and stills included; null: not counted yet.
    table.bigInteger('stored_bytes');
    table.timestamp('stored_bytes_at');
  });
  // Retention looks for what is old and over.
  await knex.raw("create index videos_over on videos (created_at) where state in ('ready', 'failed')");
}

/** Forgets what was being deleted. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index videos_over');
  await knex.schema.alterTable('videos', table => {
    table.dropColumn('stored_bytes');
    table.dropColumn('stored_bytes_at');
  });
  await knex.schema.dropTable('deletions');
}
