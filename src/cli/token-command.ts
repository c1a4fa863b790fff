import { LivereelError } from '../errors.ts';
import { type Call, defineCommand } from './command.ts';
import { lifeTimeSeconds } from './life-time.ts';
import { type LocalDatabase, openLocalDatabase } from './local-database.ts';
import { serverAddress } from './server-address.ts';

const exitUsage = 2;
const longestSeconds = 30 * 86_400;

/** `livereel token`: an API key for an account, or a link to a private video, made by whoever runs the server. */
export const tokenCommand = defineCommand({
  summary: 'make an API key for an account, or a link to a private video',
  help: `Makes an API key with which scripts act for an account ("livereel push --token", Authorization: Bearer), without
the person's password: for whoever runs the server. The key is shown once; the account's page lists and revokes it.
With --video it makes a playback token, which lets whoever has it watch that one private video for a while.
It uses the database of CONTENT_DIR (the server must run) or DATABASE_URL.`,
  examples: [
    { line: 'livereel token ada@example.org --name backup', says: 'a key for the script that backs up' },
    { line: 'livereel token ada@example.org --admin', says: 'makes the account an admin too' },
    { line: 'livereel token ada@example.org --json', says: 'for scripts: {"type":"api-key","key":"…"}' },
    {
      line: 'livereel token --video f3Kq9ZtA1bXy --expires 7d',
      says: 'a link to a private video, for a week',
    },
  ],
  operands: [{ name: 'email', says: 'whose key it is; the account exists already', isOptional: true }],
  flags: {
    name: { kind: 'text', placeholder: 'text', says: 'what the key is for, as the account page shows it' },
    admin: { kind: 'switch', says: 'make the account an admin' },
    video: { kind: 'text', placeholder: 'id', says: 'a playback token for this video, in place of a key' },
    expires: {
      kind: 'text',
      placeholder: 'time',
      says: 'how long that holds, 1m to 30d: 45m, 12h, 7d (12h)',
    },
  },
  async run({ values, operands, output, environment }) {
    const { video, name, admin, expires = '12h' } = values;
    const [email] = operands;
    const lifeSeconds = lifeTimeSeconds(expires) ?? 0;
    const wrong = whatIsWrong(email, values, lifeSeconds);
    if (wrong !== undefined) {
      const sentence = `${wrong}\nSee "livereel token --help".`;
      output.remark({ type: 'error', code: 'bad-request', message: wrong }, sentence);
      return exitUsage;
    }
    const local = await openLocalDatabase(environment);
    try {
      if (video === undefined) await makeKey(local, { email: email ?? '', name, admin }, output);
      else {
        const address = await serverAddress(undefined, environment);
        await makePlaybackToken(local, { id: video, lifeSeconds, address }, output);
      }
      return 0;
    } finally {
      await local.database.close();
    }
  },
});

type Wishes = {
  readonly video: string | undefined;
  readonly name: string | undefined;
  readonly admin: boolean;
  readonly expires: string | undefined;
};

function whatIsWrong(
  email: string | undefined,
  { video, name, admin, expires }: Wishes,
  lifeSeconds: number,
): string | undefined {
  if (email === undefined && video === undefined)
    return '"token" needs <email>, for an API key, or --video <id>.';
  if (video === undefined)
    return expires === undefined ? undefined : '"--expires" is of --video; a key holds until it is revoked.';
  if (email !== undefined || name !== undefined || admin)
    return '"--video" goes with --expires only: it makes no API key.';
  return lifeSeconds >= 60 && lifeSeconds <= longestSeconds
    ? undefined
    : `"--expires" is from 1m to 30d, such as 45m, 12h or 7d, but not "${expires?.slice(0, 40)}".`;
}

async function makeKey(
  { database }: LocalDatabase,
  { email, name, admin }: { email: string; name: string | undefined; admin: boolean },
  output: Call['output'],
): Promise<void> {
  const [{ AccountStore }, { ApiKeyStore }, { ApiKeys }] = await Promise.all([
    import('../accounts/account-store.ts'),
    import('../accounts/api-key-store.ts'),
    import('../accounts/api-keys.ts'),
  ]);
  const accounts = new AccountStore(database);
  const address = email.trim().toLowerCase();
  const account = await accounts.findByEmail(address);
  if (account === undefined) {
    throw new LivereelError('not-found', `There is no account of "${address.slice(0, 100)}" here.`);
  }
  if (admin) await accounts.promote([address]);
  const keys = new ApiKeys(new ApiKeyStore(database));
  const { key, id } = await keys.create(account.id, (name ?? 'command line').slice(0, 100));
  const isAdmin = admin || account.role === 'admin';
  output.result({ type: 'api-key', key, id, accountId: account.id, isAdmin }, key);
}

async function makePlaybackToken(
  { database, content, config }: LocalDatabase,
  { id, lifeSeconds, address }: { id: string; lifeSeconds: number; address: string },
  output: Call['output'],
): Promise<void> {
  const [{ AuthSecret }, { PlaybackTokens }, { VideoStore }, { videoUrls }] = await Promise.all([
    import('../accounts/auth-secret.ts'),
    import('../library/playback-tokens.ts'),
    import('../library/video-store.ts'),
    import('../library/video-urls.ts'),
  ]);
  const isId = /^[0-9A-Za-z]{12}$/.test(id);
  const video = isId ? await new VideoStore(database).find(id) : undefined;
  if (video === undefined) {
    throw new LivereelError('not-found', `There is no video "${id.slice(0, 40)}" here.`);
  }
  const secret = await AuthSecret.open(content.authSecretFile, config.authSecret);
  const made = new PlaybackTokens(secret.key('playback-token')).make(video, lifeSeconds);
  const { token } = made;
  const expiresAt = made.expiresAt.toISOString();
  const isNeeded = video.visibility === 'private';
  const { watchUrl, playbackUrl } = videoUrls(address, id, token);
  const link = isNeeded
    ? `${watchUrl} lets whoever has it watch until ${expiresAt}.`
    : `This video is ${video.visibility}: ${videoUrls(address, id).watchUrl} needs no token.`;
  output.result({ type: 'playback-token', id, token, expiresAt, isNeeded, watchUrl, playbackUrl }, token);
  if (!output.isJson) output.remark({ type: 'link' }, link);
}
