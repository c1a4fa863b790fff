import type { Knex } from 'knex';
import type { Level, Role } from '../api/account.ts';
import { LivereelError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { isRefusal } from '../store/postgres-errors.ts';

/** Somebody with an account. */
export type Account = {
  readonly id: string;
  /** In lower case. */
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly level: Level;
  readonly createdAt: Date;
};

/** What may change of an account. */
export type AccountChanges = Partial<Omit<Account, 'id' | 'createdAt'>>;

const columns = {
  id: 'id',
  email: 'email',
  name: 'name',
  passwordHash: 'password_hash',
  role: 'role',
  level: 'level',
  createdAt: 'created_at',
} as const satisfies Record<keyof Account, string>;

/** The SQL of the table `accounts`. Those that are being deleted are found by `deleted` only. */
export class AccountStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** @throws LivereelError `email-taken`. */
  async insert(account: Account): Promise<Account> {
    const record = toRecord(account);
    const rows = await this.#run(accounts =>
      // The same id: stored by a try before, whose answer was lost with the connection.
      accounts().insert(record).onConflict('id').merge(['id']).returning('*'),
    );
    return toAccount(rows[0]);
  }

  /** Undefined when there is none. */
  async find(id: string): Promise<Account | undefined> {
    const row = await this.#run(accounts => accounts().where({ id }).whereNull('deleted_at').first());
    return row === undefined ? undefined : toAccount(row);
  }

  /** `email`: in lower case. */
  async findByEmail(email: string): Promise<Account | undefined> {
    const row = await this.#run(accounts => accounts().where({ email }).whereNull('deleted_at').first());
    return row === undefined ? undefined : toAccount(row);
  }

  /** What it is then; undefined when there is none. @throws LivereelError `email-taken`. */
  async update(id: string, changes: AccountChanges): Promise<Account | undefined> {
    const record = { ...toRecord(changes), updated_at: new Date() };
    const rows = await this.#run(accounts =>
      accounts().where({ id }).whereNull('deleted_at').update(record).returning('*'),
    );
    return rows[0] === undefined ? undefined : toAccount(rows[0]);
  }

  /** Makes those of these addresses admins that are not, and answers whom. */
  async promote(emails: readonly string[]): Promise<string[]> {
    const rows = await this.#run(accounts =>
      accounts()
        .whereIn('email', emails)
        .whereNot({ role: 'admin' })
        .update({ role: 'admin' })
        .returning('email'),
    );
    return rows.map((row: { email: string }) => row.email);
  }

  /** A page of all accounts in the order of their ids; `after`: the last id of the page before. */
  async list(limit: number, after: string | undefined): Promise<Account[]> {
    const rows = await this.#run(accounts => {
      const query = accounts().whereNull('deleted_at').orderBy('id').limit(limit);
      return after === undefined ? query : query.where('id', '>', after);
    });
    return rows.map(toAccount);
  }

  /** From now on nobody logs in, all logins and keys are gone, and its e-mail address is free. */
  async markDeleted(id: string): Promise<void> {
    await this.#database.run(knex =>
      knex.transaction(async tx => {
        const gone = { email: `deleted ${id}`, password_hash: '', deleted_at: new Date() };
        await tx('accounts').where({ id }).whereNull('deleted_at').update(gone);
        await tx('logins').where({ account_id: id }).delete();
        await tx('api_keys').where({ account_id: id }).delete();
      }),
    );
  }

  /** Ids of those that are being deleted. */
  async deleted(): Promise<string[]> {
    const rows = await this.#run(accounts => accounts().whereNotNull('deleted_at').select('id'));
    return rows.map((row: { id: string }) => row.id);
  }

  /** For good. False: it still has videos. */
  async remove(id: string): Promise<boolean> {
    try {
      await this.#run(accounts => accounts().where({ id }).whereNotNull('deleted_at').delete());
      return true;
    } catch (error) {
      if (isRefusal(error, 'foreignKeyViolation')) return false;
      throw error;
    }
  }

  async #run<T>(work: (accounts: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    try {
      return await this.#database.run(knex => work(() => knex('accounts')));
    } catch (error) {
      if (!isRefusal(error, 'uniqueViolation')) throw error;
      const detail = 'No account can be made with this e-mail address. If it is yours, log in instead.';
      throw new LivereelError('email-taken', detail, { cause: error });
    }
  }
}

function toRecord(account: AccountChanges): Record<string, unknown> {
  const known = Object.entries(account).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [columns[key as keyof Account], value]));
}

/** A row of `accounts`, as a join hands it over too. */
export function toAccount(row: Record<string, unknown>): Account {
  return Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, row[column]])) as Account;
}
