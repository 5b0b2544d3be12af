/** `prepack`: compiles the published client into dist/, from scratch, so that no file of an older version is packed. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
const compiler = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.client.json'], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
