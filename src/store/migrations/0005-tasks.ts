import type { Knex } from 'knex';

/** Tasks are worked on by processes that may die, and what they make of a video is told by its record. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('video_tasks', table => {
    // The attempt that is due or under way: a job of the queue's own tables. Null: none is due yet.
    table.uuid('job_id');
    table.text('worker_id');
    // Of the attempt under way, by the database's clock: one that is silent has lost its process.
    table.timestamp('heartbeat_at');
    table.text('cancel_reason');
    table.timestamp('started_at');
    table.timestamp('finished_at');
  });
  await knex.raw(
    "create index video_tasks_open on video_tasks (state) where state in ('waiting', 'running')",
  );
  await knex.schema.alterTable('videos', table => {
    table.boolean('has_thumbnail').notNullable().defaultTo(false);
    table.boolean('has_preview').notNullable().defaultTo(false);
    table.boolean('has_storyboard').notNullable().defaultTo(false);
    table.double('loudness_lufs');
    table.double('loudness_range_lu');
    table.double('true_peak_dbtp');
  });
}

/** Takes away what is known of attempts and of what was made. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('videos', table => {
    table.dropColumns(
      'has_thumbnail',
      'has_preview',
      'has_storyboard',
      'loudness_lufs',
      'loudness_range_lu',
      'true_peak_dbtp',
    );
  });
  await knex.raw('drop index video_tasks_open');
  await knex.schema.alterTable('video_tasks', table => {
    table.dropColumns('job_id', 'worker_id', 'heartbeat_at', 'cancel_reason', 'started_at', 'finished_at');
  });
}
