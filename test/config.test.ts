import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import t from 'tap';
import { readConfig, urlOf, variables } from '../src/config.ts';

t.test('without any variable the defaults hold', async t => {
  t.same(readConfig({}), {
    host: '127.0.0.1',
    port: 8000,
    publicUrl: undefined,
    trustedProxies: [],
    contentDir: resolve('content'),
    databaseUrl: undefined,
    access: 'open',
    authSecret: undefined,
    adminEmails: [],
    maxSignUpsPerAddress: 30,
    quotas: {
      free: { minutes: 600, bytes: 10 * 1024 ** 3, sessions: 2 },
      pro: { minutes: 6_000, bytes: 100 * 1024 ** 3, sessions: 10 },
      'pro-plus': { minutes: 60_000, bytes: 1_000 * 1024 ** 3, sessions: 50 },
    },
    logLevel: 'info',
    reconnectWindowSeconds: 60,
    createdTimeoutSeconds: 600,
    silentPublisherSeconds: 600,
    partDurationSeconds: 0.2,
    segmentDurationSeconds: 2,
    maxMessageBytes: 16 * 1024 ** 2,
    maxFrameBytes: 8 * 1024 ** 2,
    maxFramePixels: 40_000_000,
    maxFrameSide: 16_384,
    maxSessions: 100,
    maxSessionsPerAddress: 20,
    maxSessionBytes: 64 * 1024 ** 3,
    minFreeDiskBytes: 1024 ** 3,
    minFreeDiskRatio: 0.05,
    ffmpegPath: 'ffmpeg',
    ffprobePath: 'ffprobe',
    nginxPath: 'nginx',
    ffmpegMemoryBytes: 2 * 1024 ** 3,
    drainSeconds: 10,
    captions: true,
    whisperModel: undefined,
    whisperFinalModel: undefined,
    whisperUrl: undefined,
    whisperKey: undefined,
    whisperModelUrl: 'https://huggingface.co/ggerganov/whisper.cpp/resolve/main',
    whisperThreads: undefined,
    whisperServerPath: undefined,
    importAllowNetworks: [],
    importMaxBytes: 2_147_483_648,
    importMaxSeconds: 14_400,
    maxImportsPerAccount: 20,
    ytDlpPath: 'yt-dlp',
    webrtc: true,
    webrtcPort: 8189,
    webrtcAnnouncedAddresses: [],
    stunUrls: [],
    turnUrls: [],
    turnSecret: undefined,
    uploadMaxBytes: 2 * 1024 ** 3,
    uploadExpireSeconds: 86_400,
    worker: true,
    retentionDays: undefined,
    webhookAllowNetworks: ['127.0.0.0/8', '::1/128'],
  });
});

