/** What the pages say about the code must be so. */
import { existsSync, globSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { failures } from '../../contracts/failures.ts';

const root = path.resolve(import.meta.dirname, '../..');
const text = async (file: string): Promise<string> => await readFile(path.join(root, file), 'utf8');
const notOurs = new Set(['node_modules', 'dist', 'coverage']);

async function pagesIn(folder = ''): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith('.') || notOurs.has(entry.name) ? [] : await pagesIn(file);
      return entry.name.endsWith('.md') ? [file] : [];
    }),
  );
  return found.flat();
}

const pages = await pagesIn();

describe('docs/http-api.md', () => {
  test('has every code of the failures table, with its status, whether it may succeed later, and its meaning', async () => {
    const rows = [...(await text('docs/http-api.md')).matchAll(/^\| `(\w+)` \| (\d{3}) \| (yes|no) \| (.+) \|$/gm)].map(([, code, status, again, meaning]) => ({ code, status: Number(status), again, meaning }));
    expect(rows).toEqual(Object.entries(failures).map(([code, { status, retryable, meaning }]) => ({ code, status, again: retryable ? 'yes' : 'no', meaning })));
  });
});

describe('docs/coverage.md', () => {
  const tests = new Map(globSync('test/**/*.ts', { cwd: root }).map((file) => [file, text(file)]));

  /** What a row names and there is not: a file or folder, or a test of the file that is named before it; `…` stands for anything. */
  async function untrue(page: string): Promise<string[]> {
    const wrong: string[] = [];
    for (const row of page.split('\n').filter((line) => line.startsWith('|'))) {
      let sources: string[] = [];
      for (const [, named, quoted] of row.matchAll(/`((?:\w[\w.-]*\/)+[\w.*-]*|\w[\w-]*\.ts)`|"([^"]+)"/g)) {
        if (named !== undefined) {
          if (globSync(named, { cwd: root }).length === 0) wrong.push(named);
          sources = await Promise.all([...tests].filter(([file]) => file.startsWith(named.replace(/\*.*$/, ''))).map(([, source]) => source));
        }
        const words = (quoted ?? '').split('…').map((part) => part.trim());
        if (quoted !== undefined && !sources.some((source) => words.every((part) => source.replaceAll("\\'", "'").includes(part)))) wrong.push(`"${quoted}"`);
      }
    }
    return wrong;
  }

  test('a file and a test that are not there are noticed', async () => {
    const gone = ['gone', 'long ago'].join(' ');
    expect(await untrue(`| X1 | x | \`api/\`, \`api/gone.ts\` | \`test/code/docs.test.ts\` "a file … are noticed", "${gone}", \`test/unit/gone-*.test.ts\` |`)).toEqual(['api/gone.ts', `"${gone}"`, 'test/unit/gone-*.test.ts']);
  });

  test('names files and tests that are there', async () => {
    expect(await untrue((await text('docs/coverage.md')).replaceAll('`story.ts` of each flow', ''))).toEqual([]);
  });
});

describe('links', () => {
  /** Paths that a page links to or shows, relative to it; addresses and places within the page are left out. */
  const targets = (page: string): string[] =>
    [...page.replaceAll(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => (target ?? '').split('#', 1)[0] ?? '').filter((target) => target !== '' && !/^[a-z]+:/.test(target));
  const missing = (file: string, page: string): string[] => targets(page).filter((target) => !existsSync(path.resolve(root, path.dirname(file), target)));

  test('a link to nothing is noticed', () => {
    expect(missing('docs/page.md', '[there](../package.json) [gone](gone.md#place) ![gone](pictures/gone.png) [web](https://temporal.io) [here](#here)')).toEqual(['gone.md', 'pictures/gone.png']);
  });

  test.each(pages)('of %s lead somewhere', async (file) => {
    expect(missing(file, await text(file))).toEqual([]);
  });
});

describe('commands', () => {
  const named = (page: string): string[] => [...page.matchAll(/\bnpm (?:run (?:-s |--silent )?([\w:-]+)|(start|test)\b)/g)].map(([, script, short]) => script ?? short ?? '');

  test('a script is recognised however it is called', () => {
    expect(named('npm start -- --once, npm test, `npm run bench -- bookings`, npm run -s lint, npm pack')).toEqual(['start', 'test', 'bench', 'lint']);
  });

  test.each(pages)('npm scripts named in %s exist', async (file) => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(await text('package.json')));
    expect(named(await text(file)).filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });
});

test('README.md names every setting', async () => {
  const settings = [...(await text('config/settings.ts')).matchAll(/^ {2}((?:HOLDFAST|TEMPORAL)_\w+): /gm)].map(([, name]) => name ?? '');
  const described = [...(await text('README.md')).matchAll(/^\| `((?:HOLDFAST|TEMPORAL)_\w+)` \|/gm)].map(([, name]) => name ?? '');
  expect(settings.length).toBeGreaterThan(0);
  expect(described.toSorted()).toEqual(settings.toSorted());
});

describe('docs/own-flow.md', () => {
  const blocks = async (language: string): Promise<{ file: string; code: string }[]> =>
    [...(await text('docs/own-flow.md')).matchAll(new RegExp(`^\`([\\w./-]+)\`\\n\\n\`\`\`${language}\\n([\\s\\S]*?)\`\`\`$`, 'gm'))].map(([, file, code]) => ({ file: file ?? '', code: code ?? '' }));

  test('changes lines that are there', async () => {
    const changes = await blocks('diff');
    expect(changes.length).toBeGreaterThan(0);
    for (const { file, code } of changes) {
      const source = new Set((await text(file)).split('\n'));
      const expected = code.split('\n').filter((line) => /^[ -]./.test(line)).map((line) => line.slice(1));
      expect({ file, missing: expected.filter((line) => !source.has(line)) }).toEqual({ file, missing: [] });
    }
  });

  test('adds files that are not there', async () => {
    const added = (await blocks('ts')).map(({ file }) => file);
    expect(added.length).toBeGreaterThan(0);
    expect(added.filter((file) => existsSync(path.join(root, file)))).toEqual([]);
  });
});
