import t from 'tap';
import { mediaAddress, restartedAnswer, restartFragment } from '../../src/client/ice-restart.ts';

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n`;
const answer = lines(
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'a=ice-ufrag:old',
  'a=ice-pwd:oldoldoldoldoldoldoldold',
  'a=candidate:1 1 udp 2130706431 203.0.113.5 8189 typ host',
  'a=candidate:2 1 udp 2130706430 2001:db8::1 8189 typ host',
  'a=end-of-candidates',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:1',
  'a=ice-ufrag:old',
  'a=ice-pwd:oldoldoldoldoldoldoldold',
);

t.test('new credentials are told for the first section, which carries the bundle', async t => {
  t.equal(
    restartFragment(answer),
    lines(
      'a=group:BUNDLE 0 1',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
      'a=ice-ufrag:old',
      'a=ice-pwd:oldoldoldoldoldoldoldold',
    ),
  );
});

t.test('the answer to them changes every section, and the candidates where there are new ones', async t => {
  const credentials = ['a=ice-ufrag:new', 'a=ice-pwd:newnewnewnewnewnewnewnew'];
  const moved = 'a=candidate:1 1 udp 2130706431 203.0.113.9 8189 typ host';
  t.equal(
    restartedAnswer(answer, lines('a=ice-lite', ...credentials, moved, 'a=end-of-candidates')),
    lines(
      'v=0',
      'a=group:BUNDLE 0 1',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
      moved,
      'a=end-of-candidates',
      ...credentials,
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:1',
      ...credentials,
    ),
  );
  t.match(restartedAnswer(answer, lines(...credentials)), '203.0.113.5 8189');
});

t.test(
  'a server that begins DTLS anew with a restart is told that it may, and who it is from then on',
  async t => {
    const mine = answer.replaceAll('a=mid:', 'a=fingerprint:sha-256 AA:BB\r\na=mid:');
    t.match(restartFragment(mine), 'a=fingerprint:sha-256 AA:BB\r\n');
    const told = lines(
      'a=ice-ufrag:new',
      'a=ice-pwd:newnewnewnewnewnewnewnew',
      'a=fingerprint:sha-256 CC:DD',
    );
    t.same(restartedAnswer(mine, told).match(/a=fingerprint:.*/g), [
      'a=fingerprint:sha-256 CC:DD',
      'a=fingerprint:sha-256 CC:DD',
    ]);
  },
);

t.test('where packets should arrive is read from an answer', async t => {
  t.same(mediaAddress(answer), { hosts: ['203.0.113.5', '2001:db8::1'], port: 8189 });
  t.equal(mediaAddress('v=0\r\n'), undefined);
});
