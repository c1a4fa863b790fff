import fc from 'fast-check';
import t from 'tap';
import type { CaptionWord } from '../../../src/api/caption.ts';
import type { BufferHypothesis, Commitment } from '../../../src/captions/policy/commitment-policy.ts';
import { LocalAgreement } from '../../../src/captions/policy/local-agreement.ts';
import { bareWord } from '../../../src/captions/policy/word-likeness.ts';
import { holds } from '../../media/property.ts';
import { heardOf, hypothesis, type Look, looks, speech, spoken, textOf } from './spoken-words.ts';

t.test('what two hypotheses agree on is committed, the rest of the newer one is shown', async t => {
  const policy = new LocalAgreement();
  const first = policy.heard(hypothesis(spoken('this video is quit')));
  t.same([textOf(first.committed), textOf(first.partial)], ['', 'this video is quit']);
  const second = policy.heard(hypothesis(spoken('This video, is quiet summer')));
  t.same([textOf(second.committed), textOf(second.partial)], ['This video, is', 'quiet summer']);
  const third = policy.heard(hypothesis(spoken('that video is quiet summer the')));
  t.same([textOf(third.committed), textOf(third.partial)], ['quiet summer', 'the']);
  t.equal(textOf(policy.recent), 'This video, is quiet summer');
});

t.test('a word at the end of the buffer waits until it is surely over', async t => {
  const policy = new LocalAgreement();
  const words = spoken('seven cold green');
  const end = words.at(-1)!.end;
  const first = policy.heard({ startSeconds: 0, endSeconds: end + 0.1, words });
  t.equal(textOf(first.partial), 'seven cold', 'it is not shown');
  const second = policy.heard({ startSeconds: 0, endSeconds: end + 0.15, words });
  t.same([textOf(second.committed), textOf(second.partial)], ['seven cold', ''], 'nor committed');
  const third = policy.heard({ startSeconds: 0, endSeconds: end + 0.6, words });
  t.equal(textOf(third.committed), 'green');
});

t.test('a word that was shown does not vanish because its time moved to the end', async t => {
  const policy = new LocalAgreement();
  const words = spoken('seven cold');
  t.equal(textOf(policy.heard({ startSeconds: 0, endSeconds: 1.2, words }).partial), 'seven cold');
  const moved = words.map(word => ({ ...word, end: word.end + 0.35 }));
  const { committed, partial } = policy.heard({ startSeconds: 0, endSeconds: 1.25, words: moved });
  t.equal(textOf([...committed, ...partial]), 'seven cold');
});

t.test('the same word at quite another time is no agreement', async t => {
  const policy = new LocalAgreement();
  policy.heard(hypothesis(spoken('yes', 0)));
  const { committed, partial } = policy.heard(hypothesis(spoken('yes', 5)));
  t.same([textOf(committed), textOf(partial)], ['', 'yes']);
});

t.test('a trimmed buffer goes on where the committed text ended', async t => {
  const policy = new LocalAgreement();
  policy.heard(hypothesis(spoken('one two three four')));
  policy.heard(hypothesis(spoken('one two three four five')));
  t.equal(textOf(policy.recent), 'one two three four');
  // The buffer begins within "three": its end is heard again as something else.
  const cut: CaptionWord[] = [
    { ...spoken('free')[0]!, start: 1.1, end: 1.2 },
    ...spoken('four five six', 1.2),
  ];
  const { committed, partial } = policy.heard(hypothesis(cut, 1.1));
  t.same([textOf(committed), textOf(partial)], ['five', 'six']);
});

t.test('words that are said twice are heard twice', async t => {
  const policy = new LocalAgreement();
  policy.heard(hypothesis(spoken('zero zero')));
  t.equal(textOf(policy.heard(hypothesis(spoken('zero zero zero'))).committed), 'zero zero');
  t.equal(textOf(policy.heard(hypothesis(spoken('zero zero zero zero'))).committed), 'zero');
  const cut = policy.heard(hypothesis(spoken('zero zero', 0.8), 0.8));
  t.equal(textOf([...cut.committed, ...cut.partial]), 'zero', 'one of them is committed already');
});

