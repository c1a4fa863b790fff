import t from 'tap';
import { readArguments } from '../../src/cli/arguments.ts';
import { readVersion } from '../../src/cli/version.ts';

const read = (...argv: string[]) => readArguments(argv, '1.2.3');

t.test('serve runs the server', async t => {
  t.strictSame(read('serve'), { kind: 'run', command: 'serve' });
});

t.test('help and version are printed when asked for', async t => {
  for (const flag of ['--help', '-h'])
    t.match(read(flag), { kind: 'print', text: /Commands:\n {2}serve /, exitCode: 0 });
  for (const flag of ['--version', '-v'])
    t.strictSame(read(flag), { kind: 'print', text: '1.2.3', exitCode: 0 });
  t.match(read('serve', '--help'), { kind: 'print', text: /^Usage: livereel serve\n/, exitCode: 0 });
});

t.test('without a command the help comes as a refusal, so that a script notices', async t => {
  t.match(read(), { kind: 'print', text: /Usage: livereel <command>/, exitCode: 2 });
});

t.test('an unknown command is refused with the nearest one', async t => {
  for (const wrong of ['server', 'sreve', 'Serve', 'srv']) {
    t.match(read(wrong), {
      kind: 'print',
      text: /There is no command .* Did you mean "serve"\?/,
      exitCode: 2,
    });
  }
  t.match(read('frobnicate'), { kind: 'print', text: /^There is no command "frobnicate"\.\n/, exitCode: 2 });
});

t.test('unknown options and arguments too many are refused, and what is wrong is named', async t => {
  t.match(read('serve', '--port', '1'), { kind: 'print', text: /--port/, exitCode: 2 });
  t.match(read('serve', 'twice'), { kind: 'print', text: /takes no argument, but got "twice"/, exitCode: 2 });
  t.match(read('--help=yes'), { kind: 'print', exitCode: 2 });
});

t.test('the version is the one of package.json', async t => {
  t.match(readVersion(), /^\d+\.\d+\.\d+/);
});
