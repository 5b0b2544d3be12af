/** The main loop of an import: files are inspected one at a time, chunks loaded a few at a time, until nothing is left. */
import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { Stop } from '../../activities/imports.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { chunksAtOnce, hasEnded, type ImportWork } from '../../contracts/imports/flow.ts';
import { noteStanding, stateOf, takeIn, type ImportRun, type Part } from './run.ts';
import { wasSilent } from '../steps.ts';
import { failureOf, firmly, inspecting, loading } from './steps.ts';
import { tell } from './story.ts';

/** Far below the limit of a history; what is in flight then still fits. */
const eventsAtMost = 1_900;

/** Workers that are killed again and again are no failure of the chunk that they had in hand. But neither may a chunk kill workers for ever. */
const silencesAtMost = 2;

/** What a run has in hand. */
interface Desk {
  /** Whatever runs in it is given up when the import is stopped. */
  readonly parts: CancellationScope;
  /** Pending, and not begun. */
  files: readonly number[];
  readonly chunks: { readonly seq: number; readonly rows: number }[];
  /** The last chunk that was in `chunks`. */
  after: number;
  /** Whether the database may have chunks after that. */
  more: boolean;
  /** The file that is being inspected. */
  fileNo: number | undefined;
  /** How many chunks are being loaded. */
  loading: number;
  /** What is done, and was not taken in yet. */
  readonly inbox: Promise<Part>[];
}

/** @returns `done` when the import has ended, else why it is to be ended, or that it goes on in another run. */
export async function load(run: ImportRun): Promise<'done' | 'as another run' | Stop> {
  const desk: Desk = { parts: new CancellationScope(), files: [], chunks: [], after: 0, more: true, fileNo: undefined, loading: 0, inbox: [] };
  let stop: Stop | undefined;
  for (;;) {
    const { beats } = run;
    for (let part = desk.inbox.shift(); part !== undefined; part = desk.inbox.shift()) {
      const failure = await take(run, desk, await part);
      stop ??= failure;
    }
    if (run.cancel) stop = 'cancelled';
    if (stop !== undefined) desk.parts.cancel();
    if (stop !== undefined || isLong()) {
      if (isIdle(desk)) return stop ?? 'as another run';
    } else {
      if (await goOn(run, desk)) return 'done';
      if (!run.cancel) begin(run, desk);
    }
    await condition(() => run.beats !== beats);
  }
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return historyLength >= eventsAtMost || continueAsNewSuggested;
}

const isIdle = ({ fileNo, loading }: Desk): boolean => fileNo === undefined && loading === 0;

/** Keeps the desk full, and what the database says of the import true. @returns whether the import has ended. */
async function goOn(run: ImportRun, desk: Desk): Promise<boolean> {
  const { ref, occasion } = run;
  if (run.lookForFiles || (desk.more && desk.chunks.length === 0)) {
    run.lookForFiles = false;
    fill(desk, await firmly((steps) => steps.nextImportWork(ref, desk.after)));
  }
  if (isIdle(desk) && desk.files.length + desk.chunks.length === 0) {
    const state = await firmly((steps) => steps.finishImport(ref, occasion));
    if (isRefusal(state) || hasEnded(state)) {
      run.state = state;
      return true;
    }
    // A file was added in this moment.
    run.lookForFiles = true;
    run.beats += 1;
    return false;
  }
  const isPaused = stateOf(run).status === 'paused';
  const mayPause = run.pause === true && desk.loading === 0;
  if (isPaused ? run.pause !== true : mayPause) {
    noteStanding(run, await firmly((steps) => steps.setImportPaused(ref, !isPaused)));
    run.pace.length = 0;
    tell(run);
    // Who wishes otherwise meanwhile is heard now.
    run.beats += 1;
  }
  return false;
}

function fill(desk: Desk, { files, chunks }: ImportWork): void {
  desk.files = files.filter((fileNo) => fileNo !== desk.fileNo);
  if (desk.chunks.length > 0) return;
  desk.chunks.push(...chunks);
  desk.more = chunks.length > 0;
  desk.after = chunks.at(-1)?.seq ?? desk.after;
}

/** As much as may be in flight. Paused, nothing is loaded, but what is in a new file may be found out. */
function begin(run: ImportRun, desk: Desk): void {
  const [fileNo, ...otherFiles] = desk.files;
  if (desk.fileNo === undefined && fileNo !== undefined) {
    desk.files = otherFiles;
    desk.fileNo = fileNo;
    inFlight(run, desk, async () => await inspect(run, fileNo));
  }
  while (run.pause !== true && desk.loading < chunksAtOnce) {
    const chunk = desk.chunks.shift();
    if (chunk === undefined) return;
    desk.loading += 1;
    inFlight(run, desk, async () => await loadOne(run, chunk));
  }
}

function inFlight(run: ImportRun, desk: Desk, work: () => Promise<Part>): void {
  const part = desk.parts.run(work);
  const arrived = (): void => {
    desk.inbox.push(part);
    run.beats += 1;
  };
  part.then(arrived, arrived);
}

async function inspect({ ref, occasion }: ImportRun, fileNo: number): Promise<Part> {
  try {
    return { kind: 'file', fileNo, outcome: await inspecting.inspectImportFile.executeWithOptions({ summary: `file ${fileNo}` }, [ref, fileNo, occasion]) };
  } catch (error) {
    const broken = failureOf(error, 'storage_unavailable');
    return { kind: 'file', fileNo, outcome: broken === undefined ? 'stopped' : { broken } };
  }
}

async function loadOne({ ref }: ImportRun, { seq, rows }: { readonly seq: number; readonly rows: number }): Promise<Part> {
  for (let silences = 0; ; silences += 1) {
    try {
      return { kind: 'chunk', seq, rows, outcome: await loading.loadImportChunk.executeWithOptions({ summary: `chunk ${seq}: ${rows} rows` }, [ref, seq]) };
    } catch (error) {
      if (wasSilent(error) && silences < silencesAtMost) continue;
      const broken = failureOf(error, 'chunks_failed');
      return { kind: 'chunk', seq, rows, outcome: broken === undefined ? 'stopped' : { broken } };
    }
  }
}

/** @returns why the whole import is to be stopped for it, if it is. */
async function take(run: ImportRun, desk: Desk, part: Part): Promise<Stop | undefined> {
  const { ref, occasion } = run;
  if (part.kind === 'file') desk.fileNo = undefined;
  else desk.loading -= 1;
  if (part.outcome === 'stopped') return undefined;
  let failure: Stop | undefined;
  if (part.kind === 'file') {
    const { fileNo, outcome } = part;
    if ('broken' in outcome) await firmly((steps) => steps.failImportFile(ref, fileNo, outcome.broken, occasion));
    if ('broken' in outcome) failure = outcome.broken;
    else if ('refused' in outcome) failure = outcome.refused;
    else takeIn(run, outcome);
    desk.more = true;
  } else {
    const { seq, rows, outcome } = part;
    const end = 'broken' in outcome ? await firmly((steps) => steps.giveUpImportChunk(ref, seq, outcome.broken, occasion)) : outcome;
    if (end === 'failed') failure = 'chunks_failed';
    takeIn(run, { rows, end });
  }
  tell(run);
  return stateOf(run).stopOnFailure ? failure : undefined;
}
