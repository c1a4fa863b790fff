/**
 * Builds whisper.cpp's `whisper-server`, the recogniser of captions, from the source that the npm package
 * `nodejs-whisper` carries. Compiled for this very processor (docs/design.md, section 5), once: it is kept in the
 * user's cache folder, and `dist/whisper-server` is a link to it, so that the next checkout builds nothing.
 * A link that leads nowhere says that it is being built. Whatever fails here is told, and costs captions only.
 * Plain JavaScript without imports from node_modules. Also run by itself, `node scripts/recogniser/build.mjs`; for an
 * image that other machines run with `--portable`: for any processor with AVX2, and a file in dist instead of a link.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, availableParallelism, cpus, homedir, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { canInstall, howToInstall, installDebianPackages, missingPackages } from '../system-programs.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const project = join(root, 'scripts', 'recogniser');
const carrier = join(root, 'node_modules', 'nodejs-whisper');
const source = join(carrier, 'cpp', 'whisper.cpp');
const link = join(root, 'dist', 'whisper-server');
const isPortable = process.argv.includes('--portable');

// Part of the key: raise it when the way of building changes.
const recipe = 1;
/** Below what is live, above nothing. */
const niceness = 10;
const tools = [
  { looksFor: ['cmake'], packages: ['cmake'] },
  { looksFor: ['c++'], packages: ['g++'] },
  { looksFor: ['make'], packages: ['make'] },
];
const withoutCaptions = 'The server runs without captions until then.';

/**
 * Sees to it that `dist/whisper-server` leads to the recogniser. `waits`: resolves when it is built, or cannot be;
 * otherwise a process of its own builds it, and outlives this one.
 */
export async function prepareRecogniser({ waits }) {
  const home = homeOfBuild();
  if (home === undefined) return;
  const program = join(home, 'whisper-server');
  linkTo(program);
  if (existsSync(program)) return;
  if (waits) return await buildInTurn(home, program);
  if (isBuilding(home)) return;
  say('building the recogniser for captions while the server runs: they begin in some minutes');
  mkdirSync(home, { recursive: true });
  const told = process.stderr.isTTY ? 'inherit' : openSync(join(home, 'build.log'), 'a');
  const script = fileURLToPath(import.meta.url);
  spawn(process.execPath, [script], { cwd: root, detached: true, stdio: ['ignore', 'ignore', told] }).unref();
}

