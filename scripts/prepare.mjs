/**
 * Runs before `npm start` and `npm test`, on the machine's own Node and without any package: installs what the lock file
 * says, if it is not what is installed already. (The package `node` then puts Node 24 first on the PATH of npm scripts.)
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const stampFile = join(project, 'node_modules', '.holdfast-lock');
const oldestNode = [20, 3];

/** @param {string} message @param {string} remedy @returns {never} */
function fail(message, remedy) {
  process.stderr.write(`\n✖ ${message}\n  → ${remedy}\n\n`);
  process.exit(1);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
  fail(`This is Node ${process.versions.node}; the first step needs ${oldestNode.join('.')} or newer.`, 'Install a current Node LTS. Everything after this step runs on the Node 24 that the project brings.');
}

const lockFile = join(project, 'package-lock.json');
if (!existsSync(lockFile)) fail('package-lock.json is missing.', 'Restore it: git checkout package-lock.json');

// The platform belongs to it: binaries of another one (a folder shared with a container) do not run here.
const wanted = `${createHash('sha256').update(readFileSync(lockFile)).digest('hex')} ${process.platform}-${process.arch}`;
const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8').trim() : undefined;

if (installed !== wanted) {
  process.stdout.write(installed === undefined ? 'Installing packages (once) …\n' : 'The lock file changed; installing packages …\n');
  const began = Date.now();
  const npm = process.env.npm_execpath;
  const node = nodeOutside();
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=http'];
  const options = { cwd: project, stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
  const result = process.stdout.isTTY
    ? run([...args.slice(0, -1), '--progress=true'], { ...options, stdio: 'inherit' })
    : run(args, options);
  if (result.error !== undefined || result.status !== 0) explain(result);
  writeFileSync(stampFile, `${wanted}\n`);
  process.stdout.write(`Packages installed in ${((Date.now() - began) / 1000).toFixed(0)} s.\n`);

  /** npm gives its own path to the scripts that it runs; started by hand, it is on the PATH. */
  function run(args, options) {
    return npm !== undefined && /\.c?js$/.test(npm) ? spawnSync(node, [npm, ...args], options) : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  }
}

/** `npm ci` removes node_modules first, so it must not run on the Node that lies in there. */
function nodeOutside() {
  const inside = join(project, 'node_modules');
  if (!process.execPath.startsWith(inside)) return process.execPath;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '' && !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node')).find((file) => existsSync(file)) ?? process.execPath;
}

/** @returns {never} */
function explain(result) {
  const said = `${result.stderr ?? ''} ${result.error?.message ?? ''}`;
  process.stderr.write(`${said.split('\n').filter((line) => line.startsWith('npm error') && line.length > 10).slice(0, 12).join('\n')}\n`);
  if (result.signal === 'SIGINT' || result.status === 130) fail('The installation was interrupted.', 'Run the same command again.');
  if (result.error?.code === 'ENOENT') fail('npm was not found.', 'Install Node with npm, or put npm on the PATH.');
  if (/ENOSPC|no space left/i.test(said)) fail('The disk is full.', 'Free about 1 GB and run the same command again.');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network/i.test(said)) fail('The packages could not be fetched: no network, or the registry does not answer.', 'Check the network, the proxy and `npm config get registry`, then run the same command again.');
  if (/EACCES|EPERM|EROFS/.test(said)) fail('The packages could not be written into node_modules.', 'Check who owns the project folder, then run the same command again.');
  if (/EUSAGE|in sync/.test(said)) fail('package.json and package-lock.json do not agree.', 'Run `npm install` and commit the lock file.');
  return fail('The packages could not be installed (npm said why, above).', 'Check the network and the disk, then run the same command again.');
}
