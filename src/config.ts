import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { LivereelError } from './errors.ts';
import { type LogLevel, logLevels } from './log.ts';
import {
  anyWholeNumber,
  list,
  matching,
  numberFrom,
  type QuotaSetting,
  quota,
  seconds,
  wholeNumber,
} from './setting-kinds.ts';
import {
  isAnnounceable,
  isDatabaseUrl,
  isEmail,
  isHost,
  isLoopback,
  isNetwork,
  isPath,
  isProxyNetwork,
  isPublicUrl,
  isStunUrl,
  isTurnUrl,
} from './setting-values.ts';

/** Everything that can be set, read once at the start (docs/configuration.md lists the variables). */
export type Config = {
  /** The address nginx listens on. */
  readonly host: string;
  /** 0: a free port is picked at the start. */
  readonly port: number;
  /** What URLs in answers begin with, no slash at the end; undefined: the address under which a client came. */
  readonly publicUrl: string | undefined;
  /** Networks (CIDR) of proxies that are believed when they say whom they ask for. */
  readonly trustedProxies: readonly string[];
  /** Absolute. */
  readonly contentDir: string;
  /** undefined: the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  readonly access: 'open' | 'accounts';
  /** undefined: made at the first start and kept in the content directory. */
  readonly authSecret: string | undefined;
  /** In lower case: those of them that have accounts at the start are admins. */
  readonly adminEmails: readonly string[];
  /** How many accounts one address may make an hour. */
  readonly maxSignUpsPerAddress: number;
  readonly quotas: {
    readonly free: QuotaSetting;
    readonly pro: QuotaSetting;
    readonly 'pro-plus': QuotaSetting;
  };
  readonly logLevel: LogLevel;
  readonly reconnectWindowSeconds: number;
  /** A session that never got a byte is deleted after this. */
  readonly createdTimeoutSeconds: number;
  /** A publisher that is connected and sends nothing for this long is disconnected. */
  readonly silentPublisherSeconds: number;
  readonly partDurationSeconds: number;
  readonly segmentDurationSeconds: number;
  readonly maxMessageBytes: number;
  readonly maxFrameBytes: number;
  readonly maxFramePixels: number;
  /** Longest side of a JPEG frame, in pixels. */
  readonly maxFrameSide: number;
  readonly maxSessions: number;
  readonly maxSessionsPerAddress: number;
  readonly maxSessionBytes: number;
  /** Below this, or below the ratio, no session is taken and running ones end. */
  readonly minFreeDiskBytes: number;
  /** 0 to 1, of the whole file system. */
  readonly minFreeDiskRatio: number;
  /** Of one file. */
  readonly uploadMaxBytes: number;
  /** An upload that gets no bytes for this long is given up. */
  readonly uploadExpireSeconds: number;
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  readonly nginxPath: string;
  /** Address space of one ffmpeg. */
  readonly ffmpegMemoryBytes: number;
  /** How long SIGTERM may take. */
  readonly drainSeconds: number;
  /** Whether anything is captioned at all. */
  readonly captions: boolean;
  /** A known name or a file; with `whisperUrl` the model's name over there. undefined: the usual one. */
  readonly whisperModel: string | undefined;
  /** Another one for the transcript after the end. */
  readonly whisperFinalModel: string | undefined;
  /** An OpenAI-compatible transcription server; undefined: our own. */
  readonly whisperUrl: string | undefined;
  readonly whisperKey: string | undefined;
  /** Where models are fetched from: `ggml-<name>.bin` below it; no slash at the end. */
  readonly whisperModelUrl: string;
  /** undefined: chosen for the machine. */
  readonly whisperThreads: number | undefined;
  /** undefined: the one that the set-up built. */
  readonly whisperServerPath: string | undefined;
  /** Whether the server starts a worker for background tasks beside it. */
  readonly worker: boolean;
  /** Private networks from which imports may be fetched, in CIDR notation. */
  readonly importAllowNetworks: readonly string[];
  /** Of one import. */
  readonly importMaxBytes: number;
  /** How long the fetching of one import may take. */
  readonly importMaxSeconds: number;
  /** Imports of one account, or of one address without one, that wait or are being fetched. */
  readonly maxImportsPerAccount: number;
  /** A name that is looked up in PATH, or a path. */
  readonly ytDlpPath: string;
  /** Whether anything comes in or goes out by WebRTC. */
  readonly webrtc: boolean;
  /** The one UDP port of all peers; 0: any free one. */
  readonly webrtcPort: number;
  /** IP addresses under which peers reach that port; empty: those of this machine. */
  readonly webrtcAnnouncedAddresses: readonly string[];
  /** `stun:host:port`; told to peers, never asked by the server itself. */
  readonly stunUrls: readonly string[];
  /** `turn:host:port?transport=udp`. */
  readonly turnUrls: readonly string[];
  /** Videos that are older are deleted; undefined: they stay. */
  readonly retentionDays: number | undefined;
  /** Networks (CIDR) to which webhooks may be sent although they are not public. */
  readonly webhookAllowNetworks: readonly string[];
  /** coturn's `static-auth-secret`; set wherever there are `turnUrls`. */
  readonly turnSecret: string | undefined;
};

