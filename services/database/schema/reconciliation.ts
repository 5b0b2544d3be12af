/** Row types of reconciliation. */
import type { CaseKind, CaseView, Evidence, RunView, Tally } from '../../../contracts/reconciliation.ts';
import type { GatewayName } from '../../../contracts/payments/flow.ts';
import type { GeneratedTimestamp, Json, Timestamp } from './columns.ts';

export interface ReconciliationTables {
  reconciliation_runs: { id: string; tenant_id: string | null; status: RunView['status']; tally: Json<Tally>; started_at: GeneratedTimestamp; ended_at: Timestamp | null };
  reconciliation_cases: {
    tenant_id: string;
    id: string;
    gateway: GatewayName;
    kind: CaseKind;
    ref: string;
    payment_id: string | null;
    gateway_ref: string | null;
    evidence: Json<Evidence>;
    status: CaseView['status'];
    note: string | null;
    resolved_by: 'reconciliation' | 'operator' | null;
    first_seen_at: GeneratedTimestamp;
    last_seen_at: GeneratedTimestamp;
    resolved_at: Timestamp | null;
  };
  reconciliation_marks: { tenant_id: string; payment_id: string; agreed_at: Timestamp | null; poked_at: Timestamp | null };
}
