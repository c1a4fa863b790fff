import t from 'tap';
import { LayerChoice } from '../../src/rtp/layer-choice.ts';

/** Layers of 100, 400 and 1,600 kbit/s, as the seconds go by. */
class Layers {
  readonly choice = new LayerChoice();
  coming: readonly number[] = [0, 1, 2];
  #millis = 1_000_000;

  get now(): number {
    return this.#millis;
  }

  /** `lossFraction`: what the viewer reports each second. */
  pass(seconds: number, lossFraction = 0): void {
    for (let tick = 0; tick < seconds * 20; tick += 1) {
      this.#millis += 50;
      for (const layer of this.coming) this.choice.came(layer, (100_000 * 4 ** layer) / 8 / 20);
      this.choice.tick(this.#millis);
      if (tick % 20 === 19) this.choice.loss(lossFraction, this.#millis);
    }
  }

  /** How many seconds pass until the layer is chosen; null when that takes longer than `mostSeconds`. */
  secondsUntil(layer: number, mostSeconds: number, lossFraction = 0): number | null {
    for (let seconds = 0; seconds <= mostSeconds; seconds += 1) {
      if (this.choice.target === layer) return seconds;
      this.pass(1, lossFraction);
    }
    return null;
  }
}

t.test('nothing comes, nothing is chosen', async t => {
  t.equal(new LayerChoice().target, null);
});

t.test('the best layer that comes is sent', async t => {
  const layers = new Layers();
  layers.coming = [0];
  layers.pass(1);
  t.equal(layers.choice.target, 0);
  layers.coming = [0, 1, 2];
  layers.pass(1);
  t.equal(layers.choice.target, 2);
});

t.test('a layer that stops is left for the next lower one', async t => {
  const layers = new Layers();
  layers.pass(5);
  layers.coming = [0, 1];
  t.ok((layers.secondsUntil(1, 3) ?? 99) <= 2);
  layers.coming = [0, 1, 2];
  layers.pass(1);
  t.equal(layers.choice.target, 2, 'and taken again when it is back');
});

t.test('down at once on loss, layer by layer; up by one after a while of peace', async t => {
  const layers = new Layers();
  layers.pass(5);
  layers.pass(1, 0.2);
  t.equal(layers.choice.target, 1);
  layers.pass(1, 0.2);
  t.equal(layers.choice.target, 1, 'what was reported may have been lost before the change');
  layers.pass(2, 0.2);
  t.equal(layers.choice.target, 0);
  const up = layers.secondsUntil(1, 20) as number;
  t.ok(up >= 4 && up <= 7, `up after ${up} s`);
  const further = layers.secondsUntil(2, 20) as number;
  t.ok(further >= 4 && further <= 7, `to the best after ${further} s more`);
});

t.test('a little loss is repaired, and changes nothing', async t => {
  const layers = new Layers();
  layers.pass(20, 0.05);
  t.equal(layers.choice.target, 2);
});

t.test('who went up too early waits longer each time', async t => {
  const layers = new Layers();
  layers.pass(5);
  layers.pass(1, 0.3);
  const waits: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    waits.push(layers.secondsUntil(2, 100) as number);
    // The network does not carry the best layer.
    layers.pass(3, 0.3);
    t.equal(layers.choice.target, 1);
  }
  t.ok(
    waits.every((wait, index) => index === 0 || wait > (waits[index - 1] as number) * 1.5),
    `${waits}`,
  );
});

t.test('an estimate that falls below a layer leads to the best that fits', async t => {
  const layers = new Layers();
  layers.pass(5);
  layers.choice.estimate(3_000_000, layers.now);
  layers.choice.estimate(900_000, layers.now + 100);
  t.equal(layers.choice.target, 1);
});

t.test('an estimate that is low because little is sent is not believed', async t => {
  const layers = new Layers();
  layers.pass(5);
  for (let second = 0; second < 10; second += 1) {
    // What Chromium says after a change from a small layer: one and a half times what came, and rising.
    layers.choice.estimate(150_000 * 1.08 ** second, layers.now);
    layers.pass(1);
    t.equal(layers.choice.target, 2);
  }
});
