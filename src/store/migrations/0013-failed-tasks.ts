import type { Knex } from 'knex';

/** Failed tasks are counted each time somebody asks for the metrics: not by looking through all that were ever done. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw("create index video_tasks_failed on video_tasks (task) where state = 'failed'");
}

/** Counting becomes slow. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index video_tasks_failed');
}