/** Longest value that is quoted back in an error message. */
const quotedCharacters = 80;

const loopbackNetworks: readonly string[] = ['127.0.0.0/8', '::1/128'];
const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

const Environment = z.object({
  HOST: matching(isHost, 'an IP address or a host name').default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 8_000),
  PUBLIC_URL: matching(isPublicUrl, 'an http:// or https:// address without query or fragment').optional(),
  TRUSTED_PROXIES: list(isProxyNetwork, 'networks such as 10.0.0.0/8 or ::1, separated by commas'),
  CONTENT_DIR: matching(isPath, 'the path of a folder').default('content'),
  DATABASE_URL: matching(isDatabaseUrl, 'postgres://user:password@host/database').optional(),
  ACCESS: z.enum(['open', 'accounts'], '"open" or "accounts"').optional(),
  AUTH_SECRET: z.string().min(32, 'at least 32 characters').optional(),
  ADMIN_EMAILS: list(isEmail, 'e-mail addresses, separated by commas'),
  MAX_SIGN_UPS_PER_ADDRESS: wholeNumber(0, 1_000_000, 30),
  QUOTA_FREE: quota('600/10/2'),
  QUOTA_PRO: quota('6000/100/10'),
  QUOTA_PRO_PLUS: quota('60000/1000/50'),
  LOG_LEVEL: z.enum(logLevels, `one of ${logLevels.join(', ')}`).default('info'),
  RECONNECT_WINDOW_SECONDS: seconds(0, 86_400, 60),
  CREATED_TIMEOUT_SECONDS: seconds(1, 86_400, 600),
  SILENT_PUBLISHER_SECONDS: seconds(1, 86_400, 600),
  PART_MS: wholeNumber(100, 2_000, 200),
  SEGMENT_MS: wholeNumber(500, 10_000, 2_000),
  MAX_MESSAGE_BYTES: wholeNumber(64 * 1024, 128 * mebibyte, 16 * mebibyte),
  MAX_FRAME_BYTES: wholeNumber(1024, 128 * mebibyte, 8 * mebibyte),
  MAX_FRAME_PIXELS: wholeNumber(1, 1_000_000_000, 40_000_000),
  MAX_FRAME_SIDE: wholeNumber(1, 65_535, 16_384),
  MAX_SESSIONS: wholeNumber(1, 100_000, 100),
  MAX_SESSIONS_PER_ADDRESS: wholeNumber(1, 100_000, 20),
  MAX_SESSION_BYTES: wholeNumber(mebibyte, 1024 ** 4 * 16, 64 * gibibyte),
  MIN_FREE_DISK_BYTES: wholeNumber(0, 1024 ** 4 * 16, gibibyte),
  MIN_FREE_DISK_RATIO: numberFrom(
    z.number().min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1'),
    'a number from 0 to 1',
  ).default(0.05),
  UPLOAD_MAX_BYTES: wholeNumber(1024, 1024 ** 4 * 16, 2 * gibibyte),
  UPLOAD_EXPIRE_SECONDS: seconds(1, 30 * 86_400, 86_400),
  FFMPEG_PATH: matching(isPath, 'a program name or path').default('ffmpeg'),
  FFPROBE_PATH: matching(isPath, 'a program name or path').default('ffprobe'),
  NGINX_PATH: matching(isPath, 'a program name or path').default('nginx'),
  FFMPEG_MEMORY_BYTES: wholeNumber(256 * mebibyte, 1024 ** 4, 2 * gibibyte),
  DRAIN_SECONDS: seconds(0, 600, 10),
  CAPTIONS: z.enum(['on', 'off'], '"on" or "off"').default('on'),
  WHISPER_MODEL: matching(isPath, 'the name of a model, or the path of its file').optional(),
  WHISPER_FINAL_MODEL: matching(isPath, 'the name of a model, or the path of its file').optional(),
  WHISPER_URL: matching(isPublicUrl, 'an http:// or https:// address without query or fragment').optional(),
  WHISPER_KEY: matching(isPath, 'a key without line breaks').optional(),
  WHISPER_MODEL_URL: matching(
    isPublicUrl,
    'an http:// or https:// address without query or fragment',
  ).default('https://huggingface.co/ggerganov/whisper.cpp/resolve/main'),
  WHISPER_THREADS: anyWholeNumber(1, 256).optional(),
  WHISPER_SERVER_PATH: matching(isPath, 'a program name or path').optional(),
  WORKER: z.enum(['on', 'off'], '"on" or "off"').default('on'),
  IMPORT_ALLOW_NETWORKS: list(
    isNetwork,
    'networks in CIDR notation (127.0.0.0/8, fd00::/8), separated by commas',
  ),
  IMPORT_MAX_BYTES: anyWholeNumber(1024, 1024 ** 4 * 16).optional(),
  IMPORT_MAX_SECONDS: seconds(1, 604_800, 14_400),
  MAX_IMPORTS_PER_ACCOUNT: wholeNumber(1, 100_000, 20),
  YT_DLP_PATH: matching(isPath, 'a program name or path').default('yt-dlp'),
  WEBRTC: z.enum(['on', 'off'], '"on" or "off"').default('on'),
  WEBRTC_PORT: wholeNumber(0, 65_535, 8_189),
  WEBRTC_ANNOUNCED_ADDRESS: list(isAnnounceable, 'IP addresses that peers can reach, separated by commas'),
  STUN_URLS: list(isStunUrl, 'stun:host:port addresses, separated by commas'),
  TURN_URLS: list(isTurnUrl, 'turn:host:port addresses, separated by commas'),
  TURN_SECRET: z.string().min(8, 'at least 8 characters').optional(),
  RETENTION_DAYS: numberFrom(
    z
      .number()
      .min(0.001, 'a number of days from 0.001 to 36500')
      .max(36_500, 'a number of days from 0.001 to 36500'),
    'a number of days from 0.001 to 36500',
  ).optional(),
  WEBHOOK_ALLOW_NETWORKS: list(isNetwork, 'networks such as 127.0.0.0/8, separated by commas'),
});
type Environment = z.infer<typeof Environment>;

