import t from 'tap';
import { planStoryboard, storyboardVtt } from '../../src/media/storyboard-plan.ts';

t.test('a storyboard is as fine as a scrub bar can show, on one sheet or a few', async t => {
  t.match(planStoryboard(12.3, 1280, 720), { everySeconds: 1, tiles: 13, columns: 10, rows: 2, sheets: 1 });
  t.match(planStoryboard(12.3, 1280, 720), { width: 192, height: 108 });
  t.match(planStoryboard(300, 720, 1280), {
    everySeconds: 3,
    tiles: 100,
    sheets: 1,
    width: 108,
    height: 192,
  });
  t.match(planStoryboard(301, 1280, 720), { everySeconds: 1, tiles: 301, rows: 10, sheets: 4 });
  t.match(planStoryboard(7_200, 1280, 720), { everySeconds: 20, tiles: 360, sheets: 4 });
  t.match(planStoryboard(0.2, 2, 4_000), { tiles: 1, columns: 1, rows: 1, sheets: 1, width: 2 });
});

t.test('its text names for every moment the piece that shows it', async t => {
  const plan = { everySeconds: 2, tiles: 3, columns: 2, rows: 1, sheets: 2, width: 192, height: 108 };
  t.equal(
    storyboardVtt(plan, 5.25),
    `WEBVTT

00:00:00.000 --> 00:00:02.000
storyboard.0.jpg#xywh=0,0,192,108

00:00:02.000 --> 00:00:04.000
storyboard.0.jpg#xywh=192,0,192,108

00:00:04.000 --> 00:00:05.250
storyboard.1.jpg#xywh=0,0,192,108
`,
  );
});
