import t from 'tap';
import { SenderClock, type SourceClock } from '../../src/rtp/sender-clock.ts';

const soundTicksPerMilli = 48;
const pictureTicksPerMilli = 90;
const ntpMicros = 3_900_000_000_000_000;

/** A sender report that says: at `captureMillis` of the publisher's clock, the RTP clock stood at `rtpTimestamp`. */
function reportAt(captureMillis: number, rtpTimestamp: number) {
  return {
    ssrc: 1,
    ntpMicros: ntpMicros + captureMillis * 1_000,
    compactNtp: 0,
    rtpTimestamp: rtpTimestamp >>> 0,
    packetCount: 0,
    octetCount: 0,
  };
}

/**
 * A publisher whose sound comes 40 ms after it was captured and whose pictures come after 190 ms; each timestamp begins
 * close to its wrap. Tells how far apart what was captured together is, per second.
 */
function errorsMillis({
  seconds,
  reportsFromSecond,
  soundRunsFastBy = 0,
}: {
  seconds: number;
  reportsFromSecond: number;
  soundRunsFastBy?: number;
}) {
  const clocks = new SenderClock();
  const sound = clocks.addSource('audio', 48_000);
  const picture = clocks.addSource('video', 90_000);
  const soundStart = 0xffff_ff00;
  const pictureStart = 0xffff_f000;
  const soundTicks = (millis: number) =>
    Math.round(soundStart + millis * soundTicksPerMilli * (1 + soundRunsFastBy));
  const times = new Map<number, { sound?: number; picture?: number }>();
  const note = (captured: number, what: 'sound' | 'picture', micros: number) => {
    times.set(captured, { ...times.get(captured), [what]: micros });
  };
  const errors: number[] = [];
  for (let now = 0; now < seconds * 1_000; now += 10) {
    const heard = now - 40;
    const seen = now - 190;
    if (heard >= 0) note(heard, 'sound', sound.timeOf(soundTicks(heard) >>> 0, now).timeMicros);
    if (seen >= 0 && seen % 40 === 0) {
      note(
        seen,
        'picture',
        picture.timeOf((pictureStart + seen * pictureTicksPerMilli) >>> 0, now).timeMicros,
      );
      const both = times.get(seen);
      errors.push(((both?.picture ?? 0) - (both?.sound ?? 0)) / 1_000);
    }
    if (now % 1_000 === 500 && now >= reportsFromSecond * 1_000) {
      sound.report(reportAt(now, soundTicks(now)));
      picture.report(reportAt(now, pictureStart + now * pictureTicksPerMilli));
    }
  }
  return errors;
}

t.test('until the first report, sources are placed by their arrival', async t => {
  const errors = errorsMillis({ seconds: 3, reportsFromSecond: 99 });
  t.ok(
    errors.every(error => Math.abs(error - 150) < 1),
    'the pictures came 150 ms later than the sound',
  );
});

t.test('reports bring sound and picture together, in steps that nobody sees', async t => {
  const errors = errorsMillis({ seconds: 20, reportsFromSecond: 2 });
  const after = errors.slice(4 * 25);
  t.ok(
    after.every(error => Math.abs(error) < 3),
    `${Math.max(...after.map(Math.abs))}`,
  );
  const steps = errors.slice(1).map((error, index) => Math.abs(error - (errors[index] as number)));
  t.ok(Math.max(...steps) <= 10.01, `${Math.max(...steps)}`);
});

t.test('a sound card that runs fast takes the pictures with it', async t => {
  // 200 parts in a million: 120 ms in ten minutes.
  const errors = errorsMillis({ seconds: 600, reportsFromSecond: 0, soundRunsFastBy: 0.0002 });
  const after = errors.slice(10 * 25);
  t.ok(
    after.every(error => Math.abs(error) < 5),
    `${Math.max(...after.map(Math.abs))}`,
  );
});

t.test('times rise past the wrap of timestamps, and begin where the caller is', async t => {
  const clock = new SenderClock().addSource('video', 90_000);
  const first = clock.timeOf(0xffff_fff0, 1_234);
  t.equal(first.timeMicros, 1_234_000);
  t.same(clock.timeOf(0xffff_fff0, 1_300), first, 'one timestamp, one time');
  const second = clock.timeOf(0x20, 1_235);
  t.equal(second.ticks - first.ticks, 0x30);
  t.equal(second.timeMicros, Math.round(1_234_000 + 0x30 / 0.09));
});

