import type { Knex } from 'knex';
import type { WebhookEventType } from '../api/webhook.ts';
import type { Database } from '../store/database.ts';

/** Who is told by HTTP, of what. */
export type Endpoint = {
  readonly id: string;
  /** Null: of whoever is at the machine itself. */
  readonly accountId: string | null;
  /** Hears of everybody's videos, as long as its account is an admin's. */
  readonly isForAll: boolean;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly description: string;
  readonly isEnabled: boolean;
  readonly disabledReason: string | null;
  /** Counts up with each new secret. */
  readonly secretVersion: number;
  readonly secretCheck: Buffer;
  /** Until then the secret before this one is good too. */
  readonly oldSecretUntil: Date | null;
  readonly failingSince: Date | null;
  readonly createdAt: Date;
};

const columns = {
  id: 'id',
  accountId: 'account_id',
  isForAll: 'is_for_all',
  url: 'url',
  events: 'events',
  description: 'description',
  isEnabled: 'is_enabled',
  disabledReason: 'disabled_reason',
  secretVersion: 'secret_version',
  secretCheck: 'secret_check',
  oldSecretUntil: 'old_secret_until',
  failingSince: 'failing_since',
  createdAt: 'created_at',
} as const satisfies Record<keyof Endpoint, string>;

/** The SQL of the table `webhook_endpoints`. @throws LivereelError `database-unavailable`. */
export class EndpointStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /**
   * Stores a new one, unless its account has `most` already; undefined then. One account's are stored one after the
   * other, so that many requests at once do not slip in together. Safe to repeat.
   */
  async insert(endpoint: Endpoint, most: number): Promise<Endpoint | undefined> {
    const row = toRow(endpoint);
    return await this.#database.run(knex =>
      knex.transaction(async transaction => {
        const { accountId } = endpoint;
        await transaction.raw('select pg_advisory_xact_lock(hashtext(?))', [`webhooks ${accountId ?? ''}`]);
        const stored = await transaction('webhook_endpoints').where({ id: endpoint.id }).first();
        if (stored !== undefined) return toEndpoint(stored);
        const counted = await transaction('webhook_endpoints').where({ account_id: accountId }).count();
        if (Number(counted[0]?.count) >= most) return undefined;
        const rows = await transaction('webhook_endpoints').insert(row).returning('*');
        return toEndpoint(rows[0]);
      }),
    );
  }

  async find(id: string): Promise<Endpoint | undefined> {
    const row = await this.#run(endpoints => endpoints().where({ id }).first());
    return row === undefined ? undefined : toEndpoint(row);
  }

  /** Of one account (null: of whoever is at the machine), or with `everybodys` all; oldest first. */
  async list(accountId: string | null, everybodys: boolean): Promise<Endpoint[]> {
    const rows = await this.#run(endpoints => {
      const query = endpoints().orderBy(['created_at', 'id']);
      return everybodys ? query : query.where({ account_id: accountId });
    });
    return rows.map(toEndpoint);
  }

  async update(id: string, changes: Partial<Omit<Endpoint, 'id'>>): Promise<Endpoint | undefined> {
    const row = { ...toRow(changes), updated_at: new Date() };
    const rows = await this.#run(endpoints => endpoints().where({ id }).update(row).returning('*'));
    return rows[0] === undefined ? undefined : toEndpoint(rows[0]);
  }

  /** With all its deliveries. False: there was none. */
  async remove(id: string): Promise<boolean> {
    return (await this.#run(endpoints => endpoints().where({ id }).delete())) > 0;
  }

  async #run<T>(work: (endpoints: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    return await this.#database.run(knex => work(() => knex('webhook_endpoints')));
  }
}

function toRow(endpoint: Partial<Endpoint>): Record<string, unknown> {
  const given = Object.entries(endpoint).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [columns[key as keyof Endpoint], value]));
}

function toEndpoint(row: Record<string, unknown>): Endpoint {
  return Object.fromEntries(
    Object.entries(columns).map(([key, column]) => [key, row[column] ?? null]),
  ) as Endpoint;
}
