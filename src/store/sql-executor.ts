import type { Knex } from 'knex';

/** Runs SQL as it stands, with `$1` for values: for packages that write their own. */
export interface SqlExecutor {
  // biome-ignore lint/suspicious/noExplicitAny: rows are whatever the statement selects.
  executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: any[] }>;
}

/** One that runs in `knex`: in its transaction, if it is one, else on a connection of the pool. */
export function executorOf(knex: Knex): SqlExecutor {
  return {
    executeSql: async (text, values) => {
      const connection = await knex.client.acquireConnection();
      try {
        return await connection.query(text, values);
      } finally {
        await knex.client.releaseConnection(connection);
      }
    },
  };
}
