import fc from 'fast-check';
import t from 'tap';
import { addressBytes, NetworkList } from '../../src/fetch/network-list.ts';
import { isPublicAddress } from '../../src/fetch/public-address.ts';

function isPublic(address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new Error(`${address} is no address`);
  return isPublicAddress(bytes);
}

t.test('what belongs to the public internet is public, also inside an IPv6 address', async t => {
  const publicAddresses = [
    ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.0.1', '172.32.0.1'],
    ...['192.167.255.255', '223.255.255.255', '2606:4700::1111', '2a00:1450:4001:81b::200e'],
    ...['::ffff:1.1.1.1', '::ffff:101:101', '64:ff9b::1.1.1.1', '2002:101:101::1'],
  ];
  t.same(
    publicAddresses.filter(address => !isPublic(address)),
    [],
  );
});

t.test('private, local, reserved and metadata addresses are not, however they are written', async t => {
  const others = [
    ...['0.0.0.0', '0.1.2.3', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254'],
    ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.168.1.1', '198.18.0.1'],
    ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16', '192.0.2.1'],
    ...[
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:0:127.0.0.1',
      '::ffff:10.0.0.1',
    ],
    ...[
      '64:ff9b::10.0.0.1',
      '64:ff9b:1::1.1.1.1',
      '64:ff9b::a9fe:a9fe',
      '2002:7f00:1::1',
      '2002:a9fe:a9fe::',
    ],
    ...[
      '2001:0:4136:e378:8000:63bf:3fff:fdd2',
      '2001:db8::1',
      '3fff::1',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
    ],
    ...[
      'fc00::1',
      'fd00:ec2::254',
      'ff02::1',
      '100::1',
      '5f00::1',
      '2a00:1450::5efe:10.0.0.1',
      '2a00::200:5efe:7f00:1',
    ],
  ];
  t.same(others.filter(isPublic), []);
});

t.test('an IPv6 address that carries an IPv4 address is as public as that', async t => {
  const byte = fc.integer({ min: 0, max: 255 });
  const sample = fc.property(fc.tuple(byte, byte, byte, byte), parts => {
    const four = parts.join('.');
    const six = [`::ffff:${four}`, `64:ff9b::${four}`, `::${four}`];
    return six.every(address => isPublic(address) === isPublic(four));
  });
  t.doesNotThrow(() => fc.assert(sample, { numRuns: 500 }));
});

t.test('networks hold what lies in them, of their own family, to the bit', async t => {
  const has = (network: string, address: string) =>
    new NetworkList([network]).has(addressBytes(address) as Uint8Array);
  t.ok(has('127.0.0.0/8', '127.200.0.1'));
  t.ok(has('10.1.2.3', '10.1.2.3'));
  t.ok(has('172.16.0.0/12', '172.31.0.1'));
  t.notOk(has('172.16.0.0/12', '172.32.0.1'));
  t.ok(has('fd00::/9', 'fd7f::1'));
  t.notOk(has('fd00::/9', 'fd80::1'));
  t.ok(has('0.0.0.0/0', '8.8.8.8'));
  t.notOk(has('0.0.0.0/0', '::1'));
  for (const wrong of [
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0/8',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '1.1.1.1/x',
  ]) {
    t.throws(() => new NetworkList([wrong]), RangeError, wrong);
  }
});