t.test('each variable changes what it names', async t => {
  const config = readConfig({
    HOST: '0.0.0.0',
    PORT: '80',
    PUBLIC_URL: 'https://reel.example/live/',
    CONTENT_DIR: '/srv/reel',
    DATABASE_URL: 'postgres://u:p@h/d',
    AUTH_SECRET: 'x'.repeat(32),
    ADMIN_EMAILS: 'Ada@example.com bob@example.com',
    MAX_SIGN_UPS_PER_ADDRESS: '4',
    QUOTA_FREE: '10/0.5/1',
    QUOTA_PRO: '-/-/3',
    QUOTA_PRO_PLUS: '-/-/-',
    LOG_LEVEL: 'debug',
    RECONNECT_WINDOW_SECONDS: '1.5',
    CREATED_TIMEOUT_SECONDS: '2',
    SILENT_PUBLISHER_SECONDS: '3',
    PART_MS: '250',
    SEGMENT_MS: '1000',
    MAX_MESSAGE_BYTES: '1000000',
    MAX_FRAME_BYTES: '500000',
    MAX_FRAME_PIXELS: '4',
    MAX_FRAME_SIDE: '5',
    MAX_SESSIONS: '6',
    MAX_SESSIONS_PER_ADDRESS: '7',
    MAX_SESSION_BYTES: '8000000',
    MIN_FREE_DISK_BYTES: '0',
    MIN_FREE_DISK_RATIO: '0.5',
    FFMPEG_PATH: '/opt/ffmpeg',
    FFPROBE_PATH: '/opt/ffprobe',
    NGINX_PATH: '/opt/nginx',
    FFMPEG_MEMORY_BYTES: '500000000',
    DRAIN_SECONDS: '9',
    CAPTIONS: 'off',
    WHISPER_MODEL: 'small.en',
    WHISPER_FINAL_MODEL: '/models/ggml-large-v3.bin',
    WHISPER_URL: 'https://speech.example/v1/',
    WHISPER_KEY: 'sk-1',
    WHISPER_MODEL_URL: 'http://mirror.example/models/',
    WHISPER_THREADS: '3',
    WHISPER_SERVER_PATH: '/opt/whisper-server',
    IMPORT_ALLOW_NETWORKS: '127.0.0.0/8, fd00::1',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    IMPORT_MAX_BYTES: '4096',
    IMPORT_MAX_SECONDS: '60',
    MAX_IMPORTS_PER_ACCOUNT: '3',
    YT_DLP_PATH: '/opt/yt-dlp',
    WEBRTC: 'off',
    WEBRTC_PORT: '0',
    WEBRTC_ANNOUNCED_ADDRESS: '192.0.2.7, 2001:db8::7',
    STUN_URLS: 'stun:stun.example:3478',
    TURN_URLS: 'turn:turn.example:3478?transport=udp,turns:turn.example',
    TURN_SECRET: 'north-star',
    WORKER: 'off',
    UPLOAD_MAX_BYTES: '1048576',
    RETENTION_DAYS: '30.5',
    WEBHOOK_ALLOW_NETWORKS: '10.0.0.0/8, fd00::/8 192.0.2.1',
  });
  t.same(config, {
    host: '0.0.0.0',
    port: 80,
    publicUrl: 'https://reel.example/live',
    contentDir: '/srv/reel',
    databaseUrl: 'postgres://u:p@h/d',
    access: 'accounts',
    authSecret: 'x'.repeat(32),
    adminEmails: ['ada@example.com', 'bob@example.com'],
    maxSignUpsPerAddress: 4,
    quotas: {
      free: { minutes: 10, bytes: 512 * 1024 ** 2, sessions: 1 },
      pro: { minutes: null, bytes: null, sessions: 3 },
      'pro-plus': { minutes: null, bytes: null, sessions: null },
    },
    logLevel: 'debug',
    reconnectWindowSeconds: 1.5,
    createdTimeoutSeconds: 2,
    silentPublisherSeconds: 3,
    partDurationSeconds: 0.25,
    segmentDurationSeconds: 1,
    maxMessageBytes: 1_000_000,
    maxFrameBytes: 500_000,
    maxFramePixels: 4,
    maxFrameSide: 5,
    maxSessions: 6,
    maxSessionsPerAddress: 7,
    maxSessionBytes: 8_000_000,
    minFreeDiskBytes: 0,
    minFreeDiskRatio: 0.5,
    ffmpegPath: '/opt/ffmpeg',
    ffprobePath: '/opt/ffprobe',
    nginxPath: '/opt/nginx',
    ffmpegMemoryBytes: 500_000_000,
    drainSeconds: 9,
    captions: false,
    whisperModel: 'small.en',
    whisperFinalModel: '/models/ggml-large-v3.bin',
    whisperUrl: 'https://speech.example/v1',
    whisperKey: 'sk-1',
    whisperModelUrl: 'http://mirror.example/models',
    whisperThreads: 3,
    whisperServerPath: '/opt/whisper-server',
    trustedProxies: ['10.0.0.0/8', '::1'],
    importAllowNetworks: ['127.0.0.0/8', 'fd00::1'],
    importMaxBytes: 4_096,
    importMaxSeconds: 60,
    maxImportsPerAccount: 3,
    ytDlpPath: '/opt/yt-dlp',
    webrtc: false,
    webrtcPort: 0,
    webrtcAnnouncedAddresses: ['192.0.2.7', '2001:db8::7'],
    stunUrls: ['stun:stun.example:3478'],
    turnUrls: ['turn:turn.example:3478?transport=udp', 'turns:turn.example'],
    turnSecret: 'north-star',
    uploadMaxBytes: 1_048_576,
    uploadExpireSeconds: 86_400,
    worker: false,
    retentionDays: 30.5,
    webhookAllowNetworks: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
  });
});

t.test('publishing is open on the loopback address alone, unless it is said', async t => {
  for (const HOST of ['127.0.0.1', '127.8.8.8', '::1', 'localhost'])
    t.equal(readConfig({ HOST }).access, 'open');
  for (const HOST of ['0.0.0.0', '::', 'reel.example', '127.example']) {
    t.equal(readConfig({ HOST }).access, 'accounts');
  }
  t.equal(readConfig({ HOST: '0.0.0.0', ACCESS: 'open' }).access, 'open');
});

