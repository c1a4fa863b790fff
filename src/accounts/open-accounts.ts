import type { Log } from '../log.ts';
import type { Database } from '../store/database.ts';
import { AccountStore } from './account-store.ts';
import { Accounts, type OwnedVideos } from './accounts.ts';
import { ApiKeyStore } from './api-key-store.ts';
import { ApiKeys } from './api-keys.ts';
import { AttemptLimits } from './attempt-limits.ts';
import { AttemptStore } from './attempt-store.ts';
import { AuthSecret } from './auth-secret.ts';
import { LoginStore } from './login-store.ts';
import { Logins } from './logins.ts';
import { PasswordHasher, type ScryptCost } from './password-hasher.ts';
import { Quotas, type QuotasParts } from './quotas.ts';
import { UsageStore } from './usage-store.ts';

/** What accounts are opened with. */
export type AccountSettings = {
  readonly access: 'open' | 'accounts';
  readonly authSecret: string | undefined;
  /** Lower case: their accounts are admins from the next start on. */
  readonly adminEmails: readonly string[];
  readonly quotas: QuotasParts['quotas'];
  /** An hour. */
  readonly maxSignUpsPerAddress: number;
  /** What hashing a password costs; another one for tests. */
  readonly hashCost?: ScryptCost;
};

/** Everything about accounts; its owner closes it. */
export type OpenedAccounts = {
  readonly access: 'open' | 'accounts';
  readonly secret: AuthSecret;
  readonly accounts: Accounts;
  readonly store: AccountStore;
  readonly logins: Logins;
  readonly apiKeys: ApiKeys;
  readonly quotas: Quotas;
  readonly usage: UsageStore;
  /** Goes on deleting what a stopped server left. */
  start(): void;
  close(): void;
};

const sweepMillis = 3_600_000;
const keptDays = 30;
const dayMillis = 86_400_000;

/** @throws LivereelError `bad-configuration` when the secret can be neither read nor made. */
export async function openAccounts(parts: {
  readonly database: Database;
  readonly secretFile: string;
  readonly settings: AccountSettings;
  readonly videos: OwnedVideos;
  readonly log: Log;
}): Promise<OpenedAccounts> {
  const { database, secretFile, settings, videos, log } = parts;
  const secret = await AuthSecret.open(secretFile, settings.authSecret);
  const store = new AccountStore(database);
  const loginStore = new LoginStore(database);
  const attempts = new AttemptStore(database);
  const hasher = new PasswordHasher(settings.hashCost);
  const limits = new AttemptLimits(attempts, secret, settings.maxSignUpsPerAddress);
  const logins = new Logins({ accounts: store, store: loginStore, hasher, limits, secret });
  const usage = new UsageStore(database);
  const accounts = new Accounts({ store, logins, loginStore, hasher, limits, videos, log });
  for (const email of await store.promote(settings.adminEmails))
    log.info({ email }, 'account is an admin now');
  const sweep = async () => {
    await loginStore.forgetBefore(new Date(Date.now() - keptDays * dayMillis));
    await attempts.forget();
  };
  const sweepQuietly = () =>
    void sweep().catch(error => log.warn({ err: error }, 'old logins not forgotten'));
  const timer = setInterval(sweepQuietly, sweepMillis).unref();
  return {
    access: settings.access,
    secret,
    accounts,
    store,
    logins,
    apiKeys: new ApiKeys(new ApiKeyStore(database)),
    quotas: new Quotas({ usage, accounts: store, ...settings }),
    usage,
    start: () => {
      sweepQuietly();
      void accounts.resume();
    },
    close: () => clearInterval(timer),
  };
}
