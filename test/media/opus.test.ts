import t from 'tap';
import { isOpusStereo, opusHead } from '../../src/media/opus.ts';

t.test(
  'Opus tells its channels packet by packet, and its header for all (RFC 7845, section 5.1)',
  async t => {
    t.equal(isOpusStereo(Buffer.from([0xfc])), true);
    t.equal(isOpusStereo(Buffer.from([0xf8])), false);
    t.equal(isOpusStereo(Buffer.alloc(0)), false);
    t.equal(
      opusHead(1).toString('hex'),
      '4f70757348656164' + '01' + '01' + '0000' + '80bb0000' + '0000' + '00',
    );
  },
);