t.test("an utterance's last hypothesis commits all that is left, and nothing twice", async t => {
  const policy = new LocalAgreement();
  policy.heard(hypothesis(spoken('stream one happy')));
  policy.heard(hypothesis(spoken('stream one happy coffee')));
  const { committed, partial } = policy.finish(hypothesis(spoken('stream one hippy coffee train.')));
  t.same([textOf(committed), textOf(partial)], ['coffee train.', '']);
  t.equal(textOf(policy.recent), 'stream one happy coffee train.', 'what is committed stays');
});

t.test('an utterance whose last hypothesis never came ends with what was heard before', async t => {
  const policy = new LocalAgreement();
  policy.heard(hypothesis(spoken('this door')));
  t.equal(textOf(policy.finish(null).committed), 'this door');
  t.same(policy.finish(null).committed, []);
});

t.test('the next utterance does not repeat the end of the one before that its sound begins with', async t => {
  const policy = new LocalAgreement();
  policy.finish(hypothesis(spoken('this door', 10)));
  const next = policy.finish({
    startSeconds: 10.6,
    endSeconds: 14,
    words: spoken('door blue five', 10.6, 0.3),
  });
  t.equal(textOf(next.committed), 'blue five');
});

/** Lets a policy follow looks at speech; tells what came of each. */
function follow(
  words: readonly CaptionWord[],
  looks: readonly Look[],
  each: (result: Commitment, heard: BufferHypothesis, policy: LocalAgreement) => void = () => {},
): CaptionWord[] {
  const policy = new LocalAgreement();
  const committed: CaptionWord[] = [];
  let startSeconds = 0;
  let endSeconds = 0;
  for (const look of looks) {
    endSeconds += look.stepSeconds;
    const heard = heardOf(words, startSeconds, endSeconds, look);
    const result = policy.heard(heard);
    committed.push(...result.committed);
    each(result, heard, policy);
    if (look.isTrimmed) startSeconds = committed.at(-1)?.end ?? 0;
  }
  const last = policy.finish(heardOf(words, startSeconds, endSeconds, looks.at(-1)!));
  committed.push(...last.committed);
  return committed;
}

t.test(
  'committed text never changes: each is a prefix of every later one, and times never go backwards',
  async t => {
    holds(
      t,
      fc.property(speech, looks, (words, looks) => {
        const committed: CaptionWord[] = [];
        follow(words, looks, (result, _, { recent }) => {
          committed.push(...result.committed);
          // What the policy itself remembers is the same text, word for word.
          if (JSON.stringify(recent) !== JSON.stringify(committed.slice(-200))) throw new Error('changed');
          const all = [...committed, ...result.partial];
          for (const [at, word] of all.entries()) {
            if (word.end < word.start) throw new Error('a word ends before it begins');
            if (at > 0 && word.start < all[at - 1]!.end) throw new Error('times go backwards');
          }
        });
      }),
      1000,
    );
  },
);

t.test('every word that two hypotheses agree on is committed', async t => {
  const isOver = (word: CaptionWord, heard: BufferHypothesis) => word.end <= heard.endSeconds - 0.2;
  holds(
    t,
    fc.property(speech, looks, (words, looks) => {
      // What each hypothesis holds behind what was committed before it.
      let before: readonly CaptionWord[] = [];
      follow(words, looks, ({ committed, partial }, heard) => {
        const now = [...committed, ...partial];
        let agreed = 0;
        while (
          agreed < Math.min(before.length, now.length) &&
          bareWord(before[agreed]!.text) === bareWord(now[agreed]!.text) &&
          Math.abs(before[agreed]!.start - now[agreed]!.start) <= 1 &&
          isOver(now[agreed]!, heard)
        )
          agreed += 1;
        if (committed.length < agreed) throw new Error(`${agreed} agreed, ${committed.length} committed`);
        before = partial;
      });
    }),
    1000,
  );
});

t.test('of what is heard without a slip every word is committed once', async t => {
  const steps = fc.array(fc.double({ min: 0.2, max: 3, noNaN: true }), { maxLength: 30 });
  holds(
    t,
    fc.property(speech, steps, fc.boolean(), (words, steps, isTrimmed) => {
      // The last look sees all of it: none of the words is cut.
      const looks = [...steps, 200].map(stepSeconds => ({
        stepSeconds,
        isTrimmed,
        slips: ['right' as const],
        shifts: [0],
      }));
      const committed = follow(words, looks);
      if (textOf(committed) !== textOf(words)) throw new Error(`${textOf(committed)} of ${textOf(words)}`);
    }),
    1000,
  );
});
