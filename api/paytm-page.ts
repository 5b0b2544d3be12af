/**
 * The page on the way to Paytm's: a payer is sent to an address, and Paytm wants a form. Whoever has the address has the
 * order's token, as with an address of Paytm's own; nothing is looked up and nothing is changed here.
 */
import { createHash } from 'node:crypto';
import type { FastifyPluginCallback } from 'fastify';
import { escapeHtml } from '../contracts/html.ts';
import { tenantId } from '../contracts/values.ts';
import { paytmPageQuery, type PaytmForm } from '../services/payments/paytm/page.ts';
import type { ApiDependencies } from './dependencies.ts';
import { Refused } from './http/problems.ts';

const script = 'document.forms[0].submit()';
/** The form may lead anywhere, as its answer may: browsers hold every step of the way against `form-action`. */
const policy = `default-src 'none'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`;

const page = ({ action, fields }: PaytmForm): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>To the payment</title></head>
<body>
<main>
<h1>To the payment</h1>
<form method="post" action="${escapeHtml(action)}">
${Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`).join('\n')}
<button type="submit">Go on to Paytm</button>
</form>
</main>
<script>${script}</script>
</body>
</html>
`;

interface ToTenant {
  readonly Params: { readonly tenant: string };
}

/** To be registered outside the guarded routes. */
export const paytmPageRoutes = ({ paytmPage }: ApiDependencies): FastifyPluginCallback => (app, _options, done) => {
  app.get<ToTenant>('/payments/paytm/page/:tenant', { schema: { hide: true } }, async (request, reply) => {
    const wish = paytmPageQuery.safeParse(request.query);
    if (paytmPage === undefined || !wish.success || !tenantId.safeParse(request.params.tenant).success) throw new Refused('not_found');
    return await reply
      .headers({ 'cache-control': 'no-store', 'content-security-policy': policy, 'referrer-policy': 'no-referrer' })
      .type('text/html; charset=utf-8')
      .send(page(paytmPage(wish.data)));
  });
  done();
};
