import t from 'tap';
import { reachableUrl } from '../../src/client/reachable-url.ts';

t.test("a loopback address in an answer becomes the server's own, as seen from here", async t => {
  const ingest = 'ws://127.0.0.1:8000/ingest/a?token=b';
  t.equal(reachableUrl(ingest, 'http://localhost:8000'), 'ws://localhost:8000/ingest/a?token=b');
  t.equal(reachableUrl(ingest, 'https://live.example.org'), 'wss://live.example.org/ingest/a?token=b');
  t.equal(reachableUrl('http://[::1]:8000/hls/a', 'http://10.0.0.7:9'), 'http://10.0.0.7:9/hls/a');
});

t.test('any other address is meant as it stands', async t => {
  const ingest = 'wss://ingest.example.org/ingest/a?token=b';
  t.equal(reachableUrl(ingest, 'https://live.example.org'), ingest);
  t.equal(
    reachableUrl('http://127.0.0.1:8000/hls/a', 'http://127.0.0.1:8000/x'),
    'http://127.0.0.1:8000/hls/a',
  );
});