/** One build at a time on this machine: others wait for it, and find it done. */
async function buildInTurn(home, program) {
  mkdirSync(home, { recursive: true });
  const lock = join(home, 'building');
  for (let told = false; !takeLock(lock); told = true) {
    if (!told) say('the recogniser is being built by another set-up, waiting for it');
    await delay(500);
  }
  try {
    if (existsSync(program) || (await build(home, program))) return;
    rmSync(link, { force: true });
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Tells whether it worked; what did not was said. */
async function build(home, program) {
  if (!haveTools()) return false;
  setPriority(niceness);
  const workshop = join(home, `build-${process.pid}`);
  const began = performance.now();
  try {
    for (const isAccelerated of hasCudaDevice() ? [true, false] : [false]) {
      rmSync(workshop, { recursive: true, force: true });
      mkdirSync(workshop, { recursive: true });
      say(`building the recogniser for captions${isAccelerated ? ', with CUDA' : ''}: once, some minutes`);
      if (!(await compile(workshop, isAccelerated))) continue;
      // Of one piece, whoever looks; and only if it runs here.
      const made = join(workshop, 'whisper-server');
      if (spawnSync(made, ['--help'], { stdio: 'ignore' }).status !== 0) continue;
      renameSync(made, program);
      say(`recogniser built in ${Math.round((performance.now() - began) / 1_000)} s`);
      return true;
    }
    say(`the recogniser could not be built: the messages above say why. ${withoutCaptions}`);
    return false;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

async function compile(workshop, isAccelerated) {
  const settings = {
    WHISPER_SOURCE: source,
    CMAKE_BUILD_TYPE: 'Release',
    // Without it ggml takes AVX2 and its like for granted, and nothing newer.
    GGML_NATIVE: isPortable ? 'OFF' : 'ON',
    GGML_CCACHE: 'OFF',
    BUILD_SHARED_LIBS: 'OFF',
    ...(isAccelerated && { GGML_CUDA: 'ON', CMAKE_CUDA_ARCHITECTURES: 'native' }),
  };
  const args = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  if (!(await cmake(['-S', project, '-B', workshop, ...args]))) return false;
  const jobs = String(availableParallelism());
  return await cmake(['--build', workshop, '--target', 'whisper-server', '--parallel', jobs], tellProgress());
}

/** Runs cmake; what it said is shown only when it failed. Tells whether it worked. */
function cmake(args, onText = () => {}) {
  return new Promise(resolve => {
    const child = spawn('cmake', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        said = (said + text).slice(-8_192);
        onText(text);
      });
    }
    child.once('error', error => {
      say(error.message);
      resolve(false);
    });
    child.once('close', code => {
      if (code !== 0) process.stderr.write(`${said}\n`);
      resolve(code === 0);
    });
  });
}

/** `[ 42%]` in what make says: each tenth on a terminal, each quarter in a log. */
function tellProgress() {
  const step = process.stderr.isTTY ? 10 : 25;
  let next = step;
  return text => {
    const percent = Number([...text.matchAll(/\[ *(\d+)%\]/g)].at(-1)?.[1] ?? 0);
    if (percent < next) return;
    say(`recogniser ${percent} %`);
    next = percent + step;
  };
}

function haveTools() {
  const packages = missingPackages(tools);
  if (packages.length === 0) return true;
  if (canInstall()) {
    say(`installing ${packages.join(', ')} (apt-get)`);
    if (installDebianPackages(packages)) return true;
  }
  const how = howToInstall(tools, 'cmake');
  say(
    `captions need a compiler, once, to build their recogniser. Install it, and run \`npm run build\`:\n\n${how}\n\n${withoutCaptions}`,
  );
  return false;
}

/** A compiler for it alone (as in some images) is no device. */
function hasCudaDevice() {
  return (
    existsSync('/dev/nvidia0') && missingPackages([{ looksFor: ['nvcc'], packages: ['nvcc'] }]).length === 0
  );
}

/** The folder of this version on this kind of machine; undefined without a source. */
function homeOfBuild() {
  const version = JSON.parse(read(join(carrier, 'package.json')) ?? '{}').version;
  const whisper = /project\("whisper\.cpp" VERSION ([\d.]+)\)/.exec(
    read(join(source, 'CMakeLists.txt')) ?? '',
  )?.[1];
  if (version === undefined || whisper === undefined) {
    say(`captions need the npm package nodejs-whisper: run \`npm ci\`. ${withoutCaptions}`);
    return undefined;
  }
  const features = /^(flags|Features)\s*:.*$/m.exec(read('/proc/cpuinfo') ?? '')?.[0];
  const machine = [
    arch(),
    features ?? cpus()[0]?.model,
    // The C library it is linked with.
    read('/etc/os-release') ?? process.platform,
    hasCudaDevice(),
    ...(isPortable ? ['portable'] : []),
  ];
  const key = createHash('sha256')
    .update(JSON.stringify([recipe, version, machine]))
    .digest('hex')
    .slice(0, 12);
  return join(cacheFolder(), `whisper-server-${whisper}-${key}`);
}

/** The user's, or one in the checkout where that cannot be written. */
function cacheFolder() {
  const given = process.env.XDG_CACHE_HOME;
  try {
    const folder = join(given?.startsWith('/') ? given : join(homedir(), '.cache'), 'livereel');
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return join(root, '.livereel-cache');
  }
}

function linkTo(program) {
  if (linkTarget() === program) return;
  mkdirSync(join(root, 'dist'), { recursive: true });
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(program, fresh);
  renameSync(fresh, link);
}

function linkTarget() {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function isBuilding(home) {
  return isRunning(Number(read(join(home, 'building'))));
}

/** Takes the place of one who died. */
function takeLock(lock) {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch {
    if (!isRunning(Number(read(lock)))) rmSync(lock, { force: true });
    return false;
  }
}

function isRunning(pid) {
  if (!(pid > 1)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepareRecogniser({ waits: true });
  if (isPortable) {
    // Fails the image's build when there is none.
    const program = realpathSync(link);
    rmSync(link);
    copyFileSync(program, link);
  }
}
