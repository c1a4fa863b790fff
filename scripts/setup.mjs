/**
 * Makes a checkout ready to run: `node scripts/setup.mjs [--tests] [--bench] [--no-build] [--no-wait]`, before `npm start` and
 * `npm test`. Packages of npm, programs of the system, the build, the recogniser: each only when it is missing or old,
 * so that a second run takes a moment. `--no-wait`: the recogniser, which takes minutes, is built while the server runs.
 * Plain JavaScript without imports from node_modules, for it runs before there is one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareRecogniser } from './recogniser/build.mjs';
import { canInstall, howToInstall, installDebianPackages, missingPackages } from './system-programs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const withTests = process.argv.includes('--tests');
const withBench = process.argv.includes('--bench');
const withBuild = !process.argv.includes('--no-build');
const waits = !process.argv.includes('--no-wait');

/** What the system must have: a program or file to look for, and the Debian packages that bring it. */
const needed = [
  { looksFor: ['ffmpeg', 'ffprobe'], packages: ['ffmpeg'] },
  { looksFor: ['nginx'], packages: ['nginx'] },
  ...(process.platform === 'linux'
    ? [{ looksFor: ['flock', 'setpriv', 'prlimit', 'unshare'], packages: ['util-linux'] }]
    : []),
];
const neededByTests = [
  { looksFor: ['chromium'], packages: ['chromium', 'fonts-dejavu-core'] },
  { looksFor: ['/usr/lib/postgresql/15/bin/postgres'], packages: ['postgresql-15'] },
  { looksFor: ['python3', '/usr/lib/python3/dist-packages/cv2*'], packages: ['python3-opencv'] },
  {
    looksFor: ['/usr/lib/python3/dist-packages/aiortc', '/usr/lib/python3/dist-packages/numpy'],
    packages: ['python3-aiortc', 'python3-numpy'],
  },
  { looksFor: ['curl'], packages: ['curl'] },
  { looksFor: ['yt-dlp'], packages: ['yt-dlp'] },
];
/** What benches measure beside livereel; they go on without it. */
const comparedWith = [{ looksFor: ['/usr/bin/janus'], packages: ['janus'] }];

checkNode();
installPackages();
installPrograms(withTests ? [...needed, ...neededByTests] : needed);
if (withBench) installCompared();
if (withBuild) await build();
if (withBuild && (withTests || wantsRecogniser())) await prepareRecogniser({ waits });

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  stop(
    `livereel needs Node 20.19 or later, and this is ${process.version}. See https://nodejs.org/en/download`,
  );
}

/** `npm ci` when the packages are not those of package-lock.json. */
function installPackages() {
  const stampFile = join(root, 'node_modules', '.livereel-setup');
  const lockFile = join(root, 'package-lock.json');
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (read(stampFile) === wanted) return;
  // npm's own record of what it installed: newer than the lock file means that someone ran npm by hand.
  const installed = timeOf(join(root, 'node_modules', '.package-lock.json'));
  if (installed < timeOf(lockFile)) {
    say('installing packages (npm ci)');
    // Development packages too, whatever NODE_ENV says: they build the server and the page.
    const npm = process.env.npm_execpath;
    const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
    run(npm ? process.execPath : 'npm', npm ? [npm, ...args] : args);
  }
  writeFileSync(stampFile, wanted);
}

function installPrograms(wanted) {
  const packages = missingPackages(wanted);
  if (packages.length === 0) return;
  if (!canInstall()) {
    const how = howToInstall(wanted, 'ffmpeg nginx');
    stop(
      `livereel needs programs that are not installed here. Install them, and run the command again:\n\n${how}\n`,
    );
  }
  say(`installing ${packages.join(', ')} (apt-get)`);
  if (!installDebianPackages(packages)) stop(`apt-get could not install ${packages.join(' ')}.`);
}

/** Where it can be installed; it is no reason to stop. */
function installCompared() {
  const packages = missingPackages(comparedWith);
  if (packages.length === 0 || !canInstall()) return;
  say(`installing ${packages.join(', ')} (apt-get)`);
  if (!installDebianPackages(packages)) say(`${packages.join(' ')} could not be installed: measured without`);
}

/** Not where captions are off, or come from a server elsewhere. */
function wantsRecogniser() {
  return process.env.CAPTIONS !== 'off' && !process.env.WHISPER_URL;
}

/** Compiles the server and the page when a source is newer than what was built. */
async function build() {
  const stampFile = join(root, 'dist', '.livereel-build');
  const sources = [
    'src',
    'public',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'vite.config.ts',
  ];
  const wanted = fingerprint(sources);
  if (read(stampFile) === wanted) return;
  say('building');
  // Beside the old one and then in its place: a server that runs, or a build that fails, is never left with half.
  const workshop = join(root, '.livereel-setup');
  const made = join(workshop, 'dist');
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const node = (name, ...args) => finished(process.execPath, [join(root, 'node_modules', name), ...args]);
  const results = await Promise.all([
    // Types are checked by `npm run check`.
    node('typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck', '--outDir', made),
    node('vite/bin/vite.js', 'build', '--logLevel', 'warn', '--outDir', join(made, 'web'), '--emptyOutDir'),
  ]);
  if (results.some(code => code !== 0)) stop('The build failed: the messages above say where.');
  writeFileSync(join(made, '.livereel-build'), wanted);
  if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), join(workshop, 'old'));
  renameSync(made, join(root, 'dist'));
  rmSync(workshop, { recursive: true, force: true });
}

/** Names, sizes and times of all files: quick to take, and different after any change. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const add = path => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
    } else {
      hash.update(`${path} ${stat?.size} ${stat?.mtimeMs}\n`);
    }
  };
  for (const path of paths) add(join(root, path));
  return hash.digest('hex');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function timeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(program, args, env = process.env) {
  // npm and apt-get report to people: what follows on standard output stays the server's.
  const { status, error } = spawnSync(program, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (status !== 0) stop(`${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.`);
}

function finished(program, args) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
    child.once('error', () => resolve(1));
    child.once('exit', code => resolve(code ?? 1));
  });
}

function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

function stop(text) {
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}
