/** Workflow ids. No schema library is imported here: workflows import this. */

/** Workflow id of a booking. */
export const bookingWorkflowId = (bookingId: string): string => `booking:${bookingId}`;

export const paymentWorkflowId = (paymentId: string): string => `payment:${paymentId}`;
export const purchaseWorkflowId = (purchaseId: string): string => `purchase:${purchaseId}`;
export const orderWorkflowId = (orderId: string): string => `order:${orderId}`;
/** By what it is for: however often it is asked for, one subject has one invoice. */
export const invoiceWorkflowId = (tenantId: string, subjectId: string): string => `invoice:${tenantId}:${subjectId}`;

export const importWorkflowId = (importId: string): string => `import:${importId}`;
export const exportWorkflowId = (exportId: string): string => `export:${exportId}`;
export const uploadWorkflowId = (uploadId: string): string => `upload:${uploadId}`;

export const reconciliationWorkflowId = 'reconciliation:all';
export const reconciliationScheduleId = 'reconciliation';

export const cleanupWorkflowId = 'cleanup:all';
export const cleanupScheduleId = 'cleanup';

/** One per namespace, for all tenants: see workflows/operations.ts. */
export const housekeepingWorkflowId = 'housekeeping:all';
