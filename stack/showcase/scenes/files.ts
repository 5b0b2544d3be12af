/** Scenes of files: a list of customers is tried out, with two rows in it that are wrong; and what was booked is given out. */
import { exportWorkflowId, importWorkflowId } from '../../../contracts/flows.ts';
import { hasEnded as exportHasEnded } from '../../../contracts/exports/flow.ts';
import { exportView } from '../../../contracts/exports/schemas.ts';
import { hasEnded as importHasEnded } from '../../../contracts/imports/flow.ts';
import { importView } from '../../../contracts/imports/schemas.ts';
import { problemWords } from '../api.ts';
import type { Flow, Run } from '../run.ts';
import type { Stage } from '../stage.ts';

const patienceMs = 30_000;
const rows = 500;
/** Of the rows, counted from one, and what is wrong with them. */
const wrong: ReadonlyMap<number, string> = new Map([
  [200, 'no address'],
  [400, 'twelve'],
]);
const inWords = new Intl.NumberFormat('en');

/** Nothing of it is kept: it is tried out only, as a showcase may run beside a shop's own customers. */
export async function listTriedOut(run: Run, { garage: shop }: Stage): Promise<void> {
  run.view.scene(`A list of ${inWords.format(rows)} customers, two rows of it wrong: tried out`);
  let flow: Flow | undefined;
  let rejectsUrl: string | undefined;
  const begun = await run.check({ did: 'POST /v1/imports?dataset=users&dryRun=true', expected: '202' }, async () => {
    const answer = await shop.api.upload('POST', '/v1/imports?dataset=users&dryRun=true&fileName=customers.csv', customers(run.tag), 'text/csv');
    if (answer.status !== 202) return { saw: problemWords(answer) };
    const { id } = importView.parse(answer.body);
    flow = run.otherFlow(shop, id, importWorkflowId(id), 'completed');
    return { saw: '202', flow };
  });
  if (!begun || flow === undefined) return;
  const { id } = flow;
  await run.check({ did: 'every row is read and checked', expected: `${rows - wrong.size} good, ${wrong.size} rejected`, flow }, async () => {
    await run.patiently(patienceMs, async () => await shop.holdfast.imports.get(id), (state) => state !== undefined && importHasEnded(state));
    const { status, rows: counted, rejectsUrl: url } = await shop.api.get(`/v1/imports/${id}`, importView);
    rejectsUrl = url;
    return { saw: status === 'completed' ? `${counted.inserted + counted.updated} good, ${counted.rejected} rejected` : status };
  });
  await run.check({ did: 'the rejected rows, to be put right', expected: `lines ${[...wrong.keys()].map((row) => row + 1).join(' and ')}`, flow }, async () => {
    const text = rejectsUrl === undefined ? '' : await shop.api.text(new URL(rejectsUrl).pathname);
    const found = [...wrong].filter(([, value]) => text.includes(value)).map(([row]) => row + 1);
    return { saw: found.length === 0 ? 'none' : `lines ${found.join(' and ')}` };
  });
}

export async function bookingsGivenOut(run: Run, { hotel: shop }: Stage): Promise<void> {
  run.view.scene('What was booked, as a spreadsheet');
  let flow: Flow | undefined;
  await run.check({ did: 'POST /v1/exports', expected: '202' }, async () => {
    const { id } = await shop.api.post('/v1/exports', exportView, { dataset: 'bookings', format: 'xlsx', expiresInDays: 1 });
    flow = run.otherFlow(shop, id, exportWorkflowId(id), 'ready');
    return { saw: '202', flow };
  });
  if (flow === undefined) return;
  const { id } = flow;
  let link: string | undefined;
  await run.check({ did: 'a link that works for a day', expected: 'a workbook', flow }, async () => {
    await run.patiently(patienceMs, async () => await shop.holdfast.exports.get(id), (state) => state !== undefined && exportHasEnded(state));
    const view = await shop.api.get(`/v1/exports/${id}`, exportView);
    link = view.downloadUrl;
    if (link === undefined) return { saw: view.reason ?? view.status };
    const bytes = Buffer.from(await (await fetch(link)).arrayBuffer());
    // A workbook is a zip file.
    return { saw: `${inWords.format(view.rows)} rows, ${(bytes.length / 1000).toFixed(1)} kB`, ok: bytes.toString('latin1', 0, 2) === 'PK' && bytes.length === view.bytes };
  });
  if (link !== undefined) run.view.note(`For a day: ${link}`);
}

function customers(tag: string): string {
  const lines = Array.from({ length: rows }, (_, at) => {
    const row = at + 1;
    return `showcase-${tag}-${row},${row === 200 ? (wrong.get(row) ?? '') : `guest${row}@example.com`},Guest ${row},Praha,${row === 400 ? (wrong.get(row) ?? '') : '10.50'}`;
  });
  return ['id,e-mail,first name,city,credit', ...lines, ''].join('\n');
}
