import type { Knex } from 'knex';

/** What is still to be made of a video, or was (docs/protocol.md, section 8: `/videos/<id>/tasks`). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('video_tasks', table => {
    table.specificType('video_id', 'char(12)').notNullable().references('videos.id').onDelete('CASCADE');
    table.text('task').notNullable();
    table.text('state').notNullable().defaultTo('waiting');
    table.integer('percent').notNullable().defaultTo(0);
    table.integer('attempts').notNullable().defaultTo(0);
    table.text('error');
    table.timestamp('due_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('updated_at').notNullable().defaultTo(knex.fn.now());
    table.primary(['video_id', 'task']);
    table.check("state in ('waiting', 'running', 'done', 'failed')", [], 'video_tasks_state_known');
  });
  await knex.raw(
    "create index video_tasks_due on video_tasks (task, due_at) where state in ('waiting', 'running')",
  );
}

/** Takes the table away: what was not made is never made. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('video_tasks');
}
