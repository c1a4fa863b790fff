import fc from 'fast-check';
import t from 'tap';
import type { Caption, CaptionWord } from '../../../src/api/caption.ts';
import { CaptionRoll } from '../../../src/captions/policy/caption-roll.ts';
import { captionLines, captionsOf } from '../../../src/captions/policy/line-breaking.ts';
import { LocalAgreement } from '../../../src/captions/policy/local-agreement.ts';
import { holds } from '../../media/property.ts';
import { heardOf, looks, speech, spoken, textOf } from './spoken-words.ts';

const short = ({ index, revision, final, text }: Caption) =>
  `${index}.${revision}${final ? '!' : ''} ${text}`;

t.test('a caption is told as it grows, and is final when the next one began', async t => {
  const roll = new CaptionRoll();
  const sentence = spoken('this video is quiet summer.');
  const next = spoken('the coffee brings', 2.1);
  t.same(roll.update({ committed: [], partial: sentence.slice(0, 2) }).map(short), ['0.0 this video']);
  t.same(roll.update({ committed: sentence.slice(0, 2), partial: [] }).map(short), [], 'nothing has changed');
  t.same(roll.update({ committed: sentence.slice(2), partial: [] }).map(short), [
    '0.1 this video is quiet summer.',
  ]);
  t.same(roll.update({ committed: [], partial: next }).map(short), [
    '0.2! this video is quiet summer.',
    '1.0 the coffee brings',
  ]);
  t.equal(roll.finalSeconds, 2);
  t.same(roll.update({ committed: next, partial: [] }).map(short), []);
  t.same(roll.finish().map(short), ['1.1! the coffee brings']);
  t.same(roll.finish().map(short), [], 'it is told once');
});

t.test('partial words that vanish leave their index to what comes next', async t => {
  const roll = new CaptionRoll(7);
  t.same(roll.update({ committed: [], partial: spoken('thank you') }).map(short), ['7.0 thank you']);
  t.same(roll.update({ committed: [], partial: [] }).map(short), ['7.1 ']);
  t.same(roll.finish().map(short), [], 'what is empty is never final');
  t.same(roll.update({ committed: [], partial: spoken('yes', 8) }).map(short), ['7.2 yes']);
});

t.test('captions end at sentences, pauses and clauses, and fit two lines', async t => {
  const broken = (text: string) => captionsOf(spoken(text, 0, 0.2)).map(textOf);
  t.same(broken('yes. no. this is a short answer to it. and this the next'), [
    'yes. no. this is a short answer to it.',
    'and this the next',
  ]);
  const clause =
    'when the quiet winter comes to the warm city, the happy bird carries the coffee over the river';
  t.same(broken(clause), [
    'when the quiet winter comes to the warm city,',
    'the happy bird carries the coffee over the river',
  ]);
  const paused = [...spoken('one two', 0), ...spoken('three', 3)];
  t.same(captionsOf(paused).map(textOf), ['one two', 'three']);
  t.same(captionLines(clause.split(' ')), [
    'when the quiet winter comes to the warm',
    'city, the happy bird carries the coffee',
    'over the river',
  ]);
  t.same(captionsOf([]), []);
});

t.test('every caption fits, and all words are in one', async t => {
  holds(
    t,
    fc.property(speech, words => {
      const captions = captionsOf(words);
      for (const caption of captions) {
        if (caption.length > 1 && caption.at(-1)!.end - caption[0]!.start > 7) throw new Error('too long');
        if (captionLines(caption.map(word => word.text)).length > 2) throw new Error('too many lines');
      }
      if (textOf(captions.flat()) !== textOf(words)) throw new Error('words are lost');
    }),
    1000,
  );
});

t.test('revisions and indexes rise, final captions never change, and hold every committed word', async t => {
  holds(
    t,
    fc.property(speech, looks, fc.array(fc.boolean(), { minLength: 1 }), (words, looks, pauses) => {
      const policy = new LocalAgreement();
      const roll = new CaptionRoll(3);
      const newest = new Map<number, Caption>();
      const committed: CaptionWord[] = [];
      const take = (captions: readonly Caption[]) => {
        for (const caption of captions) {
          const before = newest.get(caption.index);
          if (before?.final) throw new Error('a final caption changed');
          if (caption.revision !== (before === undefined ? 0 : before.revision + 1))
            throw new Error('revision');
          if (caption.index > 3 && !newest.has(caption.index - 1)) throw new Error('an index is left out');
          if (caption.final && caption.words.length === 0) throw new Error('an empty final caption');
          if (caption.text !== textOf(caption.words)) throw new Error('text');
          newest.set(caption.index, caption);
        }
        const shown = [...newest.values()].filter(caption => caption.words.length > 0);
        for (const [at, { start, end }] of shown.entries()) {
          if (end < start || (at > 0 && start < shown[at - 1]!.end)) throw new Error('times go backwards');
        }
      };
      let startSeconds = 0;
      let endSeconds = 0;
      for (const [at, look] of looks.entries()) {
        endSeconds += look.stepSeconds;
        const heard = heardOf(words, startSeconds, endSeconds, look);
        const isOver = pauses[at % pauses.length]! || at === looks.length - 1;
        const result = isOver ? policy.finish(heard) : policy.heard(heard);
        committed.push(...result.committed);
        take(roll.update(result));
        const shown = [...newest.values()].flatMap(caption => caption.words);
        if (textOf(shown) !== textOf([...committed, ...result.partial]))
          throw new Error('shown is something else');
        if (isOver) {
          take(roll.finish());
          startSeconds = endSeconds;
        }
      }
      const finals = [...newest.values()].filter(caption => caption.final).flatMap(caption => caption.words);
      if (textOf(finals) !== textOf(committed)) throw new Error('a committed word is in no final caption');
    }),
    500,
  );
});
