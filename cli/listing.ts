/** Lists: a page or all of them, as a table or as JSON. */
import type { Command } from 'commander';
import type { ZodType } from 'zod';
import type { Page } from '../contracts/values.ts';
import type { Query } from './api-client.ts';
import { openApi } from './connection.ts';
import { aCount, withCommonOptions, type CommonOptions } from './options.ts';
import { print, printJson } from './output.ts';
import { safe, styled, table, type Column } from './text.ts';

export interface PageOptions extends CommonOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: boolean;
}

export function withPaging(command: Command): Command {
  return withCommonOptions(command)
    .option('-n, --limit <n>', 'how many to show (default: 50)', aCount(200))
    .option('--cursor <cursor>', 'go on where the page before ended')
    .option('-a, --all', 'every page');
}

/** @param none what is said when there is nothing. */
export function show<Item>({ items, nextCursor }: Page<Item>, columns: readonly Column<Item>[], options: CommonOptions, none: string): void {
  if (options.json === true) return printJson({ items, ...(nextCursor !== undefined && { nextCursor }) });
  if (items.length === 0) return print(styled('dim', none));
  print(table(items, columns));
  if (nextCursor !== undefined) print(styled('dim', `There are more: add --all, or --cursor ${safe(nextCursor)}`));
}

export async function overHttp<Item>(path: string, item: ZodType<Item>, query: Query, { limit, cursor, all, ...options }: PageOptions): Promise<Page<Item>> {
  const api = openApi(options);
  if (all !== true) return await api.page(path, item, { ...query, limit, cursor });
  return { items: await api.all(path, item, query) };
}
