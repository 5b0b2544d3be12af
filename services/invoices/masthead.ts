/** What stands around the lines: who, to whom, when; and the top and foot of every page. */
import type { InvoiceDocument, InvoiceParty } from './document.ts';
import type { Formats } from './format.ts';
import { labels } from './labels.ts';
import { drawablePng, initialOf, type Picture } from './logo.ts';
import { contentWidth, continuedTop, groundColor, heightOf, lineHeight, page, ruleColor, styles, type Sheet } from './sheet.ts';
import type { Line } from '../pdf/typesetter.ts';

interface Block {
  readonly label: Line;
  readonly lines: readonly Line[];
}

const logoSide = 44;
/** A wide picture is not made small: it may be so many times as wide as it is high. */
const widestLogo = 3;
const columnGap = 18;
const blockGap = 6;
const longestName = 3;
const longestAddress = 8;

/** The seller's mark, and the width that it takes. */
export interface Mark {
  readonly picture: Picture | undefined;
  readonly width: number;
}

export function markOf({ logo }: InvoiceDocument): Mark {
  const picture = logo === undefined ? undefined : drawablePng(logo);
  return { picture, width: picture === undefined ? logoSide : logoSide * Math.min(Math.max(picture.width / picture.height, 1), widestLogo) };
}

/** The upper part of the first page. */
export async function drawMasthead(sheet: Sheet, document: InvoiceDocument, formats: Formats, mark: Mark): Promise<void> {
  const titleWidth = 190;
  const nameLeft = page.left + mark.width + 14;
  const name = await sheet.lines(document.seller.name, styles.name, page.right - titleWidth - nameLeft - columnGap, longestName);
  const title = await sheet.line(labels.invoice, styles.title);
  const number = await sheet.lines(document.number, styles.plain, titleWidth, longestName);

  const nameTop = sheet.y + Math.max(0, (logoSide - heightOf(name)) / 2);
  const nameEnd = sheet.drawLines(name, nameLeft, nameTop);
  sheet.drawRight(title, page.right, sheet.y - 4);
  let numberEnd = sheet.y - 4 + lineHeight(styles.title);
  for (const line of number) {
    sheet.drawRight(line, page.right, numberEnd);
    numberEnd += lineHeight(styles.plain);
  }
  sheet.y = Math.max(sheet.y + logoSide, nameEnd, numberEnd) + 26;

  const width = (contentWidth - 2 * columnGap) / 3;
  const columns = [
    [await partyLines(sheet, labels.seller, document.seller, [
      ...(document.seller.registration === undefined ? [] : [`${labels.registration}: ${document.seller.registration}`]),
      ...(document.seller.email === undefined ? [] : [document.seller.email]),
    ], width)],
    [await partyLines(sheet, labels.buyer, document.buyer, [], width)],
    await detailBlocks(sheet, document, formats, width),
  ];
  const ends = columns.map((blocks, at) => blocks.reduce((top, { label, lines }) => {
    const x = page.left + at * (width + columnGap);
    return sheet.drawLines(lines, x, sheet.drawLines([label], x, top) + 1) + blockGap;
  }, sheet.y));
  sheet.y = Math.max(...ends) + 20;
}

/** Page numbers are known only when all pages are: this comes last, over every page. */
export async function drawEveryPage(sheet: Sheet, document: InvoiceDocument): Promise<void> {
  const { pdf } = sheet;
  const { start, count } = pdf.bufferedPageRange();
  const { seller } = document;
  const [sellerLine] = await sheet.lines(seller.name, styles.soft, contentWidth / 2, 1);
  const [numberLine] = await sheet.lines(`${labels.invoice} ${document.number}`, styles.soft, contentWidth / 2 - columnGap, 1);
  const imprint = [seller.name, seller.registration, seller.taxId === undefined ? undefined : `${labels.taxId} ${seller.taxId}`, seller.email].filter((part) => part !== undefined).join(' · ');
  const [imprintLine] = await sheet.lines(imprint, styles.soft, contentWidth - 90, 1);

  for (let at = 0; at < count; at += 1) {
    pdf.switchToPage(start + at);
    if (at > 0) {
      if (sellerLine !== undefined) sheet.draw(sellerLine, page.left, page.top);
      if (numberLine !== undefined) sheet.drawRight(numberLine, page.right, page.top);
      sheet.rule(continuedTop - 22, page.left, page.right, ruleColor, 0.75);
    }
    const footTop = page.height - 44;
    sheet.rule(footTop - 6, page.left, page.right, ruleColor, 0.5);
    if (imprintLine !== undefined) sheet.draw(imprintLine, page.left, footTop);
    sheet.drawRight(await sheet.line(labels.page(at + 1, count), styles.soft), page.right, footTop);
  }
}

async function partyLines(sheet: Sheet, label: string, party: InvoiceParty, more: readonly string[], width: number): Promise<Block> {
  const lines = await sheet.lines(party.name, styles.strong, width, longestName);
  lines.push(...(await sheet.lines(party.addressLines.join('\n'), styles.plain, width, longestAddress)));
  for (const text of [...(party.taxId === undefined ? [] : [`${labels.taxId}: ${party.taxId}`]), ...more]) lines.push(...(await sheet.lines(text, styles.plain, width, 2)));
  return { label: await sheet.line(label, styles.label), lines };
}

async function detailBlocks(sheet: Sheet, document: InvoiceDocument, formats: Formats, width: number): Promise<Block[]> {
  const details = [
    [labels.issued, formats.date(document.issueDate)],
    [labels.supplied, formats.date(document.supplyDate)],
    ...(document.paymentReference === undefined ? [] : [[labels.reference, document.paymentReference] as const]),
  ] as const;
  return await Promise.all(details.map(async ([label, value]) => ({ label: await sheet.line(label, styles.label), lines: await sheet.lines(value, styles.plain, width, 2) })));
}

/**
 * After everything else: pdfkit unpacks a transparent picture in the background, and what is drawn meanwhile would come
 * before or after it in the file by chance.
 */
export async function drawLogo(sheet: Sheet, { seller }: InvoiceDocument, { picture, width }: Mark): Promise<void> {
  const { pdf } = sheet;
  const { left: x, top: y } = page;
  pdf.switchToPage(0);
  if (picture !== undefined) {
    pdf.image(picture.contents, x, y, { fit: [width, logoSide], align: 'center', valign: 'center' });
    return;
  }
  pdf.roundedRect(x, y, logoSide, logoSide, 8).fill(groundColor);
  const initial = await sheet.line(initialOf(seller.name), { weight: 'bold', size: 22, color: '#ffffff' });
  sheet.draw(initial, x + (logoSide - initial.width) / 2, y + 7);
}
