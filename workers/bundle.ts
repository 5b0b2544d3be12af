/** The workflow bundle: built once, shared by every worker of the process, kept on disk so that a restart is quick. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, type Logger, type WorkflowBundlePath } from '@temporalio/worker';

const root = path.resolve(import.meta.dirname, '..');
const oldMs = 24 * 60 * 60 * 1000;
const workflowsPath = path.join(root, 'workflows/index.ts');

/** Everything that ends up in the bundle: our own files by content, the packages by lock file; and how it is made: this file. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const folders = ['workflows', 'contracts'];
  const files = (await Promise.all(folders.map(async (folder) => (await readdir(path.join(root, folder), { recursive: true })).map((file) => path.join(folder, file))))).flat();
  for (const file of [...files.filter((name) => name.endsWith('.ts')).toSorted(), 'package-lock.json', 'workers/bundle.ts']) {
    hash.update(file).update('\0').update(await readFile(path.join(root, file))).update('\0');
  }
  return hash.digest('hex').slice(0, 20);
}

/** Safe to call from several processes. @param cacheFolder where bundles are kept, an old one for a day. */
export async function workflowBundle(cacheFolder: string, logger?: Logger): Promise<WorkflowBundlePath> {
  const file = path.join(cacheFolder, `workflows-${await fingerprint()}.js`);
  if (await stat(file).then(() => true, () => false)) return { codePath: file };
  // Our modules are run once for each worker and not once for each flow, which is a tenth of what a flow costs. They keep
  // nothing that one flow could leave to another: test/code/workflow-modules.test.ts.
  const bundle = await bundleWorkflowCode({ workflowsPath, preloadModules: [workflowsPath], ...(logger !== undefined && { logger }) });
  await mkdir(cacheFolder, { recursive: true });
  // Written aside and renamed, so that a killed process never leaves half a bundle behind.
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, bundle.code);
  await rename(aside, file);
  await removeOld(cacheFolder);
  return { codePath: file };
}

/** Not at once: another worker, of another version even, may be starting beside this one. */
async function removeOld(cacheFolder: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    if (!name.startsWith('workflows-')) continue;
    const file = path.join(cacheFolder, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > oldMs) await rm(file, { force: true });
  }
}
