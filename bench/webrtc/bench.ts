import type { BadWay } from '../../test/support/udp-relay.ts';
import { type Figures, median, percentile, print } from '../measure.ts';
import { type GlassToGlass, measureGlassToGlass } from './glass-to-glass.ts';
import { Janus } from './janus.ts';
import { type Load, measureLoad } from './load.ts';
import { measureFallBack, measureRecorderFirstPicture } from './recorder.ts';
import { type Stand, withBareEngine, withJanus, withLivereel } from './stands.ts';

const rounds = 3;
const seconds = 10;
// A bad way: 5 % of the packets lost each way, a round trip of 25 ms.
const badWay: BadWay = { lostShare: 0.05, delayMillis: 12.5 };

type With = (way: BadWay | null, work: (stand: Stand) => Promise<Round>) => Promise<Round>;
/** One round of one server. */
type Round = {
  readonly h264: GlassToGlass;
  readonly vp8: GlassToGlass;
  readonly withSound: GlassToGlass;
  readonly lossy: GlassToGlass;
  readonly lostOnTheWay: number;
  readonly lostForGood: number;
};

async function measureRound(withServer: With): Promise<Round> {
  const see = async (stand: Stand, codec: 'H264' | 'VP8', isSilent: boolean) =>
    measureGlassToGlass(await stand.newRoom(), { codec, isSilent, seconds });
  const good = await withServer(null, async stand => {
    const h264 = await see(stand, 'H264', true);
    const vp8 = await see(stand, 'VP8', true);
    const withSound = await see(stand, 'H264', false);
    return { h264, vp8, withSound, lossy: h264, lostOnTheWay: 0, lostForGood: 0 };
  });
  return withServer(badWay, async stand => {
    const lossy = await see(stand, 'H264', true);
    return { ...good, lossy, lostOnTheWay: stand.lostOnTheWay(), lostForGood: await stand.lostForGood() };
  });
}

/** `named`: how a figure is called. */
function seenFigures(all: readonly Round[], named: (figure: string) => string): Figures {
  const ages = (of: 'h264' | 'vp8' | 'withSound' | 'lossy', share: number) =>
    median(all.map(round => percentile(round[of].agesMillis, share)));
  const fine = all.flatMap(({ h264, vp8, withSound }) => [h264, vp8, withSound]);
  const figures: Record<string, number> = {};
  for (const of of ['h264', 'vp8', 'withSound', 'lossy'] as const) {
    figures[named(`${of}GlassToGlassMillisP50`)] = ages(of, 0.5);
    figures[named(`${of}GlassToGlassMillisP95`)] = ages(of, 0.95);
  }
  return {
    ...figures,
    [named('lossyPacketsLostForGood')]: Math.max(...all.map(({ lostForGood }) => lostForGood)),
    [named('unreadablePictures')]: all
      .flatMap(({ lossy }) => [lossy])
      .concat(fine)
      .reduce((sum, { unreadable }) => sum + unreadable, 0),
    [named('whipAnswerMillis')]: median(fine.map(({ whipAnswerMillis }) => whipAnswerMillis)),
    [named('firstPictureMillis')]: median(fine.map(({ firstPictureMillis }) => firstPictureMillis)),
  };
}

const beside = (figure: string) => `janus${figure.slice(0, 1).toUpperCase()}${figure.slice(1)}`;

/** The load of each, one after the other; without Janus where it is not installed. */
async function loadFigures(): Promise<Figures> {
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

if (!Janus.isThere)
  console.error('Janus is not installed (Debian: apt-get install janus): measured without it.');
const ours: Round[] = [];
const janus: Round[] = [];
for (let round = 0; round < rounds; round += 1) {
  ours.push(await measureRound(withLivereel));
  if (Janus.isThere) janus.push(await measureRound(withJanus));
}
const p95 = (all: readonly Round[], of: 'h264' | 'lossy') =>
  all.map(round => percentile(round[of].agesMillis, 0.95));
print({
  bench: 'webrtc',
  figures: {
    ...seenFigures(ours, figure => figure),
    ...(janus.length > 0 && seenFigures(janus, beside)),
    ...(await measureRecorderFirstPicture()),
    ...(await measureFallBack()),
    ...(await loadFigures()),
  },
  rounds: {
    h264GlassToGlassMillisP95: p95(ours, 'h264'),
    lossyGlassToGlassMillisP95: p95(ours, 'lossy'),
    lossyPacketsLostOnTheWay: ours.map(({ lostOnTheWay }) => lostOnTheWay),
    janusH264GlassToGlassMillisP95: p95(janus, 'h264'),
    janusLossyGlassToGlassMillisP95: p95(janus, 'lossy'),
    janusLossyPacketsLostOnTheWay: janus.map(({ lostOnTheWay }) => lostOnTheWay),
  },
});
