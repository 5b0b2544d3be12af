/** The workflow bundle: built once, shared by every worker of the process, kept on disk so that a restart is quick. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, type Logger, type WorkflowBundlePath } from '@temporalio/worker';

const root = path.resolve(import.meta.dirname, '..');
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

/** @param cacheFolder where bundles are kept; only the newest stays. */
export async function workflowBundle(cacheFolder: string, logger?: Logger): Promise<WorkflowBundlePath> {
  const file = path.join(cacheFolder, `workflows-${await fingerprint()}.js`);
  if (await stat(file).then(() => true, () => false)) return { codePath: file };
  // Our modules are run once for each worker and not once for each flow, which is a tenth of what a flow costs. They keep
  // nothing that one flow could leave to another: test/code/workflow-modules.test.ts.
  const bundle = await bundleWorkflowCode({ workflowsPath, preloadModules: [workflowsPath], ...(logger !== undefined && { logger }) });
  await mkdir(cacheFolder, { recursive: true });
  for (const old of await readdir(cacheFolder)) if (old.startsWith('workflows-')) await rm(path.join(cacheFolder, old), { force: true });
  // Written aside and renamed, so that a killed process never leaves half a bundle behind.
  await writeFile(`${file}.${process.pid}`, bundle.code);
  await rename(`${file}.${process.pid}`, file);
  return { codePath: file };
}
