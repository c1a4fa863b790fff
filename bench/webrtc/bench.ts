import type { BadWay } from '../../test/support/udp-relay.ts';
import { type BenchResult, type Figures, median, percentile, print } from '../measure.ts';
import { type GlassToGlass, type GlassToGlassOptions, measureGlassToGlass } from './glass-to-glass.ts';
import { Janus } from './janus.ts';
import { type Load, measureLoad } from './load.ts';
import { measureFallBack, measureRecorderFirstPicture } from './recorder.ts';
import { withBareEngine, withJanus, withLivereel } from './stands.ts';

const rounds = 3;
const seconds = 10;
// A bad way: 5 % of the packets lost each way, a round trip of 25 ms.
const badWay: BadWay = { lostShare: 0.05, delayMillis: 12.5 };

/** What a part of the bench found out. */
type Found = Pick<BenchResult, 'figures' | 'rounds'>;
/** One round of one server. */
type Seen = GlassToGlass & { readonly lostOnTheWay: number; readonly lostForGood: number };
type Watching = Omit<GlassToGlassOptions, 'seconds'> & { readonly way: BadWay | null };

/** `name`: what the figures begin with. Ours and Janus take turns. */
async function watched(name: string, watching: Watching): Promise<Found> {
  const found: Record<string, Seen[]> = { [name]: [] };
  for (let round = 0; round < rounds; round += 1) {
    found[name]?.push(await see(withLivereel, watching));
    const beside = `janus${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
    if (Janus.isThere) found[beside] = [...(found[beside] ?? []), await see(withJanus, watching)];
  }
  const figures: Record<string, number> = {};
  const single: Record<string, number[]> = {};
  for (const [who, all] of Object.entries(found)) {
    const ages = (share: number) => all.map(({ agesMillis }) => percentile(agesMillis, share));
    figures[`${who}GlassToGlassMillisP50`] = median(ages(0.5));
    figures[`${who}GlassToGlassMillisP95`] = median(ages(0.95));
    figures[`${who}WhipAnswerMillis`] = median(all.map(({ whipAnswerMillis }) => whipAnswerMillis));
    figures[`${who}FirstPictureMillis`] = median(all.map(({ firstPictureMillis }) => firstPictureMillis));
    figures[`${who}UnreadablePictures`] = all.reduce((sum, { unreadable }) => sum + unreadable, 0);
    single[`${who}GlassToGlassMillisP50`] = ages(0.5);
    single[`${who}GlassToGlassMillisP95`] = ages(0.95);
    if (watching.way === null) continue;
    figures[`${who}PacketsLostForGood`] = Math.max(...all.map(({ lostForGood }) => lostForGood));
    single[`${who}PacketsLostOnTheWay`] = all.map(({ lostOnTheWay }) => lostOnTheWay);
  }
  return { figures, rounds: single };
}

function see(withServer: typeof withLivereel, { way, ...watching }: Watching): Promise<Seen> {
  return withServer(way, async stand => {
    const seen = await measureGlassToGlass(await stand.newRoom(), { ...watching, seconds });
    const lost = way === null ? 0 : await stand.lostForGood();
    return { ...seen, lostOnTheWay: stand.lostOnTheWay(), lostForGood: lost };
  });
}

/** The load of each, one after the other; without Janus where it is not installed. */
async function load(): Promise<Figures> {
  const ours = await withLivereel(null, stand => measureLoad(stand));
  const bare = await withBareEngine(stand => measureLoad(stand, false));
  const janus: Load | null = Janus.isThere ? await withJanus(null, stand => measureLoad(stand)) : null;
  return {
    publishers5EngineCpuPercentOfCore: ours.publishersMedia,
    publishers5ServerCpuPercentOfCore: ours.publishersBehind,
    publishers5BareLibraryCpuPercentOfCore: bare.publishersMedia,
    publisherMebibytes: ours.publisherMebibytes,
    viewerCpuPercentOfCore: ours.viewerMedia,
    viewerMebibytes: ours.viewerMebibytes,
    ...(janus && {
      janusPublishers5CpuPercentOfCore: janus.publishersMedia,
      janusPublisherMebibytes: janus.publisherMebibytes,
      janusViewerCpuPercentOfCore: janus.viewerMedia,
      janusViewerMebibytes: janus.viewerMebibytes,
    }),
  };
}

/** As `load`, three rounds: each figure's median. */
async function loads(): Promise<Found> {
  const all: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await load());
  const single: Record<string, number[]> = {};
  for (const figure of Object.keys(all[0] ?? {}))
    single[figure] = all.map(figures => figures[figure] ?? Number.NaN);
  const figures = Object.entries(single).map(([figure, values]) => [figure, median(values)] as const);
  return { figures: Object.fromEntries(figures), rounds: single };
}

const parts: Readonly<Record<string, () => Promise<Found>>> = {
  h264: () => watched('h264', { codec: 'H264', isSilent: true, way: null }),
  vp8: () => watched('vp8', { codec: 'VP8', isSilent: true, way: null }),
  sound: () => watched('withSound', { codec: 'H264', isSilent: false, way: null }),
  lossy: () => watched('lossy', { codec: 'H264', isSilent: true, way: badWay }),
  recorder: async () => ({ figures: await measureRecorderFirstPicture(), rounds: {} }),
  'fall-back': async () => ({ figures: await measureFallBack(), rounds: {} }),
  load: loads,
};

if (!Janus.isThere)
  console.error('Janus is not installed (Debian: apt-get install janus): measured without it.');
const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => parts[name] === undefined);
if (unknown.length > 0) throw new Error(`no part ${unknown}; there are ${Object.keys(parts).join(', ')}`);
const all: Found[] = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
  const found = await parts[name]?.();
  if (found !== undefined) all.push(found);
}
print({
  bench: 'webrtc',
  figures: Object.assign({}, ...all.map(({ figures }) => figures)),
  rounds: Object.assign({}, ...all.map(found => found.rounds)),
});
