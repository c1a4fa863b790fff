import type { Knex } from 'knex';

/** The record of a video, from the creation of its session on (docs/protocol.md, section 1). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('videos', table => {
    table.specificType('id', 'char(12)').primary();
    table.text('state').notNullable();
    table.text('title').notNullable();
    table.text('description').notNullable().defaultTo('');
    table.text('visibility').notNullable().defaultTo('public');
    table.text('input').notNullable();
    table.text('mime_type');
    table.double('frame_rate');
    table.specificType('reply_to', 'char(12)').references('videos.id').onDelete('SET NULL');
    table.text('language').notNullable().defaultTo('auto');
    table.boolean('captions').notNullable().defaultTo(true);
    table.binary('ingest_token_hash');
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('started_at');
    table.timestamp('ended_at');
    table.double('duration_seconds');
    table.bigInteger('size_bytes');
    table.text('video_codec');
    table.text('audio_codec');
    table.integer('width');
    table.integer('height');
    table.bigInteger('frame_count');
    table.text('error_code');
    table.text('error_message');
    table.boolean('journal_kept').notNullable().defaultTo(false);
    table.text('client_address');
    table.text('publish_url');
    table.timestamp('updated_at').notNullable().defaultTo(knex.fn.now());
    table.check(
      "state in ('created', 'live', 'interrupted', 'uploading', 'processing', 'ready', 'failed')",
      [],
      'videos_state_known',
    );
    table.check("visibility in ('public', 'unlisted', 'private')", [], 'videos_visibility_known');
  });
  // The newest first, with a cursor that is unique; the few that are not over, found at each start; replies.
  await knex.raw('create index videos_newest on videos (created_at desc, id)');
  await knex.raw("create index videos_unfinished on videos (state) where state not in ('ready', 'failed')");
  await knex.raw('create index videos_replies on videos (reply_to) where reply_to is not null');
}

/** Takes the table away, and with it all records. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('videos');
}
