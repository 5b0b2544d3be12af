import { describe, expect, test } from '@jest/globals';
import { deflateSync } from 'node:zlib';
import type { InvoiceDocument, InvoiceLine } from '../../services/invoices/document.ts';
import { drawablePng } from '../../services/invoices/logo.ts';
import { renderInvoice } from '../../services/invoices/render.ts';

const line = (description: string, totalMinor = 1999): InvoiceLine => ({ description, quantity: 1, unitPriceMinor: totalMinor, vatRateBasisPoints: 2000, totalMinor });
const document: InvoiceDocument = {
  number: '2025-000042',
  issueDate: '2025-05-03',
  supplyDate: '2025-05-01',
  seller: { name: 'Acme Rentals', addressLines: ['Torstraße 12', '10119 Berlin'], taxId: 'DE123456789', registration: 'HRB 1', email: 'billing@acme.example' },
  buyer: { name: 'Jane Cooper', addressLines: ['742 Evergreen Terrace'] },
  currency: 'EUR',
  lines: [line('Room, 2 nights'), line('Discount', -500)],
  paid: { method: 'card', date: '2025-05-01' },
  paymentReference: 'pi_1',
  locale: 'en-IE',
};
const withLines = (count: number): InvoiceDocument => ({ ...document, lines: Array.from({ length: count }, (_, at) => line(`Item ${at}`)) });
const render = async (invoice: InvoiceDocument): Promise<string> => (await renderInvoice(invoice, { compress: false })).toString('latin1');
const pagesOf = (pdf: string): number => pdf.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0;
const fontsOf = (pdf: string): string[] => [...pdf.matchAll(/\/FontName \/[A-Z]{6}\+(\S+)/g)].map(([, name]) => name ?? '');
/** The drawing of each page, in order: streams that set text, which no font or picture does. */
const drawingsOf = (pdf: string): string[] => [...pdf.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(([, stream]) => stream ?? '').filter((stream) => stream.includes('\nBT\n'));
/** Lines under rows of the table have a colour of their own. */
const rowsOn = (drawing: string | undefined): number => drawing?.match(/0\.898\d* 0\.905\d* 0\.921\d* SCN/g)?.length ?? 0;

const png = (width: number, height: number, pixels: Buffer, { colorType = 2, interlaced = 0 } = {}): Buffer => {
  const chunk = (type: string, data: Buffer): Buffer => Buffer.concat([Buffer.from([data.length >>> 24, data.length >>> 16, data.length >>> 8, data.length]), Buffer.from(type), data, Buffer.alloc(4)]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colorType, 0, 0, interlaced], 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
};
const opaque = png(4, 2, deflateSync(Buffer.alloc(2 * (1 + 4 * 3))));
const transparent = png(4, 2, deflateSync(Buffer.alloc(2 * (1 + 4 * 4))), { colorType: 6 });

describe('an invoice', () => {
  test('is one page with its fonts in it, dated by the document', async () => {
    const pdf = await render(document);
    expect(pdf.startsWith('%PDF-1.7')).toBe(true);
    expect(pdf.trimEnd().endsWith('%%EOF')).toBe(true);
    expect(pagesOf(pdf)).toBe(1);
    expect(fontsOf(pdf).toSorted()).toEqual(['NotoSans_400Regular', 'NotoSans_700Bold']);
    expect(pdf.match(/\/FontFile2 /g)).toHaveLength(2);
    expect(pdf).toContain('(D:20250503000000Z)');
    expect(pdf).toContain('(Invoice 2025-000042)');
  });

  test('has the same bytes whenever it is rendered, and whatever came before', async () => {
    const mixed = { ...document, buyer: { name: '王小明 שלום سلام', addressLines: ['東京都 Ω \u2126 x\u00a0y'] }, logo: transparent };
    const first = await renderInvoice(mixed);
    await renderInvoice({ ...document, buyer: { name: '\u2126 Ohm\u00a0', addressLines: ['都京東 مالس'] } });
    const [second, third] = await Promise.all([renderInvoice(mixed), renderInvoice(mixed)]);
    expect(second.equals(first)).toBe(true);
    expect(third.equals(first)).toBe(true);
    expect((await renderInvoice(document)).equals(first)).toBe(false);
  });

  test('goes over as many pages as it needs, with every row on one of them', async () => {
    const pdf = await render(withLines(500));
    const drawings = drawingsOf(pdf);
    expect(drawings).toHaveLength(pagesOf(pdf));
    expect(pagesOf(pdf)).toBeGreaterThan(10);
    expect(drawings.reduce((rows, drawing) => rows + rowsOn(drawing), 0)).toBe(500);
  });

  test('never has its totals alone on a page', async () => {
    const seen = new Set<number>();
    for (let count = 14; count <= 36; count += 1) {
      const drawings = drawingsOf(await render(withLines(count)));
      seen.add(drawings.length);
      expect(rowsOn(drawings.at(-1))).toBeGreaterThan(0);
    }
    expect(seen).toEqual(new Set([1, 2]));
  });

  test('has a page without lines', async () => {
    expect(pagesOf(await render({ ...document, lines: [] }))).toBe(1);
  });

  test('splits a description that is longer than a page', async () => {
    const pdf = await render({ ...document, lines: [line('Lorem ipsum dolor '.repeat(560)), line('after')] });
    expect(pagesOf(pdf)).toBeGreaterThan(1);
    expect(pagesOf(pdf)).toBeLessThan(6);
    expect(drawingsOf(pdf).reduce((rows, drawing) => rows + rowsOn(drawing), 0)).toBe(2);
  });

  test('embeds only the letters of each script that it uses', async () => {
    const pdf = await renderInvoice({ ...document, locale: 'ja-JP', currency: 'JPY', seller: { name: '株式会社', addressLines: [] }, lines: [line('東京の 서울 北京 القاهرة ירושלים กรุงเทพ दिल्ली Αθήνα Київ')] }, { compress: false });
    const fonts = fontsOf(pdf.toString('latin1'));
    for (const family of ['NotoSans_', 'NotoSansArabic_', 'NotoSansHebrew_', 'NotoSansThai_', 'NotoSansJP-', 'NotoSansKR-']) expect(fonts.some((font) => font.startsWith(family))).toBe(true);
    expect(pdf.length).toBeLessThan(500_000);
  });

  test.each<[string, Partial<InvoiceDocument>]>([
    ['names and numbers of a thousand letters', { number: 'X'.repeat(1000), seller: { name: 'W'.repeat(1000), addressLines: Array.from({ length: 100 }, () => 'x'.repeat(1000)), registration: 'r'.repeat(1000) }, paymentReference: 'p'.repeat(1000) }],
    ['control characters and overrides', { seller: { name: '\u0000\u001b\u202e', addressLines: ['\r\n\r\n'] }, lines: [line('\u0000\u202e\ud800👩‍🚀\u0301'), line('')] }],
    ['enormous amounts', { currency: 'KWD', lines: [line('a', 9e15), line('b', -9e15), { ...line('c', 1e12), quantity: Number.MAX_SAFE_INTEGER }] }],
    ['digits of another script', { locale: 'ar-EG', currency: 'KWD', lines: [line('a', -1234)] }],
    ['a hundred VAT rates', { lines: Array.from({ length: 100 }, (_, at) => ({ ...line('x'), vatRateBasisPoints: at })) }],
  ])('survives %s', async (_, hostile) => {
    expect(pagesOf(await render({ ...document, ...hostile }))).toBeGreaterThan(0);
  });

  test.each<Partial<InvoiceDocument>>([{ issueDate: 'soon' }, { supplyDate: '2025-02-30' }, { locale: 'no locale' }, { currency: 'EURO' }, { lines: [line('x', 0.5)] }])('is refused for %j', async (wrong) => {
    await expect(renderInvoice({ ...document, ...wrong })).rejects.toThrow(RangeError);
  });
});

describe('a logo', () => {
  /** Width and height; pictures stand on their heads in a PDF. */
  const sizeIn = (pdf: string): string[] => /([\d.]+) 0 0 -([\d.]+) [\d.]+ [\d.]+ cm\n\/I\d+ Do/.exec(pdf)?.slice(1) ?? [];

  test('that is wide is as high as the initial, and at most three times as wide', async () => {
    const wide = png(40, 4, deflateSync(Buffer.alloc(4 * (1 + 40 * 3))));
    const twice = png(40, 20, deflateSync(Buffer.alloc(20 * (1 + 40 * 3))));
    const square = png(4, 4, deflateSync(Buffer.alloc(4 * (1 + 4 * 3))));
    const sizes = [];
    for (const logo of [square, twice, wide]) sizes.push(sizeIn(await render({ ...document, logo })));
    expect(sizes).toEqual([['44', '44'], ['88', '44'], ['132', '13.2']]);
  });

  test('is drawn in place of the initial', async () => {
    for (const logo of [opaque, transparent]) expect(await render({ ...document, logo })).toContain('/Subtype /Image');
    expect(await render(document)).not.toContain('/Subtype /Image');
  });

  test.each([
    ['is no picture', Buffer.from('<svg/>')],
    ['is empty', Buffer.alloc(0)],
    ['was cut off', opaque.subarray(0, 50)],
    ['has broken pixels', png(4, 2, Buffer.from('not deflated'))],
    ['has too few pixels', png(4, 3, deflateSync(Buffer.alloc(2 * (1 + 4 * 3))))],
    ['unpacks to more than it says', png(4, 2, deflateSync(Buffer.alloc(10_000_000)))],
    ['says that it is enormous', png(100_000, 100_000, deflateSync(Buffer.alloc(10)))],
    ['is interlaced', png(4, 2, deflateSync(Buffer.alloc(26)), { interlaced: 1 })],
  ])('that %s is not drawn', async (_, logo) => {
    expect(drawablePng(logo)).toBeUndefined();
    expect(await render({ ...document, logo })).not.toContain('/Subtype /Image');
  });
});
