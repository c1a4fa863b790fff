import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AuthSecret } from './accounts/auth-secret.ts';
import { openAccounts } from './accounts/open-accounts.ts';
import { Captioner } from './captions/captioner.ts';
import { openFinalRecogniser } from './captions/final-recogniser.ts';
import { LiveCaptions } from './captions/live-captions.ts';
import { SpeechEngine } from './captions/speech-engine.ts';
import { VoiceDetector } from './captions/voice-detector.ts';
import type { Config } from './config.ts';
import { VideoEvents } from './events/video-events.ts';
import type { RunSettings } from './ffmpeg/background-run.ts';
import { createApiApp } from './http/api-app.ts';
import { ApiServer } from './http/api-server.ts';
import { forgiving, KnownAskers } from './http/asker.ts';
import { captioningReadings } from './http/captioning-metrics.ts';
import { DataPlane } from './http/data-plane.ts';
import { Metrics } from './http/metrics.ts';
import { taskReadings } from './http/task-metrics.ts';
import { TusDoor } from './http/tus-door.ts';
import { webRtcReadings } from './http/webrtc-metrics.ts';
import { workerIdOf } from './jobs/worker-id.ts';
import { KeptTranscripts } from './library/kept-transcripts.ts';
import { CaptionShelf } from './library/known-captions.ts';
import { openImports } from './library/open-imports.ts';
import { openLifecycle } from './library/open-lifecycle.ts';
import { openPlayback } from './library/open-playback.ts';
import { openUploads } from './library/open-uploads.ts';
import { RecordingFinisher } from './library/recording-finisher.ts';
import { ServerTasks } from './library/server-tasks.ts';
import { TranscriptStore } from './library/transcript-store.ts';
import { transcriptTask } from './library/transcript-task.ts';
import type { StoppableWork } from './library/video-deletion.ts';
import { VideoStore } from './library/video-store.ts';
import type { Log } from './log.ts';
import { ContentLock } from './process/content-lock.ts';
import { EmbeddedPostgres } from './process/embedded-postgres.ts';
import { Nginx } from './process/nginx.ts';
import { PidFiles } from './process/pid-files.ts';
import { SupervisedWorker } from './process/supervised-worker.ts';
import { CaptionedSessions } from './sessions/captioned-sessions.ts';
import { SessionRegistry } from './sessions/session-registry.ts';
import { isLoopback } from './setting-values.ts';
import { ContentDirectory } from './store/content-directory.ts';
import { openDatabase } from './store/database.ts';
import { OpenedWebhooks } from './webhooks/open-webhooks.ts';
import { openWebRtcEngine } from './webrtc/open-webrtc-engine.ts';
import { UnavailableWebRtcEngine } from './webrtc/unavailable-webrtc-engine.ts';
import type { WebRtcEngine } from './webrtc/webrtc-engine.ts';

/** What is opened is closed: safe to call twice, never throws. */
interface Closable {
  close(): Promise<void> | void;
}

/** A running server. */
export type Livereel = {
  /** What a browser opens, no slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Lets go of everything; what is not finished goes on at the next start. */
  close(): Promise<void>;
};

// No segment is longer. Frames may come seconds apart from a script that takes one now and then.
const targetDurationSeconds = 4;
const mostPeers = 1_000;
const webFolder = fileURLToPath(new URL('../dist/web/', import.meta.url));

