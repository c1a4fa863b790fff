import t from 'tap';
import { readIceServers } from '../../src/client/offer-exchange.ts';

t.test('STUN and TURN servers are read from a Link header, and nothing else is', async t => {
  const link =
    '<stun:stun.example:3478>; rel="ice-server", </docs>; rel="help", ' +
    '<turn:turn.example?transport=udp>; rel="ice-server"; username="1767268800:peer"; credential="a,b="; ' +
    'credential-type="password", <turn:bare.example>; rel="ice-server"';
  t.same(readIceServers(link), [
    { urls: 'stun:stun.example:3478' },
    { urls: 'turn:turn.example?transport=udp', username: '1767268800:peer', credential: 'a,b=' },
  ]);
  t.same(readIceServers(null), []);
});
