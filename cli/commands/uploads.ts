/** `upload` and `uploads`. */
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { hasEnded, maxImageBytes, maxImagesOfUpload, uploadStatuses, type UploadStatus } from '../../contracts/uploads/flow.ts';
import { uploadSummary, uploadView, type UploadSummary, type UploadView } from '../../contracts/uploads/schemas.ts';
import { findTarget, openApi, withHoldfast } from '../connection.ts';
import { meaningOf } from '../declines.ts';
import { CliError } from '../errors.ts';
import { follow } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, choice, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { paintedStatus, print, printJson, statusStyle } from '../output.ts';
import { safe, when, type Column } from '../text.ts';

interface UploadOptions extends CommonOptions {
  readonly product: string;
  readonly watch?: boolean;
}

export function addUpload(program: Command): void {
  const command = program
    .command('upload')
    .summary('put images on a product')
    .description('Sends images of a product (JPEG, PNG, WebP, GIF, AVIF). Each is made in several sizes, turned as it is to be seen, and freed of everything but the picture. They take the place of the images that the product has.')
    .argument('<file...>', `up to ${maxImagesOfUpload} images`)
    .requiredOption('-p, --product <id>', 'the product that they show: the id that the shop uses', aForeignId)
    .option('-w, --watch', 'follow it until it ends');
  examples(withCommonOptions(command), ['upload mug.jpg --product mug-blue --tenant seaview --watch', 'upload front.png back.png --product poster --json']).action(async (files: string[], { product, watch, ...options }: UploadOptions) => {
    const begun = await openApi(options).postForm(`/v1/uploads?productId=${encodeURIComponent(product)}`, uploadView, await formOf(files));
    await report(begun, { watch: watch === true, ...options });
  });
}

/** The files are read as they are sent. @throws {CliError} for what is no file, or too large, before anything is sent. */
async function formOf(files: readonly string[]): Promise<FormData> {
  if (files.length > maxImagesOfUpload) throw new CliError(`These are ${files.length} files; an upload has at most ${maxImagesOfUpload}.`, `Send at most ${maxImagesOfUpload}: a later upload takes the place of an earlier one.`, { exitCode: 2 });
  const form = new FormData();
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true) throw new CliError(`There is no file ${file}.`, 'Name images that are there.', { exitCode: 2 });
    if (found.size > maxImageBytes) throw new CliError(`${file} is larger than ${maxImageBytes / 1024 / 1024} MB.`, 'Send a smaller one.', { exitCode: 2 });
    form.append('image', await openAsBlob(file), path.basename(file));
  }
  return form;
}

async function report(begun: UploadView, { watch, json, ...options }: CommonOptions & { readonly watch: boolean }): Promise<void> {
  const { tenantId } = findTarget(options);
  let now = begun;
  if (watch) {
    const seen = await withHoldfast(options, async (holdfast) => await follow(holdfast, { kind: 'upload', id: begun.id }, { json: json === true, tenantId }));
    if (seen === 'left') return;
    now = await openApi(options).get(`/v1/uploads/${begun.id}`, uploadView);
  }
  if (json !== true) printUpload(now, tenantId);
  else if (!watch) printJson(now);
  if (now.images.failed > 0) throw new CliError(`${now.images.failed} of ${now.images.total} images could not be used.`, 'Correct them and upload all images of the product again.', { code: now.reason ?? now.items.find(({ reason }) => reason !== undefined)?.reason ?? 'failed' });
}

function printUpload({ id, productId, status, images, items }: UploadView, tenantId: string): void {
  print(`${safe(id)}  ${paintedStatus(status)}`);
  print(`  ${images.done} of ${images.total} images are on product ${safe(productId)}`);
  for (const { no, name, reason } of items) if (reason !== undefined) print(`  ${safe(name ?? `image ${no}`)}: ${safe(meaningOf(reason))}`);
  if (!hasEnded({ status })) print(`  Next: ${invocation(`watch ${quoted(id)} --tenant ${quoted(tenantId)}`)}`);
}

/** Images that are done stay. */
export async function cancelUpload(id: string, options: CommonOptions): Promise<void> {
  const upload = await openApi(options).post(`/v1/uploads/${id}/cancel`, uploadView);
  if (options.json === true) printJson(upload);
  else printUpload(upload, findTarget(options).tenantId);
}

const columns: readonly Column<UploadSummary>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status, reason }) => (reason === undefined ? status : `${status} (${reason})`), style: ({ status }) => statusStyle(status) },
  { title: 'PRODUCT', text: ({ productId }) => productId },
  { title: 'IMAGES', text: ({ images }) => String(images.total), right: true },
  { title: 'DONE', text: ({ images }) => String(images.done), right: true },
  { title: 'FAILED', text: ({ images }) => String(images.failed), right: true, style: ({ images }) => (images.failed > 0 ? 'red' : undefined) },
  { title: 'CREATED', text: ({ createdAt }) => when(createdAt) },
];

export function addUploads(program: Command): void {
  const command = program
    .command('uploads')
    .summary('list uploads of images, newest first')
    .description('Lists the uploads of a tenant, newest first.')
    .addOption(choice('-s, --status <status>', 'only these', uploadStatuses))
    .option('-p, --product <id>', 'only for this product', aForeignId);
  examples(withPaging(command), ['uploads --tenant seaview --status failed', 'uploads --product mug-blue --json']).action(async ({ status, product, ...options }: PageOptions & { status?: UploadStatus; product?: string }) => {
    show(await overHttp('/v1/uploads', uploadSummary, { status, productId: product }, options), columns, options, 'There are no such uploads.');
  });
}
