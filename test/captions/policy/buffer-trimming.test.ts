import t from 'tap';
import { trimmedStart } from '../../../src/captions/policy/buffer-trimming.ts';
import { promptBefore } from '../../../src/captions/policy/prompt.ts';
import { spoken } from './spoken-words.ts';

const settings = { sentenceSeconds: 3, wordSeconds: 6, keptWords: 1 };
const cut = (text: string, startSeconds: number, endSeconds: number) =>
  trimmedStart({ startSeconds, endSeconds, committed: spoken(text, 0, 1) }, settings);

t.test('a short buffer stays whole, a longer one is cut behind the last committed sentence', async t => {
  t.equal(cut('one two. three', 0, 3), null);
  t.equal(cut('one two. three', 0, 4), 2);
  t.equal(cut('one two three', 0, 4), null, 'no sentence is over');
  t.equal(cut('one two. three', 2, 6), null, 'the sentence is cut off already');
});

t.test('a long buffer is cut in front of the last committed word', async t => {
  t.equal(cut('one two three', 0, 7), 2, 'which stays, for the cut to be in no other');
  t.equal(cut('one two three', 3, 14), null, 'nothing is committed in it');
  t.equal(cut('', 0, 20), null);
  const buffer = { startSeconds: 0, endSeconds: 7, committed: spoken('one two three', 0, 1) };
  t.equal(trimmedStart(buffer, { ...settings, keptWords: 2 }), 1, 'two stay');
  t.equal(trimmedStart(buffer, { ...settings, keptWords: 9 }), null);
});

t.test('the prompt is what was said right before the buffer', async t => {
  t.equal(promptBefore(spoken('this video is quiet'), 1.2), 'this video is', 'not what is still in it');
  t.equal(promptBefore([], 0), '');
  t.equal(promptBefore(spoken('this video is quiet.'), 2), '', 'the sentence is over');
  t.equal(promptBefore(spoken('well. this'), 0.9), 'well. this');
  t.equal(promptBefore(spoken('this video'), 6), '', 'after a long pause there is none');
  t.equal(promptBefore([...spoken('long ago'), ...spoken('this video', 7)], 8), 'this video');
  const long = promptBefore(spoken('word '.repeat(200)), 1_000_000);
  t.equal(long, '');
  t.ok(promptBefore(spoken('word '.repeat(200)), 80).length <= 200);
});
