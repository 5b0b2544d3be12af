/**
 * Leaves in node_modules only what production imports. package.json cannot say it: its `dependencies` are those of the
 * published client, so that an application which installs `holdfast/client` gets no server, no database driver and no
 * native code. What counts is found in the sources, so this needs no list that somebody has to keep.
 *
 * Run by the Dockerfile, in a copy of the project: `node deploy/production-packages.mjs` rewrites package.json there.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';

const folders = ['activities', 'api', 'client', 'config', 'contracts', 'deploy', 'services', 'web', 'workers', 'workflows'];
/** `import … from 'x'`, `export … from 'x'`, `import 'x'` at the start of a line, and `import('x')` or `require.resolve('x')` anywhere. */
const specifiers = /^(?:import|export)\s(?:[^;'"]*\sfrom\s)?'([^'.][^']*)'|\b(?:import|require\.resolve)\('([^'.][^']*)'\)/gm;

const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => path.join(folder, file))).filter((file) => file.endsWith('.ts'));
const imported = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(specifiers)].map(([, name, loaded]) => name ?? loaded));
const packages = new Set(
  imported.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name)).map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/')),
);

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const known = { ...manifest.devDependencies, ...manifest.dependencies };
const unknown = [...packages].filter((name) => known[name] === undefined);
if (unknown.length > 0) throw new Error(`Not in package.json: ${unknown.join(', ')}`);
manifest.dependencies = Object.fromEntries([...packages].toSorted().map((name) => [name, known[name]]));
manifest.devDependencies = {};
writeFileSync('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
console.log(`Production imports: ${[...packages].toSorted().join(', ')}`);
execFileSync('npm', ['prune', '--ignore-scripts', '--no-audit', '--offline'], { stdio: 'inherit' });
