/** Whose flow it is. Workflow ids are shared by all tenants of a namespace, so every access is checked. */
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { HoldfastError } from './errors.ts';

/** @throws {HoldfastError} `flow_not_found` for a flow of another tenant, exactly as for none at all. */
export async function describeOwned(client: Client, tenantId: string, workflowId: string): Promise<WorkflowExecutionDescription> {
  const description = await client.workflow.getHandle(workflowId).describe();
  if (description.typedSearchAttributes.get(searchAttributes.tenant) !== tenantId) throw new HoldfastError('flow_not_found');
  return description;
}

/** @throws as {@link describeOwned}. */
export async function ownedFlow<Flow extends Workflow>(client: Client, tenantId: string, workflowId: string): Promise<WorkflowHandle<Flow>> {
  await describeOwned(client, tenantId, workflowId);
  return client.workflow.getHandle<Flow>(workflowId);
}