t.test('times never go back, whatever timestamps and reports say', async t => {
  const clocks = new SenderClock();
  const [sound, picture] = [clocks.addSource('audio', 48_000), clocks.addSource('video', 90_000)];
  let seed = 1;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const newest = new Map<SourceClock, number>();
  let hasGoneBack = false;
  for (let now = 0; now < 20_000; now += 20) {
    for (const clock of [sound, picture]) {
      const timestamp = random() < 0.9 ? now * 48 + random() * 9_000 : random() * 2 ** 32;
      const { timeMicros } = clock.timeOf(Math.floor(timestamp) >>> 0, now);
      if (timeMicros < (newest.get(clock) ?? 0)) hasGoneBack = true;
      newest.set(clock, timeMicros);
      if (random() < 0.1) clock.report(reportAt(random() * 1e6, Math.floor(random() * 2 ** 32)));
    }
  }
  t.notOk(hasGoneBack);
});

t.test('a source whose clock is set anew goes on where the world is', async t => {
  const clock = new SenderClock().addSource('video', 90_000);
  clock.timeOf(1_000, 0);
  const before = clock.timeOf(1_000 + 90 * 40, 40);
  const after = clock.timeOf(0x7000_0000, 2_040);
  t.equal(after.timeMicros, 2_040_000);
  t.ok(after.ticks > before.ticks, 'ticks rise too');
  t.equal(clock.timeOf(0x7000_0000 + 90 * 40, 2_080).timeMicros, 2_080_000);
});

t.test('a stalled way is no new clock: what comes late keeps its time', async t => {
  const clock = new SenderClock().addSource('audio', 48_000);
  clock.timeOf(0, 0);
  // Eight seconds nothing, then all at once.
  for (let millis = 20; millis <= 8_000; millis += 20) {
    t.equal(clock.timeOf(millis * 48, 8_000).timeMicros, millis * 1_000);
  }
});

t.test('sound whose own clock stood still while the world went on has a hole', async t => {
  const clocks = new SenderClock();
  const sound = clocks.addSource('audio', 48_000);
  sound.timeOf(0, 0);
  sound.report(reportAt(0, 0));
  sound.timeOf(48_000, 1_000);
  // Muted for five seconds; the timestamps do not count them.
  sound.timeOf(49_000, 6_020);
  sound.report(reportAt(6_020, 49_000));
  const { timeMicros } = sound.timeOf(49_960, 6_040);
  t.ok(Math.abs(timeMicros - 6_040_000) < 25_000, `${timeMicros}`);
});

t.test('without sound the oldest source leads, and when it is gone the next', async t => {
  const clocks = new SenderClock();
  const [first, second] = [clocks.addSource('video', 90_000), clocks.addSource('video', 90_000)];
  t.equal(clocks.lead, null);
  for (const clock of [first, second]) {
    clock.timeOf(0, 0);
    clock.report(reportAt(0, 0));
  }
  t.equal(clocks.lead, first);
  clocks.removeSource(first);
  t.equal(clocks.lead, second);
});

t.test('a report that is seconds off speaks of another clock', async t => {
  const clocks = new SenderClock();
  const [sound, picture] = [clocks.addSource('audio', 48_000), clocks.addSource('video', 90_000)];
  sound.timeOf(0, 0);
  picture.timeOf(0, 0);
  sound.report(reportAt(0, 0));
  picture.report(reportAt(60_000, 0));
  for (let millis = 40; millis < 2_000; millis += 40) {
    t.equal(picture.timeOf(millis * 90, millis).timeMicros, millis * 1_000);
  }
});

t.test('a report that comes before the first packet takes effect with it', async t => {
  const clocks = new SenderClock();
  const [sound, picture] = [clocks.addSource('audio', 48_000), clocks.addSource('video', 90_000)];
  sound.report(reportAt(0, 0));
  picture.report(reportAt(0, 0));
  t.equal(clocks.lead, null, 'nothing has come yet');
  sound.timeOf(0, 100);
  for (let millis = 0; millis <= 2_000; millis += 40) picture.timeOf(millis * 90, millis + 200);
  t.equal(clocks.lead, sound);
  const { timeMicros } = picture.timeOf(2_040 * 90, 2_240);
  t.ok(Math.abs(timeMicros - 2_140_000) < 3_000, `${timeMicros}`);
});
