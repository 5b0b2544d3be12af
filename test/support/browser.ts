/** A real browser, where the machine has one. */
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @returns undefined where there is none. */
export async function findBrowser(): Promise<string | undefined> {
  for (const folder of [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin']) {
    for (const name of names) {
      const file = path.join(folder, name);
      if (await access(file, constants.X_OK).then(() => true, () => false)) return file;
    }
  }
  return undefined;
}

/** @param hosts names that lead to this machine. */
export async function startBrowser(executablePath: string, hosts: readonly string[] = []): Promise<Browser> {
  const args = [`--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')}`];
  // Chromium's own sandbox does not start for root.
  return await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? [...args, '--no-sandbox'] : args });
}
