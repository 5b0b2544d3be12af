/** The page as a person uses it, in a real browser and on the real API. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findBrowser, startBrowser } from '../support/browser.ts';
import { testStack, type TestStack } from '../support/environment.ts';
import { eventually, shop, type Shop } from '../support/http.ts';

const executable = await findBrowser();
// Said in the name, as that is what a report shows.
const inBrowser = executable === undefined ? describe.skip : describe;
const title = executable === undefined ? 'the page (not looked at: there is no chromium or google-chrome on the PATH)' : 'the page';

const hostile = '<img src=x onerror=document.title=1>';
const elsewhere = 'holdfast.test';
const patience = 30_000;
let made = 0;

/** A csv of users of its own: an odd header, a hostile name, and each hundredth row without an address. */
function users(rows: number): { name: string; text: string; ids: string } {
  made += 1;
  const ids = `page-${process.pid}-${Date.now()}-${made}`;
  const lines = Array.from({ length: rows }, (_, at) => `${ids}-${at},${at % 100 === 99 ? 'nowhere' : `u${at}@example.com`},"${hostile}",Brno`);
  return { name: `${ids} ${hostile}.csv`, text: ['external_id,E-Mail,Vorname,city', ...lines].join('\n'), ids };
}

inBrowser(title, () => {
  let stack: TestStack;
  let seller: Shop;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let noticed: string[];

  beforeAll(async () => {
    stack = await testStack();
    seller = await shop('shop-a');
    browser = await startBrowser(executable ?? '', [elsewhere]);
  });
  afterAll(async () => {
    await browser?.close();
  });
  afterEach(async () => {
    await context.close();
    // Whatever a test was about, no markup came out of text, nothing was asked for elsewhere, and no policy was broken.
    expect(noticed).toEqual([]);
  });

  async function visit(address: string, size = { width: 1200, height: 900 }): Promise<void> {
    context = await browser.newContext({ viewport: size });
    page = await context.newPage();
    page.setDefaultTimeout(patience);
    noticed = [];
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== new URL(address).origin && protocol !== 'blob:' && protocol !== 'data:') noticed.push(`asked for ${request.url()}`);
    });
    page.on('pageerror', (error) => noticed.push(`threw ${error.message}`));
    page.on('console', (message) => {
      if (/Content Security Policy|TrustedHTML|TrustedScript/i.test(message.text())) noticed.push(message.text());
    });
    // From now on it is the test that answers a dialog for files; the first could open before the browser was told.
    page.on('filechooser', () => undefined);
    await page.goto(address);
  }
  const key = (): string => stack.apiKeys['shop-a'] ?? '';
  const enter = async (size?: { width: number; height: number }): Promise<void> => {
    await visit(`${stack.apiUrl}/#key=${key()}`, size);
    await page.locator('#panes').waitFor();
  };
  const press = async (name: string): Promise<void> => await page.getByRole('button', { name, exact: true }).click();
  const choose = async (file: { name: string; text: string }): Promise<void> => {
    await page.setInputFiles('#file', { name: file.name, mimeType: 'text/csv', buffer: Buffer.from(file.text) });
    await page.locator('#prepare').waitFor();
  };
  const drop = async (file: { name: string; text: string }): Promise<void> => {
    const transfer = await page.evaluateHandle(`(() => { const transfer = new DataTransfer(); transfer.items.add(new File([${JSON.stringify(file.text)}], ${JSON.stringify(file.name)})); return transfer; })()`);
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
    await page.locator('#prepare').waitFor();
  };
  const startImport = async (): Promise<void> => {
    await page.getByLabel('Vorname').selectOption('first_name');
    await press('Start the import');
  };
  const ended = async (status = 'completed'): Promise<void> => await page.locator(`#run-status[data-status="${status}"]`).waitFor();
  const number = async (name: string): Promise<string | null> => await page.locator('#run-tally div', { hasText: new RegExp(`^${name}`) }).locator('dd').textContent();
  const openImport = (): string => new URL(page.url()).hash.slice(1);
  const overflow = async (): Promise<number> => await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');

  describe('the key', () => {
    test('that is wrong is said to be, and not kept', async () => {
      await visit(`${stack.apiUrl}/`);
      await page.locator('#key').fill('no-such-key');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert').filter({ hasText: 'The API key is missing or unknown' }).waitFor()).resolves.toBeUndefined();
      expect(await page.locator('#panes').isVisible()).toBe(false);
      expect(await page.evaluate('JSON.stringify([sessionStorage.length, localStorage.length])')).toBe('[0,0]');
      expect(await page.locator('#key').getAttribute('type')).toBe('password');
    });

    test('is typed once, stays for the tab, and goes when it is changed', async () => {
      await visit(`${stack.apiUrl}/`);
      await page.locator('#key').fill(key());
      await page.keyboard.press('Enter');
      await page.locator('#panes').waitFor();
      // Whoever has several keys sees whose shop it is.
      await page.locator('#shop', { hasText: String((await seller.call('GET', '/v1/shop')).body['legalName']) }).waitFor();
      await page.reload();
      await page.locator('#panes').waitFor();
      expect(await context.storageState()).toEqual({ cookies: [], origins: [] });
      await press('Change key');
      await page.locator('#key').waitFor();
      expect(await page.evaluate('sessionStorage.length')).toBe(0);
    });

    test('that a link brings along is taken out of the address and the history', async () => {
      await enter();
      expect(page.url()).toBe(`${stack.apiUrl}/`);
      await page.goto('about:blank');
      await page.goBack();
      expect(page.url()).toBe(`${stack.apiUrl}/`);
    });

    test('that a link brings to a machine that is not one\'s own is only proposed', async () => {
      const { port } = new URL(stack.apiUrl);
      await visit(`http://${elsewhere}:${port}/#key=${key()}`);
      await page.getByRole('alert').filter({ hasText: `ends in ${key().slice(-4)}` }).waitFor();
      expect(page.url()).toBe(`http://${elsewhere}:${port}/`);
      expect(await page.evaluate('sessionStorage.length')).toBe(0);
      await press('Continue');
      await page.locator('#panes').waitFor();
    });

    test('that is not taken any more is asked for again', async () => {
      await enter();
      await page.route('**/v1/flows?*', async (route) => await route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify({ code: 'unauthorized', status: 401, detail: 'no' }) }));
      await page.getByRole('alert').filter({ hasText: 'does not take this key' }).waitFor();
      expect(await page.evaluate('sessionStorage.length')).toBe(0);
    });
  });

  describe('an import', () => {
    test('goes all the way: dropped, its odd header mapped, watched, its rejected rows downloaded', async () => {
      await enter();
      const file = users(5_000);
      await drop(file);
      expect(await page.getByLabel('E-Mail').inputValue()).toBe('email');
      expect(await page.locator('#columns-about').textContent()).toContain('4 columns found, 1 of them not known');
      await startImport();
      await ended();
      expect(await page.locator('#run-title').textContent()).toBe(`${file.name} → users`);
      expect([await number('New'), await number('Updated'), await number('Rejected')]).toEqual(['4,950', '0', '50']);
      expect(await page.locator('#run-summary').textContent()).toContain('4,950 inserted');
      const [download] = await Promise.all([page.waitForEvent('download'), press('Download 50 rejected rows')]);
      const rejects = (await readFile(await download.path(), 'utf8')).trim().split('\n');
      expect(rejects).toHaveLength(51);
      expect(rejects[0]).toContain('Vorname');
      expect(rejects[1]).toContain(`${file.ids}-99`);
      const { body } = await seller.call('GET', `/v1/imports/${openImport()}`);
      expect(body).toMatchObject({ status: 'completed', files: [{ name: file.name, columns: expect.arrayContaining([{ header: 'Vorname', column: 'first_name' }]) }] });
      // It can be come back to: its id is in the address.
      await page.reload();
      await ended();
      expect(await number('New')).toBe('4,950');
      expect(await page.locator('img').count()).toBe(1);
    });

    test('whose rejected rows were corrected takes them as they are, columns and dataset remembered', async () => {
      await enter();
      const file = users(200);
      await choose(file);
      await startImport();
      await ended();
      const [download] = await Promise.all([page.waitForEvent('download'), press('Download 2 rejected rows')]);
      const rejects = await readFile(await download.path(), 'utf8');
      // Also by somebody who comes back to it.
      await page.reload();
      await ended();
      await drop({ name: 'corrected.csv', text: rejects.replaceAll('nowhere', 'mended@example.com') });
      expect(await page.getByLabel('Vorname').inputValue()).toBe('first_name');
      expect(await page.locator('#columns-about').textContent()).not.toContain('not known');
      await press('Start the import');
      await ended();
      expect([await number('New'), await number('Rejected')]).toEqual(['2', '0']);
      const stored = await seller.call('GET', `/v1/imports/${openImport()}`);
      expect(stored.body).toMatchObject({ dataset: 'users', files: [{ columns: expect.arrayContaining([{ header: 'Vorname', column: 'first_name' }, { header: '_line', column: null }]) }] });
    });

    test('of a file in another encoding is told so, and can be read again in that one', async () => {
      await enter();
      const { ids } = users(1);
      const bytes = Buffer.from(`external_id;email;city\n${ids};a@example.com;K\u00f6ln\n`, 'latin1');
      await page.setInputFiles('#file', { name: 'latin.csv', mimeType: 'text/csv', buffer: bytes });
      await page.locator('#columns-about', { hasText: 'This text is not in the encoding that was looked for' }).waitFor();
      // The choice that helps is open already.
      expect(await page.locator('#encoding').isVisible()).toBe(true);
      await press('Start the import');
      await ended('failed');
      expect(await page.locator('#run-reason').textContent()).toContain('Nothing was imported.');
      expect(await page.locator('#run-summary').isVisible()).toBe(false);
      await press('Choose columns and encoding again');
      await page.locator('#prepare').waitFor();
      await page.locator('#encoding').selectOption('windows-1252');
      await page.getByLabel('city').waitFor();
      await press('Start the import');
      await ended();
      expect(await number('New')).toBe('1');
    });

    test('that is only tried writes nothing', async () => {
      await enter();
      const file = users(200);
      await choose(file);
      await page.getByLabel('Vorname').selectOption('first_name');
      await page.getByLabel('Try only').check();
      await press('Check it, write nothing');
      await ended();
      expect(await number('Would be new')).toBe('198');
      expect(await page.locator('#run-title').textContent()).toContain('(try only)');
      await press('Import something else');
      await choose(file);
      await startImport();
      await ended();
      expect(await number('New')).toBe('198');
    });

    test('is not begun before every row has what it needs', async () => {
      await enter();
      await choose({ name: 'a.csv', text: 'external_id,Adresse,town\n1,a@example.com,Brno\n' });
      const start = page.getByRole('button', { name: 'Start the import' });
      await page.getByRole('alert').filter({ hasText: 'Nothing is chosen for email' }).waitFor();
      expect(await start.isDisabled()).toBe(true);
      await page.getByLabel('Adresse').selectOption('email');
      expect(await start.isDisabled()).toBe(false);
      await page.getByLabel('town').selectOption('email');
      await page.getByRole('alert').filter({ hasText: 'email is chosen twice' }).waitFor();
      expect(await start.isDisabled()).toBe(true);
    });

    test('of a file that turns out to be none says why and where', async () => {
      await enter();
      await choose({ name: 'a.csv', text: 'external_id,email\n1,"never closed\n' });
      await press('Start the import');
      await ended('failed');
      const reason = await page.locator('#run-reason').textContent();
      expect(reason).toMatch(/quote/i);
      expect(reason).toContain('line 2');
    });

    test('is sent again when the line breaks, and imported once', async () => {
      await enter();
      const keys: (string | undefined)[] = [];
      await page.route('**/v1/imports?*', async (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        // Of the first only the answer is lost.
        if (keys.length === 1) await route.fetch();
        await (keys.length === 1 ? route.abort('connectionreset') : route.continue());
      });
      const file = users(100);
      await choose(file);
      await startImport();
      await page.getByText('nothing is imported twice').waitFor();
      await ended();
      expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
      const { body } = await seller.call('GET', '/v1/imports?limit=50');
      expect((body['items'] as { files: { name: string }[] }[]).filter(({ files }) => files[0]?.name === file.name)).toHaveLength(1);
    });

    test('takes no mouse: chosen, begun, paused and cancelled by keys', async () => {
      await enter();
      const file = users(400_000);
      const reach = async (id: string): Promise<void> => {
        for (let presses = 0; presses < 60; presses += 1) {
          await page.keyboard.press('Tab');
          if ((await page.evaluate('document.activeElement?.id')) !== id) continue;
          expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
          return;
        }
        throw new Error(`#${id} was not reached by Tab`);
      };
      await reach('drop');
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
      await chooser.setFiles({ name: file.name, mimeType: 'text/csv', buffer: Buffer.from(file.text) });
      await page.locator('#prepare').waitFor();
      expect(await page.evaluate('document.activeElement?.id')).toBe('columns-title');
      await reach('column-2');
      await page.keyboard.type('first_name');
      await reach('start-import');
      await page.keyboard.press('Enter');
      await page.locator('#run').waitFor();
      await reach('pause');
      await page.keyboard.press('Space');
      await page.locator('#run-status[data-status="paused"]').waitFor();
      expect(await page.locator('#said').textContent()).toContain('paused');
      await reach('resume');
      await reach('cancel');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Cancel this import?' }).waitFor();
      await page.keyboard.press('Escape');
      expect(await page.evaluate('document.activeElement?.id')).toBe('cancel');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Cancel this import?' }).waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await ended('cancelled');
      expect(await page.locator('#run-summary').textContent()).not.toBe('');
    });

    test('of which a part could not be loaded says which, and loads it again with a button', async () => {
      await enter();
      const file = users(300);
      await choose(file);
      await startImport();
      await ended();
      // What the database does to a part is shown elsewhere (test/flows/imports.test.ts); here it is what the API would say.
      let wished = 0;
      await page.route('**/v1/imports/imp_*', async (route) => {
        const response = await route.fetch();
        const view = (await response.json()) as { report: object; chunks: object };
        const failedChunks = [{ chunk: 1, file: 1, firstLine: 2, rows: 300, reason: hostile }];
        await route.fulfill({ response, json: wished > 0 ? view : { ...view, chunks: { ...view.chunks, failed: 1 }, report: { ...view.report, failedChunks } } });
      });
      await page.route('**/v1/flows/import:*/retry', async (route) => {
        wished += 1;
        await route.fulfill({ status: 202, json: {} });
      });
      await page.reload();
      await page.getByText('Files and report').click();
      await page.locator('#run-chunks li', { hasText: `300 rows from line 2 of file 1 could not be loaded: ${hostile}` }).waitFor();
      await press('Load the failed parts again');
      await page.locator('#run-chunks li').waitFor({ state: 'detached' });
      await page.locator('#again').waitFor({ state: 'hidden' });
      expect(wished).toBe(1);
      expect(await number('Rows')).toBe('300');
    });

    test('takes another file while it is paused, and goes on', async () => {
      await enter();
      const [first, second] = [users(400_000), users(300)];
      await choose(first);
      await startImport();
      await page.locator('#run').waitFor();
      await press('Pause');
      await page.locator('#run-status[data-status="paused"]').waitFor();
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press('Add another file')]);
      await chooser.setFiles({ name: second.name, mimeType: 'text/csv', buffer: Buffer.from(second.text) });
      await page.locator('#run-title', { hasText: 'and 1 more file' }).waitFor();
      await page.locator('#resume').press('Enter');
      await ended();
      expect(await number('Rows')).toBe('400,300');
    });
  });

  test('an export is begun with filters, awaited and downloaded', async () => {
    const file = users(300);
    const { body } = await seller.call('POST', `/v1/imports?${new URLSearchParams({ dataset: 'users', mapping: '{"Vorname":"first_name"}' }).toString()}`, file.text.replaceAll(',Brno', `,${file.ids}`), { 'content-type': 'text/csv' });
    await eventually('the import', async () => (await seller.call('GET', `/v1/imports/${String(body['id'])}`)).body['status'] === 'completed', patience);
    await enter();
    await page.getByLabel('Dataset').selectOption('users');
    await page.getByLabel('Format').selectOption('csv');
    await page.getByText('Filters').click();
    await page.getByLabel('City').fill(file.ids);
    await press('Start the export');
    const newest = page.locator('#exports li', { hasText: '297 rows' }).first();
    await newest.waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), newest.getByRole('link', { name: /^Download/ }).click()]);
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(298);
    expect(download.suggestedFilename()).toMatch(/^users.*\.csv$/);
    expect(lines[1]).toContain(file.ids);
  });

  describe('the flows', () => {
    test('are listed, filtered and turned over page by page, and lead to the Web UI', async () => {
      await enter();
      await page.locator('#flows tr').first().waitFor();
      await page.getByLabel('Type').selectOption('import');
      await page.locator('#said', { hasText: 'page 1' }).waitFor();
      const types = await page.locator('#flows .type').allTextContents();
      expect(new Set(types)).toEqual(new Set(['import']));
      expect(await page.locator('#flows .about').first().textContent()).toMatch(/^[a-z]+/);
      const link = page.locator('#flows a').first();
      expect(await link.getAttribute('href')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/namespaces\/.+\/workflows\/import%3Aimp_/);
      expect([await link.getAttribute('target'), await link.getAttribute('rel')]).toEqual(['_blank', 'noopener noreferrer']);
    });

    test('have older pages, and a way back', async () => {
      await enter();
      const items = (name: string): object[] => [{ id: `order:${name}`, type: 'order', status: 'running', startedAt: new Date().toISOString() }];
      await page.route('**/v1/flows?*', async (route) => {
        const older = route.request().url().includes('cursor=next');
        await route.fulfill({ json: older ? { items: items('old') } : { items: items('new'), nextCursor: 'next' } });
      });
      await page.locator('#flows tr', { hasText: 'new' }).waitFor();
      await press('Older');
      await page.locator('#flows tr', { hasText: 'old' }).waitFor();
      expect(await page.locator('#older').isDisabled()).toBe(true);
      await press('Newer');
      await page.locator('#flows tr', { hasText: 'new' }).waitFor();
      expect(await page.locator('#newer').isDisabled()).toBe(true);
    });

    test('that ran twice are there twice, and keep the focus where it is', async () => {
      await enter();
      const flow = { id: 'payment:pay_1', type: 'payment', status: 'running', startedAt: '2026-05-01T10:00:00.000Z', webUrl: 'http://127.0.0.1:9/second' };
      let looks = 0;
      await page.route('**/v1/flows?*', async (route) => {
        looks += 1;
        // Something about the second changes with every look.
        await route.fulfill({ json: { items: [{ ...flow, businessStatus: `look ${looks}` }, { ...flow, status: 'completed', startedAt: '2026-05-01T09:00:00.000Z', webUrl: 'http://127.0.0.1:9/first' }] } });
      });
      await page.locator('#flows tr', { hasText: 'look 1' }).waitFor();
      expect(await page.locator('#flows tr').count()).toBe(2);
      await page.locator('#flows a').first().focus();
      await page.locator('#flows tr', { hasText: 'look 2' }).waitFor();
      expect(await page.evaluate('document.activeElement?.href')).toBe('http://127.0.0.1:9/second');
      expect(await page.locator('#flows tr').count()).toBe(2);
    });

    test('show what is hostile as text, and no link that is not one of the web', async () => {
      await enter();
      await page.route('**/v1/flows?*', async (route) => {
        const item = { id: `booking:${hostile}`, type: 'booking', status: 'running', businessStatus: hostile, startedAt: hostile, webUrl: 'javascript:document.title=1' };
        await route.fulfill({ json: { items: [item] } });
      });
      await page.locator('#flows tr', { hasText: hostile }).waitFor();
      expect([await page.locator('#flows a').count(), await page.locator('img').count()]).toEqual([0, 1]);
    });

    test('are told what is asked of them, and the refusal is shown', async () => {
      const room = await seller.call('PUT', `/v1/resources/page-${process.pid}-${Date.now()}`, { kind: 'room', name: 'Room', price: 100, currency: 'EUR' });
      const { body } = await seller.call('POST', '/v1/bookings', { resourceId: room.body['id'], customerId: 'ada', from: '2031-05-01', to: '2031-05-04' });
      const id = `booking:${String(body['id'])}`;
      await enter();
      // Others make bookings meanwhile, and a page shows the newest.
      await page.route('**/v1/flows?*', async (route) => {
        const { body: flow } = await seller.call('GET', `/v1/flows/${encodeURIComponent(id)}`);
        await route.fulfill({ json: { items: [flow] } });
      });
      await page.getByLabel('Type').selectOption('booking');
      await press(`Cancel: ${id}`);
      await page.getByRole('dialog').waitFor();
      await press('Cancel the booking');
      await eventually('the cancelled booking', async () => (await seller.call('GET', `/v1/bookings/${String(body['id'])}`)).body['status'] === 'released', patience);
      await page.route('**/v1/flows/*/cancel', async (route) => await route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ code: 'booking_closed', status: 409, detail: `The booking ${hostile} is released.` }) }));
      await page.route('**/v1/flows?*', async (route) => await route.fulfill({ json: { items: [{ id, type: 'booking', status: 'running', startedAt: new Date().toISOString() }] } }));
      await page.getByLabel('Type').selectOption('');
      await press(`Cancel: ${id}`);
      await press('Cancel the booking');
      await page.getByRole('alert').filter({ hasText: `The booking ${hostile} is released.` }).waitFor();
    });
  });

  describe('when the API', () => {
    test('has had enough, it waits as long as it is told to, and goes on', async () => {
      await enter();
      let refused = 0;
      await page.route('**/v1/flows?*', async (route) => {
        refused += 1;
        await (refused === 1 ? route.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify({ code: 'rate_limited', status: 429, detail: 'no', retry_after: 2 }) }) : route.continue());
      });
      await page.getByText('Too many requests for now').waitFor();
      await page.getByText('Too many requests for now').waitFor({ state: 'hidden' });
      expect(refused).toBeGreaterThanOrEqual(2);
    });

    test('is away, it says so, and finds it again by itself', async () => {
      await enter();
      await page.route('**/v1/**', async (route) => await route.abort('connectionrefused'));
      await page.getByText('The API does not answer').waitFor();
      await page.unroute('**/v1/**');
      await page.getByText('The API does not answer').waitFor({ state: 'hidden' });
    });

    test('is back, it is not said any more, however seldom the page may ask', async () => {
      await enter();
      // Lists are asked for once a minute then.
      await page.route('**/v1/flows?*', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, headers: { ...response.headers(), 'ratelimit-remaining': '20', 'ratelimit-reset': '60' } });
      });
      await page.clock.install();
      await page.reload();
      await page.locator('#flows tr').first().waitFor();
      await page.route('**/v1/**', async (route) => await route.abort('connectionrefused'));
      await page.clock.fastForward(70_000);
      await page.getByText('The API does not answer').waitFor();
      await page.unroute('**/v1/**');
      await page.getByText('The API does not answer').waitFor({ state: 'hidden' });
    });

    test('is away from the beginning, it waits for it', async () => {
      await enter();
      await page.route('**/v1/**', async (route) => await route.abort('connectionrefused'));
      await page.reload();
      await page.getByText('The API does not answer').waitFor();
      await page.unroute('**/v1/**');
      await page.locator('#panes').waitFor();
    });
  });

  test('a window of 320 pixels is wide enough for all of it', async () => {
    const narrow = { width: 320, height: 640 };
    await visit(`${stack.apiUrl}/`, narrow);
    await page.locator('#key-form').waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await context.close();
    await enter(narrow);
    await page.locator('#flows tr').first().waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByText('Filters').click();
    await choose({ ...users(100), name: `${'long-name-without-any-space'.repeat(6)}.csv` });
    expect(await overflow()).toBeLessThanOrEqual(0);
    await startImport();
    await ended();
    await page.getByText('Files and report').click();
    expect(await overflow()).toBeLessThanOrEqual(0);
  });
});
