import { freePort, TestServer } from '../../test/support/server.ts';
import { UdpRelay } from '../../test/support/udp-relay.ts';
import { median, percentile, print } from '../measure.ts';
import { type GlassToGlass, measureGlassToGlass } from './glass-to-glass.ts';
import { measureLoad } from './load.ts';

const rounds = 3;
const seconds = 10;
const quietLog = { LOG_LEVEL: 'warn' };
// A bad way: 5 % of the packets lost each way, a round trip of 25 ms.
const badWay = { lostShare: 0.05, delayMillis: 12.5 };

type Round = { readonly h264: GlassToGlass; readonly vp8: GlassToGlass; readonly withSound: GlassToGlass };
type LossyRound = {
  readonly seen: GlassToGlass;
  readonly lostForGood: number;
  readonly lostOnTheWay: number;
};

async function onGoodWay(): Promise<Round> {
  const server = await TestServer.start({ env: quietLog });
  try {
    const h264 = await measureGlassToGlass(server, { codec: 'H264', isSilent: true, seconds });
    const vp8 = await measureGlassToGlass(server, { codec: 'VP8', isSilent: true, seconds });
    const withSound = await measureGlassToGlass(server, { codec: 'H264', isSilent: false, seconds });
    return { h264, vp8, withSound };
  } finally {
    await server.stop();
  }
}

async function onBadWay(): Promise<LossyRound> {
  const port = await freePort();
  const settings = { WEBRTC_PORT: `${port}`, WEBRTC_ANNOUNCED_ADDRESS: UdpRelay.address };
  const server = await TestServer.start({ env: { ...quietLog, ...settings } });
  const relay = await UdpRelay.open(port);
  try {
    relay.become(badWay);
    const seen = await measureGlassToGlass(server, { codec: 'H264', isSilent: true, seconds });
    return { seen, lostForGood: await lostForGood(server), lostOnTheWay: relay.counters.lost };
  } finally {
    relay.close();
    await server.stop();
  }
}

async function lostForGood(server: TestServer): Promise<number> {
  const metrics = await server.text('/metrics');
  const [, count] = /^livereel_webrtc_packets_lost_total(?:\{[^}]*\})? (\d+)/m.exec(metrics) ?? [];
  if (count === undefined) throw new Error('no livereel_webrtc_packets_lost_total in /metrics');
  return Number(count);
}

const good: Round[] = [];
const lossy: LossyRound[] = [];
for (let round = 0; round < rounds; round += 1) {
  good.push(await onGoodWay());
  lossy.push(await onBadWay());
}
const load = await measureLoad();
const ages = (seen: readonly GlassToGlass[], share: number) =>
  seen.map(({ agesMillis }) => percentile(agesMillis, share));
const h264 = good.map(round => round.h264);
const vp8 = good.map(round => round.vp8);
const withSound = good.map(round => round.withSound);
const bad = lossy.map(({ seen }) => seen);
const fine = [...h264, ...vp8, ...withSound];
print({
  bench: 'webrtc',
  figures: {
    h264GlassToGlassMillisP50: median(ages(h264, 0.5)),
    h264GlassToGlassMillisP95: median(ages(h264, 0.95)),
    vp8GlassToGlassMillisP50: median(ages(vp8, 0.5)),
    vp8GlassToGlassMillisP95: median(ages(vp8, 0.95)),
    withSoundGlassToGlassMillisP50: median(ages(withSound, 0.5)),
    withSoundGlassToGlassMillisP95: median(ages(withSound, 0.95)),
    lossyGlassToGlassMillisP50: median(ages(bad, 0.5)),
    lossyGlassToGlassMillisP95: median(ages(bad, 0.95)),
    lossyPacketsLostForGood: Math.max(...lossy.map(round => round.lostForGood)),
    unreadablePictures: [...fine, ...bad].reduce((sum, { unreadable }) => sum + unreadable, 0),
    whipAnswerMillis: median(fine.map(({ whipAnswerMillis }) => whipAnswerMillis)),
    firstPictureMillis: median(fine.map(({ firstPictureMillis }) => firstPictureMillis)),
    ...load,
  },
  rounds: {
    h264GlassToGlassMillisP95: ages(h264, 0.95),
    lossyGlassToGlassMillisP95: ages(bad, 0.95),
    lossyPacketsLostOnTheWay: lossy.map(({ lostOnTheWay }) => lostOnTheWay),
  },
});
