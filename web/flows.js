/** Every flow of the shop: what runs, what has ended, and what can be done about it. */
/** @import { FlowAction, FlowView } from '../contracts/flows.ts' */
import { announce, ask, box, button, element, fillSelect, onPress, say, select, show, webAddress } from './dom.js';
import { between, moment, words } from './format.js';
import { keepInStep } from './list.js';
import { clearProblem, showProblem } from './problem.js';

const perPage = 15;
/** @type {readonly FlowView['type'][]} */
const types = ['import', 'export', 'upload', 'booking', 'payment', 'order', 'purchase', 'invoice'];
/** @type {readonly FlowView['status'][]} */
const statuses = ['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed_out'];
/** In the words of the flows: it waits for somebody to say that it can go on. */
const waiting = new Set(['parked', 'unknown', 'reconciling']);
const good = new Set(['completed', 'confirmed', 'ready', 'settled', 'stored']);
const labels = { retry: 'Try again', cancel: 'Cancel', pause: 'Pause', resume: 'Resume' };

/**
 * @param {FlowView} flow
 * @returns {FlowAction[]}
 */
export function actionsOf({ type, status, businessStatus = '' }) {
  if (status !== 'running') return businessStatus === 'failed' && (type === 'booking' || type === 'import') ? ['retry'] : [];
  if (type === 'import') return businessStatus === 'paused' ? ['resume', 'cancel'] : ['pause', 'cancel'];
  if (type === 'booking') return businessStatus === 'pending' ? ['resume', 'cancel'] : ['cancel'];
  if (type === 'invoice') return [];
  return waiting.has(businessStatus) ? ['resume', 'cancel'] : ['cancel'];
}

/**
 * @param {import('./api.js').Api} api
 * @param {{ openImport: (id: string) => Promise<void>, lookNow: () => void }} page
 */
export function createFlowsPane(api, { openImport, lookNow }) {
  const problem = box('flows-problem');
  /** @param {unknown} error */
  const failed = (error) => showProblem(problem, error);
  /** The cursors of the pages before this one, the first page having none. @type {(string | undefined)[]} */
  let cursors = [undefined];
  /** @type {string | undefined} */
  let next;

  fillSelect(select('flow-type'), [{ value: '', label: 'All' }, ...types.map((type) => ({ value: type, label: type }))]);
  fillSelect(select('flow-status'), [{ value: '', label: 'All' }, ...statuses.map((status) => ({ value: status, label: words(status) }))]);
  for (const id of ['flow-type', 'flow-status']) {
    select(id).addEventListener('change', () => {
      cursors = [undefined];
      shownNow();
    });
  }
  button('older').addEventListener('click', () => {
    if (next !== undefined) cursors.push(next);
    shownNow();
  });
  button('newer').addEventListener('click', () => {
    if (cursors.length > 1) cursors.pop();
    shownNow();
  });

  function shownNow() {
    clearProblem(problem);
    look().then(
      () => announce(`${box('flows').children.length} flows, page ${cursors.length}.`),
      failed,
    );
  }

  /** @returns {Promise<boolean>} Flows that run, of whatever kind, are no reason to look more often. */
  async function look() {
    const query = new URLSearchParams({ limit: String(perPage) });
    const [type, status, cursor] = [select('flow-type').value, select('flow-status').value, cursors.at(-1)];
    if (type !== '') query.set('type', type);
    if (status !== '') query.set('status', status);
    if (cursor !== undefined) query.set('cursor', cursor);
    /** @type {{ items: FlowView[], nextCursor?: string }} */
    const { items, nextCursor } = await api.get(`/v1/flows?${query.toString()}`);
    // Another page was turned to meanwhile.
    if (cursor !== cursors.at(-1) || type !== select('flow-type').value || status !== select('flow-status').value) return false;
    next = nextCursor;
    // One that ran twice is there twice.
    keepInStep(box('flows'), items, ({ id, startedAt }) => `${id} ${startedAt}`, render);
    tick();
    show(box('flows-none'), items.length === 0);
    say(box('flows-none'), type === '' && status === '' ? 'Nothing has been started yet.' : 'There is none of these.');
    button('newer').disabled = cursors.length === 1;
    button('older').disabled = next === undefined;
    say(box('flows-page'), `Page ${cursors.length}`);
    return false;
  }

  /** How long those that run have been running. */
  function tick() {
    for (const took of box('flows').querySelectorAll('td[data-since]')) say(took, between(took.getAttribute('data-since') ?? '', undefined));
  }

  /** @param {FlowView} flow */
  function render(flow) {
    const [type = '', ...rest] = flow.id.split(':');
    const id = rest.join(':');
    const state = flow.businessStatus ?? words(flow.status);
    const took = element('td', { 'data-label': 'Took' }, between(flow.startedAt, flow.endedAt));
    if (flow.status === 'running') took.dataset['since'] = flow.startedAt;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('span', { class: 'type' }, type), ' ', element('span', { class: 'about' }, [flow.resource, flow.customer].filter(Boolean).join(' · ')), ' ', element('span', { class: 'id' }, id)),
      element('td', { 'data-label': 'State' }, element('span', { class: 'badge', 'data-status': badgeOf(flow) }, words(state))),
      element('td', { 'data-label': 'Started' }, element('time', { datetime: flow.startedAt }, moment(flow.startedAt))),
      took,
      element('td', { class: 'act' }, ...controls(flow, id)),
    );
  }

  /**
   * @param {FlowView} flow
   * @param {string} id
   */
  function controls(flow, id) {
    /** @type {HTMLElement[]} */
    const made = [];
    if (flow.type === 'import') {
      const open = element('button', { type: 'button', class: 'small', 'data-act': 'open', 'aria-label': `Show ${flow.id}` }, 'Show');
      onPress(open, async () => await openImport(id), failed);
      made.push(open);
    }
    for (const action of actionsOf(flow)) {
      const control = element('button', { type: 'button', class: 'small', 'data-act': action, 'aria-label': `${labels[action]}: ${flow.id}` }, labels[action]);
      onPress(control, async () => await act(flow, action), failed);
      made.push(control);
    }
    const web = webAddress(flow.webUrl);
    if (web !== undefined) made.push(element('a', { href: web, target: '_blank', rel: 'noopener noreferrer', 'data-act': 'web', 'aria-label': `${flow.id} in the Temporal Web UI, in a new tab` }, 'Temporal ↗'));
    return made;
  }

  /**
   * @param {FlowView} flow
   * @param {FlowAction} action
   */
  async function act({ id, type }, action) {
    clearProblem(problem);
    if (action === 'cancel' && !(await ask({ title: `Cancel this ${type}?`, about: type === 'import' ? `${id}: no further rows are loaded. Those that are loaded stay.` : `${id}: it stops, and what it did is undone.`, yes: `Cancel the ${type}` }))) return;
    await api.post(`/v1/flows/${encodeURIComponent(id)}/${action}`);
    announce(`${labels[action]}: ${id} was told.`);
    lookNow();
  }

  return { look, tick };
}

/** @param {FlowView} flow */
function badgeOf({ status, businessStatus = status }) {
  if (businessStatus === 'paused' || businessStatus === 'failed') return businessStatus;
  // Released, refunded, cancelled: it ended in order, but there is nothing to be glad about.
  if (status === 'completed') return good.has(businessStatus) ? status : 'ended';
  return status;
}
