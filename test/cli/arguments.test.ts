import t from 'tap';
import { readArguments } from '../../src/cli/arguments.ts';
import { defineCommand } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { readFlags } from '../../src/cli/flag-values.ts';
import { readVersion } from '../../src/cli/version.ts';

const read = (...argv: string[]) => readArguments(argv, '1.2.3');

t.test('serve runs the server', async t => {
  t.match(read('serve'), { kind: 'run', name: 'serve', command: commands.serve, isJson: false });
  t.match(read('serve', '--json'), { kind: 'run', isJson: true });
  t.match(read('--json', 'serve'), { kind: 'run', isJson: true });
});

t.test('help and version are printed when asked for', async t => {
  for (const flag of ['--help', '-h'])
    t.match(read(flag), { kind: 'print', text: /Commands:\n {2}serve /, exitCode: 0 });
  for (const flag of ['--version', '-v'])
    t.strictSame(read(flag), { kind: 'print', text: '1.2.3', exitCode: 0 });
  t.match(read('serve', '--help'), { kind: 'print', text: /^Usage: livereel serve\n/, exitCode: 0 });
  t.match(read('help', '--help'), { kind: 'print', text: /Commands:/, exitCode: 0 });
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
  t.match(read('constructor'), { kind: 'print', exitCode: 2 });
});

t.test('unknown options and arguments too many are refused, and what is wrong is named', async t => {
  t.match(read('serve', '--port', '1'), { kind: 'print', text: /--port/, exitCode: 2 });
  t.match(read('serve', '--jsno'), { kind: 'print', text: /Did you mean "--json"\?/, exitCode: 2 });
  t.match(read('serve', 'twice'), { kind: 'print', text: /takes no argument, but got "twice"/, exitCode: 2 });
  t.match(read('--help=yes'), { kind: 'print', exitCode: 2 });
  t.match(read('serve', '--json=yes'), { kind: 'print', text: /"--json" takes no value/, exitCode: 2 });
});

t.test('every command can be read about: a line, an explanation, examples that are right', async t => {
  for (const [name, command] of Object.entries(commands)) {
    const { text, exitCode } = read(name, '--help') as { text: string; exitCode: number };
    t.equal(exitCode, 0, name);
    t.match(text, /Options:[\s\S]+Examples:\n {2}\S/, name);
    t.ok(command.summary.length > 10 && command.summary.length < 70, `${name}: ${command.summary}`);
    for (const line of text.split('\n')) t.ok(line.length <= 120, `${name}: "${line}"`);
    t.ok(command.examples.length > 0, name);
    for (const { line } of command.examples) {
      // The words behind the last `livereel` of a pipe, as a shell would split them.
      const words = line.split(/(?:^|\s)livereel\s/).at(-1) ?? '';
      const argv = (words.match(/"[^"]*"|'[^']*'|[^\s|>]+/g) ?? []).map(word => word.replace(/["']/g, ''));
      t.match(readArguments(argv, '1.2.3', { LIVEREEL_TOKEN: 'x' }), { kind: 'run', name }, line);
    }
  }
});

t.test('options are read as what they are', async t => {
  const { flags } = defineCommand({
    summary: '',
    help: '',
    examples: [],
    operands: [],
    flags: {
      loud: { kind: 'switch', short: 'l', says: '' },
      token: { kind: 'text', placeholder: 'token', variable: 'LIVEREEL_TOKEN', says: '' },
      way: { kind: 'text', placeholder: 'way', choices: ['up', 'down'], says: '' },
      rate: { kind: 'number', placeholder: 'fps', minimum: 0.1, maximum: 240, says: '' },
      times: { kind: 'number', placeholder: 'times', minimum: 1, maximum: 9, isWhole: true, says: '' },
    },
    run: async () => 0,
  });
  const given = (...argv: string[]) => readFlags(argv, flags, { LIVEREEL_TOKEN: 'from outside' });
  t.strictSame(given('-l', 'a', '--rate', '29.97', '--times=3', '-', '--', '--b'), {
    values: { loud: true, rate: 29.97, times: 3, token: 'from outside' },
    operands: ['a', '-', '--b'],
  });
  t.match(given('--token', 'mine'), { values: { loud: false, token: 'mine' } });
  t.match(given('--way', 'left'), { wrong: '"--way" may be up, down, but not "left".' });
  for (const wrong of ['0', '241', 'fast', '1e3', '0x10', ' 1']) {
    t.match(given(`--rate=${wrong}`), { wrong: /^"--rate" is a number from 0.1 to 240/ }, wrong);
  }
  t.match(given('--times', '1.5'), { wrong: /whole number from 1 to 9/ });
  for (const missing of [['--token'], ['--token=']]) t.match(given(...missing), { wrong: /needs a value/ });
  t.match(given('--lowd'), { wrong: 'There is no option "--lowd". Did you mean "--loud"?' });
  t.match(given('-x'), { wrong: 'There is no option "-x".' });
});

t.test('the version is the one of package.json', async t => {
  t.match(readVersion(), /^\d+\.\d+\.\d+/);
});
