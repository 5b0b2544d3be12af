/** Typed search attributes: what operators filter by in the Web UI. Each upsert is a visibility write, so there are few. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const searchAttributes = {
  tenant: defineSearchAttributeKey('HoldfastTenant', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('HoldfastStatus', SearchAttributeType.KEYWORD),
  resource: defineSearchAttributeKey('HoldfastResource', SearchAttributeType.KEYWORD),
  customer: defineSearchAttributeKey('HoldfastCustomer', SearchAttributeType.KEYWORD),
};
