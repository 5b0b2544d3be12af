/** The labels by which operators filter flows. */
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { searchAttributes } from '../contracts/search-attributes.ts';

/** What a flow is about, as far as a run that picked it up learns only from the database. */
export interface About {
  readonly resource?: string;
  readonly customer: string;
}

/** An upsert is a write to the visibility store, so only a change is sent. */
export function label(status: string, about?: About): void {
  const { typedSearchAttributes: shown } = workflowInfo();
  if (shown.get(searchAttributes.status) === status) return;
  const pickedUp = about !== undefined && shown.get(searchAttributes.customer) === undefined;
  upsertSearchAttributes([
    { key: searchAttributes.status, value: status },
    ...(pickedUp && about.resource !== undefined ? [{ key: searchAttributes.resource, value: about.resource }] : []),
    ...(pickedUp ? [{ key: searchAttributes.customer, value: about.customer }] : []),
  ]);
}