/** The variables that `readConfig` reads, in the order of docs/configuration.md. */
export const variables: readonly string[] = Object.keys(Environment.shape);

/**
 * Reads the settings from the environment; an empty variable counts as not set.
 * @throws LivereelError `bad-configuration`, once for all: every wrong variable, what it holds, what it may hold.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(
    variables.flatMap(name => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const parsed = Environment.safeParse(given);
  const wrong = new Map<string, string>();
  if (parsed.success) {
    for (const [name, message] of disagreements(parsed.data)) wrong.set(name, message);
  } else {
    for (const issue of parsed.error.issues) wrong.set(String(issue.path[0]), issue.message);
  }
  if (!parsed.success || wrong.size > 0) {
    const lines = [...wrong].map(
      ([name, message]) => `${name} holds ${quoted(name, given[name])}; it may hold ${message}`,
    );
    throw new LivereelError('bad-configuration', `The configuration is wrong: ${lines.join('. ')}.`);
  }
  return configOf(parsed.data);
}

function configOf(env: Environment): Config {
  return {
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    trustedProxies: env.TRUSTED_PROXIES,
    contentDir: resolve(env.CONTENT_DIR),
    databaseUrl: env.DATABASE_URL,
    access: env.ACCESS ?? (isLoopback(env.HOST) ? 'open' : 'accounts'),
    authSecret: env.AUTH_SECRET,
    adminEmails: env.ADMIN_EMAILS.map(email => email.toLowerCase()),
    maxSignUpsPerAddress: env.MAX_SIGN_UPS_PER_ADDRESS,
    quotas: { free: env.QUOTA_FREE, pro: env.QUOTA_PRO, 'pro-plus': env.QUOTA_PRO_PLUS },
    logLevel: env.LOG_LEVEL,
    reconnectWindowSeconds: env.RECONNECT_WINDOW_SECONDS,
    createdTimeoutSeconds: env.CREATED_TIMEOUT_SECONDS,
    silentPublisherSeconds: env.SILENT_PUBLISHER_SECONDS,
    partDurationSeconds: env.PART_MS / 1_000,
    segmentDurationSeconds: env.SEGMENT_MS / 1_000,
    maxMessageBytes: env.MAX_MESSAGE_BYTES,
    maxFrameBytes: env.MAX_FRAME_BYTES,
    maxFramePixels: env.MAX_FRAME_PIXELS,
    maxFrameSide: env.MAX_FRAME_SIDE,
    maxSessions: env.MAX_SESSIONS,
    maxSessionsPerAddress: env.MAX_SESSIONS_PER_ADDRESS,
    maxSessionBytes: env.MAX_SESSION_BYTES,
    minFreeDiskBytes: env.MIN_FREE_DISK_BYTES,
    minFreeDiskRatio: env.MIN_FREE_DISK_RATIO,
    uploadMaxBytes: env.UPLOAD_MAX_BYTES,
    uploadExpireSeconds: env.UPLOAD_EXPIRE_SECONDS,
    ffmpegPath: env.FFMPEG_PATH,
    ffprobePath: env.FFPROBE_PATH,
    nginxPath: env.NGINX_PATH,
    ffmpegMemoryBytes: env.FFMPEG_MEMORY_BYTES,
    drainSeconds: env.DRAIN_SECONDS,
    captions: env.CAPTIONS === 'on',
    whisperModel: env.WHISPER_MODEL,
    whisperFinalModel: env.WHISPER_FINAL_MODEL,
    whisperUrl: env.WHISPER_URL?.replace(/\/+$/, ''),
    whisperKey: env.WHISPER_KEY,
    whisperModelUrl: env.WHISPER_MODEL_URL.replace(/\/+$/, ''),
    whisperThreads: env.WHISPER_THREADS,
    whisperServerPath: env.WHISPER_SERVER_PATH,
    worker: env.WORKER === 'on',
    importAllowNetworks: env.IMPORT_ALLOW_NETWORKS,
    importMaxBytes: env.IMPORT_MAX_BYTES ?? env.UPLOAD_MAX_BYTES,
    importMaxSeconds: env.IMPORT_MAX_SECONDS,
    maxImportsPerAccount: env.MAX_IMPORTS_PER_ACCOUNT,
    ytDlpPath: env.YT_DLP_PATH,
    webrtc: env.WEBRTC === 'on',
    webrtcPort: env.WEBRTC_PORT,
    webrtcAnnouncedAddresses: env.WEBRTC_ANNOUNCED_ADDRESS,
    stunUrls: env.STUN_URLS,
    turnUrls: env.TURN_URLS,
    turnSecret: env.TURN_SECRET,
    retentionDays: env.RETENTION_DAYS,
    webhookAllowNetworks: webhookNetworks(env),
  };
}

/** Whoever may do everything here sits at the machine itself: that its other programs are told is what they want. */
function webhookNetworks({ HOST, ACCESS, WEBHOOK_ALLOW_NETWORKS }: Environment): readonly string[] {
  const isOpenAtHome = isLoopback(HOST) && (ACCESS ?? 'open') === 'open';
  return WEBHOOK_ALLOW_NETWORKS.length === 0 && isOpenAtHome ? loopbackNetworks : WEBHOOK_ALLOW_NETWORKS;
}

