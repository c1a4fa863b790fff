import type { Knex } from 'knex';

/** People, where they are logged in, the keys of their scripts, and whose a video is (docs/accounts.md). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('accounts', table => {
    table.specificType('id', 'char(12)').primary();
    // In lower case: one person a mailbox, however it is typed.
    table.text('email').notNullable().unique();
    table.text('name').notNullable();
    table.text('password_hash').notNullable();
    table.text('role').notNullable().defaultTo('user');
    table.text('level').notNullable().defaultTo('free');
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('updated_at').notNullable().defaultTo(knex.fn.now());
    // Set when the account is being deleted: nobody logs in any more, and its videos go one by one.
    table.timestamp('deleted_at');
    table.check("role in ('user', 'admin')", [], 'accounts_role_known');
    table.check("level in ('free', 'pro', 'pro-plus')", [], 'accounts_level_known');
  });
  await knex.schema.createTable('logins', table => {
    table.specificType('id', 'char(12)').primary();
    table.specificType('account_id', 'char(12)').notNullable().references('accounts.id').onDelete('CASCADE');
    // Of the one refresh token that is good; one that was good before betrays that somebody copied it.
    table.text('token_id').notNullable();
    table.text('client_address').notNullable();
    table.text('user_agent');
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('refreshed_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('expires_at').notNullable();
    table.timestamp('ended_at');
    table.text('end_reason');
    table.index(['account_id'], 'logins_account');
  });
  await knex.raw('create index logins_expiry on logins (expires_at)');
  await knex.schema.createTable('api_keys', table => {
    table.specificType('id', 'char(12)').primary();
    table.specificType('account_id', 'char(12)').notNullable().references('accounts.id').onDelete('CASCADE');
    table.text('name').notNullable();
    table.binary('key_hash').notNullable().unique();
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('last_used_at');
    table.index(['account_id'], 'api_keys_account');
  });
  // Counted in windows; what is over is deleted. `subject` is a hash: no list of addresses that were tried.
  await knex.schema.createTable('attempts', table => {
    table.text('subject').primary();
    table.integer('count').notNullable();
    table.timestamp('ends_at').notNullable();
    table.index(['ends_at'], 'attempts_end');
  });
  await knex.schema.alterTable('videos', table => {
    // Accounts go once their videos are gone: a file must never be left without its row.
    table.specificType('owner_id', 'char(12)').references('accounts.id').onDelete('RESTRICT');
  });
  await knex.raw(
    'create index videos_owner on videos (owner_id, created_at desc, id) where owner_id is not null',
  );
}

/** Takes accounts away; their videos become nobody's. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('videos', table => {
    table.dropColumn('owner_id');
  });
  for (const table of ['attempts', 'api_keys', 'logins', 'accounts']) await knex.schema.dropTable(table);
}
