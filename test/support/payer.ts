/** What a payer's browser does. */
import type { PaymentView } from '../../contracts/payments/schemas.ts';
import { request } from './http.ts';

const characters: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
const unescaped = (text = ''): string => text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => characters[entity] ?? entity);

export interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The form that leads on from the address that the shop gave; an address that is the gateway's own is left as it is. */
export async function formAt(redirectUrl: string): Promise<Form> {
  if (!redirectUrl.includes('/v1/payments/paytm/page/')) return { action: redirectUrl, fields: {} };
  const html = await (await fetch(redirectUrl)).text();
  const fields = Object.fromEntries([...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [unescaped(name), unescaped(value)]));
  return { action: unescaped(/<form method="post" action="([^"]*)">/.exec(html)?.[1]), fields };
}

/** On the page of the gateway. */
export async function payerDecides({ redirectUrl = '' }: Pick<PaymentView, 'redirectUrl'>, outcome: string): Promise<void> {
  const { status } = await decide(redirectUrl, outcome);
  if (status !== 200) throw new Error(`the page of the payer answered ${status}`);
}

export async function decide(redirectUrl: string, outcome: string): ReturnType<typeof request> {
  const { action, fields } = await formAt(redirectUrl);
  return await request(action, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...fields, outcome }) });
}