/** Builds a server from the ground up. @throws LivereelError what stops the start; nothing is left running then. */
export async function startLivereel(config: Config, log: Log, version: string): Promise<Livereel> {
  const owned: Closable[] = [];
  const own = <T extends Closable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of owned.splice(0)) await part.close();
  };
  try {
    return { ...(await build(config, log, version, own)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  config: Config,
  log: Log,
  version: string,
  own: <T extends Closable>(part: T) => T,
): Promise<Omit<Livereel, 'close'>> {
  const content = new ContentDirectory(config.contentDir);
  await content.prepare();
  own(await ContentLock.take(content.lockFile));
  await new PidFiles(content.runDir, log).endLeftovers();

  const database = own(await openDatabase(await databaseAddress(config, content, log, own)));
  const videos = new VideoStore(database);
  const events = new VideoEvents(log);
  const transcripts = new TranscriptStore(database);
  const kept = new KeptTranscripts({
    store: transcripts,
    videos,
    content,
    exclusively: (name, work) => database.exclusively(name, work),
    log,
  });
  const hasRecogniser = config.captions;
  const workerId = workerIdOf('server', config.contentDir);
  const tasks = own(await ServerTasks.open({ database, videos, events, hasRecogniser, workerId, log }));
  const secret = await AuthSecret.open(content.authSecretFile, config.authSecret);
  const state = { isReady: false, url: '' };
  const metrics = new Metrics();
  const run = {
    ffmpegPath: config.ffmpegPath,
    ffprobePath: config.ffprobePath,
    addressSpaceBytes: config.ffmpegMemoryBytes,
    // Empty and ours alone: ffmpeg finds nothing beside itself.
    workingDirectory: join(content.tmpDir, 'ffmpeg'),
  };
  await mkdir(run.workingDirectory, { recursive: true });
  const webhooks = own(
    new OpenedWebhooks({
      database,
      events,
      key: secret.key('webhook'),
      allowNetworks: config.webhookAllowNetworks,
      heard: id => captioned?.find(id),
      address: () => ({ publicUrl: state.url, hasWebRtc: engine.unavailable === null }),
      log,
    }),
  );
  const heard = (captions: LiveCaptions) => webhooks.captioned(captions);
  const captioning = openCaptioning({
    ...{ config, content, videos, events, tasks, kept, metrics, run, heard, log, own },
  });
  const captioned = captioning?.captioned ?? null;
  const whyUnheard = () => (captioning === null ? 'this server makes none' : captioning.engine.absence);
  const shelf = new CaptionShelf(id => captioned?.find(id), transcripts, whyUnheard);
  // Opened before the sessions, closed after them: who publishes is told by them.
  const engine = own(await openWebRtc(config, content, log));
  const finisher = own(new RecordingFinisher(content, videos, events, { ...run, log }, tasks, log));
  const sessions = own(
    new SessionRegistry({
      settings: sessionSettings(config, run),
      content,
      records: videos,
      finished: finisher,
      events,
      captioned,
      webRtcUnavailable: () => engine.unavailable,
      log,
    }),
  );

  const playback = await openPlayback({ content, database, secret, ingest: sessions, log });
  own(playback.gate);
  const noViewers = { stop: (id: string) => playback.gate.gone(id) };
  const { retentionDays } = config;
  const work: StoppableWork[] = [finisher, tasks, noViewers];
  const chores = [{ everySeconds: 3_600, work: () => webhooks.sweep() }];
  const { deletion } = own(
    await openLifecycle({ database, content, sessions, work, events, retentionDays, chores, log }),
  );
  const { authSecretFile: secretFile } = content;
  const accounts = own(await openAccounts({ database, secretFile, settings: config, videos: deletion, log }));

  const queue = tasks.queue;
  const imports = await openImports({ ...config, ...accounts, database, videos, queue, content, events });

  // Before anyone can ask for them: a publisher that comes back at once must find its session.
  await sessions.recover();

  const uploadParts = { config, database, videos, accounts, tasks, content, events, run, deletion, log };
  const uploads = own(await openUploads(uploadParts));
  work.push(uploads.intake);

  addReadings(metrics, sessions);
  for (const reading of webRtcReadings(engine)) metrics.add(reading);
  for (const reading of taskReadings(() => queue.counts())) metrics.addLabelled(reading);
  const readiness = () =>
    state.isReady ? { ready: true } : { ready: false, reason: 'The server is starting.' };
  const publicAddress = () => ({ url: state.url, isFixed: config.publicUrl !== undefined });
  const isOpenHere = config.access === 'open' && isLoopback(config.host);
  const askers = new KnownAskers({ ...accounts, isOpenHere, publicAddress });
  const app = createApiApp({
    askers,
    accounts,
    sessions,
    videos,
    onLanguage: async (id, language) => {
      if (language !== 'auto') sessions.find(id)?.setLanguage(language);
      await tasks.queue.again(id, 'transcript');
    },
    deletion,
    webhooks: webhooks.registry,
    shelf,
    playback,
    tasks: tasks.queue,
    plainUploads: uploads.plain,
    imports,
    webRtc: { engine, iceServers: config },
    readiness,
    metrics,
    publicAddress,
    version,
    log,
  });
  own(await ApiServer.start({ app, socketPath: content.apiSocket, log }));
  const tus = new TusDoor({ intake: uploads.intake, askers, publicAddress, log });
  own(await ApiServer.start({ app, socketPath: content.uploadSocket, tus, log }));
  const webRtc = { engine, iceServers: config, publicAddress };
  own(
    await DataPlane.start(content.dataSocket, {
      sessions,
      videos: playback.viewing,
      gate: playback.gate,
      content,
      // A private video is not there, whatever is wrong with the token.
      askers: forgiving(askers),
      shelf,
      events,
      settings: config,
      webRtc,
      log,
    }),
  );

  const { nginxPath, host, port, contentDir, publicUrl, trustedProxies } = config;
  const { runDir, dataSocket, apiSocket, uploadSocket } = content;
  const nginx = own(
    await Nginx.start({
      nginxPath,
      host,
      port,
      runDir,
      contentDir,
      publicDir: webFolder,
      dataSocket,
      apiSocket,
      uploadSocket,
      publicUrl,
      trustedProxies,
      log,
    }),
  );
  // Closed first: publishers and viewers are told before their connections go.
  own({
    close: () => {
      finisher.close();
      return sessions.close();
    },
  });
  state.url = publicUrl ?? urlOf(nginx.address, nginx.port);
  state.isReady = true;
  sessions.reachable();
  // Last, and gone before the database: what is live comes first.
  if (config.worker) own(await SupervisedWorker.start(config, content.runDir, log));
  if (captioning !== null)
    tasks.start([captioning.transcript], () => captioning.engine.state.kind === 'ready');
  accounts.start();
  webhooks.start();
  return { url: state.url, port: nginx.port };
}

/** Who comes in and goes out by WebRTC; never fails: where it cannot be had, it says why. */
function openWebRtc(
  config: Config,
  { runDir }: ContentDirectory,
  log: Log,
): Promise<WebRtcEngine> | WebRtcEngine {
  if (!config.webrtc) return new UnavailableWebRtcEngine('WebRTC is switched off here (WEBRTC=off).');
  return openWebRtcEngine({
    host: config.host,
    port: config.webrtcPort,
    announcedAddresses: config.webrtcAnnouncedAddresses,
    maxPeers: mostPeers,
    maxViewersPerStream: mostPeers,
    runDir,
    log,
  });
}

/** What hears sessions, while they are live and afterwards; null where captions are off. */
function openCaptioning(parts: {
  readonly config: Config;
  readonly content: ContentDirectory;
  readonly videos: VideoStore;
  readonly events: VideoEvents;
  readonly tasks: ServerTasks;
  readonly kept: KeptTranscripts;
  readonly metrics: Metrics;
  readonly run: Omit<RunSettings, 'signal' | 'log'>;
  /** A session is captioned, anew or again. */
  readonly heard: (captions: LiveCaptions) => Promise<void>;
  readonly log: Log;
  readonly own: <T extends Closable>(part: T) => T;
}) {
  const { config, content, videos, events, tasks, kept, metrics, run, heard, log, own } = parts;
  if (!config.captions) return null;
  let captioned: CaptionedSessions<LiveCaptions> | undefined;
  // Beside the rest: the model may take minutes to arrive, and no stream waits for it.
  const engine = own(
    SpeechEngine.start({
      config,
      modelsDir: content.modelsDir,
      runDir: content.runDir,
      onState: ({ kind }) => {
        captioned?.absent(engine.absence);
        // Transcripts that wait for a recogniser go on at once.
        if (kind === 'ready') tasks.look();
      },
      log,
    }),
  );
  const captioner = own(new Captioner({ recogniser: engine, log }));
  for (const reading of captioningReadings(() => captioner.counts)) metrics.add(reading);
  captioned = own(
    new CaptionedSessions({
      captioner,
      isPossible: () => !engine.isHopeless,
      keep: async ({ id, language }) => {
        const captions = await LiveCaptions.open({
          id,
          file: content.liveCaptionsFile(id),
          events,
          log,
          language: language === 'auto' ? null : language,
          onEnd: captions => kept.keepLive(captions),
        });
        await heard(captions);
        return captions;
      },
      log,
    }),
  );
  const transcript = transcriptTask({
    openRecogniser: signal => openFinalRecogniser(engine, captioner, signal),
    newDetector: () => new VoiceDetector(),
    videos,
    transcripts: kept,
    content,
    run: { ...run, log },
    log,
  });
  captioned.absent(engine.absence);
  return { engine, captioner, captioned, transcript };
}

async function databaseAddress(
  config: Config,
  content: ContentDirectory,
  log: Log,
  own: <T extends Closable>(part: T) => T,
) {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, log };
  const postgres = own(
    await EmbeddedPostgres.start({ contentDir: config.contentDir, runDir: content.runDir, log }),
  );
  return { connection: postgres.connection, log };
}

function sessionSettings(
  config: Config,
  run: { ffmpegPath: string; addressSpaceBytes: number; workingDirectory: string },
) {
  const cutter = {
    partSeconds: config.partDurationSeconds,
    segmentSeconds: config.segmentDurationSeconds,
    longestSegmentSeconds: Math.max(targetDurationSeconds, Math.ceil(config.segmentDurationSeconds * 2)),
  };
  return {
    ...config,
    targetDurationSeconds: cutter.longestSegmentSeconds,
    pipeline: { ...run, cutter, frameRate: null },
  };
}

function addReadings(metrics: Metrics, sessions: SessionRegistry): void {
  metrics.add({
    name: 'livereel_sessions',
    help: 'Sessions that are live or being finished',
    kind: 'gauge',
    read: () => [...sessions.counts.values()].reduce((sum, count) => sum + count, 0),
  });
  metrics.add({
    name: 'livereel_playlist_renders_total',
    help: 'How often a media playlist was rendered',
    kind: 'counter',
    read: () => sessions.playlistRenders,
  });
}

function urlOf(address: string, port: number): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