t.test('an empty variable counts as not set', async t => {
  t.equal(readConfig({ PORT: '', AUTH_SECRET: '' }).port, 8000);
});

t.test('with port 0 the address is not known yet', async t => {
  t.equal(readConfig({ PORT: '0' }).publicUrl, undefined);
  t.equal(urlOf('::1', 8000), 'http://[::1]:8000');
  t.equal(urlOf('0.0.0.0', 8000), 'http://localhost:8000');
});

t.test('all wrong variables are named at once, with what they hold and may hold', async t => {
  const wrong = { HOST: 'a b;', PORT: '65536', PART_MS: '1e3', LOG_LEVEL: 'loud', MAX_SESSIONS: '-1' };
  t.throws(() => readConfig(wrong), {
    code: 'bad-configuration',
    message:
      'The configuration is wrong: HOST holds "a b;"; it may hold an IP address or a host name. ' +
      'PORT holds "65536"; it may hold a whole number from 0 to 65535. ' +
      'LOG_LEVEL holds "loud"; it may hold one of trace, debug, info, warn, error, fatal, silent. ' +
      'PART_MS holds "1e3"; it may hold a whole number from 100 to 2000. ' +
      'MAX_SESSIONS holds "-1"; it may hold a whole number from 1 to 100000.',
  });
});

t.test('secrets are not quoted', async t => {
  const secrets = { AUTH_SECRET: 'tooshort', DATABASE_URL: 'mysql://user:hidden@host/db' };
  t.throws(() => readConfig(secrets), /AUTH_SECRET holds 8 characters.*|"mysql:\/\/\*\*\*@host/);
  try {
    readConfig(secrets);
  } catch (error) {
    t.notMatch((error as Error).message, /tooshort|hidden/);
  }
});

t.test('each address of a list is checked', async t => {
  for (const address of ['host.example', '0.0.0.0', '192.0.2.1 :: 192.0.2.2', '1.2.3.4,'.repeat(17)]) {
    t.throws(() => readConfig({ WEBRTC_ANNOUNCED_ADDRESS: address }), { code: 'bad-configuration' });
  }
  for (const url of ['stun.example', 'turn:turn.example', 'stun:a"; rel=x']) {
    t.throws(() => readConfig({ STUN_URLS: url }), /STUN_URLS holds/);
  }
  t.throws(
    () => readConfig({ TURN_URLS: 'stun:stun.example', TURN_SECRET: 'north-star' }),
    /TURN_URLS holds/,
  );
});

t.test('values that do not fit together are refused', async t => {
  t.throws(() => readConfig({ PART_MS: '400', SEGMENT_MS: '500' }), /SEGMENT_MS holds "500".* twice PART_MS/);
  t.throws(() => readConfig({ MAX_MESSAGE_BYTES: '65536' }), /MAX_FRAME_BYTES holds its default/);
  t.throws(() => readConfig({ TURN_URLS: 'turn:turn.example' }), /TURN_SECRET holds its default/);
});

t.test('docs/configuration.md describes every variable', async t => {
  const page = await readFile('docs/configuration.md', 'utf8');
  const described = [...page.matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|/gm)].flatMap(([, names]) =>
    String(names).replaceAll('`', '').split(', '),
  );
  t.same(described.toSorted(), [...variables].toSorted());
});

t.test('proxies that are believed are named by address, in words that nginx knows', async t => {
  for (const wrong of ['proxy.example', 'fe80::1%eth0', '10.0.0.0/33', '::1;', 'all']) {
    t.throws(() => readConfig({ TRUSTED_PROXIES: wrong }), { code: 'bad-configuration' }, wrong);
  }
});

t.test('webhooks reach this machine by themselves only where it is open to those who sit at it', async t => {
  t.same(readConfig({ ACCESS: 'accounts' }).webhookAllowNetworks, []);
  t.same(readConfig({ HOST: '0.0.0.0', ACCESS: 'open' }).webhookAllowNetworks, []);
  t.same(readConfig({ WEBHOOK_ALLOW_NETWORKS: '10.0.0.0/8' }).webhookAllowNetworks, ['10.0.0.0/8']);
  for (const wrong of ['10.0.0.0/33', 'localhost', '::1/129', '10.0.0.0/8/8', '10.0.0.0/x']) {
    t.throws(() => readConfig({ WEBHOOK_ALLOW_NETWORKS: wrong }), { code: 'bad-configuration' }, wrong);
  }
});
