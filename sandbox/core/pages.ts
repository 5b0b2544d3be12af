/** The payers' pages: plain HTML without any outside asset; every value is escaped. */
import { minorDigits } from '../../contracts/currency-digits.ts';
import { escapeHtml } from '../../contracts/html.ts';

export interface Choice {
  readonly label: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface PayerPage {
  readonly party: string;
  readonly title: string;
  /** Shown as a table: what, value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly action: string;
  readonly choices: readonly Choice[];
  readonly note?: string;
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
small{color:#555}th{text-align:left;padding:.2rem 1rem .2rem 0;font-weight:normal;color:#555;vertical-align:top}td{overflow-wrap:anywhere}
form{margin:.5rem 0}button{font:inherit;width:100%;padding:.6rem;border:1px solid #555;border-radius:.4rem;background:#f4f4f4;color:inherit;cursor:pointer}`;

export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>
${content}
</body>
</html>
`;
}

const hidden = (fields: Readonly<Record<string, string>>): string => Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`).join('');

const form = (action: string, { label, fields }: Choice): string => `<form method="post" action="${escapeHtml(action)}">${hidden(fields)}<button type="submit">${escapeHtml(label)}</button></form>`;

export function payerPage({ party, title, facts, action, choices, note }: PayerPage): string {
  const rows = facts.map(([what, value]) => `<tr><th scope="row">${escapeHtml(what)}</th><td>${escapeHtml(value)}</td></tr>`).join('\n');
  return page(
    `${title} – ${party} sandbox`,
    `<main>
<small>${escapeHtml(party)} sandbox: no real money moves here</small>
<h1>${escapeHtml(title)}</h1>
<table>
${rows}
</table>
${note === undefined ? '' : `<p>${escapeHtml(note)}</p>\n`}${choices.map((choice) => form(action, choice)).join('\n')}
</main>`,
  );
}

/** A page that sends its fields on by itself, with a button for browsers without scripts. */
export function forwardingPage(title: string, action: string, fields: Readonly<Record<string, string>>): string {
  return page(title, `<main>\n<h1>${escapeHtml(title)}</h1>\n${form(action, { label: 'Back to the shop', fields })}\n</main>\n<script>document.forms[0].submit()</script>`);
}

/** `25.00 EUR`, whatever number of decimals the currency has. */
export function moneyText(amountMinor: number, currency: string): string {
  const code = currency.toUpperCase();
  const decimals = minorDigits(code);
  return `${(amountMinor / 10 ** decimals).toFixed(decimals)} ${code}`;
}
