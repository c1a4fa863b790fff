import t from 'tap';
import { planStoryboard, storyboardVtt } from '../../src/media/storyboard-plan.ts';
import { readStoryboard, tileAt } from '../../src/web/watch/storyboard.ts';

t.test('what the server writes the page reads, with the token that the address carries', async t => {
  const plan = planStoryboard(30, 1_280, 720);
  const tiles = readStoryboard(storyboardVtt(plan, 30), 'http://h/videos/a/storyboard.vtt?token=secret');
  t.equal(tiles.length, 30);
  t.same(tileAt(tiles, 12.5), {
    startSeconds: 12,
    endSeconds: 13,
    url: 'http://h/videos/a/storyboard.0.jpg?token=secret',
    x: 384,
    y: 108,
    width: 192,
    height: 108,
  });
  t.equal(tileAt(tiles, 99), tiles.at(-1));
  t.equal(tileAt([], 1), undefined);
  t.same(readStoryboard('WEBVTT\n\n00:00.000 --> 00:01.000\nno place\n', 'http://h/'), []);
});
