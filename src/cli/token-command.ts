import { LivereelError } from '../errors.ts';
import { defineCommand } from './command.ts';

/** `livereel token`: an API key for an account, made by whoever runs the server. */
export const tokenCommand = defineCommand({
  summary: 'make an API key for an account of this server',
  help: `Makes an API key with which scripts act for an account ("livereel push --token", Authorization: Bearer), without
the person's password: for whoever runs the server. The key is shown once; the account's page lists and revokes it.
It uses the database of CONTENT_DIR (the server must run) or DATABASE_URL.`,
  examples: [
    { line: 'livereel token ada@example.org --name backup', says: 'a key for the script that backs up' },
    { line: 'livereel token ada@example.org --admin', says: 'makes the account an admin too' },
    { line: 'livereel token ada@example.org --json', says: 'for scripts: {"type":"api-key","key":"…"}' },
  ],
  operands: [{ name: 'email', says: 'whose key it is; the account exists already' }],
  flags: {
    name: { kind: 'text', placeholder: 'text', says: 'what the key is for, as the account page shows it' },
    admin: { kind: 'switch', says: 'make the account an admin' },
  },
  async run({ values, operands, output, environment }) {
    const [{ readConfig }, { createLog }, { ContentDirectory }, { openDatabase }] = await Promise.all([
      import('../config.ts'),
      import('../log.ts'),
      import('../store/content-directory.ts'),
      import('../store/database.ts'),
    ]);
    const [{ embeddedConnection }, { AccountStore }, { ApiKeyStore }, { ApiKeys }] = await Promise.all([
      import('../process/embedded-postgres.ts'),
      import('../accounts/account-store.ts'),
      import('../accounts/api-key-store.ts'),
      import('../accounts/api-keys.ts'),
    ]);
    const config = readConfig(environment);
    const { runDir } = new ContentDirectory(config.contentDir);
    const address =
      config.databaseUrl === undefined
        ? { connection: embeddedConnection(runDir) }
        : { url: config.databaseUrl };
    const database = await openDatabase({ ...address, log: createLog('silent') });
    try {
      const email = (operands[0] ?? '').trim().toLowerCase();
      const accounts = new AccountStore(database);
      const account = await accounts.findByEmail(email);
      if (account === undefined) {
        throw new LivereelError('not-found', `There is no account of "${email.slice(0, 100)}" here.`);
      }
      if (values.admin) await accounts.promote([email]);
      const keys = new ApiKeys(new ApiKeyStore(database));
      const { key, id } = await keys.create(account.id, (values.name ?? 'command line').slice(0, 100));
      const isAdmin = values.admin || account.role === 'admin';
      output.result({ type: 'api-key', key, id, accountId: account.id, isAdmin }, key);
      return 0;
    } finally {
      await database.close();
    }
  },
});
