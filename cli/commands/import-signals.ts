/** `watch`, `pause`, `resume` and `cancel` of an import. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { importWorkflowId } from '../../contracts/flows.ts';
import { hasEnded } from '../../contracts/imports/flow.ts';
import { importView, type ImportView } from '../../contracts/imports/schemas.ts';
import { findTarget, openApi, withHoldfast } from '../connection.ts';
import { CliError } from '../errors.ts';
import { follow } from '../follow.ts';
import { failureOf, lookAtImport, printImport } from '../imports.ts';
import { invocation, quoted } from '../invocation.ts';
import type { CommonOptions } from '../options.ts';
import { printJson } from '../output.ts';

const settlePatienceMs = 8_000;
const lookPauseMs = 200;

/**
 * Follows it until it ends, and says what came of it.
 * @throws {CliError} when it failed.
 */
export async function followImport(id: string, { json = false, ...options }: CommonOptions): Promise<void> {
  const seen = await withHoldfast(options, async (holdfast, { tenantId }) => await follow(holdfast, { kind: 'import', id }, { json, tenantId }));
  if (seen === 'left') return;
  const view = await lookAtImport(id, options);
  const { tenantId } = findTarget(options);
  const failure = failureOf(view, tenantId);
  // With --json each change was a line; the last is how it ended.
  if (!json) printImport(view, tenantId, failure);
  if (failure !== undefined) throw failure;
}

export async function pauseImport(id: string, options: CommonOptions): Promise<void> {
  await openApi(options).post(`/v1/imports/${id}/pause`, importView);
  say(await settled(id, options, (view) => view.status === 'paused' || hasEnded(view)), options);
}

/** What is paused goes on; of what has ended, that which could not be loaded is tried again. */
export async function resumeImport(id: string, options: CommonOptions): Promise<void> {
  const api = openApi(options);
  if (hasEnded(await lookAtImport(id, options))) await api.post(`/v1/flows/${importWorkflowId(id)}/retry`, z.unknown());
  else await api.post(`/v1/imports/${id}/resume`, importView);
  say(await settled(id, options, (view) => view.status !== 'paused'), options);
}

export async function cancelImport(id: string, options: CommonOptions): Promise<void> {
  await openApi(options).post(`/v1/imports/${id}/cancel`, importView);
  say(await settled(id, options, hasEnded), options);
}

/** Waits a little. @throws {CliError} when nothing has come of it by then. */
async function settled(id: string, options: CommonOptions, isSo: (view: ImportView) => boolean): Promise<ImportView> {
  for (const endsAt = Date.now() + settlePatienceMs; Date.now() < endsAt; await sleep(lookPauseMs)) {
    const view = await lookAtImport(id, options);
    if (isSo(view)) return view;
  }
  throw new CliError('It was sent, but nothing has come of it yet.', `Follow it: ${invocation(`watch ${quoted(id)} --tenant ${quoted(findTarget(options).tenantId)}`)}`, { code: 'not_decided_yet' });
}

function say(view: ImportView, options: CommonOptions): void {
  if (options.json === true) printJson(view);
  else printImport(view, findTarget(options).tenantId);
}
