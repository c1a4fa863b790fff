/** Programs of the system: whether they are there, and how to get them. Without imports from node_modules. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Of what is wanted (`{ looksFor, packages }`), the Debian packages of what is not there. */
export function missingPackages(wanted) {
  return wanted.filter(({ looksFor }) => !looksFor.every(isThere)).flatMap(({ packages }) => packages);
}

/** Of what is wanted, the programs and files that are not there. */
export function missingPrograms(wanted) {
  return wanted.flatMap(({ looksFor }) => looksFor.filter(name => !isThere(name)));
}

/** Whether `installPackages` can work at all. */
export function canInstall() {
  return process.getuid?.() === 0 && isThere('apt-get');
}

/** Installs Debian packages; tells whether that worked. */
export function installDebianPackages(packages) {
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-qq'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // apt-get reports to people: standard output stays the server's.
  const run = args => spawnSync('apt-get', [...apt, ...args], { env, stdio: ['ignore', 2, 2] }).status === 0;
  return withoutServices(
    () => run(['update']) && run(['install', '-y', '--no-install-recommends', ...packages]),
  );
}

/** What a person types to get them. */
export function howToInstall(wanted, brew) {
  const packages = missingPackages(wanted);
  if (isThere('apt-get')) return `  sudo apt-get update && sudo apt-get install -y ${packages.join(' ')}`;
  if (process.platform === 'darwin') return `  brew install ${brew}`;
  return `  missing: ${missingPrograms(wanted).join(', ')}\n  on Debian and Ubuntu the packages are called: ${packages.join(' ')}`;
}

/** Debian starts what it installs; a web server on port 80 and a database are not what was asked for. */
function withoutServices(install) {
  const policy = '/usr/sbin/policy-rc.d';
  const services = ['nginx', 'postgresql', 'janus'].filter(service => !existsSync(`/etc/init.d/${service}`));
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    if (ours) rmSync(policy, { force: true });
    if (existsSync('/run/systemd/system')) {
      for (const service of services)
        spawnSync('systemctl', ['disable', '--quiet', service], { stdio: 'ignore' });
    }
  }
}

/** A program in PATH, a file, or with a `*` at its end the beginning of a file's name. */
function isThere(name) {
  if (name.endsWith('*')) {
    const slash = name.lastIndexOf('/');
    const beginning = name.slice(slash + 1, -1);
    return list(name.slice(0, slash)).some(entry => entry.startsWith(beginning));
  }
  if (name.startsWith('/')) return existsSync(name);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some(folder => isRunnable(join(folder, name)));
}

function isRunnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
