import type { Knex } from 'knex';
import type { Database } from '../store/database.ts';
import { type Account, toAccount } from './account-store.ts';

/** A script's key, without what opens. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** To the minute; null: never. */
  readonly lastUsedAt: Date | null;
};

const usedEveryMillis = 60_000;

/** The SQL of the table `api_keys`. */
export class ApiKeyStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Makes a key, if the account has fewer than `most`; undefined when it has not. */
  async insert(
    key: { readonly id: string; readonly accountId: string; readonly name: string; readonly keyHash: Buffer },
    most: number,
  ): Promise<ApiKey | undefined> {
    return await this.#database.run(knex =>
      knex.transaction(async tx => {
        // One at a time: many at once would each count those that were there before.
        const account = await tx('accounts')
          .where({ id: key.accountId })
          .whereNull('deleted_at')
          .forUpdate()
          .first();
        const [{ count }] = (await tx('api_keys').where({ account_id: key.accountId }).count()) as [
          { count: number },
        ];
        const found = await tx('api_keys').where({ id: key.id }).first();
        if (found !== undefined) return toKey(found);
        if (account === undefined || Number(count) >= most) return undefined;
        const record = { id: key.id, account_id: key.accountId, name: key.name, key_hash: key.keyHash };
        const rows = await tx('api_keys').insert(record).returning('*');
        return toKey(rows[0]);
      }),
    );
  }

  /** An account's keys, newest first. */
  async list(accountId: string): Promise<ApiKey[]> {
    const rows = await this.#run(keys =>
      keys()
        .where({ account_id: accountId })
        .orderBy([{ column: 'created_at', order: 'desc' }, 'id']),
    );
    return rows.map(toKey);
  }

  /** False when the account has no such key. */
  async remove(accountId: string, id: string): Promise<boolean> {
    return (await this.#run(keys => keys().where({ account_id: accountId, id }).delete())) > 0;
  }

  /** The account of a key, whose use is noted once a minute. */
  async use(keyHash: Buffer): Promise<Account | undefined> {
    const row = await this.#run(keys =>
      keys()
        .join('accounts', 'accounts.id', 'api_keys.account_id')
        .select('accounts.*', 'api_keys.id as key_id', 'api_keys.last_used_at')
        .where({ key_hash: keyHash })
        .whereNull('accounts.deleted_at')
        .first(),
    );
    if (row === undefined) return undefined;
    const now = new Date();
    const noted = row.last_used_at as Date | null;
    if (noted === null || now.getTime() - noted.getTime() > usedEveryMillis) {
      await this.#run(keys => keys().where({ id: row.key_id }).update({ last_used_at: now }));
    }
    return toAccount(row);
  }

  async #run<T>(work: (keys: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    return await this.#database.run(knex => work(() => knex('api_keys')));
  }
}

function toKey(row: Record<string, unknown>): ApiKey {
  return {
    id: row.id as string,
    name: row.name as string,
    createdAt: row.created_at as Date,
    lastUsedAt: row.last_used_at as Date | null,
  };
}
