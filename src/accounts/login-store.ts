import type { Knex } from 'knex';
import type { Database } from '../store/database.ts';
import { type Account, toAccount } from './account-store.ts';

/** A browser or script in which somebody is logged in: one family of refresh tokens. */
export type NewLogin = {
  readonly id: string;
  readonly accountId: string;
  /** Of the refresh token that is good now. */
  readonly tokenId: string;
  readonly clientAddress: string;
  readonly userAgent: string | null;
  readonly expiresAt: Date;
};

/** How the exchange of a refresh token came out. `used-before`: somebody has a copy. */
export type Rotation = 'done' | 'over' | 'used-before';

/** The SQL of the table `logins`. */
export class LoginStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Makes a login; of one account's the newest `most` stay. */
  async insert(login: NewLogin, most: number): Promise<void> {
    const { id, accountId, tokenId, clientAddress, userAgent, expiresAt } = login;
    const record = {
      id,
      account_id: accountId,
      token_id: tokenId,
      client_address: clientAddress,
      user_agent: userAgent,
      expires_at: expiresAt,
    };
    await this.#run(async logins => {
      await logins().insert(record).onConflict('id').ignore();
      await logins()
        .whereIn(
          'id',
          logins().select('id').where({ account_id: accountId }).orderBy('refreshed_at', 'desc').offset(most),
        )
        .delete();
    });
  }

  /** The account of a login that is not over, and when that began. */
  async find(id: string): Promise<{ account: Account; since: Date } | undefined> {
    const row = await this.#run(logins =>
      logins()
        .join('accounts', 'accounts.id', 'logins.account_id')
        .select('accounts.*', 'logins.created_at as since')
        .where({ 'logins.id': id })
        .whereNull('logins.ended_at')
        .where('logins.expires_at', '>', new Date())
        .whereNull('accounts.deleted_at')
        .first(),
    );
    return row === undefined ? undefined : { account: toAccount(row), since: row.since as Date };
  }

  /**
   * Exchanges the refresh token `from` for `to`, in one statement: of many who come with the same one is first, also
   * on several servers. A token that was exchanged before ends the login for everybody who has one of it.
   */
  async rotate(id: string, from: string, to: string, expiresAt: Date): Promise<Rotation> {
    return await this.#run(async logins => {
      const changed = await logins()
        .where({ id, token_id: from })
        .whereNull('ended_at')
        .where('expires_at', '>', new Date())
        .update({ token_id: to, refreshed_at: new Date(), expires_at: expiresAt });
      if (changed > 0) return 'done';
      const row = await logins().where({ id }).first();
      if (row === undefined || row.ended_at !== null || row.expires_at <= new Date()) return 'over';
      // By the try before this one, whose answer was lost with the connection to the database.
      if (row.token_id === to) return 'done';
      await logins().where({ id }).whereNull('ended_at').update(ended('refresh token used twice'));
      return 'used-before';
    });
  }

  /** Whether somebody logged in to the account from this address before. */
  async knowsAddress(accountId: string, clientAddress: string): Promise<boolean> {
    const row = await this.#run(logins =>
      logins().where({ account_id: accountId, client_address: clientAddress }).first('id'),
    );
    return row !== undefined;
  }

  /** Ends a login. */
  async end(id: string, reason: string): Promise<void> {
    await this.#run(logins => logins().where({ id }).whereNull('ended_at').update(ended(reason)));
  }

  /** Ends all of an account's but one. */
  async endOthers(accountId: string, exceptId: string, reason: string): Promise<void> {
    await this.#run(logins =>
      logins()
        .where({ account_id: accountId })
        .whereNot({ id: exceptId })
        .whereNull('ended_at')
        .update(ended(reason)),
    );
  }

  /** Forgets those that were over before `date`. */
  async forgetBefore(date: Date): Promise<void> {
    await this.#run(logins =>
      logins().where('expires_at', '<', date).orWhere('ended_at', '<', date).delete(),
    );
  }

  async #run<T>(work: (logins: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    return await this.#database.run(knex => work(() => knex('logins')));
  }
}

function ended(reason: string) {
  return { ended_at: new Date(), end_reason: reason };
}