/** Values that are right alone and wrong together. */
function* disagreements(env: Environment): Generator<[string, string]> {
  if (env.SEGMENT_MS < 2 * env.PART_MS) {
    yield ['SEGMENT_MS', `at least twice PART_MS, which is ${env.PART_MS}`];
  }
  if (env.MAX_FRAME_BYTES + 8 > env.MAX_MESSAGE_BYTES) {
    yield ['MAX_FRAME_BYTES', `at most MAX_MESSAGE_BYTES less 8, which is ${env.MAX_MESSAGE_BYTES - 8}`];
  }
  if (env.TURN_URLS.length > 0 && env.TURN_SECRET === undefined) {
    yield ['TURN_SECRET', 'the `static-auth-secret` of the servers that TURN_URLS names'];
  }
}

/** `http://host:port`, an IPv6 address in brackets; an address that means "all" becomes `localhost`. */
export function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

const secrets: readonly string[] = ['AUTH_SECRET', 'WHISPER_KEY', 'TURN_SECRET'];

/** What a variable holds, shortened, on one line, and without what is secret in it. */
function quoted(name: string, value: string | undefined): string {
  if (value === undefined) return 'its default';
  if (secrets.includes(name)) return `${value.length} characters`;
  const shown = name === 'DATABASE_URL' ? value.replace(/^([a-z]*:?\/*).*@/i, '$1***@') : value;
  return JSON.stringify(shown.length > quotedCharacters ? `${shown.slice(0, quotedCharacters)}…` : shown);
}
