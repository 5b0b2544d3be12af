/** The page as files: what is sent, with which headers, and what must not be in it. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readSettings } from '../../config/settings.ts';
import { pagesOf } from '../../stack/up.ts';
import { run } from '../code/run.ts';
import { testStack } from '../support/environment.ts';

const root = path.resolve(import.meta.dirname, '../..');
const text = async (file: string): Promise<string> => await readFile(path.join(root, 'web', file), 'utf8');
const scripts = (await readdir(path.join(root, 'web'))).filter((name) => name.endsWith('.js'));

let apiUrl: string;
beforeAll(async () => {
  ({ apiUrl } = await testStack());
});
const get = async (file: string, headers: Record<string, string> = {}): Promise<Response> => await fetch(`${apiUrl}${file}`, { headers, redirect: 'manual' });

describe('GET /', () => {
  test('answers the page, to be asked for again each time', async () => {
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await page.text()).toBe(await text('index.html'));
  });

  test('lets the page load its own files and call its own API, and nothing else', async () => {
    const policy = (await get('/')).headers.get('content-security-policy')?.split(';').toSorted();
    expect(policy).toEqual(
      [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
      ].toSorted(),
    );
  });

  test('leads to the documentation of the API', async () => {
    expect(await (await get('/')).text()).toContain('href="/docs"');
    expect((await get('/docs')).status).toBe(200);
  });

  test('says nothing new to who has it already', async () => {
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get('/', { 'if-none-match': known });
      expect({ known, status: again.status, etag: again.headers.get('etag'), body: await again.text() }).toEqual({ known, status: 304, etag, body: '' });
    }
    expect((await get('/', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('leaves what the API answers under the policy that it had', async () => {
    const { headers } = await get('/v1/flows');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
  });
});

describe('/web/', () => {
  test.each(scripts)('%s is a script, with an etag', async (name) => {
    const script = await get(`/web/${name}`);
    expect([script.status, script.headers.get('content-type'), script.headers.get('cache-control')]).toEqual([200, 'text/javascript; charset=utf-8', 'no-cache']);
    expect((await get(`/web/${name}`, { 'if-none-match': script.headers.get('etag') ?? '' })).status).toBe(304);
  });

  test('everything that the page and its scripts name is there', async () => {
    const page = [...(await text('index.html')).matchAll(/(?:src|href)="(\/web\/[^"]+)"/g)].map(([, file]) => file ?? '');
    const imported = (await Promise.all(scripts.map(text))).flatMap((script) => [...script.matchAll(/^import .* from '\.\/([^']+)';$/gm)].map(([, file]) => `/web/${file}`));
    expect(page.length).toBeGreaterThan(2);
    expect(imported.length).toBeGreaterThan(scripts.length);
    for (const file of new Set([...page, ...imported])) expect([file, (await get(file)).status]).toEqual([file, 200]);
  });

  test.each(['/web/', '/web/nothing.js', '/web/tsconfig.json', '/web/index.html', '/web/..%2fapi%2fserver.ts', '/web/%2e%2e/package.json'])('%s is not there', async (file) => {
    const answer = await get(file);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8']);
  });
});

describe('the files', () => {
  const offences = (markup: string): string[] => [...markup.matchAll(/<script(?![^>]*\ssrc=)[^>]*>|<style\b[^>]*>|\s(?:on\w+|style)=(?=["'])|(?:src|href|action)="(?!\/|#)[^"]*"/g)].map(([found]) => found.trim());

  test('a script or a style within the markup, and an address elsewhere, are noticed', () => {
    expect(offences('<script>x</script><p style="a" onclick="b"><img src="https://x/y"><a href="//x">')).toEqual(['<script>', 'style=', 'onclick=', 'src="https://x/y"']);
  });

  test('have no script and no style within the markup, and no address elsewhere', async () => {
    expect(offences(await text('index.html'))).toEqual([]);
    expect(await text('styles.css')).not.toMatch(/url\(|@import/);
  });

  test.each(scripts)('%s makes no markup out of text', async (name) => {
    expect(await text(name)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|localStorage|document\.cookie/);
  });

  test('type-check, against the contracts too', async () => {
    const { code, said } = await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', 'web', '--noEmit'], { cwd: root });
    expect({ code, said }).toEqual({ code: 0, said: '' });
  });
});

describe('the addresses that npm start prints', () => {
  const info = { apiUrl: 'http://127.0.0.1:4780', apiKeys: { seaview: 'hf_made&up', motorhaus: 'hf_other' } };

  test('bring each shop the key along that the stack made up for it', () => {
    expect(pagesOf(info, readSettings({}))).toEqual([['Page of seaview', 'http://127.0.0.1:4780/#key=hf_made%26up'], ['Page of motorhaus', 'http://127.0.0.1:4780/#key=hf_other']]);
  });

  test('do not have a key that somebody has set', () => {
    expect(pagesOf(info, readSettings({ HOLDFAST_API_KEYS: 'shop:hf_made&up' }))).toEqual([['Page', 'http://127.0.0.1:4780/']]);
  });
});
