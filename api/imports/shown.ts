/** What the routes of imports share: how one is found and shown. */
import { z } from 'zod';
import type { ImportView } from '../../client/index.ts';
import { unknownImport } from '../../contracts/failures.ts';
import { foreignId } from '../../contracts/values.ts';
import { findImport } from '../../services/database/imports/queries.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { Refused } from '../http/problems.ts';

export const tags = ['Imports'];
export const params = z.object({ id: foreignId.describe('imp_…') });

/** @throws {Refused} `import_not_found`, also for an import of another tenant. */
export async function shownImport(dependencies: ApiDependencies, tenantId: string, id: string): Promise<ImportView> {
  const view = await findImport(dependencies.databases.write, tenantId, id);
  if (view === undefined) throw Refused.of(unknownImport(id));
  return withLinks(dependencies, view);
}

export function withLinks({ publicUrl }: Pick<ApiDependencies, 'publicUrl'>, view: ImportView): ImportView {
  return view.rows.rejected === 0 ? view : { ...view, rejectsUrl: `${publicUrl}/v1/imports/${view.id}/rejects` };
}
