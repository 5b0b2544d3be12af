/** How this command is called, so that every command shown to a person works when it is pasted. */
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../config/settings.ts';

const plainArgument = /^[\w@%+=:,./<>-]+$/;

/** Quoted for a POSIX shell where that is needed. */
export function quoted(argument: string): string {
  return plainArgument.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function launcher(): string {
  const folder = relative(process.cwd(), fileURLToPath(new URL('.', import.meta.url)));
  // Windows has no shell script; `npx` puts the project's own Node first everywhere.
  return process.platform === 'win32' ? `npx node ${quoted(`${folder}/main.ts`)}` : quoted(`${folder === '' ? '.' : folder}/holdfast`);
}

/** The home is named only when it is not the one that would be found anyway. */
function homePrefix(): string {
  try {
    const { home } = readSettings();
    return resolve(home) === resolve('.holdfast') ? '' : `HOLDFAST_HOME=${quoted(home)} `;
  } catch {
    return '';
  }
}

/** `cli/holdfast <rest>`, from the folder that the person is in. */
export function invocation(rest: string): string {
  return `${homePrefix()}${launcher()} ${rest}`;
}
