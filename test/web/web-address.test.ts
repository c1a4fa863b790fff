import t from 'tap';
import { webAddress } from '../../src/web/upload/web-address.ts';

t.test('what is pasted is taken as the address it is meant to be', async t => {
  t.equal(webAddress(' https://example.com/a.mp4\n'), 'https://example.com/a.mp4');
  t.equal(webAddress('example.com/watch?v=1'), 'https://example.com/watch?v=1');
  t.equal(webAddress('http://127.0.0.1:8000/a.mp4'), 'http://127.0.0.1:8000/a.mp4');
  t.equal(webAddress('localhost:8000/a.mp4'), 'https://localhost:8000/a.mp4');
  for (const text of [
    '',
    '  ',
    'gardens',
    'a talk about gardens',
    'file:///etc/passwd',
    'ftp://a.b/c',
    'https://',
  ]) {
    t.equal(webAddress(text), undefined, JSON.stringify(text));
  }
});
